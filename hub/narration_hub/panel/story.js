// The second screen: what happened to a request or a job, as lanes and as a list that are one selection.

import { announce, coloured, element } from "./dom.js";
import { age, clock, count, elsewhere } from "./format.js";
import { get, Stream } from "./hub.js";
import { Lanes } from "./lanes.js";
import { List } from "./list.js";
import { isTrouble, Story, told } from "./model.js";

const HIDDEN_MS = 60000;
const PLAIN_LINES = 5000;

export class StoryScreen {
  // scope: "story" or "job". shown: what the address says, a row and a filter. keep(changes) keeps the address up to date.
  constructor(scope, name, shown, vocabulary, keep) {
    this.scope = scope;
    this.name = name;
    this.keep = keep;
    this.vocabulary = vocabulary;
    this.wanted = shown.at ?? "";
    this.services = new Set((shown.only ?? "").split(",").filter(Boolean));
    this.list = new List((row) => this.chose(row), () => this.openDrawer());
    this.lanes = new Lanes((row) => this.list.select(row));
    this.filter = element("input", { type: "search", id: "filter", "aria-label": "Filter rows", placeholder: "Filter  /", oninput: () => this.filtered() });
    this.filter.value = shown.q ?? "";
    this.verdict = element("p", { class: "verdict", role: "status" });
    this.shownCount = element("span", { class: "counted" });
    this.only = element("span", { class: "only" });
    this.drawer = element("aside", { class: "drawer", hidden: true, "aria-label": "Fields of the row" });
    this.plain = element("pre", { class: "plain", tabindex: "0", hidden: true });
    const button = (text, action) => element("button", { type: "button", onclick: action }, text);
    this.node = element("div", { class: "story" },
      element("div", { class: "heading" },
        element("h1", {}, element("a", { href: "#" }, "board"), ` ${scope} ${name}`), this.verdict),
      this.lanes.node,
      element("div", { class: "tools" }, this.filter, this.only, this.shownCount, element("span", { class: "gap" }),
        button("waiting for  w", () => this.showOpen()), button("next trouble  e", () => this.nextTrouble()),
        button("plain text", () => this.togglePlain()), button("copy link", () => this.copy(location.href)),
        button("save", () => this.save())),
      element("div", { class: "body" }, this.list.node, this.plain, this.drawer));
    this.begin();
    this.stream = new Stream(`/v1/${scope === "job" ? "jobs" : "stories"}/${encodeURIComponent(name)}/stream`,
      (...said) => this.heard(...said), (text, kind) => announce(text, kind), (error) => this.missing(error));
  }

  begin() {
    this.story = new Story(this.vocabulary);
    this.rows = [];
    this.dropped = 0;
    this.jumped = false;
  }

  start() {
    this.hide = () => this.visibility();
    document.addEventListener("visibilitychange", this.hide);
    this.stream.start();
    this.timer = setInterval(() => this.update(), 1000);
  }

  stop() {
    document.removeEventListener("visibilitychange", this.hide);
    clearTimeout(this.rest);
    clearInterval(this.timer);
    this.stream.stop();
  }

  // A tab that nobody looks at gives its connection back; a browser has only six for one address.
  visibility() {
    clearTimeout(this.rest);
    if (document.hidden) {
      this.rest = setTimeout(() => { this.stream.stop(); this.resting = true; announce("resting while hidden"); }, HIDDEN_MS);
    } else if (this.resting) {
      this.resting = false;
      this.stream.start();
    }
  }

  heard(type, body, id, length) {
    if (type === "narration") this.take(this.story.add(body, id, length));
    else if (type === "gap") { this.story.gap(body.missed); this.refilter(); }
    else if (type === "reset") { this.begin(); }
    else if (type === "end") this.isOver = body.reason !== "shutdown";
    this.plan();
  }

