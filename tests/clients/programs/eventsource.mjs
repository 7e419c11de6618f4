// Read a worker's stream with the npm package eventsource; print each event as one line of JSON.
//   node eventsource.mjs URL BODY
import { EventSource } from "eventsource";

const [url, body] = process.argv.slice(2);
const NAMES = ["started", "narration", "token", "metrics", "gap", "end", "error"];

// EventSource only asks with GET; its own way to ask otherwise is another fetch.
const post = (input, init) =>
  fetch(input, { ...init, method: "POST", body, headers: { ...init.headers, "Content-Type": "application/json" } });
const source = new EventSource(url, { fetch: post });

for (const name of NAMES)
  source.addEventListener(name, (event) => {
    // A connection that breaks is called "error" as well, but carries no data.
    if (event.data === undefined) {
      console.log(JSON.stringify({ broken: event.message ?? "connection lost", status: event.code ?? null }));
      source.close();
      return;
    }
    console.log(JSON.stringify({ name, id: event.lastEventId, data: JSON.parse(event.data) }));
    if (name === "end" || name === "error") source.close(); // or it would ask again
  });
