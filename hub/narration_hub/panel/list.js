// A list of any length: only the rows that are seen are elements. Rows have one height, so a place is a multiplication.

import { element, serviceName } from "./dom.js";
import { clock, count, isUtc, since } from "./format.js";
import { isTrouble } from "./model.js";
import { placeOf } from "./view.js";

const NARROW = matchMedia("(max-width: 720px)"); // as in panel.css: a row has two lines there
const [HEIGHT, TALL] = [24, 44];
const SPARE = 6;
const MOST_PIXELS = 8000000; // browsers stop at some thirty million

export class List {
  // chosen(row) is called when a row is chosen, opened(row) when its fields are wanted.
  constructor(chosen, opened) {
    this.rows = [];
    this.arrived = [];
    this.latest = 0;
    this.pausedAt = 0;
    this.selected = null;
    this.following = true;
    this.chosen = chosen;
    this.nodes = new Map(); // the elements of the rows that are seen
    this.tall = -1;
    this.space = element("div", { class: "space", role: "presentation" });
    this.box = element("div", {
      class: "list", role: "listbox", tabindex: "0", "aria-label": "Events", onscroll: () => this.scrolled(),
      onclick: (event) => this.clicked(event, chosen), ondblclick: (event) => this.clicked(event, opened),
    }, this.space);
    this.more = element("button", { type: "button", class: "more", hidden: true, onclick: () => this.follow(true) });
    this.node = element("div", { class: "frame" }, this.box, this.more);
    new ResizeObserver(() => { this.seen = this.box.clientHeight; this.refresh(); }).observe(this.box);
  }

  get height() {
    return NARROW.matches ? TALL : HEIGHT;
  }

  // rows: in the order in which they are shown. arrived: the same in the order of their numbers. first: the time that others
  // are counted from. latest: the number that the next row will have. isOver: nothing more comes.
  show(rows, { arrived, first, latest, isOver }) {
    this.rows = rows;
    this.arrived = arrived;
    this.first = first;
    this.latest = latest;
    this.isOver = isOver;
    this.refresh();
  }

  // The browser works out where everything is once: all that is read comes before what is written, and scrolling last.
  refresh() {
    this.seen ??= this.box.clientHeight;
    const tall = Math.min(this.rows.length * this.height, MOST_PIXELS);
    if (!this.following) {
      this.resize(tall);
      this.stay();
      this.draw();
    } else {
      const scrolled = Math.max(0, tall - this.seen);
      this.drawAt(Math.max(0, this.rows.length * this.height - this.seen), scrolled);
      this.resize(tall);
      this.box.scrollTop = scrolled;
      this.put = this.box.scrollTop;
    }
    this.tell();
  }

  resize(tall) {
    if (tall === this.tall) return;
    this.tall = tall;
    this.space.style.height = `${tall}px`;
  }

  // Nothing moves under the pointer: rows that came or went above those that are seen move the scroll bar.
  stay() {
    const { row, index, offset } = this.anchor ?? {};
    if (!row || this.rows[index] === row) return;
    const place = this.placed(row);
    if (place >= 0) this.top = place * this.height + offset;
    else if (this.selected) this.reveal(this.selected);
  }

  // Where a row is; -1 if it is not here.
  placed(row) {
    if (this.rows !== this.arrived) return this.rows.indexOf(row);
    const place = placeOf(this.rows, row?.number ?? Infinity);
    return this.rows[place] === row ? place : -1;
  }

  // More rows than fit into the tallest element a browser draws are reached by stretching the scroll bar.
  get top() {
    const real = this.rows.length * this.height;
    const { seen, tall } = this;
    if (real <= MOST_PIXELS || tall <= seen) return this.box.scrollTop;
    return (this.box.scrollTop / (tall - seen)) * (real - seen);
  }

  set top(wanted) {
    const real = this.rows.length * this.height;
    const { seen, tall } = this;
    this.box.scrollTop = real <= MOST_PIXELS ? wanted : (wanted / (real - seen)) * (tall - seen);
    this.put = this.box.scrollTop;
  }

  scrolled() {
    // The news of our own scrolling may come when there are more rows already: that is nobody's wish to stop.
    if (this.box.scrollTop === this.put) return;
    this.put = undefined;
    const atEnd = this.box.scrollTop + this.seen >= this.tall - this.height;
    if (atEnd !== this.following) this.follow(atEnd, false);
    if (!this.waiting) {
      this.waiting = requestAnimationFrame(() => { this.waiting = 0; this.draw(); });
    }
  }

