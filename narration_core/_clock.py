"""Sources of time and ids, which a test can replace."""

import os
import time
from collections import deque
from typing import Final, Protocol

_SPANS_AT_ONCE: Final = 64


class Sources(Protocol):
    """Where an event's time and ids come from; a test binds its own to make stories repeatable."""

    def now_ms(self) -> int:
        """Return the time since the epoch, in milliseconds."""

    def monotonic_ns(self) -> int:
        """Return a time that never goes back, in nanoseconds, for durations."""

    def correlation_id(self) -> str:
        """Return a new correlation id."""

    def trace_id(self) -> str:
        """Return a new trace id, 32 hexadecimal digits (W3C Trace Context)."""

    def span_id(self) -> str:
        """Return a new span id, 16 hexadecimal digits (W3C Trace Context)."""


class SystemSources:
    """The machine's clock and random ids."""

    def __init__(self) -> None:
        # Digits of trace and span ids, made many at a time: asking the system costs half a microsecond. A forked child
        # makes its own.
        self._halves: deque[str] = deque()
        if hasattr(os, "register_at_fork"):
            os.register_at_fork(after_in_child=self._halves.clear)

    def now_ms(self) -> int:
        """Return the time since the epoch, in milliseconds."""
        return time.time_ns() // 1_000_000

    def monotonic_ns(self) -> int:
        """Return a time that never goes back, in nanoseconds."""
        return time.monotonic_ns()

    def correlation_id(self) -> str:
        """Return a UUID v4."""
        digits = os.urandom(16).hex()
        # RFC 9562, 5.4: the version is 4, the variant the two bits 10.
        variant = "89ab"[int(digits[16], 16) & 3]
        return f"{digits[:8]}-{digits[8:12]}-4{digits[13:16]}-{variant}{digits[17:20]}-{digits[20:]}"

    def trace_id(self) -> str:
        """Return 32 random hexadecimal digits."""
        return self.span_id() + self.span_id()

    def span_id(self) -> str:
        """Return 16 random hexadecimal digits."""
        while True:
            try:
                return self._halves.pop()
            except IndexError:
                self._make_halves()

    def _make_halves(self) -> None:
        digits = os.urandom(8 * _SPANS_AT_ONCE).hex()
        halves = [digits[at : at + 16] for at in range(0, len(digits), 16)]
        # Sixteen decimal digits may be somebody's card number, and would be redacted.
        self._halves.extend(half for half in halves if not half.isdecimal())


class CountingSources:
    """A clock that moves by fixed steps, and ids that count: the same in every run.

    Args:
        start_ms: the first time, in milliseconds since the epoch.
        step_ms: how far each reading moves the clock, in milliseconds.
    """

    def __init__(self, start_ms: int = 1_700_000_000_000, step_ms: int = 1) -> None:
        self._now_ms = start_ms
        self._step_ms = step_ms
        self._ids = 0

    def now_ms(self) -> int:
        """Return the time and move the clock one step."""
        now = self._now_ms
        self._now_ms += self._step_ms
        return now

    def monotonic_ns(self) -> int:
        """Return the same clock, in nanoseconds, without moving it."""
        return self._now_ms * 1_000_000

    def advance(self, milliseconds: int) -> None:
        """Move the clock on by a number of milliseconds."""
        self._now_ms += milliseconds

    def _next(self) -> int:
        self._ids += 1
        return self._ids

    def correlation_id(self) -> str:
        """Return a UUID v4 whose last digits count."""
        return f"00000000-0000-4000-8000-{self._next():012x}"

    def trace_id(self) -> str:
        """Return 32 hexadecimal digits that count."""
        return f"{self._next():032x}"

    def span_id(self) -> str:
        """Return 16 hexadecimal digits that count."""
        return f"{self._next():016x}"


SYSTEM = SystemSources()
