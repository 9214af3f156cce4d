// Pipeline: the flow with each stage's state, the newest log lines, and what it runs with.
import { get } from "../api.js";
import { h, say } from "../element.js";
import { duration, moment, number, seconds } from "../format.js";
import { badge, button, empty, filled, panel, select } from "../parts.js";
import { table } from "../table.js";
import { configuration } from "./pipeline_configuration.js";
import { flow } from "./pipeline_flow.js";

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
  const refresh = () => flowAndStages(drawn.body, stages.body, state);
  refresh();
  new LogLines(logs);
  configuration(settings.body, tunables.body, session.role === "operator");
  setInterval(() => document.hidden || refresh(), EVERY_MS);
}

function legend() {
  return [badge("running", "good"), badge("idle"), badge("behind", "warn"), badge("failed", "bad")];
}

/** Drawn anew only where the answer is another one; the last answer stays where none comes. */
async function flowAndStages(drawn, listed, state) {
  await filled(drawn, async () => {
    let answer;
    try {
      answer = await get("/api/pipeline");
    } catch (error) {
      if (!state.last && !listed.childElementCount) listed.replaceChildren(empty("Not known", "The stages are listed once the flow is known."));
      if (!state.last || error.code === "login_required") throw error;
      say(state, `as of ${seconds(state.last)}: ${error.message}`);
      return undefined;
    }
    state.last = answer.at;
    say(state, answer.at ? `as of ${seconds(answer.at)}` : "");
    const key = JSON.stringify([answer.stages, answer.stores]);
    if (key === state.key) return undefined;
    state.key = key;
    if (!answer.stages.length) {
      listed.replaceChildren(empty("No stage yet", "Each is listed with its rate and lag once it runs."));
      return empty("Nothing flows yet", "./millrace help lists the stages to start.");
    }
    listed.replaceChildren(stageTable(answer.stages));
    return flow(answer);
  });
}

function stageTable(stages) {
  const columns = [
    { name: "stage", type: "text" },
    { name: "state", type: "text", show: (value) => badge(value, KINDS[value] ?? "") },
    { name: "rate", title: "Records/s", type: "number" },
    { name: "lag", title: "Lag", type: "number", show: (value) => duration(value) },
    { name: "waiting", title: "Waiting records", type: "integer" },
    { name: "errors", type: "integer" },
    { name: "detail", type: "text", isFixed: true },
  ];
  const rows = stages.map((one) => [one.title, one.state, one.rate, one.lag_seconds, one.lag_records, one.errors, detail(one)]);
  return table({ columns, rows, caption: "Stages", low: false });
}

function detail(one) {
  const run = one.last_run;
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
