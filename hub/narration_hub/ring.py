"""One stream's events in memory: a ring of frames, read by any number of readers with a number each as cursor."""

import asyncio
import secrets
from typing import Final, NamedTuple

import msgspec

from narration_core.serving.sse import message
from narration_hub.wire import EndReason, Gap

JOINED_FRAMES: Final = 64
JOINED_BYTES: Final = 64 * 1024
"""One write to a reader holds at most so much: joined writes are worth more than any other optimisation."""

_SPENT: Final = 1024  # frames before the first one that are kept until they are worth a move of the others
_DIGITS: Final = 15  # of a number in an id; more would not be one of ours
_encode: Final = msgspec.json.Encoder().encode


class Piece(NamedTuple):
    """What a reader is sent at once.

    Attributes:
        data: the bytes.
        cursor: number of the last event in it.
        missed: how many events were no longer there.
    """

    data: bytes
    cursor: int
    missed: int


class Ring:
    """The latest events of one stream.

    Args:
        most: how many events are kept.
        most_bytes: how many bytes of them are kept; the last event always is.

    Attributes:
        epoch: begins the ids of its events.
        first: number of the oldest event that is here.
        last: number of the newest event.
        life: changes when readers must begin anew, wherever they are.
    """

    __slots__ = (
        "_cached", "_cached_at", "_former", "_frames", "_most", "_most_bytes", "_start", "_waiting",
        "bytes", "end", "epoch", "first", "last", "life", "readers", "ticketed",
    )  # fmt: skip

    def __init__(self, most: int, most_bytes: int) -> None:
        self.epoch = _new_epoch()
        self.first = 1
        self.last = 0
        self.bytes = 0
        self.end: EndReason | None = None
        self.readers = 0
        self.ticketed = 0  # readers with a ticket
        self.life = 0
        self._former: tuple[str, int] | None = None  # epoch of the events up to a number
        self._most = most
        self._most_bytes = most_bytes
        self._frames: list[bytes] = []
        self._start = 0
        self._waiting: set[asyncio.Future[None]] = set()
        self._cached_at = (0, 0)
        self._cached = b""

    def append(self, frame: bytes) -> int:
        """Add an event; return by how many bytes the ring has grown. Call `wake` after the last one of a batch."""
        before = self.bytes
        self._frames.append(frame)
        self.last += 1
        self.bytes += len(frame)
        while self.first < self.last and (self.last - self.first >= self._most or self.bytes > self._most_bytes):
            self._drop()
        return self.bytes - before

    def _drop(self) -> None:
        self.bytes -= len(self._frames[self._start])
        self._frames[self._start] = b""
        self._start += 1
        self.first += 1
        if self._start >= _SPENT and self._start * 2 >= len(self._frames):
            del self._frames[: self._start]
            self._start = 0

    @property
    def last_id(self) -> str:
        """Id of the last event."""
        return f"{self.epoch}-{self.last}"

    def go_on(self, epoch: str, last: int) -> None:
        """Be the stream that had these numbers before a restart; what is here is forgotten.

        Args:
            epoch: the stream's life.
            last: number of the last event before those that are added now.
        """
        self.clear()
        self.epoch = epoch
        self.last = last
        self.first = last + 1
        self._uncache()

    def branch(self) -> None:
        """Give the events that are added now an epoch of their own; ids of those before stay known."""
        if self._former is None:
            self._former = (self.epoch, self.last)
            self.epoch = _new_epoch()
            self._uncache()

    def goes_on_with(self, epoch: str, first: int, last: int) -> bool:
        """Tell whether a stream with these numbers holds everything that is here and nothing else before its end."""
        return self._former is None and self.epoch == epoch and first <= self.last + 1 and self.last <= last

    def begin_anew(self, epoch: str, last: int) -> int:
        """Become another stream, so that readers begin anew; return how many bytes that frees.

        Args:
            epoch: the other stream's.
            last: number of its last event before those that are added now.
        """
        freed = self.bytes
        self.go_on(epoch, last)
        self._former = None
        self.life += 1
        return freed

    def skip_to(self, last: int) -> int:
        """Note that the events up to a number cannot be had any more; return how many bytes that frees."""
        freed = self.bytes
        self.go_on(self.epoch, last)
        return freed

    def frames(self) -> list[bytes]:
        """Return every frame that is here."""
        return self._frames[self._start :]

    def clear(self) -> int:
        """Forget every event but not their numbers; return how many bytes that frees."""
        freed, self.bytes = self.bytes, 0
        self._frames.clear()
        self._start = 0
        self.first = self.last + 1
        return freed

    def wake(self) -> None:
        """Have the readers look."""
        for waiting in self._waiting:
            if not waiting.done():
                waiting.set_result(None)
        self._waiting.clear()

    def close(self, reason: EndReason) -> None:
        """End the stream once its readers have read it."""
        self.end = reason
        self.wake()

    def wait(self, waiting: "asyncio.Future[None]") -> None:
        """Have something done when there may be more to read."""
        self._waiting.add(waiting)

    def forget(self, waiting: "asyncio.Future[None]") -> None:
        """Take back what `wait` was told."""
        self._waiting.discard(waiting)

    def leave(self) -> None:
        """Note that a reader has gone. The bytes that readers share go with the last one: no limit counts them."""
        self.readers -= 1
        if not self.readers:
            self._uncache()

    def read(self, cursor: int) -> Piece | None:
        """Return what follows an event; None when nothing does.

        Args:
            cursor: number of the last event that the reader has; 0 for none.
        """
        if cursor >= self.last:
            return None
        missed = max(0, self.first - 1 - cursor)
        start = cursor + missed
        data = b""
        if missed:
            data = b"id: %b-%d\n%b" % (self.epoch.encode(), start, message("gap", _encode(Gap(missed))))
        if start == self.last:
            return Piece(data, start, missed)
        joined, end = self._joined(start)
        return Piece(data + joined, end, missed)

    def _joined(self, cursor: int) -> tuple[bytes, int]:
        """Return the events after a number as bytes, and the number of the last one; most readers ask for the same."""
        known_start, known_end = self._cached_at
        if cursor == known_start and cursor >= self.first - 1 and (known_end == self.last or self._is_full(known_end)):
            return self._cached, known_end
        place = self._start + cursor - self.first + 1
        parts: list[bytes] = []
        size = 0
        epoch = self.epoch.encode()
        for number, frame in enumerate(self._frames[place : place + JOINED_FRAMES], cursor + 1):
            if parts and size + len(frame) > JOINED_BYTES:
                break
            parts.append(b"id: %b-%d\n%b" % (epoch, number, frame))
            size += len(frame)
        self._cached, self._cached_at = b"".join(parts), (cursor, cursor + len(parts))
        return self._cached, cursor + len(parts)

    def _uncache(self) -> None:
        """Forget the joined bytes, which may have other numbers than the events have now."""
        self._cached, self._cached_at = b"", (0, 0)

    def _is_full(self, end: int) -> bool:
        return end - self._cached_at[0] == JOINED_FRAMES or len(self._cached) >= JOINED_BYTES

    def cursor_of(self, event_id: str) -> int | None:
        """Return the cursor that an event id of this stream means; None for any other text."""
        epoch, _, number = event_id.partition("-")
        if not (number.isascii() and number.isdigit()) or len(number) > _DIGITS:
            return None
        if epoch == self.epoch:
            return int(number) if int(number) <= self.last else None
        if self._former is not None and epoch == self._former[0]:
            return int(number) if int(number) <= self._former[1] else None
        return None


def _new_epoch() -> str:
    return secrets.token_hex(4)
