// Reads the events of a story from standard input, and prints it in each format that the panel saves.
import { readFile } from "node:fs/promises";

const [, , model, saving, vocabulary] = process.argv;
const load = async (file) => import(`data:text/javascript;base64,${(await readFile(file)).toString("base64")}`);
const [{ Story, told }, { FORMATS }] = [await load(model), await load(saving)];
const words = JSON.parse(vocabulary);
const story = new Story(words);
let asked = "";
for await (const piece of process.stdin.setEncoding("utf-8")) asked += piece;
for (const event of JSON.parse(asked)) story.add(told(event), "");
const rows = story.rows.map((row) => ({ row, at: story.corrected(row) }));
process.stdout.write(JSON.stringify(Object.fromEntries(FORMATS.map(({ ending, make }) => [ending, make(rows, story.works, words.severity)]))));