  // No stream: an old story is no longer in the hub's memory, but perhaps on its disk.
  async missing(error) {
    try {
      if (error.status !== 404 || this.scope !== "story") throw error;
      const { lines, stores } = await get(`/v1/stories/${encodeURIComponent(this.name)}`);
      this.load(lines.map((line) => told(line.event)), `from the hub's disk; nothing of it is live${elsewhere(stores)}`);
    } catch (failure) {
      announce(failure.advice ?? failure.message, "trouble");
    }
  }

  // From a file that was saved here, or from the hub's disk: the same screen without a stream.
  load(lines, where) {
    for (const line of lines) this.take(this.story.add(line, ""));
    this.isOver = true;
    announce(where);
    this.plan();
  }

  take(row) {
    if (this.dropped !== this.story.dropped) { // rows that went are not kept by a filter
      this.dropped = this.story.dropped;
      this.refilter();
    } else if (this.rows !== this.story.rows && this.matches(row)) this.rows.push(row);
    if (this.wanted && row.id === this.wanted) this.target = row;
  }

  plan() {
    if (!this.planned) this.planned = requestAnimationFrame(() => { this.planned = 0; this.update(); });
  }

  update() {
    const { story } = this;
    if (!this.isFiltered) this.rows = story.rows;
    const first = story.first ?? Date.now();
    const newest = story.newest ?? first;
    const isLive = story.open.length > 0 && !this.isOver;
    this.list.show(this.rows, first);
    this.lanes.draw(story, first, isLive ? Math.max(Date.now(), newest) : newest, this.list.selected);
    this.verdict.replaceChildren(...this.sentence(isLive));
    this.verdict.dataset.open = String(isLive);
    const dropped = story.dropped ? `, ${count(story.dropped, "earlier row")} no longer kept here` : "";
    this.shownCount.textContent = this.isFiltered
      ? `${this.rows.length.toLocaleString("en")} of ${count(story.rows.length, "row")}${dropped}` : `${count(story.rows.length, "row")}${dropped}`;
    this.drawServices();
    if (!this.jumped && story.rows.length) this.jump();
  }

  // What the answer to "why is it stuck" needs: who, what, since when.
  sentence(isLive) {
    const { story } = this;
    const work = story.waitsFor;
    if (work) {
      const { service } = work.last;
      const began = work.start.at;
      return [isLive ? "Waiting for " : "Left open: ", coloured(element("span", { class: "service" }, service), service),
        ` “${work.last.event.human}”, ${isLive ? `open for ${age(Math.max(0, Date.now() - began))}` : "never ended"}, since ${clock(began)}`];
    }
    const last = story.rows.findLast((row) => row.kind === "event");
    if (!last) return ["Nothing was heard yet."];
    const failure = story.rows.find((row) => row.level === "error" || row.level === "fatal");
    const shown = failure ?? last;
    return [failure ? "An error was told: " : "Nothing is open. Last word: ", coloured(element("span", { class: "service" }, shown.service), shown.service),
      ` “${shown.event.human}”, at ${clock(shown.at)}`];
  }

  // Already where one would look: at the row of the link, at the open work, or at the first error.
  jump() {
    if (this.wanted && !this.target) return;
    this.jumped = true;
    const row = this.target ?? this.story.waitsFor?.start ?? this.story.rows.find((each) => each.level === "error");
    if (row) this.list.select(row);
  }

  get isFiltered() {
    return Boolean(this.filter.value || this.services.size);
  }

  matches(row) {
    if (row.kind !== "event") return true;
    return (!this.services.size || this.services.has(row.service)) && row.text.includes(this.filter.value.toLowerCase());
  }

  filtered() {
    this.keep({ q: this.filter.value, only: [...this.services].join(",") });
    this.refilter();
    this.plan();
  }

  refilter() {
    this.rows = this.isFiltered ? this.story.rows.filter((row) => this.matches(row)) : this.story.rows;
  }

