// Warehouse: a mart at a time, with its filters, its chart, its rows, and the SQL that made them.
import { get, getFile, query } from "../api.js";
import { save, savePng } from "../download.js";
import { meant } from "../definitions.js";
import { h, say } from "../element.js";
import { filterRow, filters, remember } from "../filters.js";
import { moment, number } from "../format.js";
import { badge, button, empty, field, filled, panel, select, skeleton } from "../parts.js";
import { table } from "../table.js";
import { chartOf, measures } from "./warehouse_charts.js";

const NAMES = ["from", "to", "store", "bots"];
const ROWS = 1000;
const MOST_ROWS = 5000; // for the chart
const SHOWN_ROWS = 200;
const COUNTS = new Set(["integer", "number"]);
const isOfBots = (column) => column.name.startsWith("bot_");

export async function show(page) {
  const list = h("nav", { class: "panel span-3 reports", "aria-label": "Marts" }, skeleton("lines"));
  const place = h("div", { class: "span-9 stack" });
  page.append(h("div", { class: "page-head" }, h("h1", {}, "Warehouse"), h("span", { class: "lead" }, "what the facts say, counted after the events were loaded")),
    h("div", { class: "grid" }, list, place));
  await filled(place, async () => {
    const { reports } = await get("/api/reports");
    if (!reports.length) {
      list.remove();
      return empty("No mart yet", "The marts are filled by the first run of the ETL.");
    }
    const stores = await get("/api/stores").then((answer) => answer.stores, () => null);
    const view = new ReportView(reports, stores, list);
    view.choose(new URLSearchParams(location.search).get("report"));
    return view.element;
  });
  if (list.querySelector(".bones")) list.remove();
}

class ReportView {
  constructor(reports, stores, list) {
    Object.assign(this, { reports, stores, list, values: filters(NAMES), sort: "", measure: "" });
    this.element = h("div", { class: "stack" });
  }

  choose(name) {
    this.report = this.reports.find((one) => one.name === name) ?? this.reports[0];
    this.sort = "";
    this.measure = "";
    this.index();
    this.frame();
    this.load();
  }

  index() {
    const pick = (one) => h("button", { type: "button", class: "report", "aria-current": one === this.report ? "true" : null, onclick: () => this.choose(one.name) }, one.title);
    const small = field("Mart", select(this.reports.map((one) => [one.name, one.title]), this.report.name, (name) => this.choose(name)));
    this.list.replaceChildren(h("ul", { class: "wide-only" }, this.reports.map((one) => h("li", {}, pick(one)))), h("div", { class: "narrow-only" }, small));
  }

  frame() {
    const { report } = this;
    this.age = h("span", {});
    this.chart = panel({ title: meant(report.title, report.definition, report.grain), side: [this.age] });
    this.rows = panel({ title: "Rows" });
    this.sql = panel({ title: "SQL behind it" });
    const asked = this.names;
    this.element.replaceChildren(...[asked.length ? filterRow(asked, this.values, () => this.load(), this.stores) : null, this.chart.element, this.rows.element, this.sql.element].filter(Boolean));
  }

  /** The filters of this mart; one with robots in columns of their own is filtered here. */
  get names() {
    const { filters: own, columns } = this.report;
    return NAMES.filter((name) => own.includes(name) || (name === "bots" && columns.some(isOfBots)));
  }

  get parameters() {
    return Object.fromEntries(this.report.filters.map((name) => [name, this.values[name]]));
  }

  load() {
    remember({ report: this.report.name, ...Object.fromEntries(this.names.map((name) => [name, this.values[name]])) });
    this.asked?.abort();
    const { signal } = (this.asked = new AbortController());
    const address = `/api/reports/${this.report.name}`;
    for (const { body } of [this.rows, this.sql]) body.replaceChildren(skeleton("lines"));
    this.chart.body.replaceChildren();
    return filled(this.chart.body, async () => {
      let answer;
      try {
        answer = await this.pages(address, signal);
      } catch (error) {
        if (error.name !== "AbortError") for (const { body } of [this.rows, this.sql]) body.replaceChildren(empty("Not there", "As long as the mart cannot be read."));
        throw error;
      }
      this.answer = answer;
      this.shown = SHOWN_ROWS;
      say(this.age, answer.refreshed_at ? `as of ${moment(answer.refreshed_at)}` : "");
      this.showRows();
      this.showSql();
      return this.drawn();
    });
  }

