// Reads from standard input what happens to a story, a list of steps a line; prints after each line which rows are shown.
//   ["add", event]    ["choose", text or null, by time]    ["turn", rows that there is time for]
import { createInterface } from "node:readline";

const [, , folder, vocabulary] = process.argv;
const [{ Story }, { View }] = [await import(`${folder}/model.js`), await import(`${folder}/view.js`)];

for await (const line of createInterface({ input: process.stdin })) {
  const [most, steps] = JSON.parse(line);
  const story = new Story(JSON.parse(vocabulary), most);
  const view = new View(story);
  const numbers = (rows) => rows.map((row) => row.number);
  let looks = 0, chosen = [null, false];
  const turns = [];
  for (const [what, ...given] of steps) {
    if (what === "add") story.add({ event: given[0], formatted: given[0].human }, "");
    else if (what === "choose") {
      const [text, isByTime] = chosen = given;
      view.choose(text === null ? null : (row) => { looks += 1; return row.formatted.includes(text); }, isByTime);
    } else {
      let left = given[0];
      looks = 0;
      view.catchUp(() => left-- <= 0);
      turns.push(looks);
    }
  }
  looks = 0;
  view.catchUp(() => false);
  const [text, isByTime] = chosen;
  const wanted = story.rows.filter((row) => text === null || row.formatted.includes(text));
  const ordered = isByTime ? wanted.toSorted((one, other) => story.before(one, other)) : wanted;
  process.stdout.write(`${JSON.stringify({ rows: numbers(view.rows), arrived: numbers(view.arrived), wanted: numbers(ordered), came: numbers(wanted), turns, last: looks, kept: story.rows.length })}\n`);
}
