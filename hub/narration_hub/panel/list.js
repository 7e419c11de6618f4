// A list of any length: only the rows that are seen are elements. Rows have one height, so a place is a multiplication.

import { coloured, element } from "./dom.js";
import { clock, count, since } from "./format.js";
import { isTrouble } from "./model.js";

const HEIGHT = 24;
const SPARE = 12;
const MOST_PIXELS = 8000000; // browsers stop at some thirty million

export class List {
  // chosen(row) is called when a row is chosen, opened(row) when its fields are wanted.
  constructor(chosen, opened) {
    this.rows = [];
    this.shift = 0;
    this.selected = null;
    this.following = true;
    this.unseen = 0;
    this.chosen = chosen;
    this.opened = opened;
    this.space = element("div", { class: "space", role: "presentation" });
    this.box = element("div", {
      class: "list", role: "listbox", tabindex: "0", "aria-label": "Events", onscroll: () => this.scrolled(),
      onclick: (event) => this.clicked(event, chosen), ondblclick: (event) => this.clicked(event, opened),
    }, this.space);
    this.more = element("button", { type: "button", class: "more", hidden: true, onclick: () => this.follow(true) });
    this.node = element("div", { class: "frame" }, this.box, this.more);
    new ResizeObserver(() => this.draw()).observe(this.box);
  }

  // first is the row that times are counted from.
  show(rows, first) {
    const grew = rows.length - this.rows.length;
    this.rows = rows;
    this.first = first;
    this.space.style.height = `${Math.min(rows.length * HEIGHT, MOST_PIXELS)}px`;
    if (this.following) this.toEnd();
    else if (grew > 0) this.unseen += grew;
    this.tell();
    this.draw();
  }

  // More rows than fit into the tallest element a browser draws are reached by stretching the scroll bar.
  get top() {
    const real = this.rows.length * HEIGHT;
    const seen = this.box.clientHeight;
    if (real <= MOST_PIXELS || this.box.scrollHeight <= seen) return this.box.scrollTop;
    return (this.box.scrollTop / (this.box.scrollHeight - seen)) * (real - seen);
  }

  set top(wanted) {
    const real = this.rows.length * HEIGHT;
    const seen = this.box.clientHeight;
    this.box.scrollTop = real <= MOST_PIXELS ? wanted : (wanted / (real - seen)) * (this.box.scrollHeight - seen);
  }

  toEnd() {
    this.box.scrollTop = this.box.scrollHeight;
    this.put = this.box.scrollTop;
  }

  scrolled() {
    const atEnd = this.box.scrollTop + this.box.clientHeight >= this.box.scrollHeight - HEIGHT;
    // The news of our own scrolling may come when there are more rows already: that is nobody's wish to stop.
    if (this.box.scrollTop !== this.put && atEnd !== this.following) this.follow(atEnd, false);
    if (!this.waiting) {
      this.waiting = requestAnimationFrame(() => { this.waiting = 0; this.draw(); });
    }
  }

  follow(wanted, move = true) {
    this.following = wanted;
    this.unseen = 0;
    if (wanted && move) this.toEnd();
    this.tell();
  }

  tell() {
    this.more.hidden = this.following || !this.rows.length;
    this.more.textContent = this.unseen ? `PAUSED: ${count(this.unseen, "new row")}, f to follow` : "PAUSED: f to follow";
  }

  draw() {
    const top = this.top;
    const from = Math.max(0, Math.floor(top / HEIGHT) - SPARE);
    const to = Math.min(this.rows.length, Math.ceil((top + this.box.clientHeight) / HEIGHT) + SPARE);
    const drift = this.box.scrollTop - top;
    const drawn = [];
    for (let index = from; index < to; index++) drawn.push(this.element(this.rows[index], index, drift));
    this.space.replaceChildren(...drawn);
    const active = this.selected && drawn.find((node) => node.getAttribute("aria-selected") === "true");
    if (active) this.box.setAttribute("aria-activedescendant", active.id);
    else this.box.removeAttribute("aria-activedescendant");
  }

  element(row, index, drift) {
    const attributes = {
      class: "row", role: "option", id: `row-${index}`, "data-index": index, "aria-selected": String(row === this.selected),
      "aria-posinset": index + 1, "aria-setsize": this.rows.length,
    };
    const node = row.kind === "gap"
      ? element("div", { ...attributes, class: "row gap" }, `${count(row.missed, "event")} missed here`)
      : element("div", attributes,
        element("span", { class: "time" }, clock(row.at)),
        element("span", { class: "since" }, since(row.at - this.first)),
        coloured(element("span", { class: "service" }, row.service), row.service),
        isTrouble(row) ? element("span", { class: `level ${row.level}` }, row.level.toUpperCase()) : "",
        element("span", { class: "sentence" }, row.event.human));
    node.style.transform = `translateY(${index * HEIGHT + drift}px)`;
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
    const place = index * HEIGHT, seen = this.box.clientHeight, top = this.top;
    if (place < top || place + HEIGHT > top + seen) {
      this.following = false;
      this.top = Math.max(0, place - seen / 3);
    }
    this.tell();
  }
}
