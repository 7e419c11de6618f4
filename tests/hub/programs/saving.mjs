// Reads the events of a story from standard input, and prints it in each format that the panel saves.

const [, , model, saving, vocabulary] = process.argv;
const [{ Story, told }, { FORMATS }] = [await import(model), await import(saving)];
const words = JSON.parse(vocabulary);
const story = new Story(words);
let asked = "";
for await (const piece of process.stdin.setEncoding("utf-8")) asked += piece;
for (const event of JSON.parse(asked)) story.add(told(event), "");
const rows = story.rows.map((row) => ({ row, at: story.corrected(row) }));
process.stdout.write(JSON.stringify(Object.fromEntries(FORMATS.map(({ ending, make }) => [ending, make(rows, story.works, words.severity)]))));
