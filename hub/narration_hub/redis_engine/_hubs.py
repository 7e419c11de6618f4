"""Which hubs there are, by the names that people gave them: each keeps what came to itself, and can be asked for it."""

import time
from collections.abc import Callable
from typing import Final

_GONE_S: Final = 14 * 24 * 3600  # after so long nothing is kept of what came to a hub
_LATE_S: Final = 90.0  # a hub that was not heard for longer may have been started again under its name
_MOST: Final = 1000
HELLO_S: Final = 30.0
"""How often a hub tells that it is there, in seconds."""


class Hubs:
    """The hubs that share an engine.

    Args:
        clock: returns the time in seconds since the epoch.

    Attributes:
        own: what this hub is called.
    """

    def __init__(self, clock: Callable[[], float] = time.time) -> None:
        self.own = ""
        self._clock = clock
        self._heard: dict[str, tuple[str, float]] = {}

    def learn(self, hub: str, name: str, heard: float) -> None:
        """Note that a hub was heard.

        Args:
            hub: its id.
            name: what it is called.
            heard: when, in seconds since the epoch.
        """
        self._heard[hub] = (name, heard)
        if len(self._heard) > _MOST:
            del self._heard[min(self._heard, key=lambda each: self._heard[each][1])]

    def others(self) -> list[str]:
        """Return what the other hubs are called. One that another hub has followed under its name is not among them."""
        now = self._clock()
        present = {self.own}
        found = []
        for name, heard in sorted(self._heard.values(), key=lambda each: -each[1]):
            is_followed = name in present and now - heard > _LATE_S
            if not is_followed and now - heard <= _GONE_S:
                found.append(name)
                present.add(name)
        return sorted(found)
