// What a number means, from docs/definitions.md by the API: on hover, on focus, and closed by Escape.
import { get } from "./api.js";
import { h } from "./element.js";

let known = null;
let shown = null;
let count = 0;

async function definitions() {
  known ??= get("/api/definitions")
    .then((answer) => new Map(answer.definitions.map((one) => [one.anchor, one])))
    .catch(() => {
      known = null;
      return new Map();
    });
  return known;
}

/** `name` as a term with its meaning. `anchor`: a heading of the definitions, or "/definitions#anchor"; `more`: said as well. */
export function meant(name, anchor, more) {
  if (!anchor && !more) return h("span", {}, name);
  return explained(h("button", { class: "meant", type: "button" }, name), anchor, more);
}

/** `term`, any element that takes the focus, with its meaning on hover and focus. */
export function explained(term, anchor, more) {
  const show = () => showMeaning(term, anchor?.split("#").pop(), more);
  term.addEventListener("mouseenter", show);
  term.addEventListener("focus", show);
  term.addEventListener("mouseleave", () => document.activeElement !== term && hide());
  term.addEventListener("blur", hide);
  return term;
}

async function showMeaning(term, anchor, more) {
  const wanted = (shown = { term });
  const definition = anchor ? (await definitions()).get(anchor) : null;
  if (shown !== wanted || !(definition || more)) return;
  hide();
  const id = `meaning-${(count += 1)}`;
  const box = h("div", { class: "meaning", role: "tooltip", id }, definition && h("strong", {}, definition.title),
    more && h("p", {}, more), definition && h("p", {}, definition.text));
  document.body.append(box);
  term.setAttribute("aria-describedby", id);
  shown = { term, box };
  place(box, term.getBoundingClientRect());
}

function place(box, at) {
  const left = Math.max(16, Math.min(at.left, innerWidth - box.offsetWidth - 16));
  const below = at.bottom + 6;
  const top = below + box.offsetHeight > innerHeight ? Math.max(8, at.top - box.offsetHeight - 6) : below;
  box.style.left = `${left}px`;
  box.style.top = `${top}px`;
}

function hide() {
  shown?.box?.remove();
  shown?.term.removeAttribute("aria-describedby");
  shown = null;
}

document.addEventListener("keydown", (event) => event.key === "Escape" && hide());
document.addEventListener("scroll", hide, { passive: true, capture: true });
