// The flow, drawn from the answer alone: a column is how far a store or a stage is from where events come from.
import { h, svg } from "../element.js";
import { duration, number, words } from "../format.js";
import { KINDS } from "./pipeline.js";

const STORE = { width: 118, height: 44 };
const STAGE = { width: 166, height: 78 };
const GAP = 46;
const ROW = 96;

const WORST = ["failed", "stopped", "behind", "running", "idle", "unknown"];

/** The place of the flow stays, and where it was scrolled to; what is drawn in it is made anew. */
export class Flow {
  constructor() {
    this.element = h("div", { class: "scroll", tabindex: 0, role: "region", "aria-label": "Flow" });
  }

  put(answer) {
    this.element.replaceChildren(drawn(answer));
  }
}

function drawn({ stages: all, stores, edges }) {
  const stages = [...Map.groupBy(all, (one) => one.name).values()].map(together);
  const nodes = new Map();
  for (const one of stores) nodes.set(one.name, { ...one, ...STORE, isStage: false });
  const ways = [];
  for (const [at, one] of stages.entries()) nodes.set(keyOf(one, at), { ...one, ...STAGE, isStage: true });
  for (const [at, one] of stages.entries()) {
    for (const end of [one.from, one.to]) if (end && !nodes.has(end)) nodes.set(end, { name: end, title: words(end), ...STORE, isStage: false, is_reached: true });
    if (one.from) ways.push([one.from, keyOf(one, at)]);
    if (one.to) ways.push([keyOf(one, at), one.to]);
  }
  for (const [from, to] of edges ?? []) if (nodes.has(from) && nodes.has(to) && !nodes.get(from).isStage && !nodes.get(to).isStage) ways.push([from, to]);
  for (const [name] of [...nodes]) if (!ways.some((way) => way.includes(name))) nodes.delete(name);
  const size = place(nodes, ways);
  return svg("svg", { class: "flow", viewBox: `0 0 ${size.width} ${size.height}`, role: "img", "aria-label": "The flow from the sources to the stores; the table below says the same" },
    ways.map(([from, to]) => edge(nodes.get(from), nodes.get(to))), [...nodes.values()].map((node) => (node.isStage ? stage(node) : store(node))));
}

/** A stage that several feeds go through is drawn once: its worst state, all its records, its greatest lag. */
function together(stages) {
  if (stages.length === 1) return stages[0];
  const known = (name) => stages.map((one) => one[name]).filter((value) => value !== null && value !== undefined);
  const sum = (values) => (values.length ? values.reduce((one, other) => one + other) : null);
  const lags = known("lag_seconds");
  const state = WORST.find((each) => stages.some((one) => one.state === each)) ?? "unknown";
  return { ...stages[0], title: `${words(stages[0].name)}, ${stages.length} feeds`, state, rate: sum(known("rate")), errors: sum(known("errors")),
    lag_seconds: lags.length ? Math.max(...lags) : null };
}

const keyOf = (stage, at) => `stage ${at} ${stage.name}`;

/** Columns by the longest way from a source, rows in the order of the answer, columns centred on each other. */
function place(nodes, ways) {
  const depth = new Map([...nodes.keys()].map((name) => [name, 0]));
  for (let round = 0; round < nodes.size; round += 1) {
    for (const [from, to] of ways) depth.set(to, Math.max(depth.get(to), Math.min(depth.get(from) + 1, nodes.size)));
  }
  const columns = [];
  for (const [name, at] of depth) (columns[at] ??= []).push(nodes.get(name));
  const used = columns.filter(Boolean);
  const height = Math.max(...used.map((column) => column.length)) * ROW;
  let x = 1;
  for (const column of used) {
    const width = Math.max(...column.map((node) => node.width));
    column.forEach((node, row) => Object.assign(node, { x, y: (height - column.length * ROW) / 2 + row * ROW + (ROW - node.height) / 2 }));
    x += width + GAP;
  }
  return { width: x - GAP + 1, height };
}

function edge(from, to) {
  const [x1, y1, x2, y2] = [from.x + from.width, from.y + from.height / 2, to.x - 6, to.y + to.height / 2];
  // Past a column it keeps to its row, below or above what stands there.
  const turn = x2 - x1 > GAP ? x2 - GAP + 12 : x1;
  const bend = (x2 - turn) / 2;
  return svg("g", {}, svg("path", { class: "edge", d: `M${x1} ${y1}H${turn}C${turn + bend} ${y1} ${x2 - bend} ${y2} ${x2} ${y2}` }),
    svg("path", { class: "tip", d: `M${x2 + 5} ${y2}l-8 -4v8z` }));
}

function stage(node) {
  const kind = KINDS[node.state] ?? "";
  const rate = node.rate === null || node.rate === undefined ? "no rate" : `${number(node.rate, 0)}/s`;
  const errors = node.errors ? `, ${number(node.errors)} errors` : "";
  const lag = node.lag_seconds === null || node.lag_seconds === undefined ? "" : `lag ${duration(node.lag_seconds)}`;
  return svg("g", { class: `stage ${kind}`, transform: `translate(${node.x} ${node.y})` },
    svg("title", {}, `${node.title}: ${node.state}`), svg("rect", { width: node.width, height: node.height, rx: 7 }),
    svg("circle", { class: `dot ${kind}`, cx: 15, cy: 20, r: 4.5 }),
    svg("text", { class: "name", x: 27, y: 24.5 }, clipped(node.title)),
    svg("text", { x: 14, y: 45 }, rate + errors), svg("text", { class: "soft", x: 14, y: 64 }, [node.state, lag].filter(Boolean).join(", ")));
}

function store(node) {
  const isAway = node.is_reached === false;
  return svg("g", { class: "store", transform: `translate(${node.x} ${node.y})` },
    svg("rect", { width: node.width, height: node.height, rx: node.height / 2 }),
    svg("text", { x: node.width / 2, y: isAway ? 20 : 27, "text-anchor": "middle" }, clipped(node.title)),
    isAway && svg("text", { class: "soft", x: node.width / 2, y: 35, "text-anchor": "middle" }, "not reached"));
}

const clipped = (text) => (text.length > 16 ? `${text.slice(0, 15)}\u2026` : text);
