// The page: which screen is shown stands in the address after the #, so that every view is a link.

import { address, Board } from "./board.js";
import { announce, find, note } from "./dom.js";
import { isUtc, showUtc } from "./format.js";
import { get, remember } from "./hub.js";
import { told } from "./model.js";
import { SearchScreen } from "./search.js";
import { StoryScreen } from "./story.js";

const screen = find("screen");
let shown = null;
let vocabulary = null;
let showing = "";

const fragment = () => Object.fromEntries(new URLSearchParams(location.hash.slice(1)));

// A ticket in a link moves into this tab's own store at once: it stands in no address that is shown, copied or sent.
function takeTicket() {
  const { ticket, ...rest } = fragment();
  if (ticket === undefined) return;
  remember(ticket);
  history.replaceState(null, "", `#${new URLSearchParams(rest)}`);
}

function tell(changes) {
  const next = new URLSearchParams({ ...fragment(), ...changes });
  for (const [name, value] of [...next]) if (!value) next.delete(name);
  history.replaceState(null, "", `#${next}`);
}

async function show() {
  takeTicket();
  const { story, job, find: text, id, ...rest } = fragment();
  if (id !== undefined) return void await goTo(id, true);
  const wanted = JSON.stringify([story, job, text]);
  if (shown && wanted === showing) return;
  showing = wanted;
  shown?.stop();
  shown = null;
  document.title = story ?? job ?? text ?? "narration";
  if (text !== undefined && story === undefined && job === undefined) {
    put(new SearchScreen(text));
    return;
  }
  if (story === undefined && job === undefined) {
    put(new Board());
    return;
  }
  vocabulary ??= await get("/panel/vocabulary.json");
  put(new StoryScreen(story === undefined ? "job" : "story", story ?? job, rest, vocabulary, tell));
}

function put(next) {
  shown = next;
  screen.replaceChildren(next.node);
  next.start();
}

// Any id that a person has: a job, a request, or what occurs in requests, such as a session. What is no id is searched for.
// follows: from a link, which then stands in the history as what it led to.
async function goTo(id, follows = false) {
  const go = (address) => {
    if (!follows) location.hash = address;
    else {
      history.replaceState(null, "", `#${address}`);
      show();
    }
  };
  try {
    const job = await found(`/v1/jobs/${encodeURIComponent(id)}`);
    const story = job ? null : await found(`/v1/stories/${encodeURIComponent(id)}`);
    const requests = [...new Set((story?.lines ?? []).map((line) => line.event.correlation_id).filter(Boolean))];
    const wanted = requests.includes(id) ? id : requests.at(-1);
    if (job) go(address(job).slice(1));
    else if (wanted) go(new URLSearchParams({ story: wanted }));
    else go(new URLSearchParams({ find: id }));
    if (!job && wanted !== id && requests.length > 1) note(`${id} is in ${requests.length} requests; this is the latest`);
  } catch (error) {
    if (error.status === 401) dispatchEvent(new Event("narration-login"));
    else note(error.message, "trouble");
  }
}

async function found(path) {
  try {
    return await get(path);
  } catch (error) {
    if (error.status === 404) return null;
    throw error;
  }
}

find("find").addEventListener("submit", (event) => {
  event.preventDefault();
  const id = find("query").value.trim();
  if (id) goTo(id);
});

function zone() {
  showUtc(!isUtc());
  find("zone").textContent = isUtc() ? "UTC" : "local";
  shown?.update?.();
}

function theme() {
  const dark = getComputedStyle(document.documentElement).colorScheme === "dark" || matchMedia("(prefers-color-scheme: dark)").matches;
  const current = document.documentElement.dataset.theme ?? (dark ? "dark" : "light");
  const next = current === "dark" ? "light" : "dark";
  document.documentElement.dataset.theme = next;
  localStorage.setItem("narration-theme", next);
}

const saved = localStorage.getItem("narration-theme");
if (saved === "dark" || saved === "light") document.documentElement.dataset.theme = saved;
find("zone").addEventListener("click", zone);
find("theme").addEventListener("click", theme);
find("help").addEventListener("click", () => find("keys").showModal());

addEventListener("keydown", (event) => {
  const typing = event.target.matches("input, textarea");
  if (typing && event.key === "Escape") { event.target.blur(); return; }
  if (typing || event.ctrlKey || event.metaKey || event.altKey || document.querySelector("dialog[open]")) return;
  if (event.target.matches("button, a, summary") && event.key === "Enter") return;
  const own = { t: zone, "?": () => find("keys").showModal(), b: () => { location.hash = ""; } }[event.key];
  if (own) own();
  else if (shown?.key?.(event.key)) { /* the screen did it */ }
  else if (event.key === "/") find("query").focus();
  else return;
  event.preventDefault();
});

addEventListener("narration-login", () => { if (!find("login").open) find("login").showModal(); });
find("login").addEventListener("close", () => {
  const token = find("token").value.trim();
  find("token").value = "";
  if (!token) { // else the hub would refuse again, and the dialog come back for ever
    announce("this hub needs a token: load the page again to enter one", "trouble");
    return;
  }
  remember(token);
  showing = "";
  show();
});

// A story that was saved here opens again without a hub.
addEventListener("dragover", (event) => event.preventDefault());
addEventListener("drop", async (event) => {
  event.preventDefault();
  const [file] = event.dataTransfer.files;
  if (!file) return;
  vocabulary ??= await get("/panel/vocabulary.json");
  const lines = [];
  let unreadable = 0;
  for (const line of (await file.text()).split("\n")) {
    if (!line.trim()) continue;
    try {
      const said = JSON.parse(line);
      if (said && typeof said === "object") lines.push(told(said));
    } catch { unreadable += 1; }
  }
  shown?.stop();
  shown = new StoryScreen("file", file.name, {}, vocabulary, () => {});
  screen.replaceChildren(shown.node);
  shown.load(lines, "from a file");
  if (unreadable) note(`${unreadable} lines of the file cannot be read`, "trouble");
});

addEventListener("hashchange", () => { show().catch((error) => note(error.message, "trouble")); });
show().catch((error) => note(error.message, "trouble"));
