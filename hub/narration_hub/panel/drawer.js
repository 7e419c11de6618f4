// All fields of a row. An id is a link to everything that has it.

import { button, element } from "./dom.js";
import { moment } from "./format.js";
import { now } from "./hub.js";

const IDS = /(^|_)id$/;

export class Drawer {
  // copy(text) copies, only(service) filters, closed() is called when it was closed.
  constructor({ copy, only, closed }) {
    this.copy = copy;
    this.only = only;
    this.closed = closed;
    this.node = element("aside", { class: "drawer", hidden: true, "aria-label": "Fields of the row", tabindex: "0" });
  }

  get isOpen() {
    return !this.node.hidden;
  }

  show(row) {
    const json = JSON.stringify(row.event, null, 2);
    const fields = Object.entries(row.event).flatMap(([name, value]) => [element("dt", {}, name), element("dd", {}, ...this.value(name, value))]);
    this.node.replaceChildren(
      element("div", { class: "tools" },
        button("copy text", () => this.copy(row.formatted)), button("copy JSON", () => this.copy(json)),
        button(`only ${row.service}`, () => this.only(row.service)), button("close  Esc", () => this.close())),
      element("p", { class: "sentence" }, row.event.human),
      element("dl", {}, ...fields), element("details", {}, element("summary", {}, "JSON"), element("pre", { tabindex: "0" }, json)));
    this.node.hidden = false;
  }

  value(name, value) {
    const text = typeof value === "string" ? value : JSON.stringify(value);
    if (IDS.test(name) && typeof value === "string") return [element("a", { href: `#${new URLSearchParams({ id: value })}` }, text)];
    return name === "emitted_at_ms" ? [`${text}  (${moment(value, now())})`] : [text];
  }

  close() {
    if (!this.isOpen) return;
    this.node.hidden = true;
    this.closed();
  }
}
