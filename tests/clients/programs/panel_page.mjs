// What the programs that use the panel share: a browser, a page, and ways to look at it.
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { chromium } from "playwright-core";

const axe = readFileSync(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf-8");

// folder: where screenshots go; none are taken without one.
export async function open(executablePath, folder) {
  const browser = await chromium.launch({
    executablePath,
    headless: true,
    args: [
      "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
      "--disable-component-update", "--disable-sync", "--disable-dev-shm-usage",
    ],
  });
  const context = await browser.newContext({ viewport: { width: 1280, height: 760 } });
  const page = await context.newPage();
  page.setDefaultTimeout(60_000);
  const complaints = [];
  page.on("pageerror", (error) => complaints.push(error.message));
  page.on("dialog", (dialog) => { complaints.push(`dialog: ${dialog.message()}`); dialog.dismiss(); });
  page.on("console", (message) => { if (/Content Security Policy/.test(message.text())) complaints.push(message.text()); });
  return {
    browser, context, page, complaints,
    print: (seen) => console.log(JSON.stringify({ ...seen, complaints })),
    text: (selector) => page.locator(selector).first().innerText(),
    texts: (selector) => page.locator(selector).allInnerTexts(),
    rows: () => page.locator(".row").count(),
    shows: (selector, wanted) => page.locator(selector, { hasText: wanted }).first().waitFor(),
    shot: async (name) => { if (folder) await page.screenshot({ path: `${folder}/${name}.png` }); },
    async violations() {
      await page.evaluate(axe);
      const found = await page.evaluate(() => globalThis.axe.run());
      return found.violations.flatMap(({ id, nodes }) => nodes.map((node) => `${id}: ${node.target.join(" ")}`));
    },
    // Drop a file with these lines onto the page.
    drop: (name, lines) => page.evaluate(([file, body]) => {
      const data = new DataTransfer();
      data.items.add(new File([body], file));
      dispatchEvent(new DragEvent("drop", { dataTransfer: data, bubbles: true, cancelable: true }));
    }, [name, lines.join("\n")]),
  };
}
