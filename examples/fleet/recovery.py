"""What becomes of a worker that crashed: when it is started again, and when nobody tries any more."""

import random
from collections.abc import Callable
from typing import Final, NamedTuple

_MOST_DOUBLINGS: Final = 30


class Backoff(NamedTuple):
    """Pauses that double with each crash, up to a longest one, each shortened at random by up to half.

    Attributes:
        first_s: the first pause, in seconds.
        longest_s: the longest pause, in seconds.
    """

    first_s: float = 0.5
    longest_s: float = 30.0

    def pause_s(self, crashes: int, chance: Callable[[], float] = random.random) -> float:
        """Return the pause after so many crashes in a row, in seconds.

        Workers that crashed together do not come back together, because chance shortens each pause differently.
        """
        whole = min(self.longest_s, self.first_s * 2.0 ** min(crashes - 1, _MOST_DOUBLINGS))
        return whole * (1.0 - chance() / 2)


class Breaker:
    """A circuit breaker: after too many crashes in a row it opens, and after a rest it lets one try pass.

    Args:
        limit: how many crashes in a row open it.
        rest_s: how long it stays open, in seconds.
        healthy_s: a worker that was ready for so long, in seconds, starts a new row.

    Attributes:
        crashes: how many there were in a row.
    """

    def __init__(self, limit: int = 5, rest_s: float = 60.0, healthy_s: float = 60.0) -> None:
        self.crashes = 0
        self._limit = limit
        self._rest_s = rest_s
        self._healthy_s = healthy_s
        self._open_until: float | None = None

    def admit(self, now: float) -> float:
        """Admit a try, or return how long nobody may try, in seconds; 0 is an admission.

        Args:
            now: in seconds, of a clock that never goes back.
        """
        if self._open_until is None:
            return 0.0
        if now < self._open_until:
            return self._open_until - now
        self._open_until = now + self._rest_s  # one try; others wait for what comes of it
        return 0.0

    def ready(self) -> None:
        """Count a worker that became ready: the breaker closes, and the next crash opens it again."""
        if self._open_until is not None:
            self.crashes, self._open_until = self._limit - 1, None

    def crashed(self, now: float, ready_s: float = 0.0) -> bool:
        """Count a crash; return whether nobody should try any more.

        Args:
            now: in seconds, of a clock that never goes back.
            ready_s: how long the worker had been ready, in seconds; 0 when it never was.
        """
        if ready_s >= self._healthy_s:
            self.crashes = 0
        self.crashes += 1
        if self.crashes < self._limit:
            return False
        self._open_until = now + self._rest_s
        return True
