// The newest events. What they hold is a stranger's text: it becomes text nodes and nothing else.
import { h, say } from "../element.js";
import { seconds, words } from "../format.js";
import { button, empty, panel, skeleton } from "../parts.js";

const SHOWN = 50;

export class EventList {
  constructor() {
    this.isHeld = false;
    this.hold = button("Hold", () => this.toggle(), "quiet");
    this.hold.setAttribute("aria-pressed", "false");
    const { element, body } = panel({ title: "Newest events", side: [this.hold] });
    this.list = h("ul", { class: "events" });
    this.scroll = h("div", { class: "scroll low", tabindex: 0, role: "region", "aria-label": "Newest events" }, this.list);
    this.shown = new Map();
    Object.assign(this, { element, body });
    body.append(skeleton("lines"));
  }

  toggle() {
    this.isHeld = !this.isHeld;
    this.hold.setAttribute("aria-pressed", String(this.isHeld));
    say(this.hold, this.isHeld ? "Go on" : "Hold");
    if (!this.isHeld && this.last) this.update(this.last);
  }

  update(feed) {
    this.last = feed;
    if (this.isHeld) return;
    if (!feed.events.items.length) {
      const said = feed.hasSearch ? ["No event yet", "They are listed as soon as search has them."] : ["Search is away", "Numbers go on; the events are listed when it is back."];
      return this.body.replaceChildren(empty(...said));
    }
    if (!this.list.isConnected) this.body.replaceChildren(this.scroll);
    this.put(feed.events.items.slice(0, SHOWN));
  }

  /** Only lines that are new are made, only those that left are removed. */
  put(events) {
    const ids = new Set(events.map((event) => event.id));
    for (const [id, line] of this.shown) {
      if (ids.has(id)) continue;
      line.remove();
      this.shown.delete(id);
    }
    for (const event of [...events].reverse()) {
      if (this.shown.has(event.id)) continue;
      const line = this.line(event);
      this.shown.set(event.id, line);
      this.list.prepend(line);
    }
  }

  line(event) {
    const fields = Object.entries(event.fields).filter(([, value]) => value !== null && value !== "");
    const kind = fields.find(([name]) => ["collection", "event_type", "action"].includes(name));
    const said = fields.filter((one) => one !== kind).map(([name, value]) => `${name} ${typeof value === "object" ? JSON.stringify(value) : value}`).join(" · ");
    return h("li", { class: "event" }, h("time", { datetime: new Date(event.at * 1000).toISOString() }, seconds(event.at)),
      h("div", {}, h("div", { class: "breaks" }, words(kind ? kind[1] : event.feed)), h("div", { class: "fields", title: said }, said)));
  }
}
