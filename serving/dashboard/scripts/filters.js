// The filters of a page, kept in its address so that what is seen can be sent to somebody.
import { h } from "./element.js";
import { day } from "./format.js";
import { field, select } from "./parts.js";

const DAYS = 28;
const DEVICES = ["Desktop", "Mobile", "Tablet", "TV", "Console", "Other", "Unknown"];

/** What the address says, else the last four weeks. */
export function filters(names) {
  const said = new URLSearchParams(location.search);
  const today = new Date();
  const usual = { from: day(new Date(today - (DAYS - 1) * 86_400_000)), to: day(today), bots: "exclude" };
  return Object.fromEntries(names.map((name) => [name, said.get(name) ?? usual[name] ?? ""]));
}

export function remember(values) {
  const given = Object.entries(values).filter(([, value]) => value !== "" && value !== null && value !== undefined);
  history.replaceState(null, "", `${location.pathname}?${new URLSearchParams(given)}`);
}

/** Controls for `names` of from, to, store, bots, device; `onchange` after a value has become another one. */
export function filterRow(names, values, onchange, stores = null) {
  const changed = (name) => (value) => {
    values[name] = value;
    onchange();
  };
  const date = (name, label) => field(label, h("input", { type: "date", value: values[name], required: true, onchange: ({ target }) => target.value && changed(name)(target.value) }));
  const controls = {
    from: () => date("from", "From"),
    to: () => date("to", "To"),
    store: () => field("Store", storeControl(values.store, changed("store"), stores)),
    bots: () => field("Robots", select([["exclude", "People only"], ["include", "People and robots"], ["only", "Robots only"]], values.bots, changed("bots"))),
    device: () => field("Device", select([["", "All"], ...DEVICES.map((one) => [one, one])], values.device, changed("device"))),
  };
  return h("div", { class: "fields" }, names.map((name) => controls[name]?.()));
}

function storeControl(value, changed, stores) {
  if (stores) return select([["", "All stores"], ...stores.map((one) => [one.store_id, one.label])], value, changed);
  return h("input", { value, placeholder: "All stores", inputmode: "numeric", onchange: ({ target }) => changed(target.value.trim()) });
}

