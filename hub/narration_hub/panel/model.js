// What a story's events mean: rows, pieces of work, services. The words that open and close work come from the hub.

export const MOST_ROWS = 200000;
export const MOST_BYTES = 128 * 2 ** 20;
export const MOST_OPEN = 5000;
const ROW_BYTES = 300; // of memory that a row takes beside its text

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
    this.push(row);
    this.take(row);
    return row;
  }

  gap(missed) {
    this.missed += missed;
    this.push({ kind: "gap", missed, service: "", level: "", text: "", bytes: ROW_BYTES, at: this.rows.at(-1)?.at });
  }

  push(row) {
    this.bytes += row.bytes;
    if (this.rows.length >= MOST_ROWS || this.bytes > MOST_BYTES) {
      const gone = new Set(this.rows.splice(0, Math.ceil(this.rows.length / 10)));
      this.dropped += gone.size;
      for (const each of gone) this.bytes -= each.bytes;
      const open = new Set(this.open);
      this.works = this.works.filter((work) => open.has(work) || !gone.has(work.end ?? work.start));
      this.bySpan = new Map(this.works.map((work) => [work.start.event.span_id, work]));
    }
    this.rows.push(row);
    if (!Number.isFinite(row.at)) return;
    this.first ??= row.at;
    this.newest = Math.max(this.newest ?? row.at, row.at);
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
