// Pipeline: the flow with each stage's state, the newest log lines, and what it runs with.
import { get } from "../api.js";
import { h, say } from "../element.js";
import { duration, moment, number, seconds } from "../format.js";
import { badge, button, empty, filled, panel, select } from "../parts.js";
import { keptTable } from "../table.js";
import { configuration } from "./pipeline_configuration.js";
import { Flow } from "./pipeline_flow.js";

const EVERY_MS = 5000;
export const KINDS = { running: "good", idle: "", behind: "warn", failed: "bad", stopped: "bad", unknown: "" };

export async function show(page, session) {
  const state = h("span", { class: "lead" });
  const drawn = panel({ title: "Flow", side: [legend()] });
  const stages = panel({ title: "Stages" });
  const logs = panel({ title: "Log", span: 12 });
  const settings = panel({ title: "Configuration", side: ["secrets are never shown"] });
  const tunables = panel({ title: "Values to tune" });
  page.append(h("div", { class: "page-head" }, h("h1", {}, "Pipeline"), state), h("div", { class: "grid" },
    drawn.element, stages.element, logs.element, tunables.element, settings.element));
  const view = new FlowAndStages(drawn.body, stages.body, state);
  const refresh = () => view.load();
  refresh();
  new LogLines(logs);
  configuration(settings.body, tunables.body, session.role === "operator");
  setInterval(() => document.hidden || refresh(), EVERY_MS);
}

function legend() {
  return [badge("running", "good"), badge("idle"), badge("behind", "warn"), badge("failed", "bad")];
}

/** Drawn anew only where the answer is another one, inside of what stays; the last answer stays where none comes. */
class FlowAndStages {
  constructor(place, listed, state) {
    Object.assign(this, { place, listed, state, last: null, keys: {} });
    this.flow = new Flow();
    this.table = keptTable({ columns: COLUMNS, rows: [], caption: "Stages", low: false });
  }

  load() {
    return filled(this.place, async () => {
      let answer;
      try {
        answer = await get("/api/pipeline");
      } catch (error) {
        if (!this.last && !this.listed.childElementCount) this.listed.replaceChildren(empty("Not known", "The stages are listed once the flow is known."));
        if (!this.last || error.code === "login_required") throw error;
        say(this.state, `as of ${seconds(this.last)}: ${error.message}`);
        return undefined;
      }
      this.last = answer.at;
      say(this.state, answer.at ? `as of ${seconds(answer.at)}` : "");
      return this.put(answer);
    });
  }

  put(answer) {
    if (!answer.stages.length) {
      this.listed.replaceChildren(empty("No stage yet", "Each is listed with its rate and lag once it runs."));
      return empty("Nothing flows yet", "./millrace help lists the stages to start.");
    }
    const rows = answer.stages.map((one) => [one.title, one.state, one.rate, one.lag_seconds, one.lag_records, one.errors, detail(one)]);
    if (this.isOther("rows", rows)) this.table.put(rows);
    if (!this.table.element.isConnected) this.listed.replaceChildren(this.table.element);
    // What the drawing does not say, as the seconds since the last batch, does not make it anew.
    const shown = [answer.stores, answer.edges, answer.stages.map((one) => [one.name, one.title, one.from, one.to, one.state, one.rate, one.lag_seconds, one.errors])];
    if (this.isOther("flow", shown)) this.flow.put(answer);
    return this.flow.element.isConnected ? undefined : this.flow.element;
  }

  isOther(name, told) {
    const key = JSON.stringify(told);
    const isOther = key !== this.keys[name];
    this.keys[name] = key;
    return isOther;
  }
}

const COLUMNS = [
  { name: "stage", type: "text" },
  { name: "state", type: "text", show: (value) => badge(value, KINDS[value] ?? "") },
  { name: "rate", title: "Records/s", type: "number" },
  { name: "lag", title: "Lag", type: "number", show: (value) => duration(value) },
  { name: "waiting", title: "Waiting records", type: "integer" },
  { name: "errors", type: "integer" },
  { name: "detail", type: "text", isFixed: true },
];

function detail(one) {
  const run = one.last_run;
  const silent = one.age_seconds;
  if (silent !== null && silent !== undefined) return [one.detail, `last batch ${duration(silent)} ago`].filter(Boolean).join("; ");
  if (!run) return one.detail ?? "";
  const said = `run ${run.run_id} ${run.status} ${moment(run.finished_at ?? run.started_at)}: ${number(run.loaded)} loaded, ` +
    `${number(run.duplicates)} duplicates, ${number(run.rejected)} rejected`;
  return [one.detail, said, run.error].filter(Boolean).join("; ");
}

class LogLines {
  constructor({ body, side }) {
    this.server = null;
    this.body = body;
    this.side = side;
    this.load();
  }

  load() {
    return filled(this.body, async () => {
      const answer = await get("/api/pipeline/logs", { server: this.server, lines: 100 });
      const servers = answer.servers ?? [];
      const choice = select(servers.map((one) => [one, one]), answer.server, (value) => {
        this.server = value;
        this.load();
      });
      choice.setAttribute("aria-label", "Whose log");
      choice.className = "inline-field";
      this.side.replaceChildren(servers.length ? choice : "", button("Newest", () => this.load(), ""));
      if (!answer.lines) return empty("No log here", "This process does not see the local servers' logs.");
      if (!answer.lines.length) return empty("Nothing was logged yet");
      const lines = h("pre", { class: "log", tabindex: 0, role: "region", "aria-label": `Log of ${answer.server}` }, answer.lines.map((one) => `${one.text}\n`));
      requestAnimationFrame(() => (lines.scrollTop = lines.scrollHeight));
      return lines;
    }, "lines");
  }
}
