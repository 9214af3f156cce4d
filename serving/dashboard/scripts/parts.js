// The parts that every page is made of: panels, and what stands where there is no number.
import { Refusal } from "./api.js";
import { h } from "./element.js";
import { duration } from "./format.js";

/** A panel with a heading; `side` stands right of it, `body` is a place to fill. */
export function panel({ title, side = [], span = 12 }) {
  const body = h("div", { class: "panel-body" });
  const element = h("section", { class: `panel span-${span}` },
    h("div", { class: "panel-head" }, h("h2", {}, title), h("div", { class: "side" }, side)), body);
  return { element, body, side: element.querySelector(".side") };
}

export function badge(text, kind = "") {
  return h("span", { class: `badge ${kind}` }, text);
}

export function button(text, onclick, kind = "") {
  return h("button", { class: `button ${kind}`, type: "button", onclick }, text);
}

/** While something is on its way: its shape, without movement. */
export function skeleton(kind = "chart") {
  const lines = kind === "chart" ? [h("div", { class: "bone tall" }), h("div", { class: "bone line-short" })]
    : Array.from({ length: 5 }, (_, index) => h("div", { class: `bone ${index % 2 ? "line-short" : ""}` }));
  return h("div", { class: "bones", role: "status", "aria-label": "Loading" }, lines);
}

export function empty(title, detail) {
  return h("div", { class: "void" }, h("strong", {}, title), detail && h("p", {}, detail));
}

const SAID = {
  unreachable: ["The server does not answer", "The page tries again with the next change, or now."],
  operator_only: ["Not for this account", "An operator's login is needed for this."],
  store_unavailable: ["The store is away", "Nothing is lost: the numbers come back with it."],
  not_found: ["Not there", null],
  invalid_parameter: ["That is not understood", null],
  cursor_outdated: ["The rows have changed meanwhile", "A run of the ETL came between two pages of them."],
  query_too_slow: ["That took too long", "Choose fewer days."],
};

export function failure(error, again) {
  const [title, detail] = SAID[error.code] ?? ["This could not be shown", error.message];
  const wait = error.retrySeconds ? ` Worth another try in ${duration(error.retrySeconds)}.` : "";
  return h("div", { class: "void", role: "alert" }, h("strong", {}, title), h("p", {}, detail ?? error.message, wait), again && button("Try again", again));
}

/** Fills `place` with what `load` brings: a skeleton until then, the failure with another try if it fails. */
export async function filled(place, load, kind = "chart") {
  if (!place.childElementCount) place.replaceChildren(skeleton(kind));
  place.setAttribute("aria-busy", "true");
  try {
    const shown = await load();
    delete place.dataset.failure;
    if (shown !== undefined) place.replaceChildren(...[shown].flat());
  } catch (error) {
    if (error.name === "AbortError" || error.code === "login_required") return;
    if (!(error instanceof Refusal)) console.error(error);
    if (place.dataset.failure === error.code && place.querySelector("[role=alert]")) return; // said already: whoever is on its button stays there
    place.dataset.failure = error.code ?? "";
    place.replaceChildren(failure(error, () => {
      place.replaceChildren();
      return filled(place, load, kind);
    }));
  } finally {
    place.removeAttribute("aria-busy");
  }
}

export function field(label, control) {
  return h("label", { class: "field" }, h("span", {}, label), control);
}

export function select(options, value, onchange) {
  const control = h("select", { onchange: () => onchange(control.value) },
    options.map(([key, text]) => h("option", { value: key, selected: key === value }, text)));
  return control;
}

/** For what a screen reader shall say at once; there is one such place. */
export function announce(text) {
  let place = document.getElementById("announced");
  if (!place) document.body.append((place = h("div", { id: "announced", class: "unseen", role: "status" })));
  place.textContent = text;
}
