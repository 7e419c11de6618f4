"""What this hub took in lately: what other hubs do not have yet, and what Redis may have lost."""

from collections.abc import Iterator

from narration_hub.engine import Entry
from narration_hub.streams import Scope

_SPENT = 1024  # entries before the first one that are kept until they are worth a move of the others


class Log:
    """Entries in the order in which they came, bounded, with a mark up to which Redis has them.

    Args:
        most: how many entries are kept.
        most_bytes: how many bytes of them are kept.

    Attributes:
        lost: entries that went before Redis had them.
    """

    def __init__(self, most: int, most_bytes: int) -> None:
        self.lost = 0
        self._most = most
        self._most_bytes = most_bytes
        self._entries: list[Entry] = []
        self._start = 0
        self._base = 0  # number of the first entry in the list, spent ones included
        self._next = 0  # number of the next entry that Redis is to get
        self._reached = 0  # the same, at its highest
        self._bytes = 0

    @property
    def end(self) -> int:
        """Number of the entry that comes next."""
        return self._base + len(self._entries)

    @property
    def is_pushed_to(self) -> int:
        """Number of the first entry that Redis does not have."""
        return self._next

    @property
    def waiting(self) -> int:
        """How many entries Redis does not have."""
        return self.end - self._next

    def append(self, entry: Entry) -> None:
        """Add an entry; the oldest go if there are too many."""
        self._entries.append(entry)
        self._bytes += len(entry.frame)
        while len(self._entries) - self._start > self._most or (
            self._bytes > self._most_bytes and len(self._entries) - self._start > 1
        ):
            self._drop()

    def _drop(self) -> None:
        self._bytes -= len(self._entries[self._start].frame)
        self._start += 1
        first = self._base + self._start
        self.lost += first > self._reached
        self._reached = max(self._reached, first)
        self._next = max(self._next, first)
        if self._start >= _SPENT and self._start * 2 >= len(self._entries):
            del self._entries[: self._start]
            self._base += self._start
            self._start = 0

    def pending(self, most: int, most_bytes: int) -> list[Entry]:
        """Return the next entries that Redis is to get; at least one, if there is one."""
        place = self._next - self._base
        found: list[Entry] = []
        size = 0
        for entry in self._entries[place : place + most]:
            size += len(entry.frame)
            if found and size > most_bytes:
                break
            found.append(entry)
        return found

    def pushed(self, end: int) -> None:
        """Note that Redis has everything up to a number."""
        self._next = max(self._next, end)
        self._reached = max(self._reached, self._next)

    def rewind(self, since_ms: int) -> None:
        """Give Redis again what it may have lost, of what came in since a time in milliseconds since the epoch."""
        for number in range(self._next - 1, self._base + self._start - 1, -1):
            if self._entries[number - self._base].at_ms < since_ms:
                break
            self._next = number

    def of(self, scope: Scope | None, name: str, since: int = 0) -> Iterator[Entry]:
        """Yield the entries of a stream from a number on; of everything when the scope is None."""
        for entry in self._entries[max(self._start, since - self._base) :]:
            if scope is None or (entry.job if scope == "job" else entry.story) == name:
                yield entry

    def tail(self, since_ms: int) -> list[Entry]:
        """Return the entries that Redis does not have, and those before them that came in since a time."""
        first = self.end
        for number in range(self.end - 1, self._base + self._start - 1, -1):
            if number < self._next and self._entries[number - self._base].at_ms < since_ms:
                break
            first = number
        return self._entries[first - self._base :]

    def has_waiting(self, scope: Scope, name: str) -> bool:
        """Tell whether an entry of a stream is on its way to Redis."""
        return any(True for _ in self.of(scope, name, self._next))
