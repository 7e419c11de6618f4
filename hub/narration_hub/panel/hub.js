// Talking to the hub: the token of this tab, requests, and streams that come back after every interruption.

import { announce, announced } from "./dom.js";
import { inTurns } from "./pace.js";

const KEY = "narration-token";
const SILENCE_MS = 40000; // the hub sends a comment every 15 s
const SHORTEST_PAUSE_MS = 4000; // drawn up to this: of a thousand panels no more than one in twenty tries within 100 ms
const LONGEST_PAUSE_MS = 30000;
const NO_ANSWER_MS = 3000;
const MOST_TRIES = 5;

const CLOCK_MS = 2000; // an answer says the time in whole seconds, and was under way
let ahead = 0;

// The hub's time in milliseconds since the epoch: this machine's clock may be wrong, and ages are counted by the other one.
export const now = () => Date.now() + ahead;

export const remember = (token) => sessionStorage.setItem(KEY, token);

// What the ticket of this tab is for and until when, as it says itself; null without one. Only the hub can tell whether it is true.
export function ticket() {
  const [kind, payload] = (sessionStorage.getItem(KEY) ?? "").split(".");
  if (kind !== "n1") return null;
  try {
    const bytes = Uint8Array.from(atob(payload.replaceAll("-", "+").replaceAll("_", "/")), (char) => char.charCodeAt(0));
    const [scope, name, , expires] = JSON.parse(new TextDecoder().decode(bytes));
    return { scope, name, expires };
  } catch {
    return null;
  }
}

const authorization = () => {
  const token = sessionStorage.getItem(KEY);
  return token ? { Authorization: `Bearer ${token}` } : {};
};

export class Refused extends Error {
  constructor(status, body) {
    super(body?.message ?? `the hub answered ${status}`);
    this.status = status;
    this.hint = body?.hint ?? "";
  }

  get advice() {
    return this.hint ? `${this.message}: ${this.hint}` : this.message;
  }
}

// A browser has six connections for one address, in all its tabs; whatever needs another one waits without a word.
const UNANSWERED = "No answer yet: the hub is slow, or six other tabs hold all connections";
const unanswered = (tell) => setTimeout(() => tell(UNANSWERED, "trouble"), NO_ANSWER_MS);

export async function get(path) {
  let before; // what was announced until the answer was late
  const waiting = unanswered((...said) => { before = announced(); announce(...said); });
  const response = await fetch(path, { headers: authorization(), cache: "no-store" }).finally(() => {
    clearTimeout(waiting);
    if (before && announced()[0] === UNANSWERED) announce(...before);
  });
  const off = Date.parse(response.headers.get("Date")) - now();
  if (Math.abs(off) > CLOCK_MS) ahead += off;
  const body = await response.json().catch(() => null);
  if (!response.ok) throw new Refused(response.status, body);
  return body;
}

// Lines of JSON as they come. The hub does one thing of the kind at a time, and may still be ending the one before.
export async function* lines(path, signal) {
  let response;
  for (let tries = 0; ; tries += 1) {
    response = await fetch(path, { headers: authorization(), cache: "no-store", signal });
    if (response.status !== 429 || tries === MOST_TRIES) break;
    await new Promise((done) => { setTimeout(done, 1000 * (Number(response.headers.get("Retry-After")) || 1)); });
  }
  if (!response.ok) throw new Refused(response.status, await response.json().catch(() => null));
  const reader = response.body.pipeThrough(new TextDecoderStream()).getReader();
  let rest = "";
  for (;;) {
    const { done, value } = await reader.read();
    if (done) return;
    const pieces = (rest + value).split("\n");
    rest = pieces.pop();
    for (const piece of pieces) yield JSON.parse(piece);
  }
}

