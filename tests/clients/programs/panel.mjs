// Use the hub's panel in a real browser, as a person does; print what is seen, one JSON object a line.
//   node panel.mjs BROWSER SCENE ADDRESS [FOLDER FOR SCREENSHOTS [MORE OF THE SCENE]]
import { open } from "./panel_page.mjs";

const [executablePath, scene, address, folder] = process.argv.slice(2);
const { browser, context, page, print, text, rows, shows, shot, violations } = await open(executablePath, folder);

// Bars that lie on one another in a lane, or reach out of it.
const overlaps = () => page.locator(".lane").evaluateAll((lanes) => lanes.flatMap((lane) => {
  const track = lane.querySelector(".track").getBoundingClientRect();
  const bars = [...lane.querySelectorAll(".piece")].map((bar) => [bar.title, bar.getBoundingClientRect()]);
  const out = bars.filter(([, bar]) => bar.bottom > track.bottom || bar.top < track.top || bar.height < 6).map(([title]) => title);
  const both = bars.flatMap(([title, bar], at) => bars.slice(at + 1).filter(([, other]) => bar.left < other.right && other.left < bar.right
    && bar.top < other.bottom && other.top < bar.bottom).map(([other]) => `${title} / ${other}`));
  return [...out, ...both];
}));

const scenes = {
  // From the board to the answer: one click.
  async stuck() {
    await page.goto(address);
    await shows(".jobs tbody tr:first-child.stalled", "job-stuck"); // the other one has ended, once it was quiet for two seconds
    const board = await page.locator(".jobs tbody tr").allInnerTexts();
    const onBoard = await violations();
    await shot("board");
    await page.locator(".jobs tbody a").first().click();
    await shows(".verdict", "Waiting for");
    await shows(".row[aria-selected=true]", "Loading");
    await shows(".reasons dt", "Next");
    const labels = await page.locator(".reasons dt").allInnerTexts();
    const said = await page.locator(".reasons dd").allInnerTexts();
    const reasons = labels.map((label, at) => `${label}\n${said[at]}`).filter((each) => !each.startsWith("Part of"));
    const around = said.filter((_, at) => labels[at] === "Part of");
    print({
      reasons, around, about: await page.locator(".about").evaluate((node) => node.textContent),
      heads: await page.locator(".lane .head").allInnerTexts(), board, onBoard, verdict: await text(".verdict"), selected: await text(".row[aria-selected=true]"), rows: await rows(),
      overlaps: await overlaps(), open: await page.locator(".piece.open").count(), lanes: await page.locator(".lane").count(), inStory: await violations(),
    });
    await shot("story");
    await page.keyboard.press("e");
    await shows(".row[aria-selected=true]", "Slow disk");
    await page.keyboard.press("Enter");
    const drawer = await text(".drawer dl");
    await shot("fields");
    await page.keyboard.press("Escape");
    await page.keyboard.press("/");
    await page.keyboard.type("slow");
    await shows(".counted", "1 of 4");
    const counted = await text(".counted");
    const link = page.url();
    await page.keyboard.press("Escape");
    await page.keyboard.press("c");
    await shows(".row", "Loading");
    print({ drawer, counted, link, kept: await text(".row[aria-selected=true]"), rows: await rows() });
    await page.goto("about:blank");
    await page.goto(link);
    await shows(".counted", "1 of 4");
    print({ again: await text(".row[aria-selected=true]"), counted: await text(".counted") });
    await page.emulateMedia({ colorScheme: "dark" });
    const inTheDark = await violations();
    await shot("dark");
    await page.setViewportSize({ width: 380, height: 700 });
    const wide = await page.evaluate(() => document.documentElement.scrollWidth);
    await shot("narrow");
    print({ inTheDark, wide });
  },
  async hostile() {
    await page.goto(address);
    await shows(".jobs", "<img src=x");
    await page.locator(".jobs tbody a").first().click();
    await shows(".verdict", "Waiting for");
    await page.keyboard.press("Enter");
    const made = await page.evaluate(() => document.querySelectorAll("main img, main script, main b, main iframe").length);
    print({ made, title: await page.title(), verdict: await text(".verdict"), drawer: await text(".drawer dl") });
    await shot("hostile");
  },
  async ticket() {
    await page.goto(address);
    await shows(".row", "Spawning");
    print({ at: page.url(), rows: await rows() });
    await shows("#state", "revoked");
    print({ state: await text("#state") });
  },
  async token() {
    await page.goto(address);
    await page.locator("#token").fill("operator-token-of-the-test");
    await page.locator("#login button").click();
    await shows(".jobs", "job-stuck");
    print({ state: await text("#state"), at: page.url() });
  },
  // From the id that the user of a fleet has to what every service did for him.
  async fleet() {
    const [token, id] = process.argv.slice(6);
    await page.goto(address);
    await page.locator("#token").fill(token);
    await page.locator("#login button").click();
    await shows("#state", "live");
    await page.locator("#query").fill(id);
    await page.keyboard.press("Enter");
    await shows(".lane .service", "keeper");
    await shows(".row", "The answer is here");
    const lanes = await page.locator(".lane").evaluateAll((found) => found.map((lane) => {
      const { top, bottom, height } = lane.getBoundingClientRect();
      const inside = height > 0 && top >= 0 && bottom <= window.innerHeight;
      return { service: lane.querySelector(".service").innerText, bars: lane.querySelectorAll(".piece").length, inside };
    }));
    const inStory = await violations();
    await shot("fleet");
    await page.locator(".tools input").fill("Answered the task");
    await shows(".counted", "1 of ");
    print({ at: page.url(), lanes, inStory, open: await page.locator(".piece.open").count(), found: await text(".row") });
  },
  async find() {
    await page.goto(address);
    await shows(".jobs", "job-stuck");
    const go = async (id) => { await page.locator("#query").fill(id); await page.keyboard.press("Enter"); };
    await go("job-stuck");
    await shows(".row", "Loading");
    const byJob = page.url();
    await go("session-7");
    await shows(".row", "For a session");
    const bySession = page.url();
    await go("req-old");
    await shows(".row", "An old story");
    print({ byJob, bySession, state: await text("#state"), old: await rows() });
    await go("nowhere");
    await shows("#state", "nowhere");
    const state = await text("#state");
    await page.evaluate(() => { location.hash = "#story=gone"; });
    await shows(".verdict", "nothing of");
    print({ state, at: page.url(), verdict: await text(".verdict") });
    await go("loading HAIKU");
    await shows(".hits a", "Loading haiku.gguf");
    await shows("#state", "1 event");
    const hits = await page.locator(".hits li").allInnerTexts();
    const inSearch = await violations();
    await page.locator(".hits a").first().click();
    await shows(".row[aria-selected=true]", "Loading");
    print({ hits, inSearch, opened: page.url() });
    await page.goBack();
    await shows(".hits a", "Loading haiku.gguf");
    await go("xxxxx");
    await shows("#state", "older ones are not shown");
    print({ many: await page.locator(".hits li").count(), state: await text("#state") });
  },
  async restart() {
    await page.goto(address);
    await shows(".row", "Loading");
    await shows("#state", "live");
    const board = await context.newPage();
    await board.goto(new URL("/", address).href);
    await board.locator("tr", { hasText: "job-stuck" }).waitFor();
    print({ rows: await rows() });
    await shows("#state", "reconnecting");
    await shows(".notice", "The hub was heard last at");
    await board.locator(".notice", { hasText: "answered last" }).waitFor();
    print({ title: await page.title(), state: await text("#state"), verdict: await text(".verdict"), reasons: await text(".reasons"), board: await board.locator(".notice").innerText() });
    await shows(".row", "After the restart");
    await shows(".verdict", "Waiting for");
    await page.locator(".notice").waitFor({ state: "hidden" });
    await board.locator(".notice").waitFor({ state: "hidden" });
    print({ title: await page.title(), state: await text("#state"), rows: await page.locator(".row").allInnerTexts() });
  },
  async many() {
    await page.goto(address);
    await shows(".row", "Last step");
    const end = await rows();
    await page.locator(".list").evaluate((list) => { list.scrollTop = 0; });
    await shows(".row.gap", "missed here");
    print({
      end, start: await rows(), counted: await text(".counted"), more: await text(".more"), gap: await text(".row.gap"),
      next: await page.locator(".row").nth(1).innerText(),
    });
    await page.keyboard.press("f");
    await shows(".row", "Last step");
    print({ isHidden: await page.locator(".more").isHidden() });
  },
  async sentence() {
    await page.goto(address);
    await shows(".row", "75 %");
    const row = await page.locator(".row .sentence").first().evaluate((node) => node.textContent);
    const verdict = await page.locator(".verdict").evaluate((node) => node.textContent);
    await page.locator("button", { hasText: "plain text" }).click();
    const plain = await page.locator(".plain").evaluate((node) => node.textContent);
    print({ row, verdict, plain });
  },
  // More rows than the page keeps, from files that are dropped on it.
  async huge() {
    await page.goto(address);
    await page.locator("#query").waitFor();
    const devtools = await context.newCDPSession(page);
    const drop = async (name, rows) => {
      await page.evaluate(([file, count]) => {
        const line = (n) => JSON.stringify({
          emitted_at_ms: 1795900000000 + n, level: n % 1000 ? "info" : "warn", actor: `service-${n % 7}`, action: "work", target: "gpu0",
          human: `Step ${n} of ${file}, told at some length as services do`, job_id: "job-1", correlation_id: "req-1", span_id: `span-${n % 50}`,
        });
        const pieces = [];
        for (let n = 0; n < count; n += 1000) pieces.push(Array.from({ length: Math.min(1000, count - n) }, (_, at) => `${line(n + at)}\n`).join(""));
        const data = new DataTransfer();
        data.items.add(new File(pieces, file));
        dispatchEvent(new DragEvent("drop", { dataTransfer: data, bubbles: true, cancelable: true }));
      }, [name, rows]);
      await shows(".row", `Step ${rows - 1} of ${name},`);
      await devtools.send("HeapProfiler.collectGarbage");
      return (await devtools.send("Runtime.getHeapUsage")).usedSize;
    };
    const heap = await drop("once", 200000);
    const counted = await text(".counted");
    const elements = await page.evaluate(() => document.querySelectorAll("*").length);
    const list = page.locator(".list");
    const at = async (share) => {
      await list.evaluate((box, part) => { box.scrollTop = part * (box.scrollHeight - box.clientHeight); }, share);
      await page.evaluate(() => new Promise((done) => { requestAnimationFrame(() => requestAnimationFrame(done)); }));
      return (await page.locator(".row").allInnerTexts()).map((each) => Number(/Step (\d+) of/.exec(each)[1]));
    };
    const scrolled = { start: await at(0), middle: await at(0.5), end: await at(1) };
    await page.locator("#filter").fill("step 199999 ");
    await shows(".counted", " of ");
    const filtered = await text(".counted");
    await page.locator("#filter").fill("of twice");
    print({ heap, counted, elements, scrolled, filtered, again: await drop("twice", 400000), later: await text(".counted") });
  },
  // Six tabs hold every connection that the browser gives to one address; the seventh says so, and goes on when one closes.
  async tabs() {
    const board = address.split("#")[0];
    await page.goto(board);
    await shows(".jobs", "job-stuck");
    const tabs = [];
    while (tabs.length < 6) {
      const tab = await context.newPage();
      await tab.goto(address);
      await tab.locator("#state", { hasText: "live" }).waitFor();
      tabs.push(tab);
    }
    await page.evaluate((hash) => { location.hash = hash; }, address.split("#")[1]);
    await shows("#state", "six other tabs");
    const waiting = await text("#state");
    await tabs[0].close();
    await shows(".row", "Loading");
    await shows("#state", "live");
    print({ waiting, state: await text("#state") });
  },
};

await scenes[scene]();
await browser.close();
