"""Events kept in memory."""

from collections import deque
from collections.abc import Sequence

from narration_core._event import Event, Record


class MemorySink:
    """Keeps the last events.

    Args:
        limit: how many are kept.
        name: what `stats()` calls the sink.
    """

    background = False
    idle = False
    quiet = True  # its writing emits nothing

    def __init__(self, limit: int = 10_000, name: str = "memory") -> None:
        self.name = name
        self._records: deque[Record] = deque(maxlen=limit)

    def write(self, batch: Sequence[Record]) -> None:
        """Keep events."""
        self._records.extend(batch)

    def close(self) -> None:
        """Forget them."""
        self._records.clear()

    @property
    def events(self) -> list[Event]:
        """The events kept, oldest first."""
        return [record.event for record in list(self._records)]

    @property
    def lines(self) -> list[bytes]:
        """Their JSON lines, oldest first."""
        return [record.line for record in list(self._records)]
