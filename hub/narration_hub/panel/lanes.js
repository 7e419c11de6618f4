// One lane a service, one bar a piece of work, what is inside of other work below it. What is open is hatched, and grows.

import { button, coloured, element, serviceName } from "./dom.js";
import { age, clock } from "./format.js";
import { isTrouble, MOST_MARKS } from "./model.js";

const MOST_LANES = 24;
const MOST_BARS = 300;
const LOOKED_AT = 2000; // pieces of work, of which those are drawn that can be told apart
const CROWDED = 100;
const EVERY_MS = 250;
const SHARE = 0.004; // of the width: nobody sees less

export class Lanes {
  constructor(chosen) {
    this.ends = [element("span", {}), element("span", {})];
    this.rest = element("p", { class: "rest", hidden: true });
    this.node = element("section", { class: "lanes", "aria-label": "Work by service", tabindex: "0" },
      element("div", { class: "axis", "aria-hidden": "true" }, element("span", {}), element("div", { class: "ends" }, ...this.ends),
        element("span", { class: "head" }, "last word")), this.rest);
    this.chosen = chosen;
    this.drawn = -Infinity;
    this.begin(null);
  }

  begin(story) {
    this.story = story;
    for (const lane of this.lanes?.values() ?? []) lane.node.remove();
    this.lanes = new Map();
    this.parts = new Map(); // the elements of services, work and marks
  }

  isDue(selected) {
    return selected !== this.selected || performance.now() - this.drawn >= EVERY_MS;
  }

  // from and to: the time that the lanes are wide, in milliseconds since the epoch.
  draw(story, from, to, selected) {
    this.drawn = performance.now();
    this.selected = selected;
    if (story !== this.story) this.begin(story);
    const span = { from, wide: Math.max(1, to - from) };
    write(this.ends[0], clock(from));
    write(this.ends[1], `+${age(span.wide)}`);
    for (const service of story.services.keys()) {
      if (this.lanes.size >= MOST_LANES) break;
      if (!this.lanes.has(service)) this.lanes.set(service, this.lane(service));
    }
    const seen = new Set();
    for (const [service, lane] of this.lanes) {
      this.tell(story, service, lane);
      this.put(seen, lane, service, story.lasts.get(service), () => coloured(element("div", { class: "extent" }), service), this.extent(story, service, span));
    }
    for (const work of worth(story, span)) this.bar(story, seen, work, span);
    for (const row of story.marks.slice(-MOST_MARKS)) this.mark(story, seen, row, span);
    for (const [key, part] of this.parts) {
      if (seen.has(key)) continue;
      part.remove();
      this.parts.delete(key);
    }
    const more = story.services.size - this.lanes.size;
    this.rest.hidden = more <= 0;
    if (more > 0) write(this.rest, `${more} more services have no lane here; the list has their events`);
  }

  lane(service) {
    const lane = {
      moved: element("span", { class: "moved" }), head: element("span", { class: "head" }), track: element("div", { class: "track" }), levels: 1,
    };
    lane.node = element("div", { class: "lane" }, element("span", { class: "who" }, serviceName(service), lane.moved), lane.track, lane.head);
    this.rest.before(lane.node);
    return lane;
  }

  tell(story, service, lane) {
    const last = story.lasts.get(service);
    const moved = story.moved(service);
    write(lane.moved, moved ? ` clock +${age(moved)}` : "");
    if (lane.last === last) return;
    lane.last = last;
    write(lane.head, last.event.human);
    lane.head.className = isTrouble(last) ? `head ${last.level}` : "head";
  }

  // From a service's first word to its last one.
  extent(story, service, { from, wide }) {
    const began = timeOf(story, story.firsts.get(service), from);
    return [began - from, Math.max(0, timeOf(story, story.lasts.get(service), from + wide) - began), wide];
  }

  bar(story, seen, work, { from, wide }) {
    const lane = this.lanes.get(work.service);
    if (!lane) return;
    const start = timeOf(story, work.start, from);
    const stop = work.end ? Math.max(start, story.corrected(work.end)) : from + wide;
    const state = work.end ? (work.failed ? "failed" : "done") : "open";
    const make = () => coloured(this.part(work.start), work.service);
    const part = this.put(seen, lane, work, work.start, make, [start - from, stop - start, wide]);
    const kind = `piece ${state}${this.selected && (this.selected === work.start || this.selected === work.end) ? " chosen" : ""}`;
    if (part.className === kind && work.end) return;
    part.className = kind;
    entitle(part, `${work.name}: ${part.human} (${state}, ${age(Math.max(0, stop - start))})`);
    if (work.level >= lane.levels) {
      lane.levels = work.level + 1;
      lane.node.style.setProperty("--levels", lane.levels);
      lane.node.style.setProperty("--tall", "8px");
    }
    part.style.setProperty("--level", work.level);
  }

  mark(story, seen, row, { from, wide }) {
    const lane = this.lanes.get(row.service);
    if (!lane) return;
    const part = this.put(seen, lane, row, row, () => this.part(row), [story.corrected(row) - from, undefined, wide]);
    const kind = `mark ${row.level}${row === this.selected ? " chosen" : ""}`;
    if (part.className === kind) return;
    part.className = kind;
    entitle(part, `${row.level}: ${part.human}`);
  }

  // The element of a key, made when there is none, at its place.
  put(seen, lane, key, row, make, [start, long, wide]) {
    let part = this.parts.get(key);
    if (!part) {
      part = make();
      this.parts.set(key, part);
      lane.track.append(part);
    }
    seen.add(key);
    const left = percent(Math.min(Math.max(0, start), wide), wide);
    if (part.style.left !== left) part.style.left = left;
    if (long === undefined) return part;
    const width = percent(Math.max(SHARE * wide, Math.min(long, wide)), wide);
    if (part.style.width !== width) part.style.width = width;
    return part;
  }

  // For the pointer; the list has the same for keys.
  part(row) {
    const made = button("", () => this.chosen(row), { tabindex: "-1" });
    made.human = row.event.human;
    return made;
  }
}

const timeOf = (story, row, or) => (Number.isFinite(story.corrected(row)) ? story.corrected(row) : or);
const percent = (part, whole) => `${Math.round((1000 * part) / whole) / 10}%`; // what moves by less than is seen is not drawn again

function write(node, text) {
  if (node.textContent !== text) node.textContent = text;
}

function entitle(node, text) {
  node.title = text;
  node.setAttribute("aria-label", text);
}

// The work to draw: what is open and what came last. Of many short pieces side by side one stands for all, so that a lane
// reaches further back.
function worth(story, { from, wide }) {
  const found = new Set(story.open.slice(-MOST_BARS));
  const isCrowded = story.works.length > CROWDED;
  const taken = new Set();
  for (let at = story.works.length - 1; at >= Math.max(0, story.works.length - LOOKED_AT) && found.size < 2 * MOST_BARS; at--) {
    const work = story.works[at];
    if (isCrowded && work.end && !work.failed) {
      const start = timeOf(story, work.start, from);
      if (timeOf(story, work.end, start) - start < SHARE * wide) {
        const place = `${work.service}\n${work.level}\n${Math.floor((start - from) / (SHARE * wide))}`;
        if (taken.has(place)) continue;
        taken.add(place);
      }
    }
    found.add(work);
  }
  return found;
}
