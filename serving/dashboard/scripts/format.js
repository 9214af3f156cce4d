// Numbers, times and names as people read them. Missing is a dash, never a zero.
export const MISSING = "\u2013";

const grouped = new Map();
const clockFormat = new Intl.DateTimeFormat("en-GB", { hour: "2-digit", minute: "2-digit" });
const secondsFormat = new Intl.DateTimeFormat("en-GB", { hour: "2-digit", minute: "2-digit", second: "2-digit" });
const momentFormat = new Intl.DateTimeFormat("en-GB", { day: "numeric", month: "short", hour: "2-digit", minute: "2-digit" });

export function number(value, digits) {
  if (value === null || value === undefined || Number.isNaN(value)) return MISSING;
  const size = Math.abs(value);
  const shown = digits ?? (Number.isInteger(value) || size >= 1000 ? 0 : size >= 100 ? 1 : 2);
  if (!grouped.has(shown)) grouped.set(shown, new Intl.NumberFormat("en-GB", { maximumFractionDigits: shown }));
  return grouped.get(shown).format(value);
}

/** For axes: 1200000 is 1.2M. */
export function compact(value) {
  const size = Math.abs(value);
  if (size >= 1e6) return `${number(value / 1e6, 1)}M`;
  if (size >= 1e4) return `${number(value / 1e3, 1)}k`;
  return number(value, size < 1 ? 3 : 2);
}

export function percent(share) {
  return share === null || share === undefined ? MISSING : `${number(share * 100, share < 0.1 ? 2 : 1)} %`;
}

export function duration(seconds) {
  if (seconds === null || seconds === undefined) return MISSING;
  if (seconds < 1) return `${number(seconds * 1000, 0)} ms`;
  if (seconds < 10) return `${number(seconds, 1)} s`;
  if (seconds < 120) return `${Math.round(seconds)} s`;
  if (seconds < 7200) return `${Math.round(seconds / 60)} min`;
  if (seconds < 172800) return `${Math.round(seconds / 3600)} h`;
  return `${Math.round(seconds / 86400)} days`;
}

/** What a number is counted in: a window of so many seconds. */
export const perWindow = (seconds) => (seconds === 60 ? "a minute" : `in ${duration(seconds)}`);

const dateFormat = new Intl.DateTimeFormat("en-GB", { day: "numeric", month: "short", timeZone: "UTC" });

const asDate = (time) => new Date(typeof time === "number" ? time * 1000 : time);

export const clock = (time) => (time === null || time === undefined ? MISSING : clockFormat.format(asDate(time)));
/** A day as the warehouse keeps it: midnight of UTC stands for it. */
export const date = (time) => dateFormat.format(asDate(time));
export const seconds = (time) => secondsFormat.format(asDate(time));
export const moment = (time) => (time === null || time === undefined ? MISSING : momentFormat.format(asDate(time)));

/** product_views -> Product views; revenue_by_category -> Revenue by category. */
export function words(name) {
  const text = String(name).replaceAll(/[_-]+/g, " ").trim();
  return text.charAt(0).toUpperCase() + text.slice(1);
}

export const day = (date) => date.toISOString().slice(0, 10);
