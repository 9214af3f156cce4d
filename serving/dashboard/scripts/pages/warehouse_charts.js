// Which chart a mart gets, and what may be added up for it. Distinct counts, rates and medians are not.
import { BarChart, MapChart } from "../charts/echarts.js";
import { TimeChart } from "../charts/time_chart.js";
import { h } from "../element.js";
import { percent, words } from "../format.js";

const BARS = 12;
const LINES = 5;
const NO_SUM = /not to be summed|does not add up|distinct|median|^share|per /i;
const RATIOS = /(^|_)(rate|conversion|share|median|mean|price|bounce|per|lift|retention)(_|$)/;
const NO_SUM_UNITS = new Set(["percent", "share", "seconds", "visitors", "persons", "buyers"]);
const NO_NAME = /^(audience|currency|reporting_currency|country_code|click_id_kind)$|_id$|_key$/;

/** The columns that a chart can show, by name and title. */
export function measures(columns) {
  return columns.filter((one) => (one.type === "integer" || one.type === "number") && !/(_key|_id)$/.test(one.name))
    .map((one) => ({ ...one, title: one.title ?? words(one.name), isSum: adds(one) }));
}

const adds = (column) => !NO_SUM.test(column.comment ?? "") && !RATIOS.test(column.name) && !NO_SUM_UNITS.has(column.unit);

/** {element, canvas, note: what is left out}, or {why} where this measure cannot be drawn over these rows. */
export function chartOf(report, { columns, rows }, measure) {
  const at = (test) => columns.findIndex(test);
  const value = at((one) => one.name === measure.name);
  if (report.chart === "table") return { why: "It is a list: the rows are all of it." };
  if (report.chart === "heat") return heat(report.title, columns, rows);
  const date = at((one) => one.type === "date");
  const unit = measure.unit?.startsWith("currency:") ? "money" : measure.unit || measure.title.toLowerCase();
  const split = measure.unit?.startsWith("currency:") ? at((one) => one.name === measure.unit.slice(9)) : -1;
  const title = `${report.title}: ${measure.title}`;
  const code = at((one) => one.name === "country_code");
  if (report.chart === "map" && code >= 0) return world({ title, unit, measure, rows, code, name: at((one) => one.name === "country_name"), value });
  if (report.chart === "line" && date >= 0) return lines({ title, unit, measure, rows, date, value, split });
  const named = at((one) => one.type === "text" && !NO_NAME.test(one.name));
  const name = named < 0 ? at((one) => one.type === "text") : named;
  if (name < 0) return date >= 0 ? lines({ title, unit, measure, rows, date, value, split }) : { why: null };
  return bars({ title, unit, measure, rows, name, value, split });
}

function world({ title, unit, measure, rows, code, name, value }) {
  const known = rows.filter((row) => row[code] !== null);
  const sums = grouped(known, (row) => row[code], value, measure);
  if (!sums) return { why: WHY };
  const names = new Map(known.map((row) => [row[code], row[name]]));
  const others = [...new Set(rows.filter((row) => row[code] === null).map((row) => row[name] ?? "rows without a country"))];
  const chart = new MapChart({ title, unit, rows: sums.map(([key, sum]) => [key, names.get(key), sum]).sort((one, other) => other[2] - one[2]) });
  return Object.assign(chart, { note: others.length ? `Not on the map: ${others.join(", ")}.` : "" });
}

function lines({ title, unit, measure, rows, date, value, split }) {
  const all = split < 0 ? [[measure.title, rows]] : [...Map.groupBy(rows, (row) => row[split])];
  const sum = ([, some]) => some.reduce((total, row) => total + Number(row[value] ?? 0), 0);
  const parts = all.toSorted((one, other) => sum(other) - sum(one)).slice(0, LINES).sort(([one], [other]) => String(one).localeCompare(String(other)));
  const series = parts.map(([label, some]) => [label, grouped(some, (row) => row[date], value, measure)]);
  if (series.some(([, points]) => !points)) return { why: WHY };
  const days = [...new Set(rows.map((row) => row[date]))].sort();
  const times = everyDay(days[0], days.at(-1));
  const columns = series.map(([, points]) => {
    const byDay = new Map(points.map(([day, sum]) => [Date.parse(day) / 1000, sum]));
    return times.map((time) => byDay.get(time) ?? null);
  });
  const chart = new TimeChart({ title, unit: `${unit} a day`, height: 240, isDays: true });
  chart.show(series.map(([label]) => String(label)), times, columns);
  return Object.assign(chart, { note: leftOut(parts, all, "lines") });
}

/** A row a cohort, a column a week: the share of persons who came again, darker where more did. */
function heat(title, columns, rows) {
  const [week, later, share] = ["cohort_week", "weeks_later", "retention"].map((name) => columns.findIndex((one) => one.name === name));
  const most = Math.max(0, ...rows.map((row) => row[later]));
  const weeks = Array.from({ length: most + 1 }, (_, at) => at);
  const cohorts = [...Map.groupBy(rows, (row) => row[week])].sort(([one], [other]) => one.localeCompare(other));
  const line = ([day, some]) => h("tr", {}, h("th", { scope: "row" }, day), weeks.map((at) => warm(some.find((row) => row[later] === at)?.[share])));
  const head = h("tr", {}, h("th", { scope: "col" }, "Week of the first visit"), weeks.map((at) => h("th", { scope: "col", class: "count" }, `+${at}`)));
  const element = h("div", { class: "scroll", tabindex: 0, role: "region", "aria-label": title }, h("table", { class: "heat" },
    h("caption", { class: "unseen" }, `${title}: share of persons with a session in a later week`), h("thead", {}, head), h("tbody", {}, cohorts.map(line))));
  return { element, isWhole: true };
}

function warm(share) {
  const cell = h("td", { class: "count" }, share === undefined ? "" : percent(Number(share)));
  if (share !== undefined && share !== null) cell.style.setProperty("--share", `${Math.round(60 * Math.sqrt(Number(share)))}%`);
  return cell;
}

function everyDay(first, last) {
  const times = [];
  for (let time = Date.parse(first) / 1000; time <= Date.parse(last) / 1000; time += 86400) times.push(time);
  return times;
}

function bars({ title, unit, measure, rows, name, value, split }) {
  const key = (row) => (split < 0 ? row[name] : split === name ? row[name] : `${row[name]} (${row[split]})`);
  const sums = grouped(rows, (row) => key(row) ?? "(none)", value, measure);
  if (!sums) return { why: WHY };
  const shown = sums.toSorted((one, other) => other[1] - one[1]).slice(0, BARS);
  return Object.assign(new BarChart({ title, unit, rows: shown }), { note: leftOut(shown, sums, "bars") });
}

const leftOut = (shown, all, name) => (shown.length < all.length ? `${shown.length} of ${all.length} ${name}: those with the greatest sums. The rows below have the others.` : "");

const WHY = "This number must not be added up over days or members. Choose one day or one store, or read it in the rows.";

/** Sums by key, or null where two rows of a key would have to be added and may not be. */
function grouped(rows, key, value, measure) {
  const sums = new Map();
  for (const row of rows) {
    if (row[value] === null) continue;
    if (sums.has(key(row)) && !measure.isSum) return null;
    sums.set(key(row), (sums.get(key(row)) ?? 0) + Number(row[value]));
  }
  return [...sums];
}
