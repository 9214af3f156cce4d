// What the pipeline runs with. Secrets come without their value; what can be tuned, an operator tunes here.
import { get, send } from "../api.js";
import { h } from "../element.js";
import { moment, number, words } from "../format.js";
import { announce, badge, empty, filled, skeleton } from "../parts.js";
import { table } from "../table.js";

export function configuration(settings, tunables, isOperator) {
  tunables.replaceChildren(skeleton("lines"));
  return filled(settings, async () => {
    const answer = await get("/api/pipeline/configuration");
    tunables.replaceChildren(answer.tunables.length ? h("div", { class: "stack" }, answer.tunables.map((one) => tunable(one, isOperator)), isOperator && changes())
      : empty("Nothing to tune", "Every value is set by the environment."));
    if (!answer.groups.length) return empty("No configuration is shown");
    return answer.groups.map((group, at) => h("details", { open: at === 0 && answer.groups.length === 1 },
      h("summary", {}, `${group.title} (${group.settings.length})`), rows(group)));
  }, "lines").then(() => tunables.querySelector(".bones")?.parentElement.replaceChildren(empty("Not known", "The values are shown once the configuration is.")));
}

/** Who did what here, for operators; asked for when it is opened. */
function changes() {
  const place = h("div");
  const columns = [{ name: "when", type: "time" }, { name: "who", type: "text" }, { name: "what", type: "text" }, { name: "of", type: "text" }, { name: "before", type: "text" }, { name: "after", type: "text" }];
  const load = async () => {
    const { items } = await get("/api/audit", { limit: 50 });
    if (!items.length) return empty("Nothing was changed yet");
    return table({ columns, rows: items.map((one) => [one.at, one.account, one.action, one.subject, text(one.before), text(one.after)]), caption: "Changes by operators" });
  };
  return h("details", { ontoggle: ({ target }) => target.open && filled(place, load, "lines") }, h("summary", {}, "Changes by operators"), place);
}

const text = (value) => (value !== null && typeof value === "object" ? JSON.stringify(value) : value);

function rows(group) {
  const columns = [
    { name: "variable", type: "text", show: (value) => h("span", { class: "mono" }, value) },
    { name: "value", type: "text", show: (value, row) => shown(value, row[3]) },
    { name: "meaning", type: "text" },
  ];
  const lines = group.settings.map((one) => [one.variable, one.value, one.comment, one]);
  return table({ columns, rows: lines, caption: group.title });
}

function shown(value, one) {
  if (one.is_secret) return badge("secret", "plain");
  const text = h("span", { class: "mono breaks" }, value === null ? "\u2013" : String(value));
  return one.is_default ? text : [text, " ", badge("set", "plain")];
}

function tunable(one, isOperator) {
  const id = `tunable-${one.name}`;
  const bounds = one.minimum === null || one.minimum === undefined ? "" : `, ${number(one.minimum)} to ${number(one.maximum)}`;
  const input = h("input", { id, class: "inline-field", type: one.type === "text" ? "text" : "number", step: "any", min: one.minimum, max: one.maximum, value: one.value, required: true, disabled: !isOperator, "aria-describedby": `${id}-said` });
  const said = h("p", { id: `${id}-said`, class: "soft small" }, whose(one));
  const set = h("button", { class: "button", type: "submit" }, "Set");
  const submit = async (event) => {
    event.preventDefault();
    set.disabled = true;
    try {
      const value = one.type === "text" ? input.value : Number(input.value);
      const kept = await send("PUT", `/api/pipeline/tunables/${one.name}`, { value });
      said.textContent = `${whose(kept)} Set to ${kept.value}.`;
      said.className = "small";
      announce(`${words(one.name)} is ${kept.value}`);
    } catch (error) {
      said.textContent = `Not set: ${error.message}`;
      said.className = "note bad small";
    } finally {
      set.disabled = false;
    }
  };
  return h("form", { class: "tunable", onsubmit: submit },
    h("label", { for: id }, h("strong", {}, words(one.name)), h("span", { class: "soft" }, ` ${one.comment} (${one.unit}${bounds})`)),
    h("div", { class: "tunable-value" }, input, isOperator && set), said);
}

function whose(one) {
  return one.set_by ? `Set by ${one.set_by}, ${moment(one.set_at)}; ${one.default} by default.` : `The default.`;
}
