// One lane a service, one bar a piece of work. What is open is hatched, and grows.

import { coloured, element } from "./dom.js";
import { age } from "./format.js";

const MOST_LANES = 24;
const MOST_BARS = 300;

export class Lanes {
  constructor(chosen) {
    this.node = element("section", { class: "lanes", "aria-label": "Work by service" });
    this.chosen = chosen;
  }

  // from and to: the time that the lanes are wide, in milliseconds since the epoch.
  draw(story, from, to, selected) {
    const wide = Math.max(1, to - from);
    const lanes = new Map([...story.services.keys()].slice(0, MOST_LANES).map((service) => [service, []]));
    for (const work of story.works.slice(-MOST_BARS)) lanes.get(work.service)?.push(work);
    this.node.replaceChildren(...[...lanes].map(([service, works]) => this.lane(service, works, from, wide, selected)));
  }

  lane(service, works, from, wide, selected) {
    const last = works.findLast((work) => !work.end) ?? works.at(-1);
    return element("div", { class: "lane" },
      coloured(element("span", { class: "service" }, service), service),
      element("div", { class: "track" }, ...works.map((work) => this.bar(work, from, wide, selected))),
      element("span", { class: "head" }, last ? last.last.event.human : ""));
  }

  bar(work, from, wide, selected) {
    const start = work.start.at ?? from;
    const stop = work.end?.at ?? from + wide;
    const took = age(Math.max(0, stop - start));
    const state = work.end ? (work.failed ? "failed" : "done") : "open";
    const bar = coloured(element("button", {
      type: "button",
      class: `piece ${state}${selected && (selected === work.start || selected === work.end) ? " chosen" : ""}`,
      title: `${work.name}: ${work.start.event.human} (${state}, ${took})`,
      "aria-label": `${work.name}, ${state}, ${took}`,
      onclick: () => this.chosen(work.start),
    }), work.service);
    bar.style.left = `${(100 * Math.max(0, start - from)) / wide}%`;
    bar.style.width = `${Math.max(0.4, (100 * (stop - start)) / wide)}%`;
    return bar;
  }
}
