// What a story's events mean: rows, pieces of work, services. The words that open and close work come from the hub.

import { Remark, Row } from "./row.js";

export const MOST_ROWS = 200000;
export const MOST_BYTES = 128 * 2 ** 20;
export const MOST_OPEN = 5000;
const DROPPED = 200; // the share of rows that go at once, when there are too many: one in so many
const LATE_MS = 1000; // threads and processes write less than this out of order
export const MOST_AROUND = 4096; // as many pieces of work are one inside of the other
export const MOST_MARKS = 100;
export const MOST_LEVELS = 5;

export class Story {
  constructor(vocabulary, most = MOST_ROWS) {
    this.vocabulary = vocabulary;
    this.most = most;
    this.rows = [];
    this.works = [];
    this.open = [];
    this.bySpan = new Map();
    this.services = new Map();
    this.names = new Map();
    this.levels = new Map(); // for each service, how many open pieces of work are drawn at each height
    this.dropped = 0;
    this.bytes = 0;
    this.missed = 0;
    this.count = 0; // rows that ever came, which number them
    this.late = 0; // rows that came when others had told of a later time
    this.failure = null; // the first error that is here
    this.failures = 0;
    this.firsts = new Map(); // each service's first row, and its last one
    this.lasts = new Map();
    this.marks = []; // rows that are worth a mark in the lanes
    this.begun = new Map(); // each span's first row
    this.early = new Map(); // of spans that have not begun, the first row that was told inside of them
    this.behind = new Map(); // by how many milliseconds a service's clock is behind its callers'
    this.moves = 0; // how often that changed
    this.keys = new Map(); // each service's latest time, which orders its rows
    this.first = undefined; // the time of the first event, and the latest time of any
    this.newest = undefined;
  }

  // raw: the text that it came as.
  add(body, id, raw = JSON.stringify(body)) {
    const { event } = body;
    const row = new Row(raw, body, id, this.named(event.actor ?? "unknown"));
    this.services.set(row.service, (this.services.get(row.service) ?? 0) + 1);
    if (!this.firsts.has(row.service)) this.firsts.set(row.service, row);
    this.lasts.set(row.service, row);
    this.compare(row, event);
    this.push(row);
    this.take(row, event);
    if (isTrouble(row)) this.mark(row);
    if (isSevere(row)) {
      this.failure ??= row;
      this.failures += 1;
    }
    return row;
  }

  // Rows of a service share its name.
  named(service) {
    if (!this.names.has(service)) this.names.set(service, service);
    return this.names.get(service);
  }

  gap(missed) {
    this.missed += missed;
    return this.remark({ kind: "gap", missed });
  }

  // Something about the stream itself, at the place where it happened.
  remark(said) {
    const row = new Remark(said, this.rows.at(-1));
    this.push(row);
    return row;
  }

  mark(row) {
    this.marks.push(row);
    if (this.marks.length > 2 * MOST_MARKS) this.marks.splice(0, MOST_MARKS);
  }

  // When a row was told, compared with others: a service that answers before it is called has a clock that is behind its
  // caller's, and what a service tells stays in its own order, whatever its clock does.
  compare(row, event) {
    const { service, at } = row;
    const isTimed = Number.isFinite(at);
    row.key = Math.max(this.keys.get(service) ?? -Infinity, isTimed ? at : -Infinity);
    this.keys.set(service, row.key);
    if (!isTimed) return;
    const { span_id: span, parent_span_id: parent } = event;
    if (span && !this.begun.has(span)) {
      row.span = span;
      this.begun.set(span, row);
      const inside = this.early.get(span);
      if (inside) this.align(row, inside);
      this.early.delete(span);
    }
    const caller = this.begun.get(parent);
    if (caller) this.align(caller, row);
    else if (parent && !this.early.has(parent) && this.early.size < MOST_OPEN) this.early.set(parent, row);
    const key = row.key + this.moved(service);
    row.isLate = this.newest !== undefined && this.newest - key > LATE_MS;
    if (row.isLate) this.late += 1;
    this.first ??= key;
    this.newest = Math.max(this.newest ?? key, key);
  }

  align(caller, row) {
    const by = this.corrected(caller) - row.at;
    if (caller.service !== row.service && by > this.moved(row.service)) {
      this.behind.set(row.service, by);
      this.moves += 1;
    }
  }

  moved(service) {
    return this.behind.get(service) ?? 0;
  }

  corrected(row) {
    return row.at + this.moved(row.service);
  }