  drawServices() {
    const names = [...this.story.services].map(([service, number]) => `${service} ${number}`).join() + [...this.services].join();
    if (names === this.servicesDrawn || this.only.contains(document.activeElement)) return;
    this.servicesDrawn = names;
    this.only.replaceChildren(...[...this.story.services.keys()].slice(0, 12).map((service) => coloured(element("button", {
      type: "button", class: "service", "aria-pressed": String(this.services.has(service)), onclick: () => this.toggle(service),
    }, service), service)));
  }

  toggle(service) {
    if (!this.services.delete(service)) this.services.add(service);
    this.servicesDrawn = "";
    this.filtered();
  }

  lift() {
    this.filter.value = "";
    this.services.clear();
    this.servicesDrawn = "";
    this.filtered();
    this.update();
    if (this.list.selected) this.list.select(this.list.selected);
  }

  showOpen() {
    const work = this.story.waitsFor;
    if (work) this.choose(work.start);
    else announce("nothing is open");
  }

  nextTrouble() {
    const rows = this.story.rows;
    const from = rows.indexOf(this.list.selected) + 1;
    const found = [...rows.slice(from), ...rows.slice(0, from)].find(isTrouble);
    if (found) this.choose(found);
    else announce("no warning and no error");
  }

  choose(row) {
    if (this.isFiltered && !this.matches(row)) this.lift();
    this.list.select(row);
  }

  chose(row) {
    if (row.id) this.keep({ at: row.id });
    if (!this.drawer.hidden) this.openDrawer();
    this.plan();
  }

  openDrawer() {
    const row = this.list.selected;
    if (!row || row.kind !== "event") return;
    const fields = Object.entries(row.event).flatMap(([name, value]) => [
      element("dt", {}, name), element("dd", {}, typeof value === "string" ? value : JSON.stringify(value)),
    ]);
    const json = JSON.stringify(row.event, null, 2);
    const button = (text, action) => element("button", { type: "button", onclick: action }, text);
    this.drawer.replaceChildren(
      element("div", { class: "tools" }, button("copy text", () => this.copy(row.formatted)), button("copy JSON", () => this.copy(json)),
        button(`only ${row.service}`, () => { this.services = new Set([row.service]); this.servicesDrawn = ""; this.filtered(); }),
        button("close", () => { this.drawer.hidden = true; this.list.box.focus(); })),
      element("dl", {}, ...fields), element("details", {}, element("summary", {}, "JSON"), element("pre", {}, json)));
    this.drawer.hidden = false;
  }

  togglePlain() {
    this.plain.hidden = !this.plain.hidden;
    this.list.node.hidden = !this.plain.hidden;
    const lines = this.rows.slice(-PLAIN_LINES).map((row) => (row.kind === "gap" ? `(${count(row.missed, "event")} missed here)` : row.formatted));
    this.plain.textContent = this.plain.hidden ? "" : lines.join("\n");
    if (!this.plain.hidden) this.plain.focus();
  }

  async copy(text) {
    try {
      await navigator.clipboard.writeText(text);
      announce("copied");
    } catch {
      announce("the browser does not let a page copy here", "trouble");
    }
  }

  save() {
    const lines = this.story.rows.filter((row) => row.kind === "event").map((row) => JSON.stringify(row.event));
    const file = URL.createObjectURL(new Blob([`${lines.join("\n")}\n`], { type: "application/x-ndjson" }));
    element("a", { href: file, download: `${this.name.replace(/[^\w.-]/g, "_")}.ndjson` }).click();
    setTimeout(() => URL.revokeObjectURL(file), 10000);
  }

  key(key) {
    const done = {
      j: () => this.list.move(1), k: () => this.list.move(-1), f: () => this.list.follow(true), w: () => this.showOpen(),
      e: () => this.nextTrouble(), c: () => this.lift(), "/": () => this.filter.focus(), Enter: () => this.openDrawer(),
      ArrowDown: () => this.list.move(1), ArrowUp: () => this.list.move(-1), Escape: () => { this.drawer.hidden = true; },
    }[key];
    done?.();
    return Boolean(done);
  }
}
