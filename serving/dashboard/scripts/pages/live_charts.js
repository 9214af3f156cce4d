// The charts of the live page: which series each shows, from the feed or, for longer ranges, from the history.
import { get } from "../api.js";
import { TimeChart } from "../charts/time_chart.js";
import { meant } from "../definitions.js";
import { h, say } from "../element.js";
import { clock, duration, perWindow, words } from "../format.js";
import { filled, panel, skeleton } from "../parts.js";
import { windows } from "../ring.js";

const MOST_LINES = 5;
const MOST_MEMBERS = 10; // of a dimension, in an answer of the history

/** A chart: `of` lists [feed, metric, label, dimension, member]; a dimension without a member shows its members. */
export const CHARTS = [
  { title: "Views", unit: "views", isCount: true, definition: "views-of-a-day", of: [["product_views", "views", "Views"]] },
  { title: "Users", unit: "people", isCount: true, definition: "visitor", of: [["product_views", "visitors", "Visitors"], ["user_clickstream", "active_users", "Clickstream users"]] },
  { title: "Revenue", unit: "money", isCount: true, definition: "price-amount-and-revenue", of: [["product_views", "revenue", null, "currency"]] },
  { title: "Errors", unit: "events", isCount: true, of: [["user_clickstream", "errors", "Page errors"], ["product_views", "invalid", "Invalid events"]] },
  { title: "Temperature", unit: "degrees Celsius", of: [["sensor-readings", "temperature_mean", "Mean"], ["sensor-readings", "temperature_min", "Least"], ["sensor-readings", "temperature_max", "Most"]] },
  { title: "Humidity", unit: "percent", of: [["sensor-readings", "humidity_mean", "Mean"], ["sensor-readings", "humidity_min", "Least"], ["sensor-readings", "humidity_max", "Most"]] },
];

export class LiveChart {
  constructor(settings, onmark) {
    this.settings = settings;
    this.newest = h("span", {});
    this.chart = new TimeChart({ title: settings.title, unit: settings.unit, zero: Boolean(settings.isCount), onmark });
    const { element, body } = panel({ title: meant(settings.title, settings.definition, `${words(settings.unit)} by window of event time.`), side: [this.newest], span: 6 });
    Object.assign(this, { element, body, seconds: null, window: 60, part: "" });
    body.append(skeleton());
  }

  /** Seconds to look back over the history, null for the live hour. */
  lookBack(seconds, feed) {
    this.seconds = seconds;
    this.window = feed.windowSeconds;
    clearInterval(this.again);
    if (!seconds) return this.update(feed);
    this.body.replaceChildren();
    this.load();
    this.again = setInterval(() => this.load(), 60_000);
  }

  load() {
    const wanted = this.seconds;
    return filled(this.body, async () => {
      const to = Math.floor(Date.now() / 1000);
      const answers = await Promise.all(this.settings.of.map(([feed, metric, , dimension, member]) =>
        get("/api/live/series", { feed, metric, dimension, member, from: to - wanted, to, resolution: "auto" })));
      if (this.seconds !== wanted) return undefined;
      this.say(Math.max(...answers.map((one) => one.resolution)), answers.some((one) => one.aggregate === "max"));
      this.part = "";
      const chosen = answers.map(({ series }) => this.chosen(series.toSorted((one, other) => sum(other) - sum(one)), MOST_MEMBERS));
      await this.draw(...history(this.settings.of, answers, chosen), newestOf(answers));
      return this.chart.element;
    });
  }

  async update(feed) {
    if (this.seconds) return;
    this.part = "";
    const lines = this.settings.of.flatMap(([name, metric, label, dimension, member]) => {
      const found = dimension && member === undefined ? feed.members(name, metric, dimension) : [feed.one(name, metric, dimension, member)];
      return this.chosen(found).map((series) => ({ series, label: label ?? series.member }));
    }).filter(({ series }) => series);
    const step = (this.window = feed.windowSeconds);
    const last = feed.newest;
    if (last === null || !lines.length) return this.none();
    const times = windows(last - (feed.windows - 1) * step, last, step);
    const columns = lines.map(({ series }) => times.map((time) => series.points.at(time)));
    this.say(step);
    const newest = Math.max(...lines.map(({ series }) => series.points.newest));
    const open = times.find((time) => lines.some(({ series }) => series.points.byTime.get(time)?.isClosed === false)) ?? null;
    await this.draw(lines.map(({ label }) => label), times, columns, newest, open);
  }

  async draw(labels, times, columns, newest, open = null) {
    if (!this.chart.element.isConnected) this.body.replaceChildren(this.chart.element);
    await this.chart.show(labels, times, columns, open);
    this.age(newest);
  }

  /** The first of those found, in the order of their names: a line keeps its colour while it is among them. */
  chosen(found, most = Infinity) {
    if (found.length <= MOST_LINES) return found;
    this.part = `${MOST_LINES} of ${found.length}${found.length < most ? "" : " or more"} shown, `;
    return found.slice(0, MOST_LINES).sort((one, other) => one.member.localeCompare(other.member));
  }

  /** What a point stands for; distinct counts do not add up, of them a wider window has the greatest. */
  say(seconds, isMost = false) {
    const wide = seconds > this.window && isMost ? `${perWindow(this.window)}, at most in ${duration(seconds)}` : perWindow(seconds);
    this.chart.unit = this.settings.isCount ? `${this.settings.unit} ${wide}` : this.settings.unit;
  }

  none() {
    if (this.body.querySelector(".void")) return;
    this.body.replaceChildren(h("div", { class: "void" }, h("strong", {}, "No window yet"),
      h("p", {}, "A point comes here once an event of this feed has been counted.")));
    say(this.newest, "");
  }

  age(newest) {
    if (newest === null) return say(this.newest, "no value in this range");
    const seconds = Date.now() / 1000 - newest - this.window;
    say(this.newest, seconds > 3 * this.window ? `${this.part}newest ${clock(newest)}, ${duration(seconds)} old` : `${this.part}newest ${clock(newest)}`);
  }

  mark(anomalies, chosen) {
    const shown = anomalies.flatMap((one) => {
      const own = this.settings.of.find((series) => shows(series, one));
      return own ? [{ ...one, line: own[2] ?? one.member }] : [];
    });
    this.chart.mark(shown, shown.find((one) => one.id === chosen?.id) ?? null);
  }
}

function shows([feed, metric, , dimension = "", member], one) {
  return one.feed === feed && one.metric === metric && (one.dimension ?? "") === dimension && (member === undefined || one.member === member);
}

function newestOf(answers) {
  const known = answers.map((one) => one.newest).filter((time) => time !== null && time !== undefined);
  return known.length ? Math.max(...known) : null;
}

const sum = ({ points }) => points.reduce((all, [, value]) => all + (value ?? 0), 0);

/** Labels, windows and values of several answers of the history, on one axis. */
function history(of, answers, chosen) {
  const step = Math.max(...answers.map((answer) => answer.resolution));
  const lines = chosen.flatMap((series, at) => series.map((one) => ({ label: of[at][2] ?? one.member, points: new Map(one.points) })));
  const known = [...new Set(lines.flatMap(({ points }) => [...points.keys()]))].sort((one, other) => one - other);
  const times = known.length ? windows(known[0], known.at(-1), step) : [];
  return [lines.map(({ label }) => label), times, lines.map(({ points }) => times.map((time) => points.get(time) ?? null))];
}
