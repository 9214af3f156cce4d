// The live numbers: a snapshot, then numbered deltas over a WebSocket. Memory is bounded: an hour of windows, the newest
// anomalies and events. A connection that says nothing for a minute is given up; the next one goes on where it ended.
import { currentSession, toLogin } from "./api.js";
import { Points, Ring } from "./ring.js";

const KEPT_SECONDS = 3600;
const EVENTS = 50;
const ANOMALIES = 100;
const SILENCE_MS = 60_000;
const LONGEST_WAIT_MS = 15_000;
const QUIET_SECONDS = 14; // the server waits for 15 before it says that its store is silent
const NEEDS_LOGIN = 4401;

/** What is open and goes on, then what is open, then what goes on; of each the newest first. */
function byUrgency(one, other) {
  const rank = ({ state, ended_at: end }) => (state === "open" ? 0 : 2) + (end ? 1 : 0);
  return rank(one) - rank(other) || other.started_at - one.started_at;
}

/** Why a connection was closed, by the code that the server gave; any other one is a connection that was lost. */
const CLOSED = {
  1013: (reason) => `The server takes no page for now${reason ? ` (${reason})` : ""}: it is tried again.`,
  4401: () => "The server asks for a login again.",
  4403: () => "The server does not know the address of this page. Behind a gateway, set API_PUBLIC_ORIGIN to that address.",
};
const LOST = () => "The connection is lost; it goes on where it ended.";

export const keyOf = ({ feed, metric, dimension = "", member = "" }) => [feed, metric, dimension, member].join("|");

/** Dispatches "change" after a message and "state" where the connection is another one. */
export class LiveFeed extends EventTarget {
  constructor(address = `${location.protocol === "https:" ? "wss" : "ws"}://${location.host}/ws/live`) {
    super();
    Object.assign(this, { address, resume: null, state: "connecting", wait: 500, at: null, why: "", watermark: null, isStale: false, windowSeconds: 60 });
    this.clear();
  }

  clear() {
    this.series = new Map();
    this.tops = new Map();
    this.anomalies = new Ring(ANOMALIES, byUrgency);
    this.events = new Ring(EVENTS);
    this.hasSearch = true;
  }

  open() {
    const after = this.resume ? `?after=${encodeURIComponent(this.resume)}` : "";
    this.socket = new WebSocket(this.address + after);
    this.socket.onmessage = ({ data }) => this.take(JSON.parse(data));
    this.socket.onclose = ({ code, reason }) => this.lost(code, reason);
    this.listen();
  }

  listen() {
    clearTimeout(this.silence);
    this.silence = setTimeout(() => this.socket.close(), SILENCE_MS);
  }

  async lost(code, reason = "") {
    clearTimeout(this.silence);
    this.why = (CLOSED[code] ?? LOST)(reason);
    this.become("reconnecting");
    if (code === NEEDS_LOGIN && (await isLoggedOut())) return toLogin();
    setTimeout(() => this.open(), this.wait * (0.5 + Math.random() / 2));
    this.wait = Math.min(this.wait * 2, LONGEST_WAIT_MS);
  }

  become(state) {
    if (state === this.state && state !== "reconnecting") return;
    this.state = state;
    this.dispatchEvent(new Event("state"));
  }

  take(message) {
    this.listen();
    this.wait = 500;
    if (message.type === "snapshot") this.clear();
    this.resume = message.resume ?? this.resume;
    this.at = message.at;
    this.watermark = message.watermark;
    this.isStale = message.is_stale;
    this.windowSeconds = message.window_seconds ?? this.windowSeconds;
    this.keep(message);
    this.become(this.isStale ? "stale" : "connected");
    this.dispatchEvent(new Event("change"));
  }

  keep(message) {
    for (const one of message.series ?? []) {
      const key = keyOf(one);
      if (!this.series.has(key)) this.series.set(key, { ...one, points: new Points(this.windows) });
      this.series.get(key).points.put(one.points);
    }
    for (const top of message.tops ?? []) this.tops.set(keyOf(top), top);
    this.forget();
    this.anomalies.add(message.anomalies ?? [], (one) => one.id);
    if (message.events) this.events.add(message.events, (one) => one.id);
    if (message.type === "snapshot") this.hasSearch = message.events !== null;
  }

  /** Whatever is older than what a snapshot would have: a member that is seen no more stays in no list. */
  forget() {
    const { newest } = this;
    for (const [key, { points }] of this.series) {
      points.forget(newest - KEPT_SECONDS);
      if (!points.byTime.size) this.series.delete(key);
    }
  }

  /** How many windows are kept and shown. */
  get windows() {
    return Math.ceil(KEPT_SECONDS / this.windowSeconds);
  }

  /** Seconds since the server had an answer of its store, where that is a trouble: it says itself when it is, our clock may be another one. */
  get silentSeconds() {
    const seconds = this.at === null || this.state === "connected" ? 0 : Date.now() / 1000 - this.at;
    return seconds > QUIET_SECONDS ? seconds : null;
  }

  /** All members of a series: first those with something in most windows of the hour, then by their sum. Sums alone would compare one currency with another. */
  members(feed, metric, dimension) {
    const found = [...this.series.values()].filter((one) => one.feed === feed && one.metric === metric && one.dimension === dimension);
    const weights = new Map(found.map((one) => [one, one.points.weight]));
    return found.sort((one, other) => {
      const [mine, others] = [weights.get(one), weights.get(other)];
      return others.windows - mine.windows || others.sum - mine.sum || one.member.localeCompare(other.member);
    });
  }

  one(feed, metric, dimension = "", member = "") {
    return this.series.get(keyOf({ feed, metric, dimension, member }));
  }

  get newest() {
    const times = [...this.series.values()].map((one) => one.points.newest).filter((time) => time !== null);
    return times.length ? times.reduce((one, other) => Math.max(one, other)) : null;
  }
}

/** Asked anew: where that cannot be told, nobody is sent away from what the page still shows. */
async function isLoggedOut() {
  return currentSession(true).then((session) => !session.role, () => false);
}
