// What is viewed most in the last minutes, by product or by store.
import { h, say } from "../element.js";
import { number, words } from "../format.js";
import { empty, panel, select, skeleton } from "../parts.js";

const SHOWN = 6;

export class TopList {
  constructor() {
    this.dimension = "product";
    this.span = h("span", {});
    const { element, body, side } = panel({ title: "Most viewed", side: [this.span] });
    Object.assign(this, { element, body, side });
    body.append(skeleton("lines"));
  }

  update(feed) {
    const tops = [...feed.tops.values()].filter((one) => one.feed === "product_views" && one.metric === "views");
    const names = tops.map((one) => one.dimension);
    const top = tops.find((one) => one.dimension === this.dimension) ?? tops[0];
    const key = JSON.stringify([names, top]);
    if (key === this.key) return;
    this.key = key;
    say(this.span, top ? `last ${top.minutes} minutes` : "");
    if (names.length > 1 && !this.choice) this.choose(feed, names);
    this.body.replaceChildren(top?.members.length ? list(top.members.slice(0, SHOWN)) : empty(top ? `No view in the last ${top.minutes} minutes` : "No view yet", "What is viewed is listed here."));
  }

  choose(feed, names) {
    this.choice = select(names.map((name) => [name, words(name)]), this.dimension, (name) => {
      this.dimension = name;
      this.update(feed);
    });
    this.choice.className = "inline-field";
    this.choice.setAttribute("aria-label", "Most viewed by");
    this.side.append(this.choice);
  }
}

function list(members) {
  const most = Math.max(1, ...members.map(([, value]) => value));
  return h("ol", { class: "tops" }, members.map(([name, value]) => {
    const inner = h("i");
    inner.style.width = `${(100 * value) / most}%`;
    return h("li", {}, h("span", { class: "breaks" }, name), h("div", { class: "bar thin", "aria-hidden": "true" }, inner), h("strong", {}, number(value)));
  }));
}
