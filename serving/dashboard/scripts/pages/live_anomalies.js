// What is odd: the list, and of the chosen one what was expected, why it is odd, and what people say of it.
import { send } from "../api.js";
import { arrange, h, say, svg } from "../element.js";
import { clock, compact, duration, moment, number, words } from "../format.js";
import { announce, badge, button, empty, panel, skeleton } from "../parts.js";

const STATE = { open: "odd", confirmed: "bad", dismissed: "" };
const KEPT = 12;

export class AnomalyPanel {
  constructor(feed, session, onchoose) {
    Object.assign(this, { feed, onchoose, chosen: null, isOperator: session.role === "operator" });
    this.count = h("span", {});
    const { element, body } = panel({ title: "Anomalies", side: [this.count] });
    this.detail = h("div", { class: "explained", tabindex: -1, "aria-live": "polite" });
    this.list = h("div", { class: "anomalies" });
    this.lines = new Map();
    this.listed = new Set();
    this.more = button("", () => this.unfold(), "quiet");
    this.isWhole = false;
    Object.assign(this, { element, body });
    body.append(skeleton("lines"));
  }

  update() {
    const { items } = this.feed.anomalies;
    const key = JSON.stringify(items.map((one) => [one.id, one.state, one.windows, one.ended_at]));
    if (key === this.key) return;
    this.key = key;
    if (this.chosen) this.chosen = items.find((one) => one.id === this.chosen.id) ?? (this.hasLeft(this.chosen) ? null : this.chosen);
    this.listed = new Set(items.map((one) => one.id));
    const open = items.filter((one) => one.state === "open").length;
    const more = items.length - KEPT;
    say(this.count, open ? `${open} open` : "none open");
    if (!items.length) return this.body.replaceChildren(empty("Nothing odd", "What leaves its expected band is listed here and marked on its chart."));
    this.put(this.isWhole ? items : items.slice(0, KEPT));
    this.more.hidden = more <= 0;
    say(this.more, this.isWhole ? "Fewer" : `${number(more)} more`);
    this.explain();
    if (!this.list.isConnected) this.body.replaceChildren(this.detail, this.list, this.more);
  }

  /** Every anomaly keeps its line, whatever changes of it: whoever is on it stays there. */
  put(items) {
    const kept = new Map(items.map((one) => [one.id, this.lines.get(one.id) ?? h("button", { class: "anomaly", type: "button", onclick: () => this.choose(this.known(one.id) ?? one) })]));
    for (const one of items) this.write(kept.get(one.id), one);
    this.lines = kept;
    arrange(this.list, [...kept.values()]);
  }

  write(line, one) {
    line.setAttribute("aria-pressed", String(one.id === this.chosen?.id));
    line.replaceChildren(h("span", {}, title(one)), badge(one.state, STATE[one.state]),
      h("span", { class: "soft" }, `${moment(one.started_at)} · ${one.ended_at ? "over" : "going on"}${seen(one)}`));
  }

  known(id) {
    return this.feed.anomalies.items.find((one) => one.id === id);
  }

  /** One that went on and is listed no more has ended; one of the charts' history never was. */
  hasLeft({ id, ended_at: end }) {
    return !end && this.listed.has(id);
  }

  unfold() {
    this.isWhole = !this.isWhole;
    this.key = null;
    this.update();
  }

  /** Chosen in the list, or by its mark on a chart: then the explanation is brought into view. */
  choose(one, isFar = false) {
    this.chosen = one.id === this.chosen?.id && !isFar ? null : one;
    this.key = null;
    this.update();
    this.onchoose();
    if (isFar && this.chosen) this.detail.focus();
  }

