// Path: how far sessions come, which ways they take, how long they last, and one visitor's timeline.
import { get } from "../api.js";
import { BarChart } from "../charts/echarts.js";
import { meant } from "../definitions.js";
import { h } from "../element.js";
import { filterRow, filters, remember } from "../filters.js";
import { duration, moment, number, percent, seconds, words } from "../format.js";
import { button, empty, filled, panel } from "../parts.js";
import { table } from "../table.js";

const NAMES = ["from", "to", "store", "device"];
const DAYS = ["from", "to"];

export async function show(page) {
  const values = filters(NAMES);
  const funnel = panel({ title: meant("Funnel", "step-of-the-funnel", "Sessions of people, by the furthest step that they reached."), span: 7 });
  const lasting = panel({ title: meant("Session durations", "session"), span: 5 });
  const ways = panel({ title: meant("Common paths", "page-landing-page-and-path", "The types of the first, the second and the last page.") , span: 7 });
  const visitors = panel({ title: meant("A visitor's timeline", "visitor", "By the keyed hash of the device; the device itself is nowhere in here."), span: 5 });
  const row = h("div");
  page.append(h("div", { class: "page-head" }, h("h1", {}, "Path"), h("span", { class: "lead" }, "of people; robots are left out")), row,
    h("div", { class: "grid same-height" }, funnel.element, lasting.element, ways.element, visitors.element));
  const pick = (part, names) => Object.fromEntries(names.map((name) => [name, part[name]]));
  const load = () => {
    remember(values);
    for (const one of [funnel, lasting, ways]) one.body.replaceChildren();
    filled(funnel.body, async () => steps(await get("/api/paths/funnel", pick(values, NAMES))));
    filled(lasting.body, async () => durations(await get("/api/paths/durations", pick(values, DAYS))));
    filled(ways.body, async () => common(await get("/api/paths/common", { ...pick(values, DAYS), limit: 20 })), "lines");
  };
  load();
  new Timeline(visitors.body, () => pick(values, DAYS));
  const stores = await get("/api/stores").then((answer) => answer.stores, () => null);
  row.replaceChildren(filterRow(NAMES, values, load, stores));
  funnel.side.append("store and device narrow the funnel only");
}

function fraction(share, kind = "") {
  const inner = h("i");
  inner.style.width = `${Math.max(0, Math.min(1, share)) * 100}%`;
  return h("div", { class: `bar ${kind}`, "aria-hidden": "true" }, inner);
}

function steps({ steps: all }) {
  if (!all.length || !all[0].sessions) return empty("No session in this range", "Choose other days, another store or device.");
  return h("ol", { class: "steps" }, all.map((one, at) => h("li", { class: "step" }, h("span", {}, one.title), fraction(one.rate),
    h("span", { class: "amount" }, h("strong", {}, number(one.sessions)), h("span", { class: "soft" }, `  ${percent(one.rate)}`)),
    at > 0 && h("span", { class: "between" }, one.rate_of_previous === null ? "" : `${percent(one.rate_of_previous)} of the step before`,
      one.median_seconds !== null && one.median_seconds !== undefined && `, median ${duration(one.median_seconds)} after it`))));
}

function durations({ buckets, median_seconds: median, sessions }) {
  if (!sessions || !buckets.length) return empty("No session in this range");
  const rows = buckets.map((one) => [bucket(one), one.sessions]);
  return [h("p", { class: "soft" }, "Median ", h("strong", {}, duration(median)), ` of ${number(sessions)} sessions`),
    new BarChart({ title: "Session durations", unit: "sessions", rows }).element];
}

function bucket({ from_seconds: from, to_seconds: to }) {
  const [low, high] = [short(from), short(to ?? from)];
  if (to === null) return `${low.value} ${low.unit} or more`;
  return low.unit === high.unit || from === 0 ? `${low.value}\u2013${high.value} ${high.unit}` : `${low.value} ${low.unit}\u2013${high.value} ${high.unit}`;
}

const short = (value) => (value < 60 ? { value, unit: "s" } : value < 3600 ? { value: value / 60, unit: "min" } : { value: value / 3600, unit: "h" });

function common({ paths }) {
  if (!paths.length) return empty("No path in this range");
  const most = paths[0].sessions;
  const columns = [
    { name: "path", title: "First, second, last page", type: "text", isFixed: true, show: way },
    { name: "share", title: "Of the most common", type: "text", isFixed: true, show: (value) => h("div", { class: "share" }, fraction(value, "thin")) },
    { name: "sessions", type: "integer" },
  ];
  const rows = paths.map((one) => [one, one.sessions / most, one.sessions]);
  return table({ columns, rows, caption: "Common paths" });
}

function way({ entry, second, exit }) {
  const isBounce = second === null || second === "(exit)";
  const pages = isBounce ? [entry] : [entry, second, exit];
  return h("span", { class: "path-line" }, pages.map((page, at) => [at > 0 && h("i", {}, "\u2192"), h("span", {}, words(page))]), isBounce && h("em", { class: "soft small" }, "and no second page"));
}

class Timeline {
  constructor(body, days) {
    this.days = days;
    this.input = h("input", { class: "inline-field mono", placeholder: "Keyed hash of a visitor", "aria-label": "Keyed hash of a visitor", spellcheck: "false", autocomplete: "off" });
    this.place = h("div", { class: "stack" });
    const submit = (event) => {
      event.preventDefault();
      const wanted = this.input.value.trim();
      if (wanted) this.open(wanted);
      else this.some();
    };
    body.append(h("form", { class: "tunable-value", onsubmit: submit }, this.input, h("button", { class: "button", type: "submit" }, "Show")), this.place);
    this.some();
  }

  some() {
    this.place.replaceChildren();
    return filled(this.place, async () => {
      const { visitors } = await get("/api/paths/visitors", { ...this.days(), limit: 10 });
      if (!visitors.length) return empty("No visitor in this range", "Paste a hash, as visitor in the facts.");
      const columns = [
        { name: "visitor", type: "text", show: (value) => button(`${value.slice(0, 13)}\u2026`, () => this.open(value), "link mono") },
        { name: "events", type: "integer" },
        { name: "last", title: "Last seen", type: "time" },
      ];
      return table({ columns, rows: visitors.map((one) => [one.visitor, one.events, one.last_at]), caption: "Visitors" });
    }, "lines");
  }

  open(visitor) {
    this.input.value = visitor;
    this.place.replaceChildren();
    return filled(this.place, async () => {
      const answer = await get(`/api/paths/visitor/${encodeURIComponent(visitor)}`, { limit: 200 });
      if (!answer.events.length && !answer.sessions.length) return empty("Nothing of this visitor", "It was never seen, it was forgotten, or its events are archived.");
      return [...answer.sessions.map((session) => this.session(session, answer.events.filter((event) => event.session_id === session.session_id))),
        answer.next_cursor ? h("p", { class: "soft small" }, "The newest 200 events.") : null].filter(Boolean);
    }, "lines");
  }

  session(session, events) {
    const head = `${moment(session.started_at)}, ${duration(session.seconds)}, ${number(session.events)} events${session.is_bot ? ", a robot's" : ""}`;
    if (!events.length) return h("section", {}, h("h3", {}, head), h("p", { class: "soft small" }, "Its events are archived, or older than those shown."));
    return h("section", { class: "stack" }, h("h3", {}, head), h("ol", { class: "timeline" }, events.toReversed().map((event) => h("li", {},
      h("time", { class: "soft" }, seconds(event.at)), `  ${words(event.kind)}`, event.product && h("span", { class: "soft" }, ` \u00b7 ${event.product}`)))));
  }
}
