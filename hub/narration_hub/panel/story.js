// The second screen: why a request is where it is, and what happened to it, as lanes and as a list that are one selection.

import { Answer } from "./answer.js";
import { Contact } from "./contact.js";
import { announce, button, element, note } from "./dom.js";
import { Drawer } from "./drawer.js";
import { Filter } from "./filter.js";
import { count, elsewhere } from "./format.js";
import { get, now, Stream } from "./hub.js";
import { Lanes } from "./lanes.js";
import { List, rowText } from "./list.js";
import { isTrouble, Story, told } from "./model.js";
import { turn } from "./pace.js";
import { FORMATS } from "./saving.js";
import { View } from "./view.js";
import { Why } from "./why.js";

const HIDDEN_MS = 60000;
const PLAIN_LINES = 5000;
const CALM_MS = 200;
const DRAWN_MS = 40; // more often nobody sees what changes

export class StoryScreen {
  // scope: "story", "job" or "file". shown: what the address says, a row, a filter and an order. keep(changes) keeps the address up to date.
  constructor(scope, name, shown, vocabulary, keep) {
    this.scope = scope;
    this.name = name;
    this.path = `/v1/${scope === "job" ? "jobs" : "stories"}/${encodeURIComponent(name)}`;
    this.keep = keep;
    this.vocabulary = vocabulary;
    this.wanted = shown.at ?? "";
    this.view = new View(new Story(vocabulary));
    this.view.isByTime = shown.order === "time";
    this.drawnAt = -Infinity;
    this.list = new List((row) => this.chose(row), () => this.openDrawer());
    this.lanes = new Lanes((row) => this.choose(row));
    this.answer = new Answer();
    this.why = new Why(this.path);
    this.drawer = new Drawer({ copy: (text) => this.copy(text), only: (service) => this.filter.showOnly(service), closed: () => this.list.box.focus() });
    this.filter = new Filter(shown.q ?? "", shown.only ?? "", () => this.filtered());
    this.contact = new Contact(() => this.update());
    this.about = element("span", { class: "about" });
    this.shownCount = element("span", { class: "counted" });
    this.order = button("", () => this.reorder(), { class: "order", title: "The order of rows" });
    this.plain = element("pre", { class: "plain", tabindex: "0", hidden: true });
    this.node = element("div", { class: "story" },
      element("div", { class: "heading" },
        element("h1", {}, element("a", { href: "#" }, "board"), ` ${scope} ${name}`, this.about), this.contact.notice, this.answer.node),
      this.lanes.node,
      element("div", { class: "tools" }, this.filter.box, this.filter.only, this.shownCount, element("span", { class: "gap" }), this.order,
        button("waiting for  w", () => this.showOpen()), button("next trouble  e", () => this.nextTrouble()),
        button("plain text", () => this.togglePlain()), button("copy answer", () => this.copy(`${this.answer.text}\n${location.href}`)),
        button("copy link", () => this.copy(location.href)), this.saving()),
      element("div", { class: "body" }, this.list.node, this.plain, this.drawer.node));
    this.begin();
    this.stream = new Stream(`${this.path}/stream`, (...said) => this.heard(...said), (text, kind) => this.connection(text, kind), (error) => this.missing(error));
  }

  begin() {
    this.story = new Story(this.vocabulary);
    this.view.follow(this.story);
    this.refilter();
    this.jumped = false;
    this.list.selected = null;
    this.why.forget();
  }

  start() {
    this.hide = () => this.visibility();
    document.addEventListener("visibilitychange", this.hide);
    this.stream.start();
    this.timer = setInterval(() => { this.update(); this.ask(); }, 1000);
  }

