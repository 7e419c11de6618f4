// The second screen: why a request is where it is, and what happened to it, as lanes and as a list that are one selection.

import { Answer } from "./answer.js";
import { announce, button, element, note, serviceName } from "./dom.js";
import { Drawer } from "./drawer.js";
import { clock, count, elsewhere } from "./format.js";
import { get, now, Stream, ticket } from "./hub.js";
import { Lanes } from "./lanes.js";
import { List, rowText } from "./list.js";
import { isTrouble, Story, told } from "./model.js";
import { turn } from "./pace.js";
import { FORMATS } from "./saving.js";
import { View } from "./view.js";

const HIDDEN_MS = 60000;
const PLAIN_LINES = 5000;
const CALM_MS = 200;
const DRAWN_MS = 40; // more often nobody sees what changes
const ASK_MS = 1500; // after a new row
const ASK_AGAIN_MS = 5000;
const ASK_SHARE = 20; // of the time, the hub is asked for a twentieth at most
const CUT_SHORT = { expired: "when this link expired", revoked: "when this link was revoked", forgotten: "when the hub let go of it" };
const GONE = "it may be older than what is kept here, its services may send to another hub, or its id is written otherwise.";
const NEW_LINK = "Ask whoever sent it for a new one; narration link JOB prints it. Or give a token:";

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
    this.services = new Set((shown.only ?? "").split(",").filter(Boolean));
    this.list = new List((row) => this.chose(row), () => this.openDrawer());
    this.lanes = new Lanes((row) => this.choose(row));
    this.answer = new Answer();
    this.drawer = new Drawer({ copy: (text) => this.copy(text), only: (service) => this.showOnly(service), closed: () => this.list.box.focus() });
    this.filter = element("input", { type: "search", id: "filter", "aria-label": "Filter rows", placeholder: "Filter  /", oninput: () => this.filtered() });
    this.filter.value = shown.q ?? "";
    this.about = element("span", { class: "about" });
    this.notice = element("div", { class: "notice", role: "alert", hidden: true });
    this.shownCount = element("span", { class: "counted" });
    this.only = element("span", { class: "only" });
    this.order = button("", () => this.reorder(), { class: "order", title: "The order of rows" });
    this.plain = element("pre", { class: "plain", tabindex: "0", hidden: true });
    this.node = element("div", { class: "story" },
      element("div", { class: "heading" },
        element("h1", {}, element("a", { href: "#" }, "board"), ` ${scope} ${name}`, this.about), this.notice, this.answer.node),
      this.lanes.node,
      element("div", { class: "tools" }, this.filter, this.only, this.shownCount, element("span", { class: "gap" }), this.order,
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
    this.why = null;
    this.askedAt = -Infinity;
    this.askAfter = 0;
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
    if (kind === "live") this.foundAgain();
    else if (this.stream.heardAt && !this.stream.ended && !this.away) this.lost();
    const limit = kind === "live" && ticket();
    announce(limit ? `${text} · this link works until ${clock(limit.expires).slice(0, 5)}` : text, kind);
  }

  // While the hub is away nobody knows whether what was open still is.
  lost() {
    this.away = { at: this.stream.heardAt, when: "when the hub was heard last" };
    if (this.notice.hidden) {
      this.tellNotice([`The hub was heard last at ${clock(this.away.at)}: what came since is not shown. This page goes on where it was when the hub is back.`]);
      this.noticed = this.away;
    }
    this.update();
  }

  foundAgain() {
    if (!this.away) return;
    if (this.noticed === this.away) this.notice.hidden = true;
    this.noticed = this.away = null;
    this.update();
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
    if (this.version !== undefined && version !== this.version) this.tellNotice(["The hub has another version now. ", button("Load this page again", () => location.reload())]);
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
    if (!(reason in CUT_SHORT)) return;
    this.cut = { at: now(), when: CUT_SHORT[reason] };
    this.update();
    if (reason === "forgotten") this.tellNotice(["The hub needed the memory for others: what comes now is not shown here. ", button("Load this page again", () => location.reload())]);
    else this.tellExpired(reason === "expired" ? `This link has expired at ${clock(this.cut.at)}; what came since is not shown.` : "This link was revoked; what came since is not shown.");
  }

  tellExpired(text) {
    this.tellNotice([`${text} ${NEW_LINK} `, button("Enter a token", () => dispatchEvent(new Event("narration-login")))]);
  }

  tellNotice(parts) {
    this.noticed = null;
    this.notice.replaceChildren(...parts);
    this.notice.hidden = false;
  }

  // No stream: an old story is no longer in the hub's memory, but perhaps on its disk.
  async missing(error) {
    try {
      if (error.status === 401) {
        announce(ticket() ? "this link has expired: ask for a new one" : error.message, "trouble");
        if (ticket()) this.tellExpired("This link has expired, was revoked, or is of another hub: nothing can be shown.");
        else dispatchEvent(new Event("narration-login"));
        this.refused("Nothing can be shown.");
        return;
      }
      if (error.status !== 404 || this.scope !== "story") throw error;
      const { lines, stores } = await get(this.path);
      this.load(lines.map((line) => told(line.event)), `from the hub's disk; nothing of it is live${elsewhere(stores)}`);
    } catch (failure) {
      announce(failure.advice ?? failure.message, "trouble");
      this.refused(failure.status === 404 ? `This hub has nothing of ${this.scope} ${this.name}: ${GONE}` : "Nothing can be shown.");
    }
  }

  refused(said) {
    this.isRefused = true;
    this.refusal = said;
    this.update();
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

  // What the hub knows beside the rows: who is silent, what is usual, what comes next.
  async ask() {
    const { story } = this;
    const passed = performance.now() - this.askedAt;
    const isStale = this.why?.last !== story.count || (!this.isOver && passed > ASK_AGAIN_MS);
    if (this.scope === "file" || this.cut || this.away || this.isRefused || this.asking || document.hidden || !story.count || !isStale) return;
    if (passed < Math.max(this.why ? ASK_MS : 0, this.askAfter)) return;
    this.asking = true;
    const last = story.count;
    const began = this.askedAt = performance.now();
    try {
      const why = await get(`${this.path}/why`);
      if (this.story === story) this.why = { ...why, last, at: now() };
    } catch {
      this.askAfter = 2 * ASK_AGAIN_MS; // the rows say enough meanwhile
    } finally {
      this.askAfter = Math.max(this.askAfter, ASK_SHARE * (performance.now() - began));
      this.asking = false;
    }
    this.plan();
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
    const cut = this.cut ?? this.away;
    const isLive = story.open.length > 0 && !this.isOver && !cut;
    this.lanes.draw(story, first, isLive ? Math.max(now(), newest) : Math.max(cut?.at ?? newest, newest), this.list.selected);
    this.answer.draw(story, { isLive, cut, why: this.why, refusal: this.refusal });
    this.tellAbout();
    this.drawServices();
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
    const of = this.isFiltered ? `${this.view.arrived.length.toLocaleString("en")} of ` : "";
    const all = count(story.rows.length, "row");
    this.shownCount.textContent = isWhole ? `${of}${all}${dropped}${late}` : `looking through ${all}`;
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

  get isFiltered() {
    return Boolean(this.filter.value || this.services.size);
  }

  // What tells whether a row passes the filter; null when all do.
  get passes() {
    if (!this.isFiltered) return null;
    const services = new Set(this.services);
    const text = new RegExp(this.filter.value.replace(/[\\^$.*+?()[\]{}|]/g, "\\$&"), "i");
    return (row) => (!services.size || services.has(row.service)) && text.test(row.formatted);
  }

  filtered() {
    this.keep({ q: this.filter.value, only: [...this.services].join(",") });
    this.refilter();
    this.plan();
  }

  refilter() {
    this.matches = this.passes;
    this.view.choose(this.matches, this.view.isByTime);
  }

  drawServices() {
    const names = JSON.stringify([[...this.story.services.keys()], [...this.services]]);
    if (names === this.servicesDrawn || this.only.contains(document.activeElement)) return;
    this.servicesDrawn = names;
    this.only.replaceChildren(...[...this.story.services.keys()].slice(0, 12).map((service) => element("button", {
      type: "button", "aria-pressed": String(this.services.has(service)), onclick: (event) => this.toggle(service, event.currentTarget),
    }, serviceName(service))));
  }

  toggle(service, pressed) {
    if (!this.services.delete(service)) this.services.add(service);
    pressed.setAttribute("aria-pressed", String(this.services.has(service)));
    this.filtered();
  }

  showOnly(service) {
    this.services = new Set([service]);
    this.servicesDrawn = "";
    this.filtered();
  }

  lift() {
    this.filter.value = "";
    this.services.clear();
    this.servicesDrawn = "";
    this.filtered();
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
      e: () => this.nextTrouble(), c: () => this.lift(), "/": () => this.filter.focus(), Enter: () => this.openDrawer(), o: () => this.reorder(),
      ArrowDown: () => this.list.move(1), ArrowUp: () => this.list.move(-1), Escape: () => this.drawer.close(),
    }[key];
    done?.();
    return Boolean(done);
  }
}
