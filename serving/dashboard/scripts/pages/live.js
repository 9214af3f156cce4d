// Live: how the shop does this minute, what is odd, and the newest events.
import { get } from "../api.js";
import { h, say } from "../element.js";
import { clock, duration, MISSING, number, seconds as second } from "../format.js";
import { LiveFeed } from "../live_feed.js";
import { meant } from "../definitions.js";
import { badge, select } from "../parts.js";
import { AnomalyPanel } from "./live_anomalies.js";
import { CHARTS, LiveChart } from "./live_charts.js";
import { EventList } from "./live_events.js";
import { TopList } from "./live_tops.js";

const NUMBERS = [
  { name: "Views", of: ["product_views", "views"], definition: "views-of-a-day", isPerWindow: true, more: "Product views by people in the newest closed window." },
  { name: "Visitors", of: ["product_views", "visitors"], definition: "visitor", isPerWindow: true, more: "Distinct in the window; not to be added up over windows." },
  { name: "Orders", of: ["product_views", "orders"], definition: "order", isPerWindow: true },
  { name: "Revenue", of: ["product_views", "revenue", "currency"], definition: "price-amount-and-revenue", unit: "", more: "Of the currency that was ordered in during most windows of the hour; the chart has five." },
  { name: "Page errors", of: ["user_clickstream", "errors"], isPerWindow: true, more: "Clickstream events with an error." },
  { name: "Delay", of: ["pipeline", "latency_p95", "feed", "product_views"], unit: "p95", isSeconds: true, more: "From the bus's time of an event to the commit of its window: 95 of 100 events are faster." },
];
const RANGES = [["", "Last hour, live"], ["21600", "Last 6 hours"], ["86400", "Last 24 hours"], ["604800", "Last 7 days"]];
const STATES = { connecting: ["connecting", ""], connected: ["live", "good"], reconnecting: ["reconnecting", "warn"], stale: ["stale", "warn"] };

export function show(page, session) {
  const feed = new LiveFeed();
  const view = new LivePage(page, feed, session);
  let isAsked = false;
  const soon = () => {
    if (isAsked) return;
    isAsked = true;
    // Once a frame at most, and never while nobody looks.
    requestAnimationFrame(() => {
      isAsked = false;
      view.update();
    });
  };
  feed.addEventListener("change", soon);
  feed.addEventListener("state", () => view.connection());
  setInterval(() => {
    view.connection();
    view.age();
  }, 5000);
  feed.open();
}

class LivePage {
  constructor(page, feed, session) {
    this.feed = feed;
    this.past = [];
    this.state = badge("connecting");
    this.newest = h("span", { class: "lead" }, "");
    this.warning = h("div", { class: "note warn", role: "status", hidden: true });
    this.numbers = NUMBERS.map((one) => new NumberTile(one));
    this.anomalies = new AnomalyPanel(feed, session, () => this.mark());
    this.charts = CHARTS.map((one) => new LiveChart(one, (chosen) => this.anomalies.choose(chosen, true)));
    this.tops = new TopList();
    this.events = new EventList();
    const range = select(RANGES, "", (value) => this.lookBack(Number(value) || null));
    range.className = "inline-field";
    range.setAttribute("aria-label", "Range of the charts");
    page.append(
      h("div", { class: "page-head" }, h("h1", {}, "Live"), this.state, this.newest, h("div", { class: "right" }, range)), this.warning,
      h("dl", { class: "numbers" }, this.numbers.map((tile) => tile.element)),
      h("div", { class: "grid" },
        h("div", { class: "span-8 grid same-height" }, this.charts.map((chart) => chart.element)),
        h("div", { class: "span-4 stack" }, this.anomalies.element, this.tops.element, this.events.element)));
  }

  /** The charts over `seconds` of history, with the anomalies of that time; null for the live hour. */
  async lookBack(seconds) {
    this.charts.forEach((chart) => chart.lookBack(seconds, this.feed));
    this.past = [];
    if (seconds) {
      const from = Math.floor(Date.now() / 1000) - seconds;
      this.past = await get("/api/anomalies", { from, limit: 100 }).then((answer) => answer.items, () => []);
    }
    this.mark();
  }

  update() {
    const { feed } = this;
    this.numbers.forEach((tile) => tile.update(feed));
    this.charts.forEach((chart) => chart.update(feed));
    this.anomalies.update();
    this.tops.update(feed);
    this.events.update(feed);
    this.mark();
    this.connection();
    this.age();
  }

  mark() {
    const live = this.feed.anomalies.items;
    const ids = new Set(live.map((one) => one.id));
    const all = [...live, ...this.past.filter((one) => !ids.has(one.id))];
    this.charts.forEach((chart) => chart.mark(all, this.anomalies.chosen));
  }

  connection() {
    const { feed } = this;
    const [text, kind] = STATES[feed.state];
    this.state.className = `badge ${kind}`;
    say(this.state, text);
    const warning = trouble(feed);
    this.warning.hidden = !warning;
    say(this.warning, warning);
  }

  age() {
    const { newest, silentSeconds } = this.feed;
    const read = silentSeconds ? `, last read ${duration(silentSeconds)} ago` : "";
    if (newest === null) return say(this.newest, this.feed.at === null ? "" : `no window yet${read}`);
    const end = newest + this.feed.windowSeconds;
    const seconds = Math.max(0, Date.now() / 1000 - end);
    say(this.newest, `newest point ${clock(newest)}${seconds < 5 ? ", still counting" : `, ${duration(seconds)} old`}${read}`);
  }
}

/** What a reader has to know of the connection or of the readings; empty where both are well. */
function trouble(feed) {
  if (feed.state === "reconnecting") return `${feed.why}${feed.at === null ? "" : " What stands here is the last that came."}`;
  if (feed.state !== "stale") return "";
  if (feed.silentSeconds) return `The server has no answer of its store. What stands here was read at ${second(feed.at)}.`;
  return "No new window for some time: the stream stands still, or no event comes. The pipeline page tells which.";
}

/** A number of the newest closed window, beside the one before. */
class NumberTile {
  constructor(one) {
    this.one = one;
    this.value = h("span", {}, MISSING);
    this.unit = h("span", { class: "unit" });
    this.beside = h("div", { class: "beside" }, "\u00a0");
    this.element = h("div", { class: "number" }, h("dt", {}, meant(one.name, one.definition, one.more)),
      h("dd", {}, h("div", { class: "value" }, this.value, this.unit), this.beside));
  }

  update(feed) {
    const [name, metric, dimension, member] = this.one.of;
    const series = dimension && !member ? feed.members(name, metric, dimension)[0] : feed.one(name, metric, dimension, member);
    const time = series?.points.newestClosed ?? null;
    const shown = (value) => (this.one.isSeconds ? (duration(value)) : number(value));
    say(this.value, time === null ? MISSING : shown(series.points.at(time)));
    say(this.unit, time === null ? "" : dimension === "currency" ? series.member : this.one.isPerWindow ? (feed.windowSeconds === 60 ? "/min" : `in ${duration(feed.windowSeconds)}`) : this.one.unit);
    if (time === null) return say(this.beside, "no closed window yet");
    say(this.beside, `${clock(time)} · before ${shown(series.points.at(time - feed.windowSeconds))}`);
  }
}

