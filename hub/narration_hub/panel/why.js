// What the hub knows beside the rows of a story: who is silent, what is usual, what comes next. Asked seldom, for it costs the hub more.

import { get, now } from "./hub.js";

const ASK_MS = 1500; // after a new row
const ASK_AGAIN_MS = 5000;
const ASK_SHARE = 20; // of the time, the hub is asked for a twentieth at most

export class Why {
  constructor(path) {
    this.path = path;
    this.forget();
  }

  // Another story stands here now.
  forget() {
    this.said = null; // the answer, with the time when it came and the row that was the last one then
    this.askedAt = -Infinity;
    this.askAfter = 0;
  }

  // Ask, if it is time to; returns whether there is another answer.
  async ask(story, isOver) {
    const passed = performance.now() - this.askedAt;
    const isStale = this.said?.last !== story.count || (!isOver && passed > ASK_AGAIN_MS);
    if (this.isAsking || document.hidden || !story.count || !isStale) return false;
    if (passed < Math.max(this.said ? ASK_MS : 0, this.askAfter)) return false;
    this.isAsking = true;
    const last = story.count;
    const began = this.askedAt = performance.now();
    try {
      const why = await get(`${this.path}/why`);
      if (this.askedAt === began) this.said = { ...why, last, at: now() }; // nothing was forgotten meanwhile
      return true;
    } catch {
      this.askAfter = 2 * ASK_AGAIN_MS; // the rows say enough meanwhile
      return false;
    } finally {
      this.askAfter = Math.max(this.askAfter, ASK_SHARE * (performance.now() - began));
      this.isAsking = false;
    }
  }
}
