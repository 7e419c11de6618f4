// What holds a text, newest first, shown as it is found; every row opens its request.

import { announce, element, serviceName } from "./dom.js";
import { clock, count, elsewhere } from "./format.js";
import { lines, Refused } from "./hub.js";

export class SearchScreen {
  constructor(text) {
    this.text = text;
    this.hits = [];
    this.heading = element("h1", {}, `Search for “${text}”`);
    this.bar = element("progress", { max: 1, value: 0, "aria-label": "searched" });
    this.list = element("ul", { class: "hits" });
    this.node = element("div", { class: "board" }, this.heading, this.bar, this.list);
  }

  start() {
    this.abort = new AbortController();
    this.run(this.abort.signal);
  }

  // Closing the connection ends the search in the hub too.
  stop() {
    this.abort.abort();
  }

  async run(signal) {
    let end, stores, unread;
    try {
      for await (const found of lines(`/v1/search?q=${encodeURIComponent(this.text)}`, signal)) {
        this.bar.max = found.of || 1;
        this.bar.value = found.searched;
        this.hits.push(...found.hits);
        this.list.append(...found.hits.map(row));
        announce(`searching · ${count(this.hits.length, "event")} so far`);
        ({ end, stores, unread } = found);
      }
    } catch (error) {
      if (signal.aborted) return;
      this.bar.hidden = true;
      if (error instanceof Refused && error.status === 401) return void dispatchEvent(new Event("narration-login"));
      const none = error instanceof Refused && error.status === 404;
      announce(none ? `Nothing that you may see has the id ${this.text}` : error.message, "trouble");
      return;
    }
    if (signal.aborted) return;
    this.bar.hidden = true;
    const beside = `${elsewhere(stores)}${unread ? `; ${count(unread, "file")} of the hub's store cannot be read` : ""}`;
    if (end === undefined) announce("The search was cut off; what is here was found before", "trouble");
    else if (!this.hits.length) announce(`Nothing that this hub keeps has the id ${this.text}, or says it${beside}`, "trouble");
    else if (end === "enough") announce(`the latest ${count(this.hits.length, "event")}; older ones are not shown${beside}`);
    else announce(`${count(this.hits.length, "event")}${beside}`);
  }

  // The zone of the clock has changed.
  update() {
    this.list.replaceChildren(...this.hits.map(row));
  }
}

function row({ producer, event }) {
  const said = [
    element("span", { class: "time" }, clock(event.emitted_at_ms)), " ",
    serviceName(producer), " ", event.human ?? "",
  ];
  const wanted = event.correlation_id ? { story: event.correlation_id } : event.job_id ? { job: event.job_id } : null;
  const level = { "data-level": event.level };
  return element("li", level, ...(wanted ? [element("a", { href: `#${new URLSearchParams(wanted)}` }, ...said)] : said));
}
