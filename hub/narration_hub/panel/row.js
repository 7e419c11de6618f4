// A row of a story. What came is kept as the text that it was; what is asked for seldom is read out of it again, so that
// many rows fit into the memory of a page.

const OBJECT_BYTES = 170; // of memory that a row takes beside its text

export class Row {
  // raw: the text that the event came as, { event, formatted } in JSON. body: the same, read.
  constructor(raw, { event, formatted }, id, service) {
    this.raw = raw;
    this.id = id;
    this.service = service;
    this.at = event.emitted_at_ms;
    this.level = event.level ?? "info";
    this.key = -Infinity;
    this.isLate = false;
    this.number = 0;
    this.span = undefined; // that begins with this row
    // Where the line of a console stands in the text, if it stands there as it is.
    this.plain = raw.endsWith(`"${formatted}"}`) ? raw.length - 2 - formatted.length : -1;
  }

  get kind() {
    return "event";
  }

  get bytes() {
    return this.raw.length + OBJECT_BYTES;
  }

  get event() {
    return JSON.parse(this.raw).event;
  }

  get formatted() {
    return this.plain < 0 ? JSON.parse(this.raw).formatted : this.raw.slice(this.plain, -2);
  }
}

// Something about the stream itself: { kind, ... }.
export class Remark {
  constructor(said, last) {
    Object.assign(this, { service: "", level: "", at: last?.at, key: last?.key ?? -Infinity, bytes: OBJECT_BYTES }, said);
  }
}
