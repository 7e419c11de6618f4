"""What is being written: the next events of a queue, and the bytes that are left of them.

Whoever holds a writer's token changes it, in steps that a signal handler may interrupt and raise in: an event is either
in the queue or here, and `rest` is taken over in the same bytecodes as the write's result. So the next holder goes on
exactly where a handler, a full disk or an output that takes no more broke it off.
"""

from collections import deque
from collections.abc import Callable, Sequence
from itertools import repeat, starmap
from operator import is_
from typing import Final

from narration_core._event import Record
from narration_core._interruption import pass_on
from narration_core._output import Output

_NOTHING: Final[tuple[None, list[Record], list[bytes]]] = (None, [], [])


class Flight:
    """The events that are being written to one output.

    Args:
        line: returns an event as its line, in at most so many bytes; nothing when it has none.

    Attributes:
        records: the events; none when nothing is being written.
        rest: the bytes that are left of them; None while they are not put together.
        output: where they go.
    """

    __slots__ = ("_broken_off_at", "_lead", "_line", "_picked", "output", "records", "rest")

    def __init__(self, line: Callable[[Record, int | None], bytes]) -> None:
        self.records: Sequence[Record] = ()
        self.rest: bytes | None = None
        self.output: Output | None = None
        self._line = line
        self._lead = b""
        self._broken_off_at = -1
        self._picked: tuple[Output | None, list[Record], list[bytes]] = _NOTHING

    @property
    def waiting(self) -> int:
        """How many events are not written yet."""
        return len(self.records) if self.rest != b"" else 0

    def land(self) -> None:
        """Note that everything is written, or given up."""
        self.records = ()
        self.rest = None

    def pick(self, queue: deque[Record], output: Output) -> None:
        """Take as many events as go into one write.

        Args:
            queue: what waits, at least one event.
            output: where they will go.
        """
        self._picked = _NOTHING
        waiting = len(queue)
        if waiting == 1 or output.joined == 1:
            # No call in between: a handler that raises finds the event in one place or the other.
            self.records = (queue[0],)
            del queue[0]
            return
        seen: list[Record] = []
        lines: list[bytes] = []
        size = 0
        while len(seen) < waiting:
            record = queue[len(seen)]
            line = self._line(record, output.longest)
            size += len(line)
            if lines and size > output.joined:
                break
            seen.append(record)
            lines.append(line)
        records: list[Record] = []
        self._picked = (output, seen, lines)
        self.records = records
        records.extend(starmap(queue.popleft, repeat((), len(lines))))

    def put_together(self, output: Output) -> Sequence[Record]:
        """Make `rest` the lines of all events; returns the events that have no line.

        Args:
            output: where they will go.
        """
        picked_for, seen, lines = self._picked
        self._picked = _NOTHING
        # A signal handler may have made room in the queue while it was looked at.
        if picked_for is not output or len(seen) != len(self.records) or not all(map(is_, seen, self.records)):
            lines = [self._line(record, output.longest) for record in self.records]
        self.rest = b"".join([self._lead, *lines]) if any(lines) else b""
        self._lead = b""
        return [record for line, record in zip(lines, self.records, strict=True) if not line]

    def break_off(self) -> None:
        """After a failure in the middle of a line: note where, to see whether somebody else wrote after it."""
        if self.rest and self.output is not None:
            try:
                self._broken_off_at = self.output.end()
            except OSError as error:
                pass_on(error)

    def goes_on(self, output: Output) -> bool:
        """Return whether nothing happened since the last write: the same output, and no failure."""
        return output is self.output and self._broken_off_at < 0

    def resume(self, output: Output) -> None:
        """Go on after a failure, or with another output: `rest` is what to write there.

        Args:
            output: where to go on.
        """
        if output is not self.output:
            self.rest = None  # what was written in part is written there whole
            self.output = output
            self._lead = output.lead
        elif self._broken_off_at != output.end():
            self._restart_line(output)
        self._broken_off_at = -1

    def _restart_line(self, output: Output) -> None:
        """Go on with the first line that was not written whole, after a line end if it was begun."""
        if not self.rest:
            return
        lines = [self._line(record, output.longest) for record in self.records]
        written = sum(map(len, lines)) - len(self.rest)
        done = 0
        while done < len(lines) and written >= len(lines[done]):
            written -= len(lines[done])
            done += 1
        begun = b"\n" if written > 0 else b""
        self.rest = begun + b"".join(lines[done:])
        self.records = tuple(self.records[done:])
