// A story as a file: as it came, for this page and the commands; and in the formats of other programs.

// Each takes the rows in order, with their corrected times, the pieces of work, and the numbers of levels; it returns text.
export const FORMATS = [
  { name: "NDJSON, opens here again", ending: "ndjson", type: "application/x-ndjson", make: ndjson },
  { name: "text", ending: "txt", type: "text/plain", make: text },
  { name: "Chrome trace, for Perfetto", ending: "trace.json", type: "application/json", make: chromeTrace },
  { name: "OTLP JSON", ending: "otlp.json", type: "application/json", make: otlp },
];

const lines = (found) => (found.length ? `${found.join("\n")}\n` : "");

function ndjson(rows) {
  return lines(rows.map(({ row }) => JSON.stringify(row.event)));
}

function text(rows) {
  return lines(rows.map(({ row }) => row.formatted));
}

// "Trace Event Format": complete (X), instant (i) and metadata (M) events. A service is a process; its work is on lanes of
// one piece at a time, because viewers draw overlapping work on one lane as nonsense.
function chromeTrace(rows, works) {
  const names = [...new Set(rows.map(({ row }) => row.service))];
  const process = new Map(names.map((service, at) => [service, at + 1]));
  const times = new Map(rows.map(({ row, at }) => [row, at]));
  const last = 1000 * rows.reduce((most, { at }) => (at > most ? at : most), 0);
  const lanes = new Map();
  const found = names.map((service) => ({ ph: "M", name: "process_name", pid: process.get(service), tid: 0, args: { name: service } }));
  for (const work of works) {
    const start = 1000 * times.get(work.start);
    if (!Number.isFinite(start)) continue;
    const ended = work.end ? 1000 * times.get(work.end) : last;
    const end = Math.max(start, Number.isFinite(ended) ? ended : last);
    if (!lanes.has(work.service)) lanes.set(work.service, []);
    const { human, correlation_id: correlation } = work.start.event;
    found.push({
      ph: "X", name: work.name, cat: work.end ? (work.failed ? "failed" : "work") : "open", ts: start, dur: end - start,
      pid: process.get(work.service), tid: lane(lanes.get(work.service), start, end),
      args: { human, correlation_id: correlation ?? null, ...(work.end ? { outcome: work.end.event.human } : {}) },
    });
  }
  for (const { row, at } of rows) {
    if (Number.isFinite(at)) found.push({ ph: "i", name: row.event.action, s: "t", ts: 1000 * at, pid: process.get(row.service), tid: 0, args: row.event });
  }
  return JSON.stringify({ displayTimeUnit: "ms", traceEvents: found });
}

// The first lane that is free, which is taken until the end; lane 0 is for instants.
function lane(ends, start, end) {
  const free = ends.findIndex((until) => until <= start);
  const place = free < 0 ? ends.length : free;
  ends[place] = end;
  return place + 1;
}

// An ExportLogsServiceRequest of OpenTelemetry, a resource for each service.
function otlp(rows, works, severity) {
  const services = new Map();
  for (const { row } of rows) {
    if (!services.has(row.service)) services.set(row.service, []);
    services.get(row.service).push(record(row, severity));
  }
  return JSON.stringify({
    resourceLogs: [...services].map(([service, logRecords]) => ({
      resource: { attributes: [attribute("service.name", service)] },
      scopeLogs: [{ scope: { name: "narration" }, logRecords }],
    })),
  });
}

const TOLD_OTHERWISE = new Set(["emitted_at_ms", "level", "human"]);
const IDS = [["traceId", "trace_id", /^(?!0+$)[0-9a-f]{32}$/], ["spanId", "span_id", /^(?!0+$)[0-9a-f]{16}$/]];

function record({ event, level }, severity) {
  const ids = IDS.filter(([, field, form]) => form.test(event[field] ?? "")); // any other one is an attribute
  const elsewhere = new Set([...TOLD_OTHERWISE, ...ids.map(([, field]) => field)]);
  return {
    timeUnixNano: Number.isFinite(event.emitted_at_ms) ? String(BigInt(Math.trunc(event.emitted_at_ms)) * 1000000n) : "0",
    severityNumber: severity[level] ?? 0,
    severityText: level,
    body: { stringValue: event.human ?? "" },
    eventName: `${event.actor}.${event.action}`,
    ...Object.fromEntries(ids.map(([name, field]) => [name, event[field]])),
    attributes: Object.entries(event).filter(([name]) => !elsewhere.has(name)).map(([name, value]) => attribute(`narration.${name}`, value)),
  };
}

const attribute = (key, value) => ({ key, value: valueOf(value) });

function valueOf(value) {
  if (typeof value === "boolean") return { boolValue: value };
  if (typeof value === "number") return Number.isInteger(value) ? { intValue: String(value) } : { doubleValue: value };
  if (Array.isArray(value)) return { arrayValue: { values: value.map(valueOf) } };
  if (value && typeof value === "object") return { kvlistValue: { values: Object.entries(value).map(([name, inner]) => attribute(name, inner)) } };
  return { stringValue: String(value ?? "") };
}
