// Why a request is where it is, above all else: at once from the rows that are here, and with what the hub knows of others.

import { element, say } from "./dom.js";
import { age, count, moment } from "./format.js";
import { now } from "./hub.js";
import { isSevere } from "./model.js";

const SILENT_MS = 20000; // two heartbeats
const NOTICED_MS = 1000; // the hub hears of an event some time after it was told
const MOST_AROUND = 3;

export class Answer {
  constructor() {
    this.verdict = element("p", { class: "verdict" });
    this.reasons = element("dl", { class: "reasons" });
    this.node = element("section", { class: "answer", "aria-label": "Why it is where it is", tabindex: "0" }, this.verdict, this.reasons);
  }

  // isLive: whether work is open and more may come. cut: { at, when } if this page lost sight of it, such as by an expired link.
  // why: what the hub says, with the time when it did and the row that was the last one then; null when it does not.
  // refusal: why nothing comes, if that is so.
  draw(story, { isLive, cut, why, refusal }) {
    const lines = reasons(story, isLive, cut, why);
    say(this.verdict, verdict(story, isLive, cut, why, refusal));
    this.verdict.dataset.open = String(isLive);
    while (this.reasons.children.length > 2 * lines.length) this.reasons.lastChild.remove();
    lines.forEach(([label, parts], at) => {
      if (this.reasons.children.length <= 2 * at) this.reasons.append(element("dt"), element("dd"));
      say(this.reasons.children[2 * at], [label]);
      say(this.reasons.children[2 * at + 1], parts);
    });
  }

  // The same as text, for a message to whoever can help.
  get text() {
    const rows = [...this.reasons.children].map((each) => each.textContent);
    const pairs = Array.from({ length: rows.length / 2 }, (_, at) => `${rows[2 * at]}: ${rows[2 * at + 1]}`);
    return [this.verdict.textContent, ...pairs].join("\n");
  }
}

const lasted = (from, to = now()) => age(Math.max(0, to - from));
const at = (ms) => moment(ms, now());
const quoted = (sentence) => `“${sentence}”`;
const from = (service, sentence) => [{ service }, ` ${quoted(sentence)}`];

function verdict(story, isLive, cut, why, refusal) {
  const work = story.waitsFor;
  const known = why?.last === story.count ? why : null; // what was said before the latest row came may be wrong by now
  if (work) {
    const began = work.start.at;
    const said = from(work.last.service, work.last.event.human);
    if (cut) return ["Was waiting for ", ...said, `, open for ${lasted(began, cut.at)} ${cut.when}, since ${at(began)}`];
    if (!isLive) return ["Left open: ", ...said, `, never ended, since ${at(began)}`];
    const lead = known?.state === "queued" ? "Waiting in the queue of " : "Waiting for ";
    return [lead, ...said, `, open for ${lasted(began)}, since ${at(began)}`];
  }
  const last = story.rows.findLast((row) => row.kind === "event");
  if (!last) return [refusal ?? "Nothing was heard yet."];
  const word = [...from(last.service, last.event.human), `, at ${at(last.at)}`];
  switch (known?.state) {
    case "finished": return ["Finished. Last word: ", ...word];
    case "queued": return ["Waiting in the queue of ", ...word];
    case "silent": return ["Waiting for ", { service: known.next.service }, " to go on after ", ...word, `, ${lasted(last.at)} ago`];
    default: {
      const failure = story.failure;
      if (!failure) return ["Nothing is open. Last word: ", ...word];
      return [known?.state === "failed" ? "Failed: " : "An error was told: ", ...from(failure.service, failure.event.human), `, at ${at(failure.at)}`];
    }
  }
}

function reasons(story, isLive, cut, why) {
  const found = [];
  const work = story.waitsFor;
  if (isLive && work) {
    found.push(["Held by", holder(work, why)]);
    if (why?.usual && why.service === work.service) found.push(["Usually", usually(why.usual, now() - work.start.at)]);
    else if (why && why.heard_ms !== undefined) found.push(["Usually", ["unknown: no other end of this was heard"]]);
  }
  if (why?.next && !cut && !OVER.has(why.state)) found.push(["Next", next(why.next)]);
  if (work) {
    for (let outer = work.parent, left = MOST_AROUND; outer && left; outer = outer.parent, left -= 1) {
      if (!outer.end) found.push(["Part of", [...from(outer.service, outer.start.event.human), isLive || cut ? `, open for ${lasted(outer.start.at, cut?.at)}` : ", never ended"]]);
    }
  }
  const failure = story.failure;
  if (failure && (work || why?.state === "finished")) {
    const more = story.failures - 1;
    found.push(["Errors", [...from(failure.service, failure.event.human), `, at ${at(failure.at)}${more ? `, and ${more} more` : ""}`]]);
  }
  if (!isLive && !cut && why?.left_open?.length) found.push(["Left open", [`${why.left_open.map(quoted).join(", ")}: nobody told the end`]]);
  const lost = Object.values(why?.lost ?? {}).reduce((sum, number) => sum + number, 0);
  if (lost) found.push(["Lost", [`${count(lost, "event")} of ${Object.keys(why.lost).join(", ")} since it began: what is missing may be among them`]]);
  if (story.missed) found.push(["Missed", [`${count(story.missed, "event")} of this: the hub no longer had them when this page asked`]]);
  for (const [service, ms] of story.behind) found.push(["Clock", [{ service }, ` is ${age(ms)} behind its caller's; lanes and order of time are moved by as much`]]);
  return found;
}

const OVER = new Set(["finished", "failed"]);

function holder(work, why) {
  const said = `, whose last word of this was ${lasted(work.last.at)} ago`;
  const mute = why?.called && why.service === work.service ? `; what it calls (${why.called}) has said nothing of this` : "";
  if (why?.heard_ms === undefined || why.service !== work.service) return [{ service: work.last.service }, `${said}${mute}`];
  const quiet = why.heard_ms + now() - why.at;
  if (quiet < SILENT_MS) {
    const isElsewhere = quiet < now() - work.last.at - NOTICED_MS;
    return [{ service: work.service }, `${said}${isElsewhere ? `; it is alive: heard ${age(quiet)} ago` : ""}${mute}`];
  }
  const others = why.others_heard_ms === undefined || why.others_heard_ms + now() - why.at >= SILENT_MS
    ? "as nothing from any other: are they cut off from the hub?" : "while others went on: it may be dead or hung";
  return [{ service: work.service }, `${said}; nothing at all from it for ${age(quiet)}, ${others}${mute}`];
}

function usually({ measured, median_ms: median, p99_ms: most }, took) {
  const times = most > 0 ? took / most : 0;
  const beyond = took <= most ? "this is within it"
    : `this is ${times >= 2 ? `${Math.round(times).toLocaleString("en")} times` : "longer than"} that`;
  if (measured === 1) return [`took ${age(median)} the one other time; ${beyond}`];
  return [`takes ${age(median)} (median of ${measured.toLocaleString("en")}), ${age(most)} at the 99th percentile; ${beyond}`];
}

const next = ({ service, sentence, share, requests, after_ms: after }) => [
  "usually ", ...from(service, sentence),
  requests === 1 ? `, ${age(after)} later in the one other request` : `, ${age(after)} later (median) in ${Math.round(100 * share)} % of ${count(requests, "other request")}`,
];