  follow(wanted, move = true) {
    this.following = wanted;
    this.pausedAt = this.latest;
    if (wanted && move) this.refresh();
    else this.tell();
  }

  // How many rows came since the list stands still, of those that pass the filter.
  get unseen() {
    return this.arrived.length - placeOf(this.arrived, this.pausedAt);
  }

  tell() {
    this.more.hidden = this.following || !this.rows.length || (this.isOver && !this.unseen);
    if (this.more.hidden) return;
    const text = `PAUSED: ${this.unseen ? `${count(this.unseen, "new row")} wait` : "no new row"}; f to follow`;
    if (this.more.textContent !== text) this.more.textContent = text;
  }

  draw() {
    this.drawAt(this.top, this.box.scrollTop);
  }

  // top: the first pixel of all rows that is seen. scrolled: how far the box is, or will be, scrolled for that.
  drawAt(top, scrolled) {
    const { height } = this;
    const from = Math.max(0, Math.floor(top / height) - SPARE);
    const to = Math.min(this.rows.length, Math.ceil((top + this.seen) / height) + SPARE);
    const wanted = this.rows.slice(from, to);
    this.forget(new Set(wanted));
    let next = this.space.firstChild;
    wanted.forEach((row, at) => {
      const node = this.nodes.get(row) ?? this.made(row);
      this.settle(node, row, from + at, scrolled - top);
      if (node === next) next = next.nextSibling;
      else this.space.insertBefore(node, next);
    });
    const seen = Math.min(this.rows.length - 1, Math.floor(top / height));
    this.anchor = { row: this.rows[seen], index: seen, offset: top - seen * height };
    const active = this.selected && wanted.includes(this.selected) && this.nodes.get(this.selected);
    if (active) this.box.setAttribute("aria-activedescendant", active.id);
    else this.box.removeAttribute("aria-activedescendant");
  }

  // Let the elements go that are not wanted now; all of them, when times are written otherwise.
  forget(wanted) {
    const written = `${this.first} ${isUtc()}`;
    const isSame = written === this.written;
    this.written = written;
    for (const [row, node] of this.nodes) {
      if (isSame && wanted.has(row)) continue;
      node.remove();
      this.nodes.delete(row);
    }
  }

  made(row) {
    const attributes = { class: "row", role: "option" };
    const { event } = row;
    const node = row.kind === "event" ? element("div", attributes,
      element("span", { class: "time" }, clock(row.at)),
      element("span", { class: "since" }, since(row.at - this.first)),
      serviceName(row.service),
      isTrouble(row) ? element("span", { class: `level ${row.level}` }, row.level.toUpperCase()) : "",
      row.isLate ? element("span", { class: "late", title: "It came when later events were here already" }, "late") : "",
      element("span", { class: "sentence" }, event.human))
      : element("div", { ...attributes, class: `row ${row.kind}` }, rowText(row));
    this.nodes.set(row, node);
    return node;
  }

  // Put an element where its row is now.
  settle(node, row, index, drift) {
    const place = `translateY(${index * this.height + drift}px)`;
    if (node.style.transform !== place) {
      node.style.transform = place;
      node.id = `row-${index}`;
      node.dataset.index = index;
      node.setAttribute("aria-posinset", index + 1);
    }
    node.setAttribute("aria-setsize", this.rows.length);
    const isSelected = String(row === this.selected);
    if (node.getAttribute("aria-selected") !== isSelected) node.setAttribute("aria-selected", isSelected);
  }

  clicked(event, then) {
    const node = event.target.closest(".row");
    if (node) this.select(this.rows[Number(node.dataset.index)], then);
  }

  select(row, then = this.chosen) {
    if (!row) return;
    this.selected = row;
    this.reveal(row);
    this.draw();
    then(row);
  }

  move(steps) {
    const at = this.placed(this.selected);
    const next = at < 0 ? this.rows.length - 1 : Math.min(this.rows.length - 1, Math.max(0, at + steps));
    this.select(this.rows[next]);
  }

  reveal(row) {
    const index = this.placed(row);
    if (index < 0) return;
    const place = index * this.height, { seen, top } = this;
    if (place < top || place + this.height > top + seen) {
      if (this.following) this.follow(false);
      this.top = Math.max(0, place - seen / 3);
    }
    this.tell();
  }
}

export const rowText = (row) => (row.kind === "gap" ? `${count(row.missed, "event")} missed here` : row.kind === "event" ? row.formatted : row.said);
