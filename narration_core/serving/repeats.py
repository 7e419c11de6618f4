"""Problems that come again and again: each is narrated now and then, and the rest are counted."""

import time
from collections.abc import Hashable
from typing import Final

QUIET_S: Final = 10.0
"""Shortest time between two events about the same problem, in seconds: when file descriptors run out, asyncio logs
hundreds of records a second, and a scanner of ports sends as many requests that are not HTTP."""

_MOST_PROBLEMS: Final = 100


class Repeats:
    """Tells when a problem is to be narrated."""

    def __init__(self) -> None:
        self._problems: dict[Hashable, tuple[float, int]] = {}

    def count(self, problem: Hashable) -> int | None:
        """Return how often a problem was left out since it was narrated last; None when it was narrated just now."""
        now = time.monotonic()
        last, repeated = self._problems.get(problem, (-QUIET_S, 0))
        if now - last < QUIET_S:
            self._problems[problem] = (last, repeated + 1)
            return None
        if len(self._problems) >= _MOST_PROBLEMS:
            self._problems.clear()
        self._problems[problem] = (now, 0)
        return repeated
