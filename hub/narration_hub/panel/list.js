// A list of any length: only the rows that are seen are elements. Rows have one height, so a place is a multiplication.

import { element, serviceName } from "./dom.js";
import { clock, count, since } from "./format.js";
import { isTrouble } from "./model.js";

const NARROW = matchMedia("(max-width: 720px)"); // as in panel.css: a row has two lines there
const [HEIGHT, TALL] = [24, 44];
const SPARE = 12;
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
    this.space = element("div", { class: "space", role: "presentation" });
    this.box = element("div", {
      class: "list", role: "listbox", tabindex: "0", "aria-label": "Events", onscroll: () => this.scrolled(),
      onclick: (event) => this.clicked(event, chosen), ondblclick: (event) => this.clicked(event, opened),
    }, this.space);
    this.more = element("button", { type: "button", class: "more", hidden: true, onclick: () => this.follow(true) });
    this.node = element("div", { class: "frame" }, this.box, this.more);
    new ResizeObserver(() => { this.resize(); this.draw(); }).observe(this.box);
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
    this.resize();
    if (this.following) this.toEnd();
    else this.stay();
    this.tell();
    this.draw();
  }

  resize() {
    this.space.style.height = `${Math.min(this.rows.length * this.height, MOST_PIXELS)}px`;
  }

  // Nothing moves under the pointer: rows that came or went above those that are seen move the scroll bar.
  stay() {
    const { row, index, offset } = this.anchor ?? {};
    if (!row || this.rows[index] === row) return;
    const place = this.rows.indexOf(row);
    if (place >= 0) this.top = place * this.height + offset;
    else if (this.selected) this.reveal(this.selected);
  }

  // More rows than fit into the tallest element a browser draws are reached by stretching the scroll bar.
  get top() {
    const real = this.rows.length * this.height;
    const seen = this.box.clientHeight;
    if (real <= MOST_PIXELS || this.box.scrollHeight <= seen) return this.box.scrollTop;
    return (this.box.scrollTop / (this.box.scrollHeight - seen)) * (real - seen);
  }

  set top(wanted) {
    const real = this.rows.length * this.height;
    const seen = this.box.clientHeight;
    this.box.scrollTop = real <= MOST_PIXELS ? wanted : (wanted / (real - seen)) * (this.box.scrollHeight - seen);
    this.put = this.box.scrollTop;
  }

  toEnd() {
    this.box.scrollTop = this.box.scrollHeight;
    this.put = this.box.scrollTop;
  }

  scrolled() {
    const atEnd = this.box.scrollTop + this.box.clientHeight >= this.box.scrollHeight - this.height;
    // The news of our own scrolling may come when there are more rows already: that is nobody's wish to stop.
    if (this.box.scrollTop !== this.put && atEnd !== this.following) this.follow(atEnd, false);
    if (!this.waiting) {
      this.waiting = requestAnimationFrame(() => { this.waiting = 0; this.draw(); });
    }
  }

  follow(wanted, move = true) {
    this.following = wanted;
    this.pausedAt = this.latest;
    if (wanted && move) this.toEnd();
    this.tell();
    if (wanted && move) this.draw();
  }

  // How many rows came since the list stands still, of those that pass the filter.
  get unseen() {
    let low = 0, high = this.arrived.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      if (this.arrived[middle].number < this.pausedAt) low = middle + 1;
      else high = middle;
    }
    return this.arrived.length - low;
  }

  tell() {
    this.more.hidden = this.following || !this.rows.length || (this.isOver && !this.unseen);
    if (this.more.hidden) return;
    const text = `PAUSED: ${this.unseen ? `${count(this.unseen, "new row")} wait` : "no new row"}; f to follow`;
    if (this.more.textContent !== text) this.more.textContent = text;
  }

  draw() {
    const { height } = this;
    const top = this.top;
    const from = Math.max(0, Math.floor(top / height) - SPARE);
    const to = Math.min(this.rows.length, Math.ceil((top + this.box.clientHeight) / height) + SPARE);
    const drift = this.box.scrollTop - top;
    const drawn = [];
    for (let index = from; index < to; index++) drawn.push(this.element(this.rows[index], index, drift));
    this.space.replaceChildren(...drawn);
    const seen = Math.min(this.rows.length - 1, Math.floor(top / height));
    this.anchor = { row: this.rows[seen], index: seen, offset: top - seen * height };
    const active = this.selected && drawn.find((node) => node.getAttribute("aria-selected") === "true");
    if (active) this.box.setAttribute("aria-activedescendant", active.id);
    else this.box.removeAttribute("aria-activedescendant");
  }

  element(row, index, drift) {
    const attributes = {
      class: "row", role: "option", id: `row-${index}`, "data-index": index, "aria-selected": String(row === this.selected),
      "aria-posinset": index + 1, "aria-setsize": this.rows.length,
    };
    const node = row.kind === "event" ? element("div", attributes,
      element("span", { class: "time" }, clock(row.at)),
      element("span", { class: "since" }, since(row.at - this.first)),
      serviceName(row.service),
      isTrouble(row) ? element("span", { class: `level ${row.level}` }, row.level.toUpperCase()) : "",
      row.isLate ? element("span", { class: "late", title: "It came when later events were here already" }, "late") : "",
      element("span", { class: "sentence" }, row.event.human))
      : element("div", { ...attributes, class: `row ${row.kind}` }, rowText(row));
    node.style.transform = `translateY(${index * this.height + drift}px)`;
    return node;
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
    const at = this.rows.indexOf(this.selected);
    const next = at < 0 ? this.rows.length - 1 : Math.min(this.rows.length - 1, Math.max(0, at + steps));
    this.select(this.rows[next]);
  }

  reveal(row) {
    const index = this.rows.indexOf(row);
    if (index < 0) return;
    const place = index * this.height, seen = this.box.clientHeight, top = this.top;
    if (place < top || place + this.height > top + seen) {
      if (this.following) this.follow(false);
      this.top = Math.max(0, place - seen / 3);
    }
    this.tell();
  }
}

export const rowText = (row) => (row.kind === "gap" ? `${count(row.missed, "event")} missed here` : row.kind === "event" ? row.formatted : row.said);