  stop() {
    this.isStopped = true;
    document.removeEventListener("visibilitychange", this.hide);
    clearTimeout(this.rest);
    clearTimeout(this.calm);
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

  connection(text, kind) {
    if (kind === "live") this.contact.found();
    else if (this.stream.heardAt && !this.stream.ended) this.contact.lost(this.stream.heardAt);
    this.contact.say(text, kind);
  }

  heard(type, body, id, raw) {
    if (type === "narration") this.add(body, id, raw);
    else if (type === "gap") this.story.gap(body.missed);
    else if (type === "reset") this.beginAnew(body.reason);
    else if (type === "end" && body.reason !== "shutdown") this.over(body.reason);
    else if (type === "hello") this.greeted(body.version, body.at_ms);
    this.tookAt = performance.now();
    if (!this.jumped) {
      clearTimeout(this.calm);
      this.calm = setTimeout(() => this.plan(), CALM_MS);
    }
    this.plan();
  }

  greeted(version, at) {
    this.greetedAt ??= at;
    if (this.version !== undefined && version !== this.version) this.contact.renewed();
    this.version = version;
  }

  // Everything that the hub has comes again; what stood here may be among it.
  beginAnew(reason) {
    const had = this.story.rows.length;
    this.begin();
    if (had) this.story.remark({ kind: "anew", said: `The hub began this anew (${reason}); ${count(had, "row")} shown before went, all that it has follows` });
  }

  over(reason) {
    this.isOver = true;
    this.contact.over(reason);
  }

  // No stream: an old story is no longer in the hub's memory, but perhaps on its disk.
  async missing(error) {
    try {
      if (error.status === 401) {
        this.contact.forbidden(error);
        return;
      }
      if (error.status !== 404 || this.scope !== "story") throw error;
      const { lines, stores } = await get(this.path);
      this.load(lines.map((line) => told(line.event)), `from the hub's disk; nothing of it is live${elsewhere(stores)}`);
    } catch (failure) {
      this.contact.missing(failure, `${this.scope} ${this.name}`);
    }
  }

  // From a file that was saved here, or from the hub's disk: the same screen without a stream, in the order of time.
  load(lines, where) {
    for (const line of lines) this.add(line, "");
    this.isOver = true;
    this.view.isByTime = true;
    this.refilter();
    announce(where);
    this.plan();
  }

  async ask() {
    if (this.scope === "file" || this.contact.cut || this.contact.refusal) return;
    if (await this.why.ask(this.story, this.isOver)) this.plan();
  }

  add(body, id, raw) {
    const row = this.story.add(body, id, raw);
    if (this.wanted && id === this.wanted) this.target = row;
  }

  reorder() {
    this.view.isByTime = !this.view.isByTime;
    this.refilter();
    this.keep({ order: this.view.isByTime ? "time" : "" });
    this.showAgain();
  }

  // Other rows, or another order, with the chosen one in sight.
  showAgain() {
    this.afterwards = () => { if (this.list.selected) this.list.select(this.list.selected); };
    this.update();
  }

  // Draw in the next frame, unless the one before is too fresh. What stands above the list has a frame of its own, so that
  // none has much to do.
  plan() {
    this.planned ||= requestAnimationFrame((at) => {
      this.planned = 0;
      if (this.isStopped) return;
      if (this.lanes.isDue(this.list.selected)) {
        this.drawAbove();
        this.plan();
      } else if (at - this.drawnAt < DRAWN_MS) this.plan();
      else this.drawList(at);
    });
  }

  update() {
    if (this.isStopped) return;
    this.drawAbove();
    this.drawList(performance.now());
  }

  drawAbove() {
    const { story } = this;
    const first = story.first ?? now();
    const newest = story.newest ?? first;
    const { cut, refusal } = this.contact;
    const isLive = story.open.length > 0 && !this.isOver && !cut;
    this.lanes.draw(story, first, isLive ? Math.max(now(), newest) : Math.max(cut?.at ?? newest, newest), this.list.selected);
    this.answer.draw(story, { isLive, cut, why: this.why.said, refusal });
    this.tellAbout();
    this.tellTitle(isLive);
    this.filter.draw([...story.services.keys()]);
  }

  drawList(at) {
    const { story } = this;
    this.drawnAt = at;
    const isWhole = this.view.catchUp(turn());
    if (!isWhole) this.plan();
    this.tellCounts(isWhole || !this.matches);
    this.order.hidden = !this.view.isByTime && !story.late && !story.moves;
    this.order.textContent = this.view.isByTime ? "by time  o" : "by arrival  o";
    this.list.show(this.view.rows, { arrived: this.view.arrived, first: story.first ?? now(), latest: story.count, isOver: this.isOver });
    if (isWhole && this.afterwards) {
      this.afterwards();
      this.afterwards = null;
    }
    if (!this.jumped && story.rows.length && this.isCaughtUp) this.jump();
  }

  tellCounts(isWhole) {
    const { story } = this;
    const dropped = story.dropped ? `, ${count(story.dropped, "earlier row")} no longer kept here` : "";
    const late = story.late ? `, ${story.late.toLocaleString("en")} came late` : "";
    const of = this.filter.isSet ? `${this.view.arrived.length.toLocaleString("en")} of ` : "";
    const all = count(story.rows.length, "row");
    this.shownCount.textContent = isWhole ? `${of}${all}${dropped}${late}` : `looking through ${all}`;
  }

  // Among many tabs: the one that still waits, and for whom.
  tellTitle(isLive) {
    const { waitsFor, failure } = this.story;
    const lead = isLive && waitsFor ? `waiting for ${waitsFor.service} · ` : failure ? "error · " : "";
    const title = `${lead}${this.name}`;
    if (document.title !== title) document.title = title;
  }

  // The other name that a person may know it by.
  tellAbout() {
    const field = this.scope === "job" ? "correlation_id" : "job_id";
    const other = this.story.lasts.values().next().value?.event[field];
    const text = other && other !== this.name ? ` · ${this.scope === "job" ? "request" : "job"} ${other}` : "";
    if (this.about.textContent !== text) this.about.textContent = text;
  }

  // Whether what the hub had is here: what came last was told since this page asked, or nothing came for a moment.
  get isCaughtUp() {
    return this.isOver || this.story.newest >= this.greetedAt || performance.now() - this.tookAt >= CALM_MS;
  }

  // Already where one would look: at the row of the link, at the open work, or at the first error.
  jump() {
    if (this.wanted && !this.target) return;
    this.jumped = true;
    if (this.list.selected) return; // somebody was faster
    const row = this.target ?? this.story.waitsFor?.start ?? this.story.failure;
    if (row) this.list.select(row);
  }

  filtered() {
    this.keep(this.filter.said);
    this.refilter();
    this.plan();
  }

  refilter() {
    this.matches = this.filter.passes;
    this.view.choose(this.matches, this.view.isByTime);
  }

  lift() {
    this.filter.lift();
    this.showAgain();
  }

  showOpen() {
    const work = this.story.waitsFor;
    if (work) this.choose(work.start);
    else note("nothing is open");
  }

  nextTrouble() {
    const rows = this.story.rows;
    const from = rows.indexOf(this.list.selected) + 1;
    const found = rows.slice(from).find(isTrouble) ?? rows.slice(0, from).find(isTrouble);
    if (found) this.choose(found);
    else note("no warning and no error");
  }

  choose(row) {
    if (this.matches && !this.matches(row)) this.lift();
    this.list.select(row);
  }

  chose(row) {
    if (row.id) this.keep({ at: row.id });
    if (this.drawer.isOpen) this.openDrawer();
    this.plan();
  }

  openDrawer() {
    if (!this.list.selected) this.jump();
    const row = this.list.selected;
    if (row?.kind === "event") this.drawer.show(row);
  }

  togglePlain() {
    this.plain.hidden = !this.plain.hidden;
    this.list.node.hidden = !this.plain.hidden;
    this.plain.textContent = this.plain.hidden ? "" : this.view.rows.slice(-PLAIN_LINES).map(rowText).join("\n");
    if (!this.plain.hidden) this.plain.focus();
  }

  async copy(text) {
    try {
      await navigator.clipboard.writeText(text);
      note("copied");
    } catch {
      note("the browser does not let a page copy here", "trouble");
    }
  }

  saving() {
    const menu = element("details", { class: "menu" }, element("summary", {}, "save"),
      element("div", {}, ...FORMATS.map((format) => button(format.name, () => { menu.open = false; this.save(format); }))));
    return menu;
  }

  save({ ending, type, make }) {
    const { story } = this;
    const ordered = story.rows.filter((row) => row.kind === "event").sort((one, other) => story.before(one, other));
    const made = make(ordered.map((row) => ({ row, at: story.corrected(row) })), story.works, this.vocabulary.severity);
    const file = URL.createObjectURL(new Blob([made], { type }));
    element("a", { href: file, download: `${this.name.replace(/[^\w.-]/g, "_")}.${ending}` }).click();
    setTimeout(() => URL.revokeObjectURL(file), 10000);
  }

  key(key) {
    const done = {
      j: () => this.list.move(1), k: () => this.list.move(-1), f: () => this.list.follow(true), w: () => this.showOpen(),
      e: () => this.nextTrouble(), c: () => this.lift(), "/": () => this.filter.box.focus(), Enter: () => this.openDrawer(), o: () => this.reorder(),
      ArrowDown: () => this.list.move(1), ArrowUp: () => this.list.move(-1), Escape: () => this.drawer.close(),
    }[key];
    done?.();
    return Boolean(done);
  }
}
