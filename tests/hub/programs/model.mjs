// Reads a story a line from standard input, and prints what the panel's model makes of it.
import { createInterface } from "node:readline";

const [, , file, vocabulary] = process.argv;
const { Story } = await import(file);

for await (const line of createInterface({ input: process.stdin })) {
  const story = new Story(JSON.parse(vocabulary));
  const asked = JSON.parse(line);
  if (!Array.isArray(asked)) { // many rows of one size: how many are kept?
    const raw = " ".repeat(asked.length);
    for (let index = 0; index < asked.count; index += 1) story.add({ event: { ...asked.event, span_id: `${index}` }, formatted: "" }, index, raw);
    const { rows, dropped, works, open } = story;
    process.stdout.write(`${JSON.stringify({ rows: rows.length, first: rows[0].id, dropped, works: works.length, open: open.length })}\n`);
    continue;
  }
  for (const [index, event] of asked.entries()) story.add({ event, formatted: "" }, index);
  const shown = (work) => [work.name, work.start.id, work.last.id, work.end?.id ?? null, work.parent?.start.id ?? null, work.failed];
  process.stdout.write(`${JSON.stringify({ works: story.works.map(shown), open: story.open.map((work) => work.start.id) })}\n`);
}
