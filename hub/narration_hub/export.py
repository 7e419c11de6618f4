"""Events that go on to an OpenTelemetry collector: bounded, on a thread of its own, and in nobody's way."""

import threading
from collections import deque
from collections.abc import Sequence
from typing import Final

from narration_core import Event
from narration_core.serving.collector import OtlpSink
from narration_hub import points

MOST: Final = 20_000
"""Most events that wait for a collector that is away."""

MOST_BYTES: Final = 64 << 20
"""How many bytes of them, as they came in."""

_AT_ONCE: Final = 400
_AT_ONCE_BYTES: Final = 1 << 20
_LAST_S: Final = 2.0  # for what waits when the hub stops


class Export:
    """Sends events on.

    Args:
        sink: knows the collector.
        most: so many events may wait; what comes then is lost.
        most_bytes: so many bytes of them.

    Attributes:
        sent: events that the collector took or rejected.
        lost: events that found no room.
    """

    def __init__(self, sink: OtlpSink, most: int = MOST, most_bytes: int = MOST_BYTES) -> None:
        self._sink = sink
        self._most = most
        self._most_bytes = most_bytes
        self._waiting: deque[tuple[Event, int]] = deque()
        self._bytes = 0
        self._changed = threading.Condition()
        self._stop = threading.Event()
        self._is_away = False
        self.sent = 0
        self.lost = 0
        self._thread = threading.Thread(target=self._run, name="narration-hub-export", daemon=True)
        self._thread.start()

    @property
    def rejected(self) -> int:
        """How many events the collector did not want."""
        return self._sink.rejected

    def put(self, events: Sequence[tuple[Event, int]]) -> None:
        """Have events sent, except those that came by OTLP; returns at once.

        Args:
            events: each with how long its line is, in bytes.
        """
        with self._changed:
            for place, (_, size) in enumerate(events):
                if len(self._waiting) >= self._most or self._bytes + size > self._most_bytes:
                    self.lost += len(events) - place  # those behind it too: they would arrive in another order
                    break
                self._waiting.append(events[place])
                self._bytes += size
            self._changed.notify()

    def _run(self) -> None:
        while some := self._next():
            try:
                sent = self._sink.send(some)
            except OSError as error:
                if not self._is_away:
                    points.export_failed(reason=str(error))
                self._is_away = True
                if self._stop.wait(self._sink.cool_off_s):
                    return
                continue
            if self._is_away:
                self._is_away = False
                points.export_recovered(lost=self.lost)
            with self._changed:
                for _ in some:
                    self._bytes -= self._waiting.popleft()[1]
            self.sent += sent

    def _next(self) -> list[Event]:
        """Return what is sent next, and stays here until it is; nothing at the end."""
        with self._changed:
            self._changed.wait_for(lambda: self._waiting or self._stop.is_set())
            some: list[Event] = []
            size = 0
            for event, own in self._waiting:
                size += own
                if some and (size > _AT_ONCE_BYTES or len(some) == _AT_ONCE):
                    break
                some.append(event)
            return some

    def close(self) -> None:
        """Send what waits, if that takes a moment only; what does not is lost."""
        self._stop.set()
        with self._changed:
            self._changed.notify()
        self._thread.join(_LAST_S)
        self._sink.close()
        with self._changed:
            self.lost += len(self._waiting)
