// Open a trace in speedscope, in a real browser; print the page's title, what it was taken for, and its lanes.
//   node trace.mjs BROWSER FILE
import { readFileSync } from "node:fs";
import { createServer } from "node:http";
import { createRequire } from "node:module";
import { dirname, extname, join } from "node:path";
import { chromium } from "playwright-core";

const [executablePath, file] = process.argv.slice(2);
const viewer = join(dirname(createRequire(import.meta.url).resolve("speedscope/package.json")), "dist", "release");
const types = { ".html": "text/html", ".js": "text/javascript", ".css": "text/css", ".json": "application/json" };
const server = createServer((request, response) => {
  const { pathname } = new URL(request.url, "http://localhost");
  try {
    const data = readFileSync(pathname === "/story.json" ? file : join(viewer, pathname));
    response.writeHead(200, { "content-type": types[extname(pathname)] ?? "application/octet-stream" }).end(data);
  } catch {
    response.writeHead(404).end();
  }
});
await new Promise((ready) => server.listen(0, "127.0.0.1", ready));
const url = `http://127.0.0.1:${server.address().port}`;
const browser = await chromium.launch({
  executablePath,
  headless: true,
  args: [
    "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
    "--disable-component-update", "--disable-sync", "--disable-dev-shm-usage",
  ],
});
const page = await browser.newPage();
const said = [];
page.on("console", (message) => said.push(message.text()));
await page.goto(`${url}/index.html#profileURL=${encodeURIComponent(`${url}/story.json`)}`);
// The toolbar names the lane that is shown and how many there are.
const lane = page.getByText(/\(\d+\/\d+\)/).first();
await lane.waitFor({ timeout: 60_000 });
console.log(JSON.stringify({ title: await page.title(), said, shown: await page.locator("body").innerText() }));
await browser.close();
server.close();