  // By time, then by arrival.
  before(one, other) {
    return (one.key + this.moved(one.service)) - (other.key + this.moved(other.service)) || one.number - other.number;
  }

  push(row) {
    row.number = this.count++;
    this.bytes += row.bytes;
    while (this.rows.length && (this.rows.length >= this.most || this.bytes > MOST_BYTES)) this.drop();
    this.rows.push(row);
  }

  // Let the oldest rows go: a few at once, for the page answers nobody meanwhile.
  drop() {
    const gone = this.rows.splice(0, Math.ceil(this.rows.length / DROPPED));
    this.dropped += gone.length;
    for (const each of gone) {
      this.bytes -= each.bytes;
      if (each.span && this.begun.get(each.span) === each) this.begun.delete(each.span);
    }
    const first = gone.at(-1).number + 1;
    this.works = this.works.filter((work) => {
      const isKept = work.isOpen || (work.end ?? work.start).number >= first;
      if (!isKept && this.bySpan.get(work.span) === work) this.bySpan.delete(work.span);
      return isKept;
    });
  }

  take(row, event) {
    const closed = this.closedBy(event, row.level);
    if (closed) {
      closed.end = closed.last = row;
      closed.failed = SEVERE.has(row.level);
      this.open.splice(this.open.indexOf(closed), 1);
      this.leave(closed);
      return;
    }
    const name = this.openedBy(event, row.level);
    if (name !== null) {
      const around = this.around(event.parent_span_id, row.service);
      const parent = around && around.depth < MOST_AROUND ? around : undefined; // else a pipeline would keep all that ever was
      const work = {
        name, start: row, last: row, end: null, service: row.service, failed: false, parent, depth: parent ? parent.depth + 1 : 0, isOpen: true,
        span: event.span_id, place: placed(event), level: this.enter(row.service),
      };
      this.works.push(work);
      this.open.push(work);
      if (this.open.length > MOST_OPEN) this.leave(this.open.shift());
      if (event.span_id && !this.bySpan.has(event.span_id)) this.bySpan.set(event.span_id, work);
      return;
    }
    for (let work = this.around(event.span_id, row.service); work; work = work.parent) work.last = row;
  }

  // The height at which a piece of work is drawn in the lane of its service: the first one at which nothing is open. What is
  // inside of other work, or beside it, comes below.
  enter(service) {
    if (!this.levels.has(service)) this.levels.set(service, new Array(MOST_LEVELS).fill(0));
    const taken = this.levels.get(service);
    const free = taken.indexOf(0);
    const level = free < 0 ? MOST_LEVELS - 1 : free;
    taken[level] += 1;
    return level;
  }

  leave(work) {
    work.isOpen = false;
    this.levels.get(work.service)[work.level] -= 1;
  }

  // The work that a span is, or else the innermost open work of a service.
  around(span, service) {
    return (span && this.bySpan.get(span)) || this.open.findLast((work) => work.service === service);
  }

  openedBy(event, level) {
    const name = event.event ?? "";
    if (this.vocabulary.hops.includes(name)) {
      return event.duration_ms === undefined && !SEVERE.has(level) ? name : null;
    }
    return ending(name, this.vocabulary.opening);
  }

  closedBy(event, level) {
    const name = event.event ?? "";
    const hop = this.vocabulary.hops.includes(name) && (event.duration_ms !== undefined || SEVERE.has(level));
    const closes = hop ? name : ending(name, this.vocabulary.closing);
    if (closes === null && name !== "error") return undefined;
    const place = placed(event);
    return this.open.findLast((work) => {
      const same = event.span_id && work.span ? event.span_id === work.span : place === work.place;
      return same && (closes === null || closes === work.name);
    });
  }

  // The innermost open work: the one that was opened last.
  get waitsFor() {
    return this.open.at(-1);
  }
}

export const isSevere = (row) => SEVERE.has(row.level);
const SEVERE = new Set(["error", "fatal"]);
const PLACE = ["actor", "worker_id", "replica_id", "job_id"];
const placed = (event) => JSON.stringify(PLACE.map((field) => event[field]));

function ending(name, endings) {
  const found = endings.find((end) => name.endsWith(end) && name !== end);
  return found === undefined ? null : name.slice(0, -found.length);
}

// The line that a console shows of an event, for events that came without it.
export const told = (event) => ({
  event,
  formatted: `[${String(event.actor).padEnd(10)}] ${String(event.action).padEnd(15)}: ${event.human}`,
});

export const isTrouble = (row) => row.level === "error" || row.level === "fatal" || row.level === "warn";
