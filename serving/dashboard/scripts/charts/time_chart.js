// A time series: a gap where a window is missing, the band of what was expected, a mark where something was odd.
import { h, say } from "../element.js";
import { clock, compact, date, moment, number } from "../format.js";
import { table, tableOf } from "../table.js";
import { colour, FONT, onTheme } from "./colours.js";

let library = null;
const LINES = [["accent", []], ["second", [6, 4]], ["third", [2, 3]], ["good", [8, 3, 2, 3]], ["warn", [1, 3]]];
const HEIGHT = matchMedia("(max-width: 640px)").matches ? 150 : 190;

/** uPlot, when the first chart wants it; not before its sheet is there, which says where the marks belong. */
export function uplot() {
  library ??= Promise.all([import("/assets/vendor/uplot-1.6.32/uplot.js"), sheet("/assets/vendor/uplot-1.6.32/uplot.css")]).then(([module]) => module.default);
  return library;
}

function sheet(href) {
  return new Promise((done) => document.head.append(h("link", { rel: "stylesheet", href, onload: done, onerror: done })));
}

export class TimeChart {
  /** `isDays`: times are days, whose midnight is that of no clock; `onmark` gets the anomaly whose mark is chosen. */
  constructor({ title, unit, zero = true, onmark = null, height = HEIGHT, isDays = false }) {
    Object.assign(this, { title, unit, zero, onmark, height, isDays, labels: [], times: [], columns: [], marks: [], band: null, openFrom: null });
    this.place = h("div", { class: "plot", "aria-hidden": "true" });
    this.over = h("div", { class: "marks" });
    this.caption = h("figcaption", { class: "unseen" });
    this.legend = h("ul", { class: "legend", hidden: true });
    this.readout = h("p", { class: "readout", "aria-hidden": "true" });
    const drawing = h("div", { class: "drawing" }, this.place, this.over);
    this.element = h("figure", { class: "chart" }, this.readout, drawing, this.legend, this.caption, tableOf(title, () => this.table()));
    onTheme(this.element, () => this.plot?.redraw(false));
  }

  /** `times` is every window of the range; `columns` a list of values a series, null where there is none. */
  async show(labels, times, columns, openFrom = null) {
    const Plot = await uplot();
    const isOther = labels.join() !== this.labels.join();
    const isSame = this.plot && !isOther && openFrom === this.openFrom && same(times, this.times) && columns.every((column, at) => same(column, this.columns[at] ?? []));
    if (isSame) return;
    Object.assign(this, { labels, times, columns, openFrom });
    this.say();
    if (isOther || !this.plot) this.draw(Plot);
    else this.plot.setData(this.data());
    this.put();
  }

  /** Anomalies that this chart shows; `chosen` is the one whose band is drawn. */
  mark(marks, chosen = null) {
    this.marks = marks;
    this.band = chosen;
    this.plot?.redraw(false);
    this.put();
  }

  draw(Plot) {
    this.plot?.destroy();
    this.Plot = Plot;
    this.plot = new Plot(this.options(), this.data(), this.place);
    this.watch ??= new ResizeObserver(([entry]) => {
      if (!this.place.isConnected) return this.end();
      const width = Math.floor(entry.contentRect.width);
      if (!width || !this.plot || width === this.plot.width) return;
      this.plot.setSize({ width, height: this.height });
      this.put();
    });
    this.watch.observe(this.place);
    this.legend.hidden = this.labels.length < 2;
    this.legend.replaceChildren(...this.labels.map((label, at) => h("li", {}, h("span", { class: `swatch line-${at}` }), label)));
  }

  /** Out of the page: what the library holds for it is let go; the next `show` draws anew. */
  end() {
    this.plot?.destroy();
    this.plot = null;
  }

  /** A column of what is closed and, drawn faintly, one of what still counts, joined to it by the last closed value. */
  data() {
    const from = this.openFrom === null ? this.times.length : this.times.indexOf(this.openFrom);
    const closed = this.columns.map((column) => column.map((value, at) => (at < from ? value : null)));
    const open = this.columns.map((column) => column.map((value, at) => (at >= from - 1 && from < this.times.length ? value : null)));
    return [this.times, ...closed, ...open];
  }

  options() {
    const axis = { stroke: () => colour("text-soft"), font: FONT, ticks: { show: false }, grid: { stroke: () => colour("grid"), width: 1 } };
    return {
      width: Math.max(240, Math.floor(this.place.clientWidth) || 480),
      height: this.height,
      legend: { show: false },
      padding: [10, 6, 0, 0],
      ...(this.isDays && { tzDate: (at) => this.Plot.tzDate(new Date(at * 1000), "Etc/UTC") }),
      cursor: { y: false, drag: { x: false, y: false }, points: { size: 7 } },
      scales: { x: { time: true }, y: { range: (_, low, high) => this.range(low, high) } },
      axes: [
        { ...axis, grid: { show: false }, space: 64, size: 28, values: (_, splits) => splits.map((at) => this.tick(at)) },
        { ...axis, size: (_, values) => 14 + 7 * Math.max(2, ...(values ?? []).map((value) => value.length)), space: 34, values: (_, splits) => splits.map(compact) },
      ],
      series: [{}, ...this.labels.map((label, at) => line(label, at)), ...this.labels.map((label, at) => faint(label, at))],
      hooks: { drawAxes: [(plot) => this.drawBand(plot)], setCursor: [(plot) => this.read(plot.cursor.idx)], draw: [() => this.put()] },
    };
  }