  async pages(address, signal) {
    const ask = (cursor) => get(address, { ...this.parameters, sort: this.sort, limit: ROWS, cursor }, signal);
    let answer = await ask(null);
    while (answer.next_cursor && answer.rows.length < MOST_ROWS) {
      const next = await ask(answer.next_cursor);
      answer = { ...next, rows: [...answer.rows, ...next.rows] };
    }
    return this.seen(answer);
  }

  /** Without the key of a day, which its date says, and of people and robots in columns those that were asked for. */
  seen(answer) {
    const { bots } = this.values;
    const wanted = (column) => (bots === "only" ? isOfBots(column) || !COUNTS.has(column.type) : bots === "include" || !isOfBots(column));
    const isSplit = answer.columns.some(isOfBots);
    const kept = answer.columns.flatMap((column, at) => (column.name !== "date_key" && (!isSplit || wanted(column)) ? [at] : []));
    return { ...answer, columns: kept.map((at) => answer.columns[at]), rows: answer.rows.map((row) => kept.map((at) => row[at])) };
  }

  drawn() {
    const { answer } = this;
    if (!answer.rows.length) return empty("No row in this range", "Choose other days, another store, or people and robots.");
    const choices = measures(answer.columns);
    const usual = (this.report.sort ?? "").replace("-", "");
    const measure = [this.measure, usual].map((name) => choices.find((one) => one.name === name)).find(Boolean) ?? choices[0];
    const shown = measure ? chartOf(this.report, answer, measure) : null;
    const again = (value) => {
      this.measure = value;
      this.chart.body.replaceChildren(...this.drawn());
    };
    const choice = choices.length > 1 && !shown?.isWhole && this.report.chart !== "table" ? h("div", { class: "fields" }, field("Shown", select(choices.map((one) => [one.name, one.title]), measure.name, again))) : null;
    const png = shown?.canvas !== undefined || shown?.place ? button("PNG", () => shown.canvas && savePng(shown.canvas, `${this.report.name}.png`)) : null;
    const side = choice ? h("div", { class: "chart-tools" }, choice, png) : png;
    const note = shown?.note ? h("p", { class: "soft small" }, shown.note) : null;
    return [side, shown?.element ?? empty("No chart for this", shown?.why ?? "The rows below have it."), note, answer.next_cursor ? h("p", { class: "note warn small" }, `Drawn from the first ${number(answer.rows.length)} rows alone. Choose fewer days.`) : null].filter(Boolean);
  }

  showRows() {
    const { answer } = this;
    const csv = h("a", { class: "button", href: `/api/reports/${this.report.name}${query({ ...this.parameters, sort: this.sort, format: "csv" })}`, download: `${this.report.name}.csv`, onclick: (event) => this.download(event, csv) }, "CSV");
    this.rows.side.replaceChildren(`${number(answer.rows.length)}${answer.next_cursor ? " first" : ""} rows`, csv);
    const [name, isDown] = [this.sort.replace("-", ""), this.sort.startsWith("-")];
    const sort = { by: name, isDown, onsort: (by, down) => {
      this.sort = `${down ? "-" : ""}${by}`;
      this.load();
    } };
    const rows = answer.rows.slice(0, this.shown);
    const shown = rows.length ? table({ columns: answer.columns, rows, caption: this.report.title, sort }) : empty("No row");
    const more = answer.rows.length > this.shown ? button("More rows", () => this.more()) : null;
    this.rows.body.replaceChildren(...[shown, more].filter(Boolean));
  }

  async download(event, link) {
    event.preventDefault();
    if (link.ariaDisabled === "true") return;
    link.ariaDisabled = "true";
    const { rows } = this;
    rows.body.querySelector(".note")?.remove();
    try {
      save(await getFile(link.getAttribute("href")), link.download);
    } catch (error) {
      rows.body.prepend(h("p", { class: "note bad", role: "alert" }, `No file: ${error.message}`));
    } finally {
      link.ariaDisabled = null;
    }
  }

  more() {
    this.shown += SHOWN_ROWS;
    this.showRows();
  }

  showSql() {
    const { sql, parameters } = this.answer;
    this.sql.side.replaceChildren(...Object.entries(parameters ?? {}).map(([name, value]) => badge(`${name} ${value}`, "plain")));
    this.sql.body.replaceChildren(h("pre", { class: "code", tabindex: 0, role: "region", "aria-label": "SQL" }, sql));
  }
}

