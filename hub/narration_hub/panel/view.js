// The rows of a story that are shown: those that pass a filter, in the order in which they came or in the order of time.
// However many they are, they are looked through in turns; until a new selection is whole, the former one is shown.

const STEP = 64; // rows between two looks at the clock

export class View {
  constructor(story) {
    this.isByTime = false;
    this.matches = null; // or what tells whether a row passes
    this.follow(story);
  }

  // Show another story.
  follow(story) {
    this.story = story;
    this.shown = this.draft = this.selection();
  }

  // arrived: rows in the order in which they came. rows: the same in the order in which they are shown.
  selection() {
    const { story } = this;
    const arrived = this.matches ? [] : story.rows;
    const next = this.matches || this.isByTime ? 0 : Infinity; // the number of the row to look at next
    return { arrived, rows: this.isByTime ? [] : arrived, next, moves: story.moves, dropped: story.dropped, isByTime: this.isByTime };
  }

  get rows() {
    return this.shown.rows;
  }

  get arrived() {
    return this.shown.arrived;
  }

  // Show other rows, or in another order. matches: null for all.
  choose(matches, isByTime) {
    this.matches = matches;
    this.isByTime = isByTime;
    this.draft = this.selection();
  }

  // Look at the rows that came, until isSpent() says that the time for it is over; true when none is left.
  catchUp(isSpent) {
    const { story } = this;
    if (this.draft.isByTime && this.draft.moves !== story.moves) this.draft = this.selection(); // a clock moves all rows of its service
    const { draft } = this;
    if (draft.dropped !== story.dropped) this.letGo(draft);
    const first = story.rows[0]?.number ?? 0;
    for (let at = Math.max(0, draft.next - first); at < story.rows.length; at++) {
      if (at % STEP === 0 && isSpent()) return false;
      this.take(story.rows[at], draft);
    }
    this.shown = draft;
    return true;
  }

  take(row, draft) {
    draft.next = row.number + 1;
    if (this.matches && row.kind === "event" && !this.matches(row)) return;
    if (this.matches) draft.arrived.push(row);
    if (draft.isByTime) this.insert(row, draft.rows);
  }

  // Into the rows by time; nearly always that is the end.
  insert(row, rows) {
    let low = 0, high = rows.length;
    if (!high || this.story.before(row, rows[high - 1]) >= 0) low = high;
    while (low < high) {
      const middle = (low + high) >> 1;
      if (this.story.before(row, rows[middle]) < 0) high = middle;
      else low = middle + 1;
    }
    if (low === rows.length) rows.push(row);
    else rows.splice(low, 0, row);
  }

  // Rows that the story no longer keeps are not kept here.
  letGo(draft) {
    const first = this.story.rows[0]?.number ?? Infinity;
    draft.dropped = this.story.dropped;
    if (this.matches) draft.arrived.splice(0, placeOf(draft.arrived, first));
    if (draft.isByTime) draft.rows = draft.rows.filter((row) => row.number >= first);
  }
}

// The place of the first row that has a number or a later one, in rows in the order in which they came.
export function placeOf(rows, number) {
  let low = 0, high = rows.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (rows[middle].number < number) low = middle + 1;
    else high = middle;
  }
  return low;
}