  tick(at) {
    if (this.isDays) return date(at);
    const span = this.times.at(-1) - this.times[0];
    return span > 172800 ? moment(at).split(",")[0] : clock(at);
  }

  range(low, high) {
    if (low === null || low === undefined) return [0, 1];
    const [least, most] = this.band ? [Math.min(low, this.band.lower ?? low), Math.max(high, this.band.upper ?? high)] : [low, high];
    const room = (most - least || Math.abs(most) || 1) * 0.12;
    return [this.zero && least >= 0 ? 0 : least - room, most + room];
  }

  drawBand(plot) {
    if (!this.band || this.band.lower === null || this.band.upper === null) return;
    const [left, right] = [this.band.started_at, (this.band.ended_at ?? this.times.at(-1)) + this.step].map((at) => plot.valToPos(at, "x", true));
    const [top, bottom] = [this.band.upper, this.band.lower].map((value) => plot.valToPos(value, "y", true));
    const from = Math.max(left, plot.bbox.left);
    plot.ctx.save();
    plot.ctx.fillStyle = colour("odd-soft");
    plot.ctx.fillRect(from, top, Math.max(6, Math.min(right, plot.bbox.left + plot.bbox.width) - from), bottom - top);
    plot.ctx.restore();
  }

  /** Marks are buttons over the canvas, so that a keyboard reaches them. */
  put() {
    if (!this.plot) return;
    const inside = this.marks.filter((one) => one.started_at >= this.times[0] && one.started_at < this.times.at(-1) + this.step);
    const keys = inside.map((one) => `${one.id} ${one.state}`).join();
    if (keys !== this.markKeys) {
      this.markKeys = keys;
      this.over.replaceChildren(...inside.map((one) => this.button(one)));
    }
    const taken = new Map();
    [...this.over.children].forEach((mark, at) => {
      const { value, started_at: time } = inside[at];
      mark.setAttribute("aria-pressed", String(this.band?.id === inside[at].id));
      const shown = this.columns[Math.max(0, this.labels.indexOf(inside[at].line))]?.[this.windowOf(time)];
      const { left, top, height } = this.plot.over.getBoundingClientRect();
      const own = this.over.getBoundingClientRect();
      const y = this.plot.valToPos(shown ?? value ?? 0, "y");
      mark.style.left = `${left - own.left + this.plot.valToPos(time, "x")}px`;
      // Several of one window stand above each other, each to be reached.
      const place = `${inside[at].line} ${this.windowOf(time)}`;
      const below = taken.get(place) ?? 0;
      taken.set(place, below + 1);
      mark.style.top = `${top - own.top + Math.min(height, Math.max(0, y)) - 20 * below}px`;
    });
  }

  windowOf(time) {
    return this.times.findLastIndex((start) => start <= time);
  }

  get step() {
    return this.times.length > 1 ? this.times[1] - this.times[0] : 60;
  }

  button(one) {
    const label = `${one.kind} at ${clock(one.started_at)}, ${one.state}: explain`;
    return h("button", { class: `mark ${one.state}`, type: "button", "aria-label": label, title: label, onclick: () => this.onmark?.(one) });
  }

  read(index) {
    if (index === null || index === undefined) return say(this.readout, this.resting);
    const values = this.columns.map((column, at) => `${this.labels.length > 1 ? `${this.labels[at]} ` : ""}${number(column[index])}`);
    say(this.readout, `${this.tick(this.times[index])}  ${values.join(" · ")}${this.isOpen(index) ? "  still counting" : ""}`);
  }

  isOpen(index) {
    return this.openFrom !== null && this.times[index] >= this.openFrom;
  }

  /** What the chart says in words, also at rest above it. */
  say() {
    const said = this.columns.map((column, at) => {
      const known = column.filter((value) => value !== null);
      const missing = column.length - known.length;
      if (!known.length) return `${this.labels[at]}: no value.`;
      const newest = column.findLastIndex((value) => value !== null);
      return `${this.labels[at]}: newest ${number(column[newest])} at ${this.tick(this.times[newest])}, least ${number(Math.min(...known))}, ` +
        `most ${number(Math.max(...known))}${missing ? `, ${missing} windows missing` : ""}.`;
    });
    say(this.caption, `${this.title}, ${this.unit}. ${said.join(" ")}`);
    this.resting = this.unit;
    if (this.plot?.cursor.idx === null || !this.plot) say(this.readout, this.resting);
  }

  table() {
    const columns = [{ name: "time", type: "text" }, ...this.labels.map((title) => ({ name: title, title, type: "number" }))];
    const rows = this.times.map((time, at) => [this.isDays ? date(time) : moment(time), ...this.columns.map((column) => column[at])]).reverse();
    return table({ columns, rows, caption: `${this.title}, ${this.unit}` });
  }

  get canvas() {
    return this.plot?.ctx.canvas;
  }
}

function line(label, at) {
  const [name, dash] = LINES[at % LINES.length];
  return { label, stroke: () => colour(name), dash, width: 1.75, spanGaps: false, points: { size: 4, fill: () => colour(name), show: lonely } };
}

function faint(label, at) {
  return { ...line(label, at), dash: [2, 4], alpha: 0.75, width: 1.25, points: { show: false } };
}

/** A point is drawn where it has no neighbour: a line alone would not show it. */
const lonely = (plot, seriesIndex) => plot.data[seriesIndex].length < 3;

const same = (one, other) => one.length === other.length && one.every((value, at) => value === other[at]);
