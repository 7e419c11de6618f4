// Work in turns: whatever comes, the page answers keys and draws between them.

const TURN_MS = 8; // of a frame's sixteen

// Returns whether the time of a turn that begins now is over.
export function turn(clock = () => performance.now(), most = TURN_MS) {
  const until = clock() + most;
  return () => clock() >= until;
}

// A pause of no length. Unlike a timer it is not slowed down in a tab that nobody looks at.
const rest = () => new Promise((done) => {
  const { port1, port2 } = new MessageChannel();
  port1.onmessage = () => { port1.close(); done(); };
  port2.postMessage(null);
});

// Have each item taken, as many in a turn as there is time for; false when isOver() says that nobody wants the rest.
export async function inTurns(items, take, isOver, begin = turn) {
  let isSpent = begin();
  for (const item of items) {
    if (isSpent()) {
      await rest();
      isSpent = begin();
    }
    if (isOver()) return false;
    take(item);
  }
  return true;
}
