// Tables that sort. A column: {name, title, type, comment, show(value, row), definition}.
import { explained } from "./definitions.js";
import { h } from "./element.js";
import { MISSING, moment, number, percent, words } from "./format.js";

const LONG = 36; // characters: from here on a text is broken anywhere, so that no column is wider than the page
const SHARES = new Set(["share", "percent"]);
const COUNTS = new Set(["integer", "number"]);

/** `sort`: {by, isDown, onsort} where the server sorts, else rows are sorted here by a click. */
export const table = (settings) => keptTable(settings).element;

/** A table that stays, with its order and where it was scrolled to: `put` gives it other rows. */
export function keptTable({ columns, rows: first, caption, sort = null, low = true }) {
  let rows = first;
  const own = { by: null, isDown: true };
  const body = h("tbody");
  const heads = columns.map((column, index) => head(column, () => sortBy(index)));
  const order = () => (own.by === null ? rows : sorted(rows, own.by, own.isDown));
  const fill = () => body.replaceChildren(...order().map((row) => line(columns, row)));
  function sortBy(index) {
    const isSame = sort ? sort.by === columns[index].name : own.by === index;
    const isDown = isSame ? !(sort ?? own).isDown : true;
    if (sort) return sort.onsort(columns[index].name, isDown);
    Object.assign(own, { by: index, isDown });
    mark(heads, index, isDown);
    fill();
  }
  if (sort) mark(heads, columns.findIndex((column) => column.name === sort.by), sort.isDown);
  fill();
  const put = (others) => {
    rows = others;
    fill();
  };
  const element = h("div", { class: `scroll ${low ? "low" : ""}`, tabindex: 0, role: "region", "aria-label": caption },
    h("table", {}, h("caption", { class: "unseen" }, caption), h("thead", {}, h("tr", {}, heads)), body));
  return { element, put };
}

function head(column, onclick) {
  const title = column.title ?? words(column.name);
  const kind = COUNTS.has(column.type) ? "count" : "";
  if (column.isFixed) return h("th", { class: kind, scope: "col" }, title);
  const order = h("button", { type: "button", onclick }, title);
  return h("th", { class: kind, scope: "col" }, column.comment || column.definition ? explained(order, column.definition, column.comment) : order);
}

function mark(heads, index, isDown) {
  heads.forEach((cell, at) => {
    if (at === index) cell.setAttribute("aria-sort", isDown ? "descending" : "ascending");
    else cell.removeAttribute("aria-sort");
  });
}

function sorted(rows, index, isDown) {
  const sign = isDown ? -1 : 1;
  return [...rows].sort((one, other) => {
    const [a, b] = [one[index], other[index]];
    if (a === null || b === null) return a === b ? 0 : a === null ? 1 : -1;
    return sign * (typeof a === "number" && typeof b === "number" ? a - b : String(a).localeCompare(String(b), "en", { numeric: true }));
  });
}

function line(columns, row) {
  const cells = columns.map((column, index) => {
    const value = row[index];
    const kind = COUNTS.has(column.type) ? "count" : column.type === "date" || column.type === "time" ? "date" : String(value ?? "").length > LONG ? "long" : "";
    return h("td", { class: kind }, column.show ? column.show(value, row) : cell(value, column));
  });
  return h("tr", {}, cells);
}

/** A value as text, by its column's type and unit. */
export function cell(value, column) {
  if (value === null || value === undefined) return MISSING;
  if (SHARES.has(column.unit)) return percent(Number(value));
  if (COUNTS.has(column.type)) return number(Number(value));
  if (column.type === "time") return moment(value);
  if (column.type === "boolean") return value ? "yes" : "no";
  return String(value);
}

/** The text alternative of a chart: made when it is opened, made anew when it is opened again. */
export function tableOf(title, make) {
  const place = h("div");
  const details = h("details", { ontoggle: () => details.open && place.replaceChildren(make()) }, h("summary", {}, "Table"), place);
  details.querySelector("summary").append(h("span", { class: "unseen" }, ` of ${title}`));
  return details;
}
