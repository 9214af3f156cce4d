// Elements made from values. Text is always a text node: nothing here or elsewhere writes HTML.
const SVG = "http://www.w3.org/2000/svg";

/** h("p", {class: "soft", onclick: f}, "text", element, [more]): null and false children are left out. */
export function h(tag, properties = {}, ...children) {
  return filled(document.createElement(tag), properties, children);
}

/** As `h`, for what is drawn. */
export function svg(tag, properties = {}, ...children) {
  return filled(document.createElementNS(SVG, tag), properties, children);
}

function filled(element, properties, children) {
  for (const [name, value] of Object.entries(properties)) {
    if (value === null || value === undefined || value === false) continue;
    if (name.startsWith("on")) element.addEventListener(name.slice(2), value);
    else element.setAttribute(name, value === true ? "" : value);
  }
  element.append(...children.flat(Infinity).filter((child) => child !== null && child !== undefined && child !== false));
  return element;
}

/** Writes a text only where it differs, so that nothing moves that has not changed. */
export function say(element, text) {
  if (element.textContent !== text) element.textContent = text;
}

/** Makes `elements` the children of `place`, in this order: those that stay are the same ones, and keep the focus. */
export function arrange(place, elements) {
  const focused = document.activeElement;
  const kept = new Set(elements);
  for (const child of [...place.children]) if (!kept.has(child)) child.remove();
  elements.forEach((element, at) => place.children[at] === element || place.insertBefore(element, place.children[at] ?? null));
  if (place.contains(focused) && focused !== document.activeElement) focused.focus({ preventScroll: true });
}

export function icon(path) {
  return svg("svg", { viewBox: "0 0 16 16", fill: "none", stroke: "currentColor", "stroke-width": 1.5, "stroke-linecap": "round",
    "stroke-linejoin": "round", "aria-hidden": "true" }, svg("path", { d: path }));
}
