// Quality: what the checks found, what was rejected and why, what is a dead letter and how it comes back.
import { get } from "../api.js";
import { h } from "../element.js";
import { MISSING, moment, words } from "../format.js";
import { announce, badge, button, empty, filled, panel } from "../parts.js";
import { table } from "../table.js";

export function show(page) {
  const state = h("span", {});
  const checks = panel({ title: "Checks", span: 7 });
  const past = panel({ title: "History of a check", span: 5 });
  const rejected = panel({ title: "Rejected events", side: ["by the rules of the warehouse"] });
  const letters = panel({ title: "Dead letters", side: ["what a stage could not take"] });
  page.append(h("div", { class: "page-head" }, h("h1", {}, "Quality"), state),
    h("div", { class: "grid same-height" }, checks.element, past.element, rejected.element, letters.element));
  past.body.append(empty("No check is chosen", "Choose one to see how it went before."));
  const choose = (check) => filled((past.body.replaceChildren(), past.body), () => history(check));
  filled(checks.body, async () => {
    const answer = await get("/api/quality");
    const results = answer.results;
    if (!results.length) return empty("No check has run", "They run after each run of the ETL: ./millrace quality");
    const failed = results.filter((one) => !one.passed);
    state.replaceChildren(badge(failed.length ? `${failed.length} of ${results.length} failed` : `all ${results.length} passed`, failed.length ? "bad" : "good"),
      h("span", { class: "lead" }, `  run ${answer.run_id}, ${moment(answer.checked_at)}`));
    choose((failed[0] ?? results[0]).check);
    return checkTable(results, choose);
  }, "lines");
  filled(rejected.body, async () => rejections(await get("/api/rejected")), "lines");
  filled(letters.body, async () => deadLetters(await get("/api/dead-letters")), "lines");
}

function checkTable(results, choose) {
  const columns = [
    { name: "check", type: "text", show: (value) => button(words(value), () => choose(value), "link") },
    { name: "result", type: "text", show: (value, row) => badge(value, value === "passed" ? "good" : row[4] === "error" ? "bad" : "warn") },
    { name: "observed", type: "number" },
    { name: "bound", type: "number" },
  ];
  const order = [...results].sort((one, other) => one.passed - other.passed);
  const rows = order.map((one) => [one.check, one.passed ? "passed" : one.severity === "error" ? "failed" : "warning", one.observed, one.bound, one.severity, one]);
  const failed = order.filter((one) => !one.passed && one.detail);
  return [failed.length ? h("ul", { class: "stack" }, failed.map((one) => h("li", { class: "note bad small" }, h("strong", {}, words(one.check)), h("span", { class: "breaks" }, one.detail)))) : null,
    table({ columns: columns.map((one) => ({ ...one, comment: one.name === "bound" ? "What it must keep" : undefined })), rows, caption: "Results of the checks" })].filter(Boolean);
}

async function history(check) {
  const [{ TimeChart }, answer] = await Promise.all([import("../charts/time_chart.js"), get(`/api/quality/${encodeURIComponent(check)}`, { limit: 100 })]);
  if (!answer.history.length) return empty("No run before", words(check));
  const failed = answer.history.filter((one) => !one.passed).length;
  const chart = new TimeChart({ title: words(check), unit: "observed, by run" });
  const times = answer.history.map((one) => Date.parse(one.checked_at) / 1000);
  const shown = h("div", { class: "stack" }, h("div", {}, h("h3", {}, words(check)), h("p", { class: "soft small" }, `${answer.history.length} runs, ${failed || "none"} failed`)),
    bars(answer.history), chart.element);
  requestAnimationFrame(() => chart.show(["observed", "bound"], times, [answer.history.map((one) => one.observed), answer.history.map((one) => one.bound)]));
  return shown;
}

function bars(history) {
  return h("div", { class: "history", role: "img", "aria-label": `Oldest to newest: ${history.map((one) => (one.passed ? "passed" : "failed")).join(", ")}` },
    history.slice(-48).map((one) => h("i", { class: one.passed ? "" : "failed", title: `${moment(one.checked_at)}: ${one.passed ? "passed" : "failed"}` })));
}

function rejections({ reasons, examples, replay: how }) {
  if (!reasons.length) return empty("Nothing was rejected", "An event that breaks a rule is kept here with the rule and the field.");
  const columns = [
    { name: "rule", type: "text", show: (value) => words(value) },
    { name: "field", type: "text" },
    { name: "events", type: "integer" },
    { name: "first", type: "date" },
    { name: "last", type: "date" },
  ];
  const rows = reasons.map((one) => [one.rule, one.field, one.count, one.first_date, one.last_date]);
  return [table({ columns, rows, caption: "Rejected events by rule" }), examples?.length ? details("Examples", exampleTable(examples)) : null,
    replay("After the rule or the data is mended:", how?.command ?? "./millrace etl --replay-rejected")].filter(Boolean);
}

function exampleTable(examples) {
  const columns = [{ name: "place", type: "text" }, { name: "rule", type: "text" }, { name: "field", type: "text" }, { name: "kind", type: "text" }, { name: "day", type: "date" }];
  const rows = examples.map((one) => [`${one.topic}:${one.partition}:${one.offset}`, words(one.rule), one.field, one.kind, one.event_date]);
  return table({ columns, rows, caption: "Examples of rejected events" });
}

function deadLetters({ feeds, replay: how }) {
  const some = feeds.filter((one) => one.total === null || one.total > 0);
  if (!some.length) return empty("No dead letter", "A record that a stage cannot take is put aside here, with its bytes and its place.");
  const columns = [{ name: "feed", type: "text" }, { name: "stage", type: "text" }, { name: "reason", type: "text" }, { name: "letters", type: "integer" }];
  const rows = some.flatMap((feed) => (feed.reasons.length ? feed.reasons.map((one) => [feed.feed, one.stage, words(one.reason), one.count]) : [[feed.feed, MISSING, feed.error ?? "not counted yet", feed.total]]));
  const examples = some.flatMap((feed) => feed.examples ?? []);
  const isPartial = some.some((feed) => feed.is_partial);
  return [table({ columns, rows, caption: "Dead letters by reason" }), isPartial ? h("p", { class: "soft small" }, "Of the newest letters only: the topic holds more.") : null, examples.length ? details("Examples", letterTable(examples)) : null,
    how?.command ? replay("After the mend, replay them, each once:", how.command) : null].filter(Boolean);
}

function letterTable(examples) {
  const columns = [{ name: "place", type: "text" }, { name: "stage", type: "text" }, { name: "reason", type: "text" }, { name: "bytes", type: "integer" }];
  return table({ columns, rows: examples.map((one) => [one.place, one.stage, words(one.reason), one.bytes]), caption: "Examples of dead letters" });
}

const details = (title, body) => h("details", {}, h("summary", {}, title), body);

/** Replaying writes onto the bus, so it is a command on the machine; here it is to copy. */
function replay(text, command) {
  const copy = async () => {
    await navigator.clipboard.writeText(command).then(() => announce("Copied"), () => announce("Could not be copied"));
  };
  return h("div", { class: "replay" }, h("span", { class: "soft small" }, text), h("code", { class: "breaks" }, command), button("Copy", copy));
}

