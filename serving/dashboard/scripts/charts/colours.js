// The colours of the theme, for what is drawn on a canvas.
let cache = {};
document.addEventListener("theme", () => (cache = {}));

export function colour(name) {
  cache[name] ??= getComputedStyle(document.documentElement).getPropertyValue(`--${name}`).trim();
  return cache[name];
}

/** Calls `draw` when the theme changes, until `element` has left the page. */
export function onTheme(element, draw) {
  const listen = () => (element.isConnected ? draw() : document.removeEventListener("theme", listen));
  document.addEventListener("theme", listen);
}

export const FONT = '12px "Inter", ui-sans-serif, system-ui, "Segoe UI", Roboto, "Liberation Sans", Arial, sans-serif';
