// The first screen: the open job that has been quiet for longest on top, one sentence each.

import { announce, element, serviceName } from "./dom.js";
import { age, clock, count } from "./format.js";
import { get, now, Refused, ticket } from "./hub.js";

const EVERY_MS = 1000;
const ENDED = 50;
const SILENT_MS = 20000;
const MOST_JOBS = 500;
const MOST_SAID = 12;
const STEADY_MS = 3000; // the time of a start, as it is worked out at every look

export class Board {
  constructor() {
    this.jobs = element("tbody");
    this.open = element("h1", {}, "Open jobs");
    this.silent = element("p", { class: "silent" });
    this.saidHead = element("h2", { hidden: true }, "Outside of jobs");
    this.said = element("ul", { class: "said" });
    this.done = element("ul", { class: "ended" });
    this.doneHead = element("h2", { hidden: true }, "Ended");
    this.table = element("table", { class: "jobs" },
      element("thead", {}, element("tr", {}, ...["job", "age", "service", "waiting for", "since", "quiet", "warnings"]
        .map((name) => element("th", { scope: "col", class: NUMBERS.has(name) ? "number" : "" }, name)))),
      this.jobs);
    this.empty = element("div", { class: "empty", hidden: true });
    this.notice = element("p", { class: "notice", role: "alert", hidden: true });
    this.more = element("p", { class: "counted", hidden: true });
    this.node = element("div", { class: "board", onpointerenter: () => { this.held = true; }, onpointerleave: () => { this.held = false; } },
      this.notice, this.open, this.table, this.more, this.empty, this.silent, this.saidHead, this.said, this.doneHead, this.done);
  }

  start() {
    this.stopped = false;
    this.tick();
  }

  stop() {
    this.stopped = true;
    clearTimeout(this.timer);
  }

  async tick() {
    try {
      const board = await get(`/v1/jobs?ended=${ENDED}`);
      if (this.stopped) return;
      this.answeredAt = now();
      this.notice.hidden = true;
      this.draw(board);
      this.tell(board);
    } catch (error) {
      if (this.stopped) return;
      if (error instanceof Refused && error.status === 401) return void dispatchEvent(new Event("narration-login"));
      announce(error instanceof Refused ? error.message : "the hub does not answer; trying again", "trouble");
      this.tellAway();
    }
    this.timer = setTimeout(() => this.tick(), document.hidden ? 10 * EVERY_MS : EVERY_MS);
  }

  // What stands here was true then; ages stand still.
  tellAway() {
    if (!this.answeredAt || !this.notice.hidden) return;
    this.notice.textContent = `The hub answered last at ${clock(this.answeredAt)}: this is what it said then. The page tries again by itself.`;
    this.notice.hidden = false;
  }

  // A hub that cannot reach the others shows what it has, and says what is missing.
  tell({ alone, services }) {
    const limit = ticket();
    if (alone) announce("This hub cannot reach the others: what comes to them is missing here", "trouble");
    else announce(`live · ${limit ? `this link works until ${clock(limit.expires).slice(0, 5)}` : count(services.length, "service")}`, "live");
  }

  draw({ jobs, services, up_ms: up }) {
    const started = now() - up;
    if (up !== undefined && !(Math.abs(started - this.startedAt) < STEADY_MS)) this.startedAt = started;
    const open = jobs.filter((job) => job.state !== "ended");
    const ended = jobs.filter((job) => job.state === "ended").reverse(); // the latest first
    const stalled = open.filter((job) => job.state === "stalled").length;
    this.open.textContent = `Open jobs: ${open.length}${stalled ? `, ${stalled} stalled` : ""}`;
    document.title = stalled ? `${stalled} stalled · narration` : "narration";
    this.table.hidden = !open.length;
    this.more.hidden = open.length <= MOST_JOBS;
    this.more.textContent = `The ${MOST_JOBS} that have been quiet for longest are shown, of ${open.length.toLocaleString("en")}.`;
    this.empty.hidden = jobs.length > 0;
    if (!jobs.length) this.drawEmpty(services);
    this.drawOpen(open.slice(0, MOST_JOBS));
    const silent = services.filter((service) => service.quiet_ms > SILENT_MS);
    this.silent.replaceChildren(...(silent.length ? ["Silent: ", silent.map(told).join(", ")] : []));
    const said = services.filter((service) => service.sentence).sort((one, other) => one.said_ms - other.said_ms).slice(0, MOST_SAID);
    this.saidHead.hidden = !said.length;
    this.said.replaceChildren(...said.map((each) => element("li", {}, serviceName(each.service), ` ${each.sentence}`, element("span", { class: "ago" }, ` ${age(each.said_ms)} ago`))));
    this.doneHead.hidden = !ended.length;
    this.doneHead.textContent = `Ended: the last ${ended.length}`;
    const known = new Map([...this.done.children].map((row) => [row.dataset.job, row]));
    place(this.done, ended.map((job) => fillEnded(known.get(job.job_id) ?? element("li", { "data-job": job.job_id }), job)));
  }

