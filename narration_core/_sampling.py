"""Rate limits of actions: a token bucket for each, and a count of the events that it left out."""

import math
import time
from collections.abc import Callable

from narration_core._locks import new_lock


class _Bucket:
    __slots__ = ("burst", "last", "per_second", "skipped", "tokens")

    def __init__(self, per_second: float, burst: float, now: float) -> None:
        self.per_second = per_second
        self.burst = burst
        self.tokens = burst
        self.last = now
        self.skipped = 0


class Sampler:
    """The rate limits of a process. Events at WARN and above are not limited.

    Args:
        now: a clock in seconds that never goes back.
    """

    def __init__(self, now: Callable[[], float] = time.monotonic) -> None:
        self.active = False
        self.skipped = 0
        self._now = now
        self._lock = new_lock()
        self._buckets: dict[tuple[str | None, str], _Bucket] = {}

    def limit(self, action: str, per_second: float, *, actor: str | None = None, burst: float | None = None) -> None:
        """Let at most so many events of an action through.

        Args:
            action: the action to limit.
            per_second: events a second; 0 lets none through after the burst.
            actor: limit it for this actor only.
            burst: how many may come at once; one second's worth, at least 1, when absent.

        Raises:
            ValueError: the rate is negative or not a number, or the burst lets nothing through.
        """
        if not 0 <= per_second < math.inf:
            raise ValueError(f"cannot sample {action!r} at {per_second} a second: the rate must be 0 or more")
        if burst is not None and not 1 <= burst < math.inf:
            raise ValueError(f"cannot sample {action!r} with a burst of {burst}: it must be 1 or more")
        with self._lock:
            self._buckets[actor, action] = _Bucket(per_second, burst or max(per_second, 1.0), self._now())
            self.active = True

    def clear(self) -> None:
        """Lift every limit."""
        with self._lock:
            self._buckets.clear()
            self.active = False

    def passes(self, actor: str, action: str) -> tuple[bool, int]:
        """Return whether an event may go on, and how many were skipped before it that no event has mentioned yet."""
        bucket = self._buckets.get((actor, action)) or self._buckets.get((None, action))
        if bucket is None:
            return True, 0
        with self._lock:
            now = self._now()
            bucket.tokens = min(bucket.burst, bucket.tokens + (now - bucket.last) * bucket.per_second)
            bucket.last = now
            if bucket.tokens < 1.0:
                bucket.skipped += 1
                self.skipped += 1
                return False, 0
            bucket.tokens -= 1.0
            before, bucket.skipped = bucket.skipped, 0
            return True, before

    def unreported(self) -> list[tuple[str | None, str, int]]:
        """Return actor, action and number of what was skipped and not yet narrated, and count it as narrated."""
        with self._lock:
            waiting = [(actor, action, bucket) for (actor, action), bucket in self._buckets.items() if bucket.skipped]
            found = [(actor, action, bucket.skipped) for actor, action, bucket in waiting]
            for _, _, bucket in waiting:
                bucket.skipped = 0
            return found
