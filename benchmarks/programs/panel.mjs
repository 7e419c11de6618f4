// A story of many rows in a real browser, and a thousand more a second: what each task of the page costs, and its memory.
import { open } from "./panel_page.mjs";

const [executable, url, rows, seconds, rate] = process.argv.slice(2);
const BATCH = 500, ATTEMPT = 5000, PAUSE_MS = 50;
const { browser, context, page, shows, print } = await open(executable);
const services = ["gateway", "poold", "engine", "store", "bank", "mail", "search"];
let sent = 0;

const event = (number) => JSON.stringify({
  emitted_at_ms: 1795900000000 + number, level: "info", actor: services[number % services.length], action: "spawn", target: `gpu${number % 8}`,
  human: `Spawning engine llamacpp-v1 for order ${number}`, correlation_id: "req-1", job_id: "job-1", emitted_by: "poold@1.2.0",
});
async function send(count) {
  for (; count > 0; count -= BATCH) {
    const lines = Array.from({ length: Math.min(BATCH, count) }, () => event(sent++));
    const answer = await fetch(`${url}/v1/narration`, { method: "POST", body: lines.join("\n") });
    if (answer.status !== 202) throw new Error(await answer.text());
  }
}
// Until the page has them all; what was too fast for it would be missing.
const arrived = (count) => page.waitForFunction((wanted) => parseInt(document.querySelector(".counted").textContent.replaceAll(",", ""), 10) >= wanted, count);

await page.addInitScript(() => {
  globalThis.long = [];
  new PerformanceObserver((list) => { for (const each of list.getEntries()) globalThis.long.push(each.duration); }).observe({ entryTypes: ["longtask"] });
});
await send(1);
await page.goto(`${url}/#story=req-1`);
await shows(".row", "order 0");
while (sent < Number(rows)) {
  await send(Math.min(ATTEMPT, Number(rows) - sent));
  await arrived(sent);
}
await page.evaluate(() => { globalThis.long = []; });
const tasks = [];
const names = new Map();
const tracing = await browser.newBrowserCDPSession();
tracing.on("Tracing.dataCollected", ({ value }) => {
  for (const { name, pid, tid, dur, tdur, args } of value) {
    if (name === "thread_name") names.set(`${pid} ${tid}`, args.name);
    if (name.endsWith("RunTask")) tasks.push({ thread: `${pid} ${tid}`, wall: (dur ?? 0) / 1000, cpu: (tdur ?? 0) / 1000 });
  }
});
await tracing.send("Tracing.start", { transferMode: "ReportEvents", traceConfig: { includedCategories: ["disabled-by-default-devtools.timeline", "__metadata"] } });
const began = performance.now();
const before = sent;
while (performance.now() - began < 1000 * seconds) {
  await send(Math.max(0, Math.round(((performance.now() - began) / 1000) * rate) - (sent - before)));
  await new Promise((done) => { setTimeout(done, PAUSE_MS); });
}
const took = (performance.now() - began) / 1000;
const over = new Promise((done) => { tracing.once("Tracing.tracingComplete", done); });
await tracing.send("Tracing.end");
await over;
const own = tasks.filter(({ thread }) => names.get(thread) === "CrRendererMain");
const cpu = own.map((task) => task.cpu).sort((one, other) => other - one);
const devtools = await context.newCDPSession(page);
await devtools.send("HeapProfiler.collectGarbage");
const { usedSize } = await devtools.send("Runtime.getHeapUsage");
print({
  rate: (sent - before) / took, tasks: own.length, cpu: cpu.slice(0, 5), wall: Math.max(0, ...own.map(({ wall }) => wall)),
  share: cpu.reduce((sum, each) => sum + each, 0) / (1000 * took), long: await page.evaluate(() => globalThis.long.length), heap: usedSize,
  counted: await page.locator(".counted").innerText(),
});
await browser.close();