  explain() {
    const one = this.chosen;
    this.detail.hidden = !one;
    const said = JSON.stringify(one);
    if (said === this.said) return;
    this.said = said;
    if (!one) return;
    const pressed = this.detail.contains(document.activeElement) ? document.activeElement.textContent : null;
    this.detail.replaceChildren(h("h3", {}, title(one)), gauge(one), h("p", {}, one.explanation), facts(one), this.verdict(one));
    if (pressed !== null) ([...this.detail.querySelectorAll("button")].find((each) => each.textContent === pressed) ?? this.detail).focus({ preventScroll: true });
  }

  verdict(one) {
    if (!this.isOperator) return h("p", { class: "soft small" }, "An operator can confirm or dismiss it.");
    const others = { open: [["confirmed", "Confirm", "main"], ["dismissed", "Dismiss", ""]] }[one.state] ?? [["open", "Open again", ""]];
    return h("div", { class: "fields" }, others.map(([state, text, kind]) => button(text, (event) => this.judge(one, state, event.target), kind)));
  }

  async judge(one, state, pressed) {
    pressed.disabled = true;
    try {
      const judged = await send("POST", `/api/anomalies/${one.id}/state`, { state });
      this.feed.anomalies.add([judged], (each) => each.id);
      announce(`${title(one)}: ${state}`);
      this.key = null;
      this.update();
      this.onchoose();
      this.detail.focus();
    } catch (error) {
      pressed.disabled = false;
      pressed.after(h("p", { class: "note bad", role: "alert" }, error.message));
    }
  }
}

function title(one) {
  const member = one.member ? ` of ${one.member}` : "";
  return `${words(one.metric)}${member}: ${one.kind}`;
}

function seen({ value, expected }) {
  if (value === null) return "";
  return ` · ${number(value)}${expected === null ? "" : ` where ${number(expected)} was expected`}`;
}

function facts(one) {
  const rows = [
    ["Feed", words(one.feed)],
    ["Since", `${moment(one.started_at)}${one.ended_at ? ` until ${clock(one.ended_at)}` : ", going on"}`],
    ["Windows", number(one.windows)],
    ["Expected", `${number(one.expected)} (${number(one.lower)} to ${number(one.upper)})`],
    ["Score", number(one.score, 1)],
    ["Seen after", duration(one.detected_at - one.started_at)],
    ["State", one.state_by ? `${one.state} by ${one.state_by}` : one.state],
  ];
  return h("dl", { class: "facts" }, rows.map(([name, value]) => [h("dt", {}, name), h("dd", {}, value)]));
}

/** The expected band, the expectation and what was seen, on one scale. */
function gauge(one) {
  const known = [one.lower, one.upper, one.expected, one.value].filter((value) => value !== null && value !== undefined);
  if (one.lower === null || one.upper === null || one.value === null) return null;
  const [low, high] = [Math.min(...known), Math.max(...known)];
  const x = (value) => 10 + (280 * (value - low)) / (high - low || 1);
  const side = (value) => (x(value) > 250 ? "end" : x(value) < 50 ? "start" : "middle");
  const text = `${number(one.value)} was seen; ${number(one.lower)} to ${number(one.upper)} was expected`;
  return svg("svg", { class: "gauge", viewBox: "0 0 300 54", role: "img", "aria-label": text },
    svg("line", { class: "rail", x1: 4, x2: 296, y1: 27, y2: 27 }),
    svg("rect", { class: "band", x: x(one.lower), y: 18, width: Math.max(2, x(one.upper) - x(one.lower)), height: 18, rx: 3 }),
    one.expected !== null && svg("line", { class: "expected", x1: x(one.expected), x2: x(one.expected), y1: 16, y2: 38 }),
    svg("circle", { class: "observed", cx: x(one.value), cy: 27, r: 6 }),
    svg("text", { x: x(one.value), y: 11, "text-anchor": side(one.value) }, `seen ${compact(one.value)}`),
    svg("text", { x: x((one.lower + one.upper) / 2), y: 51, "text-anchor": side((one.lower + one.upper) / 2) }, `expected ${compact(one.lower)} to ${compact(one.upper)}`));
}
