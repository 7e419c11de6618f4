// What a story's events mean: rows, pieces of work, services. The words that open and close work come from the hub.

export const MOST_ROWS = 200000;
export const MOST_BYTES = 128 * 2 ** 20;
export const MOST_OPEN = 5000;
const ROW_BYTES = 300; // of memory that a row takes beside its text
const DROPPED = 50; // the share of rows that go at once, when there are too many: one in so many
const LATE_MS = 1000; // threads and processes write less than this out of order
export const MOST_MARKS = 100;

export class Story {
  constructor(vocabulary) {
    this.vocabulary = vocabulary;
    this.rows = [];
    this.works = [];
    this.open = [];
    this.bySpan = new Map();
    this.services = new Map();
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

  // length: of the text that the event came as; about so much memory it takes.
  add(body, id, length = 3 * body.formatted.length) {
    const { event, formatted } = body;
    const row = {
      kind: "event",
      id,
      event,
      formatted,
      service: event.actor ?? "unknown",
      at: event.emitted_at_ms,
      level: event.level ?? "info",
      bytes: length + ROW_BYTES,
      text: `${event.actor} ${event.action} ${event.human} ${formatted}`.toLowerCase(),
    };
    this.services.set(row.service, (this.services.get(row.service) ?? 0) + 1);
    if (!this.firsts.has(row.service)) this.firsts.set(row.service, row);
    this.lasts.set(row.service, row);
    this.compare(row);
    this.push(row);
    this.take(row);
    if (isTrouble(row)) this.mark(row);
    if (isSevere(row)) {
      this.failure ??= row;
      this.failures += 1;
    }
    return row;
  }

  gap(missed) {
    this.missed += missed;
    return this.remark({ kind: "gap", missed });
  }

  // Something about the stream itself, at the place where it happened.
  remark(said) {
    const last = this.rows.at(-1);
    const row = { service: "", level: "", text: "", bytes: ROW_BYTES, at: last?.at, key: last?.key ?? -Infinity, ...said };
    this.push(row);
    return row;
  }

  mark(row) {
    this.marks.push(row);
    if (this.marks.length > 2 * MOST_MARKS) this.marks.splice(0, MOST_MARKS);
  }

  // When a row was told, compared with others: a service that answers before it is called has a clock that is behind its
  // caller's, and what a service tells stays in its own order, whatever its clock does.
  compare(row) {
    const { service, at } = row;
    const isTimed = Number.isFinite(at);
    row.key = Math.max(this.keys.get(service) ?? -Infinity, isTimed ? at : -Infinity);
    this.keys.set(service, row.key);
    if (!isTimed) return;
    const { span_id: span, parent_span_id: parent } = row.event;
    if (span && !this.begun.has(span)) {
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
    while (this.rows.length && (this.rows.length >= MOST_ROWS || this.bytes > MOST_BYTES)) this.drop();
    this.rows.push(row);
  }

  // Let the oldest rows go: a few at once, for the page answers nobody meanwhile.
  drop() {
    const gone = new Set(this.rows.splice(0, Math.ceil(this.rows.length / DROPPED)));
    this.dropped += gone.size;
    for (const each of gone) {
      this.bytes -= each.bytes;
      if (this.begun.get(each.event?.span_id) === each) this.begun.delete(each.event.span_id);
    }
    const open = new Set(this.open);
    this.works = this.works.filter((work) => {
      const isKept = open.has(work) || !gone.has(work.end ?? work.start);
      const span = work.start.event.span_id;
      if (!isKept && this.bySpan.get(span) === work) this.bySpan.delete(span);
      return isKept;
    });
  }

  take(row) {
    const { event } = row;
    const closed = this.closedBy(event, row.level);
    if (closed) {
      closed.end = closed.last = row;
      closed.failed = SEVERE.has(row.level);
      this.open.splice(this.open.indexOf(closed), 1);
      return;
    }
    const name = this.openedBy(event, row.level);
    if (name !== null) {
      const parent = this.around(event.parent_span_id, row.service);
      const work = { name, start: row, last: row, end: null, service: row.service, failed: false, parent };
      this.works.push(work);
      this.open.push(work);
      if (this.open.length > MOST_OPEN) this.open.shift();
      if (event.span_id && !this.bySpan.has(event.span_id)) this.bySpan.set(event.span_id, work);
      return;
    }
    for (let work = this.around(event.span_id, row.service); work; work = work.parent) work.last = row;
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
    return this.open.findLast((work) => {
      const opened = work.start.event;
      const same = event.span_id && opened.span_id
        ? event.span_id === opened.span_id
        : PLACE.every((field) => opened[field] === event[field]);
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
