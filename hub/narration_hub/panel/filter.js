// Which rows of a story are wanted: those with a text, and those of chosen services.

import { element, serviceName } from "./dom.js";

const MOST_SERVICES = 12;

export class Filter {
  // text, services: what the address says. changed() is called when somebody wants other rows.
  constructor(text, services, changed) {
    this.changed = changed;
    this.services = new Set(services.split(",").filter(Boolean));
    this.box = element("input", { type: "search", id: "filter", "aria-label": "Filter rows", placeholder: "Filter  /", oninput: () => changed() });
    this.box.value = text;
    this.only = element("span", { class: "only" });
  }

  get isSet() {
    return Boolean(this.box.value || this.services.size);
  }

  // As the address has it.
  get said() {
    return { q: this.box.value, only: [...this.services].join(",") };
  }

  // What tells whether a row passes; null when all do.
  get passes() {
    if (!this.isSet) return null;
    const services = new Set(this.services);
    const text = new RegExp(this.box.value.replace(/[\\^$.*+?()[\]{}|]/g, "\\$&"), "i");
    return (row) => (!services.size || services.has(row.service)) && text.test(row.formatted);
  }

  // A button for each service, as soon as it is heard.
  draw(services) {
    const names = JSON.stringify([services, [...this.services]]);
    if (names === this.drawn || this.only.contains(document.activeElement)) return;
    this.drawn = names;
    this.only.replaceChildren(...services.slice(0, MOST_SERVICES).map((service) => element("button", {
      type: "button", "aria-pressed": String(this.services.has(service)), onclick: (event) => this.toggle(service, event.currentTarget),
    }, serviceName(service))));
  }

  toggle(service, pressed) {
    if (!this.services.delete(service)) this.services.add(service);
    pressed.setAttribute("aria-pressed", String(this.services.has(service)));
    this.changed();
  }

  showOnly(service) {
    this.services = new Set([service]);
    this.drawn = "";
    this.changed();
  }

  lift() {
    this.box.value = "";
    this.services.clear();
    this.drawn = "";
    this.changed();
  }
}