// Server-sent events by fetch, since EventSource can send no token.
export class Stream {
  // heard(type, data, id) is called for every event; state(text, kind) whenever the connection changes;
  // refused(error) when the hub will never give this stream.
  constructor(path, heard, state, refused) {
    this.path = path;
    this.heard = heard;
    this.state = state;
    this.refused = refused;
    this.last = "";
    this.failures = 0;
    this.stopped = false;
    this.ended = false;
    this.wasThere = false;
    this.isGone = false;
    this.heardAt = undefined; // when the hub said anything last, be it a comment
  }

  start() {
    this.stopped = false;
    if (!this.ended) this.run();
  }

  stop() {
    this.stopped = true;
    clearTimeout(this.timer);
    clearInterval(this.counter);
    this.abort?.abort();
  }

  async run() {
    const abort = (this.abort = new AbortController());
    const waiting = unanswered(this.state);
    try {
      const headers = { Accept: "text/event-stream", ...authorization() };
      if (this.last) headers["Last-Event-ID"] = this.last;
      const response = await fetch(this.path, { headers, cache: "no-store", signal: abort.signal });
      clearTimeout(waiting);
      if (!response.ok) throw new Refused(response.status, await response.json().catch(() => null));
      await this.read(response, abort);
    } catch (error) {
      if (this.stopped || abort !== this.abort) return;
      // What was there comes back when its services send again: a hub that keeps nothing was restarted, or needed the memory.
      this.isGone = error.status === 404 && this.wasThere;
      if (error instanceof Refused && error.status < 500 && error.status !== 429 && !this.isGone) {
        this.ended = true;
        this.refused(error);
        return;
      }
    } finally {
      clearTimeout(waiting);
      clearTimeout(this.watchdog);
    }
    if (!this.stopped && !this.ended && abort === this.abort) this.pause();
  }

  async read(response, abort) {
    const reader = response.body.pipeThrough(new TextDecoderStream()).getReader();
    let rest = "";
    for (;;) {
      clearTimeout(this.watchdog);
      this.watchdog = setTimeout(() => abort.abort(), SILENCE_MS);
      const { done, value } = await reader.read();
      clearTimeout(this.watchdog); // what is here is no silence, however long it takes
      if (value) this.heardAt = now();
      if (done) return;
      const pieces = (rest + value).split("\n\n");
      rest = pieces.pop();
      if (!await inTurns(pieces, (piece) => this.take(piece), () => this.ended || abort.signal.aborted)) return;
    }
  }

  take(piece) {
    let type = "message", data = "", id = "";
    for (const line of piece.split("\n")) {
      if (line.startsWith("event: ")) type = line.slice(7);
      else if (line.startsWith("data: ")) data += line.slice(6);
      else if (line.startsWith("id: ")) id = line.slice(4);
    }
    if (!data) return;
    const body = JSON.parse(data);
    if (id) this.last = id;
    if (type === "hello") {
      this.failures = 0;
      this.wasThere = true;
      this.isGone = false;
      ahead = body.at_ms - Date.now();
      this.state("live", "live");
    } else if (type === "end" && body.reason !== "shutdown") {
      this.ended = true;
      this.state(ENDINGS[body.reason] ?? `ended: ${body.reason}`, body.reason === "ended" ? "" : "trouble");
    }
    this.heard(type, body, id, data);
  }

  // Full jitter: a thousand panels do not come back in the same moment.
  pause() {
    const most = Math.min(LONGEST_PAUSE_MS, Math.max(SHORTEST_PAUSE_MS, 500 * 2 ** this.failures++));
    const until = Date.now() + Math.random() * most;
    const lead = this.isGone ? "the hub has nothing of this now; asking again" : "reconnecting";
    const tell = () => this.state(`${lead} in ${Math.max(1, Math.ceil((until - Date.now()) / 1000))} s`, "trouble");
    tell();
    clearInterval(this.counter);
    this.counter = setInterval(tell, 1000);
    this.timer = setTimeout(() => { clearInterval(this.counter); this.run(); }, until - Date.now());
  }
}

const ENDINGS = {
  ended: "ended",
  expired: "this link has expired: ask for a new one",
  revoked: "this link was revoked: ask for a new one",
  forgotten: "the hub needed the memory and no longer has this",
};
