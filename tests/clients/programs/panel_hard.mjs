// Use the hub's panel when things are not as they should be; print what is seen, one JSON object a line.
//   node panel_hard.mjs BROWSER SCENE ADDRESS [FOLDER FOR SCREENSHOTS [MORE OF THE SCENE]]
import { open } from "./panel_page.mjs";

const [executablePath, scene, address, folder, ...more] = process.argv.slice(2);
const { browser, context, page, print, text, texts, rows, shows, shot, violations, drop } = await open(executablePath, folder);
const sentences = () => texts(".row .sentence");
const frames = () => page.evaluate(() => new Promise((done) => { requestAnimationFrame(() => requestAnimationFrame(done)); }));

const scenes = {
  // A link that expires while somebody looks, and is opened again; then a token.
  async expired() {
    await page.goto(address);
    await shows(".row", "Loading");
    await shows("#state", "live");
    print({ state: await text("#state") });
    await shows(".notice", "has expired at");
    await shot("expired");
    print({ state: await text("#state"), notice: await text(".notice"), verdict: await text(".verdict"), violations: await violations() });
    await page.locator(".heading a", { hasText: "board" }).click(); // the hub refuses it now
    await page.locator("#login[open]").waitFor();
    await page.keyboard.press("Escape");
    await page.goBack();
    await shows(".notice", "nothing can be shown");
    print({ state: await text("#state"), notice: await text(".notice"), verdict: await text(".verdict") });
    await page.locator(".notice button").click();
    await page.locator("#token").fill(more[0]);
    await page.locator("#login button").click();
    await shows(".row", "Loading");
    print({ isHidden: await page.locator(".notice").isHidden(), verdict: await text(".verdict") });
  },
  // Lines that come late, in both orders.
  async late() {
    await page.goto(address);
    await shows(".counted", "came late");
    print({ arrival: await sentences(), late: await texts(".row:has(.late) .sentence"), counted: await text(".counted") });
    await page.keyboard.press("o");
    await shows(".order", "by time");
    const time = await sentences();
    await page.reload();
    await shows(".order", "by time");
    print({ time, again: await sentences(), at: page.url() });
    await shows(".row", "Later still");
    print({ later: await sentences() });
  },
  // Nothing moves while one reads, and the bar counts what waits.
  async paused() {
    const look = () => page.locator(".list").evaluate((list) => {
      const top = list.getBoundingClientRect().top;
      const row = [...list.querySelectorAll(".row")].find((each) => each.getBoundingClientRect().bottom > top);
      const isNew = !row.seenBefore; // an element that was here is not made again
      row.seenBefore = true;
      return { sentence: row.querySelector(".sentence").textContent, at: Math.round(row.getBoundingClientRect().top - top), isNew };
    });
    await page.goto(address);
    await shows(".row", "Step 299");
    await page.locator(".list").evaluate((list) => { list.scrollTop = 1007; });
    await shows(".more", "no new row");
    await frames();
    print({ before: await look(), more: await text(".more") });
    await shows(".more", "8 new rows");
    await frames();
    print({ after: await look(), more: await text(".more"), violations: await violations() });
    await shot("paused");
    await page.keyboard.press("/");
    await page.keyboard.type("wanted");
    await shows(".counted", " of ");
    print({ filtered: await text(".more"), rows: await sentences() });
    await page.keyboard.press("Escape");
    await page.keyboard.press("c");
    await page.keyboard.press("f");
    await page.locator(".more").waitFor({ state: "hidden" });
    print({ followed: (await sentences()).at(-1) });
  },
  // The hub keeps nothing and is restarted; later its services send again.
  async anew() {
    await page.goto(address);
    await shows(".row", "Loading");
    await shows("#state", "live");
    await shows(".reasons dd", "no longer had them"); // what stands above the list is drawn in a frame of its own
    print({ rows: await rows(), missed: await texts(".reasons dd"), gap: await texts(".row.gap") });
    await shows("#state", "nothing of this now");
    print({ state: await text("#state"), rows: await rows() });
    await shows(".row", "After the restart");
    await shot("anew");
    print({ state: await text("#state"), rows: await texts(".row") });
  },
  // The hub answers a question late; the stream is live all the while.
  async late_answer() {
    let release;
    const held = new Promise((done) => { release = done; });
    await page.route("**/why", async (route) => { await held; await route.continue(); });
    await page.goto(address);
    await shows("#state", "No answer yet");
    print({ meanwhile: await text("#state") });
    release();
    await shows("#state", "live");
    print({ then: await text("#state") });
  },
  // A tab that nobody looks at for a minute, of which none waits here; and then again.
  async hidden() {
    await page.addInitScript(() => {
      const inTruth = setTimeout;
      globalThis.setTimeout = (done, ms, ...given) => inTruth(done, ms === 60_000 ? 200 : ms, ...given);
    });
    const asked = async (path) => (await page.request.get(`${new URL(address).origin}${path}`)).json();
    const look = (hidden) => page.evaluate((now) => {
      Object.defineProperty(document, "hidden", { value: now, configurable: true });
      document.dispatchEvent(new Event("visibilitychange"));
    }, hidden);
    await page.goto(address);
    await shows(".row", "Loading");
    await shows("#state", "live");
    await look(true);
    await shows("#state", "resting while hidden");
    while ((await asked("/v1/health")).readers) { /* the hub is about to notice */ }
    print({ rests: await text("#state") });
    while (!(await asked("/v1/jobs/job-stuck")).sentence.startsWith("Told")) { /* it is on its way */ }
    print({ still: await sentences() });
    await look(false);
    await shows(".row", "Told meanwhile");
    await shows("#state", "live");
    print({ again: await sentences() });
  },
  // This machine's clock is wrong.
  async clock() {
    await page.addInitScript(() => { const right = Date.now; Date.now = () => right() + 3_600_000; });
    await page.goto(address);
    await shows(".jobs", "job-stuck");
    const since = await page.locator(".jobs .less").nth(1).innerText();
    await page.locator(".jobs tbody a").first().click();
    await shows(".verdict", "Waiting for");
    await shows(".reasons", "Held by");
    print({ since, verdict: await text(".verdict"), holder: await text(".reasons dd") });
  },
  // Clocks of services that are behind, and that go back.
  async clocks() {
    await page.goto(address);
    await shows(".row", "Loading");
    await shows(".reasons dt", "Clock");
    await page.waitForFunction(() => document.querySelector(".lane .moved"));
    await shot("clocks");
    const arrival = await sentences();
    await page.keyboard.press("o");
    await shows(".order", "by time");
    print({
      arrival, time: await sentences(), moved: await texts(".lane .who"), reason: (await texts(".reasons dd")).at(-1),
      all: await page.locator("main").innerText(), bars: await page.locator(".piece").evaluateAll((bars) => bars.map((bar) => bar.style.left)),
    });
  },
  // Every action without a pointer.
  async keys() {
    await context.grantPermissions(["clipboard-read", "clipboard-write"]);
    const clipboard = () => page.evaluate(() => navigator.clipboard.readText());
    const to = async (wanted) => {
      for (let presses = 0; presses < 60; presses += 1) {
        await page.keyboard.press("Tab");
        const at = await page.evaluate(() => document.activeElement.innerText || document.activeElement.getAttribute("aria-label") || "");
        if (at.startsWith(wanted)) return;
      }
      throw new Error(`Tab does not lead to ${wanted}`);
    };
    const selected = () => text(".row[aria-selected=true] .sentence");
    await page.goto(address);
    await shows(".jobs tbody tr:first-child", "job-stuck");
    await page.keyboard.press("j");
    await page.keyboard.press("j");
    await page.keyboard.press("k");
    await page.keyboard.press("Enter");
    await shows(".row[aria-selected=true]", "Loading");
    await page.keyboard.press("e");
    const trouble = await selected();
    await page.keyboard.press("k");
    const before = await selected();
    await page.keyboard.press("ArrowDown");
    const after = await selected();
    await page.keyboard.press("w");
    const open = await selected();
    await page.keyboard.press("Enter");
    await to("copy JSON");
    await page.keyboard.press("Enter");
    await shows("#note", "copied");
    const json = JSON.parse(await clipboard());
    const focus = await violations();
    await page.keyboard.press("Escape");
    const closed = await page.locator(".drawer").isHidden();
    print({ trouble, before, after, open, json, closed, focus });
    await to("gateway");
    await page.keyboard.press("Enter");
    await shows(".counted", " of ");
    const only = await sentences();
    await page.keyboard.press("c");
    await to("copy answer");
    await page.keyboard.press("Enter");
    await page.waitForFunction(() => navigator.clipboard.readText().then((said) => said.startsWith("Waiting for")));
    const answer = await clipboard();
    await to("plain text");
    await page.keyboard.press("Enter");
    const plain = await page.evaluate(() => document.activeElement.className);
    await to("save");
    await page.keyboard.press("Enter");
    await to("text");
    const [file] = await Promise.all([page.waitForEvent("download"), page.keyboard.press("Enter")]);
    await page.keyboard.press("t");
    const zone = await text("#zone");
    await page.keyboard.press("?");
    const keys = await page.locator("#keys[open] dt").count();
    await page.keyboard.press("Escape");
    await page.keyboard.press("b");
    await shows(".jobs", "job-stuck");
    await page.keyboard.press("/");
    await page.keyboard.type("req-0");
    await page.keyboard.press("Enter");
    await shows(".verdict", "Finished");
    print({ only, answer, plain, file: file.suggestedFilename(), zone, keys, at: page.url(), verdict: await text(".verdict") });
  },
  // An id among the fields is a link to what has it.
  async follow() {
    await page.goto(address);
    await shows(".row", "Loading");
    await page.keyboard.press("Enter");
    await page.locator(".drawer dd a", { hasText: "session-7" }).click();
    await shows(".row", "For a session");
    print({ at: page.url(), note: await text("#note") });
    await page.goBack();
    await shows(".row", "Loading");
    print({ back: page.url() });
  },
  // Every screen, by the rules for people who see or hear otherwise.
  async axe() {
    const found = {};
    const look = async (name) => {
      for (const colorScheme of ["light", "dark"]) {
        await page.emulateMedia({ colorScheme });
        for (const width of [1280, 380]) {
          await page.setViewportSize({ width, height: 760 });
          await frames();
          found[`${name} ${colorScheme} ${width}`] = await violations();
          const wide = await page.evaluate(() => document.documentElement.scrollWidth);
          if (wide > width) found[`${name} ${width} is ${wide} wide`] = ["wide"];
        }
      }
      await page.setViewportSize({ width: 1280, height: 760 });
      await shot(name);
    };
    await page.goto(address);
    await shows(".jobs", "job-stuck");
    await look("board");
    await page.keyboard.press("?");
    await look("keys");
    await page.keyboard.press("Escape");
    await page.evaluate(() => dispatchEvent(new Event("narration-login")));
    await look("login");
    await page.keyboard.press("Escape");
    await page.locator(".jobs tbody a", { hasText: "job-stuck" }).first().click();
    await shows(".reasons dt", "Held by");
    await look("story");
    await page.keyboard.press("Enter");
    await page.locator(".drawer summary").click();
    await look("drawer");
    await page.keyboard.press("Escape");
    await page.locator(".menu summary").click();
    await look("menu");
    await page.locator(".menu summary").click();
    await page.locator("button", { hasText: "plain text" }).click();
    await look("plain");
    await page.locator("#query").fill("loading");
    await page.keyboard.press("Enter");
    await shows(".hits a", "Loading");
    await look("search");
    await drop("saved.ndjson", more);
    await shows(".verdict", "An error was told");
    await look("file");
    print({ screens: Object.keys(found).length, found: Object.fromEntries(Object.entries(found).filter(([, each]) => each.length)) });
  },
  async empty() {
    await page.goto(address);
    await shows(".empty", "No job is here");
    await shot("empty");
    print({ text: await text(".empty"), violations: await violations() });
  },
  // Hostile text in every field, from the hub, in what is found, and in a file.
  async hostile() {
    const made = () => page.evaluate(() => document.querySelectorAll("main img, main script, main b, main iframe, dialog img").length);
    const seen = [];
    await page.goto(address);
    await shows(".jobs, .said", "<img");
    seen.push(await made());
    await page.locator(".jobs tbody a").first().click();
    await shows(".verdict", "<img");
    await page.keyboard.press("Enter");
    const fields = await page.locator(".drawer dl dd").evaluateAll((found) => found.filter((each) => each.textContent.includes("<img")).length);
    seen.push(await made());
    await page.locator("button", { hasText: "plain text" }).click();
    seen.push(await made());
    await page.locator("#query").fill("<img src=x");
    await page.keyboard.press("Enter");
    await shows(".hits", "<img");
    seen.push(await made());
    await drop("<img src=x onerror=alert(1)>.ndjson", more);
    await shows(".verdict", "<img");
    await page.keyboard.press("Enter");
    await page.locator(".lane .piece").last().click();
    seen.push(await made());
    await shot("hostile");
    print({ seen, fields, title: await page.title(), lanes: await page.locator(".lane").count() });
  },
  // Many events for some time: does the page answer meanwhile?
  async load() {
    await page.addInitScript(() => {
      globalThis.seen = { tasks: [], frames: [], last: 0 };
      new PerformanceObserver((list) => { for (const each of list.getEntries()) globalThis.seen.tasks.push(each.duration); }).observe({ entryTypes: ["longtask"] });
      const frame = (at) => { if (globalThis.seen.last) globalThis.seen.frames.push(at - globalThis.seen.last); globalThis.seen.last = at; requestAnimationFrame(frame); };
      requestAnimationFrame(frame);
    });
    await page.goto(address);
    await shows(".row", "Step 0");
    const devtools = await context.newCDPSession(page);
    const heap = async () => { await devtools.send("HeapProfiler.collectGarbage"); return (await devtools.send("Runtime.getHeapUsage")).usedSize; };
    await page.evaluate(() => { globalThis.seen.tasks = []; globalThis.seen.frames = []; });
    print({ ready: true });
    await page.waitForFunction(() => { const list = document.querySelector(".list"); return list.scrollHeight > 3 * list.clientHeight; });
    await page.locator(".list").evaluate((list) => { list.scrollTop = 0; });
    await shows(".more", " wait;");
    await page.keyboard.press("j");
    const paused = await text(".more");
    await page.keyboard.press("f");
    await page.locator(".more").waitFor({ state: "hidden" });
    await page.locator(".row", { hasText: "The last one" }).first().waitFor({ timeout: 110_000 });
    const { tasks, frames: each } = await page.evaluate(() => globalThis.seen);
    const sorted = each.toSorted((one, other) => one - other);
    print({
      paused, counted: await text(".counted"), elements: await page.evaluate(() => document.querySelectorAll("*").length),
      tasks: tasks.length, longest: Math.max(0, ...tasks), frames: each.length, middle: sorted[sorted.length >> 1], worst: sorted.at(-1),
      dropped: each.filter((took) => took > 50).length, heap: await heap(),
    });
  },
};

await scenes[scene]();
await browser.close();