  // From job to job by keys; Enter opens one, as every link.
  key(key) {
    const steps = { j: 1, ArrowDown: 1, k: -1, ArrowUp: -1 }[key];
    const links = [...this.node.querySelectorAll("a[href]")];
    if (!steps || !links.length) return false;
    const at = links.indexOf(document.activeElement);
    links[at < 0 ? (steps > 0 ? 0 : links.length - 1) : Math.min(links.length - 1, Math.max(0, at + steps))].focus();
    return true;
  }

  // Rows keep their element and, while the pointer is on the board, their place: nothing moves under the pointer.
  drawOpen(jobs) {
    const known = new Map([...this.jobs.children].map((row) => [row.dataset.job, row]));
    const rows = new Map(jobs.map((job) => [job.job_id, fill(known.get(job.job_id) ?? element("tr", { "data-job": job.job_id, onclick: opens }), job)]));
    if (this.held) {
      const kept = [...this.jobs.children].filter((row) => rows.has(row.dataset.job));
      const fresh = [...rows.values()].filter((row) => !kept.includes(row));
      place(this.jobs, [...kept, ...fresh]);
    } else if (!this.jobs.contains(document.activeElement)) {
      place(this.jobs, [...rows.values()]);
    } else {
      place(this.jobs, [...new Set([...[...this.jobs.children].filter((row) => rows.has(row.dataset.job)), ...rows.values()])]);
    }
  }

  drawEmpty(services) {
    const own = ticket();
    if (own) {
      this.empty.replaceChildren(element("p", {}, `The link that this tab came with shows one ${own.scope} and nothing else: `,
        element("a", { href: `#${new URLSearchParams({ [own.scope]: own.name })}` }, own.name)));
      return;
    }
    const heard = services.length ? `Heard so far: ${services.map((service) => service.service).join(", ")}.` : `No service was heard since this hub started at ${clock(this.startedAt).slice(0, 8)}.`;
    if (this.empty.dataset.heard === heard) return; // somebody may be marking the commands
    this.empty.dataset.heard = heard;
    this.empty.replaceChildren(
      element("p", {}, `No job is here. ${heard} Send a first event from any program that narrates:`),
      element("pre", {}, `NARRATION_HUB=${location.origin} python my_service.py`),
      element("p", {}, "or send the lines of one that does not:"),
      element("pre", {}, `my_service 2>&1 | narration forward --hub ${location.origin} --service my-service -`));
  }
}

// Each cell's class says what it holds: a narrow window lays them out otherwise.
const NUMBERS = new Set(["age", "since", "quiet", "warnings"]);
const told = ({ service, quiet_ms, lost }) => {
  const gone = Object.values(lost).reduce((sum, number) => sum + number, 0);
  return `${service} for ${age(quiet_ms)}${gone ? ` (lost ${count(gone, "event")})` : ""}`;
};
const trouble = ({ counts }) => (counts.warn ?? 0) + (counts.error ?? 0) + (counts.fatal ?? 0);
const mark = (job) => (job.counts.error || job.counts.fatal ? "with errors: " : job.left_open?.length ? "with work left open: " : "");

function place(parent, rows) {
  rows.forEach((row, index) => { if (parent.children[index] !== row) parent.insertBefore(row, parent.children[index] ?? null); });
  while (parent.children.length > rows.length) parent.lastChild.remove();
}

// An operator goes to the whole request; the holder of a job's ticket sees the job.
export function address(job) {
  const story = job.correlation_ids?.[0];
  return story ? `#story=${encodeURIComponent(story)}` : `#job=${encodeURIComponent(job.job_id)}`;
}

const link = (job) => element("a", { href: address(job) }, job.job_id);

// The whole row is a link for the pointer, unless somebody marks text in it.
function opens(event) {
  if (!event.target.closest("a") && getSelection().isCollapsed) event.currentTarget.querySelector("a").click();
}

function fillEnded(row, job) {
  row.replaceChildren(row.firstChild ?? link(job), ` ${mark(job)}${job.sentence}`,
    element("span", { class: "ago" }, ` took ${age(Math.max(0, job.age_ms - job.quiet_ms))}, ${age(job.quiet_ms)} ago`));
  return row;
}

function fill(row, job) {
  const { waits } = job;
  const service = waits?.service ?? job.service;
  const warnings = trouble(job);
  const percent = waits?.percent;
  row.querySelector("a")?.setAttribute("href", address(job)); // which request it is of may be told later
  row.className = job.state;
  const cells = [
    row.firstChild ?? element("td", {}, link(job)),
    element("td", { class: "number less" }, age(job.age_ms)),
    element("td", { class: "holder" }, serviceName(service)),
    element("td", { class: "sentence" }, waits?.sentence ?? job.sentence, percent === undefined ? "" : element("progress", { max: 100, value: percent, "aria-label": "done" })),
    element("td", { class: "number less" }, waits ? age(Math.max(0, now() - waits.since_ms)) : ""),
    element("td", { class: "number quiet" }, age(job.quiet_ms), job.state === "stalled" ? element("strong", {}, " stalled") : ""),
    element("td", { class: "number less" }, warnings || "–"),
  ];
  row.replaceChildren(...cells);
  return row;
}
