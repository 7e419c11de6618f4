// Use a worker from a real browser; print what was seen as lines of JSON.
//   node browser.mjs BROWSER read URL BODY...      what /docs lists; each body tried there, and by the browser's EventSource
//   node browser.mjs BROWSER stop URL BODY         try POST /execute on /docs, press Stop when the first token is shown
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { chromium } from "playwright-core";

const [executablePath, what, url, ...bodies] = process.argv.slice(2);
const say = (found) => console.log(JSON.stringify(found));
const profile = mkdtempSync(join(tmpdir(), "narration-browser-"));
const context = await chromium.launchPersistentContext(profile, {
  executablePath,
  headless: true,
  ignoreHTTPSErrors: true,
  args: [
    "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
    "--disable-component-update", "--disable-sync", "--disable-dev-shm-usage",
  ],
});

// Send a body on the page; return the box that shows the answer.
const tryOnPage = async (page, body) => {
  const box = page.locator("details", { has: page.locator("summary", { hasText: "POST/execute" }) }).first();
  if (!(await box.evaluate((node) => node.open))) await box.locator("summary").first().click();
  await box.locator("textarea").fill(body);
  await box.getByRole("button", { name: "Send" }).click();
  return box;
};

const shows = (box, pattern) =>
  box.locator("pre").filter({ hasText: pattern }).waitFor({ timeout: 60_000 });

// Read a stream with the browser's own EventSource. It only asks with GET: on its way out the request is made the POST
// that the worker expects.
const readEvents = async (page, body) => {
  await page.route("**/execute", (route) => {
    const headers = { ...route.request().headers(), "content-type": "application/json" };
    return route.continue({ method: "POST", postData: body, headers });
  });
  const seen = await page.evaluate((names) => new Promise((resolve, reject) => {
    const events = [];
    const source = new EventSource("execute");
    for (const name of names)
      source.addEventListener(name, (event) => {
        if (event.data === undefined) return reject(new Error("the stream broke"));
        events.push({ name, id: event.lastEventId, data: JSON.parse(event.data) });
        if (name === "end" || name === "error") {
          source.close();
          resolve(events);
        }
      });
  }), ["started", "narration", "token", "metrics", "gap", "end", "error"]);
  await page.unroute("**/execute");
  return seen;
};

const ACTIONS = {
  async read(page) {
    say({ listed: await page.locator("main > details > summary > code").allTextContents() });
    for (const body of bodies) {
      const box = await tryOnPage(page, body);
      await shows(box, /event: (end|error)\ndata: .*\n/);
      say({ shown: await box.locator("pre").textContent() });
      say({ events: await readEvents(page, body) });
    }
  },
  async stop(page) {
    const box = await tryOnPage(page, bodies[0]);
    await shows(box, /event: token/);
    await box.getByRole("button", { name: "Stop" }).click();
    await shows(box, /AbortError/);
    say({ shown: await box.locator("pre").textContent() });
  },
};

try {
  const page = context.pages()[0] ?? (await context.newPage());
  page.on("pageerror", (why) => say({ fault: `${why}` }));
  page.on("console", (message) => message.type() === "error" && say({ fault: message.text() }));
  page.on("request", (request) => say({ asked: request.url() }));
  await page.goto(`${url}/docs`);
  await page.locator("main > details").first().waitFor();
  await ACTIONS[what](page);
  const used = await page.evaluate(() => performance.getEntries().map((entry) => entry.nextHopProtocol).filter(Boolean));
  say({ protocols: [...new Set(used)] });
} finally {
  await context.close();
  rmSync(profile, { recursive: true, force: true });
}
