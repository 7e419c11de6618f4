// One lane a service, one bar a piece of work. What is open is hatched, and grows.

import { button, coloured, element, serviceName } from "./dom.js";
import { age, clock } from "./format.js";
import { isTrouble, MOST_MARKS } from "./model.js";

const MOST_LANES = 24;
const MOST_BARS = 300;
const EVERY_MS = 250;

export class Lanes {
  constructor(chosen) {
    this.node = element("section", { class: "lanes", "aria-label": "Work by service", tabindex: "0" });
    this.chosen = chosen;
    this.drawn = -Infinity;
  }

  // from and to: the time that the lanes are wide, in milliseconds since the epoch. At most so often, unless it must be now.
  draw(story, from, to, selected) {
    if (selected === this.selected && performance.now() - this.drawn < EVERY_MS) return;
    this.drawn = performance.now();
    this.selected = selected;
    const wide = Math.max(1, to - from);
    const lanes = new Map([...story.services.keys()].slice(0, MOST_LANES).map((service) => [service, []]));
    const timeOf = (row, or) => (Number.isFinite(story.corrected(row)) ? story.corrected(row) : or);
    const works = new Set([...story.open.slice(-MOST_BARS), ...story.works.slice(-MOST_BARS)]);
    const place = (node, start, stop) => {
      node.style.left = `${(100 * Math.min(Math.max(0, start - from), wide)) / wide}%`;
      if (stop !== undefined) node.style.width = `${Math.max(0.4, (100 * Math.min(stop - start, wide)) / wide)}%`;
      return node;
    };
    for (const [service, drawn] of lanes) { // from its first word to its last one
      const began = timeOf(story.firsts.get(service), from);
      drawn.push(place(coloured(element("div", { class: "extent" }), service), began, Math.max(began, timeOf(story.lasts.get(service), to))));
    }
    for (const work of works) lanes.get(work.service)?.push(this.bar(story, work, from, from + wide, place));
    for (const row of story.marks.slice(-MOST_MARKS)) lanes.get(row.service)?.push(this.mark(story, row, place));
    const more = story.services.size - lanes.size;
    this.node.replaceChildren(
      element("div", { class: "axis", "aria-hidden": "true" }, element("span", {}), element("div", { class: "ends" },
        element("span", {}, clock(from)), element("span", {}, `+${age(wide)}`)), element("span", { class: "head" }, "last word")),
      ...[...lanes].map(([service, drawn]) => this.lane(story, service, drawn)),
      ...(more > 0 ? [element("p", { class: "counted" }, `${more} more services have no lane here; the list has their events`)] : []));
  }

  lane(story, service, drawn) {
    const last = story.lasts.get(service);
    const moved = story.moved(service);
    const head = element("span", { class: "head" }, last.event.human);
    if (isTrouble(last)) head.classList.add(last.level);
    return element("div", { class: "lane" },
      element("span", { class: "who" }, serviceName(service), moved ? element("span", { class: "moved" }, ` clock +${age(moved)}`) : ""),
      element("div", { class: "track" }, ...drawn), head);
  }

  bar(story, work, from, to, place) {
    const known = story.corrected(work.start);
    const start = Number.isFinite(known) ? known : from;
    const stop = work.end ? Math.max(start, story.corrected(work.end)) : to;
    const took = age(Math.max(0, stop - start));
    const state = work.end ? (work.failed ? "failed" : "done") : "open";
    const isChosen = this.selected && (this.selected === work.start || this.selected === work.end);
    return place(coloured(this.part(`piece ${state}${isChosen ? " chosen" : ""}`, `${work.name}: ${work.start.event.human} (${state}, ${took})`, work.start),
      work.service), start, stop);
  }

  mark(story, row, place) {
    return place(this.part(`mark ${row.level}${row === this.selected ? " chosen" : ""}`, `${row.level}: ${row.event.human}`, row), story.corrected(row));
  }

  // For the pointer; the list has the same for keys.
  part(kind, title, row) {
    return button("", () => this.chosen(row), { class: kind, title, "aria-label": title, tabindex: "-1" });
  }
}
