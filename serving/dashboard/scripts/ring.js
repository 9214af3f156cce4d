// Bounded memory: the newest of anything, at most `size` of them; with an `order`, those that come first by it.
export class Ring {
  constructor(size, order = null) {
    this.size = size;
    this.order = order;
    this.items = [];
  }

  /** Newest first in, newest first kept; of one key the one that came last. */
  add(items, key) {
    const keys = new Set(items.map(key));
    const all = [...items, ...this.items.filter((item) => !keys.has(key(item)))];
    this.items = (this.order ? all.sort(this.order) : all).slice(0, this.size);
  }
}

/** Points of a series by window: at most `size`, the oldest leave first. */
export class Points {
  constructor(size) {
    this.size = size;
    this.byTime = new Map();
  }

  put(points) {
    for (const [time, value, isClosed] of points) this.byTime.set(time, { value, isClosed });
    if (this.byTime.size <= this.size) return;
    const oldest = [...this.byTime.keys()].sort((one, other) => one - other).slice(0, this.byTime.size - this.size);
    for (const time of oldest) this.byTime.delete(time);
  }

  forget(before) {
    for (const time of this.byTime.keys()) if (time < before) this.byTime.delete(time);
  }

  get newest() {
    return this.byTime.size ? Math.max(...this.byTime.keys()) : null;
  }

  /** The newest window that nothing changes any more. */
  get newestClosed() {
    const closed = [...this.byTime].filter(([, point]) => point.isClosed !== false).map(([time]) => time);
    return closed.length ? Math.max(...closed) : null;
  }

  /** In how many windows there was something, and how much in all. */
  get weight() {
    const values = [...this.byTime.values()].map(({ value }) => value ?? 0);
    return { windows: values.filter((value) => value !== 0).length, sum: values.reduce((sum, value) => sum + value, 0) };
  }

  at(time) {
    return this.byTime.get(time)?.value ?? null;
  }
}

/** Every window from the first to the last, so that one that is not there is a gap and no line over it. */
export function windows(from, to, step) {
  const times = [];
  for (let time = from; time <= to; time += step) times.push(time);
  return times;
}
