"""Caches that cannot grow without limit: bounded in entries and in bytes, emptied when they are full.

Emptying is cheap and needs no order of use; what is in use comes back at once. Each has a plain `dict` or `set` for
look-ups, because those of a subclass are slower.
"""

from collections.abc import Hashable
from sys import getsizeof as _getsizeof
from typing import Final, Generic, TypeVar

K = TypeVar("K", bound=Hashable)
V = TypeVar("V")
S = TypeVar("S", str, bytes)

ENTRIES: Final = 4096
BYTES: Final = 2 << 20
_OBJECT: Final = 60  # bytes of a text besides its characters; measuring each would cost more than the look-up saves
_SHARE: Final = 8  # what takes more than this part of a cache is not kept in it


class BoundedDict(Generic[K, V]):
    """Results to look up again.

    Args:
        entries: how many entries it may hold.
        size: how many bytes they may take together.

    Attributes:
        found: the entries, for look-ups; the object stays the same.
    """

    __slots__ = ("_entries", "_left", "_size", "found")

    def __init__(self, entries: int = ENTRIES, size: int = BYTES) -> None:
        self.found: dict[K, V] = {}
        self._entries = entries
        self._size = self._left = size

    def keep(self, key: K, value: V, cost: int | None = None) -> V:
        """Keep a result, unless it alone would take much of the cache, and return it.

        Args:
            key: what to look it up by.
            value: the result.
            cost: how many bytes both take; measured when absent, without what they refer to.
        """
        cost = _getsizeof(key) + _getsizeof(value) if cost is None else cost
        if cost <= self._size // _SHARE:
            if len(self.found) >= self._entries or cost > self._left:
                self.clear()
            self._left -= cost
            self.found[key] = value
        return value

    def clear(self) -> None:
        """Forget everything."""
        self.found.clear()
        self._left = self._size


class BoundedSet(Generic[S]):
    """Texts or bytes that were seen.

    Args:
        entries: how many items it may hold.
        size: how many bytes they may take together; text beyond ASCII takes up to four times as many.

    Attributes:
        seen: the items, for look-ups; the object stays the same.
    """

    __slots__ = ("_entries", "_left", "_most", "_size", "seen")

    def __init__(self, entries: int = ENTRIES, size: int = BYTES) -> None:
        self.seen: set[S] = set()
        self._most = size // _SHARE
        self._entries = entries
        self._size = self._left = size

    def keep(self, *items: S) -> None:
        """Keep items, unless they would take much of the cache."""
        cost = sum(map(len, items)) + len(items) * _OBJECT
        if cost > self._most:
            return
        if cost > self._left or len(self.seen) + len(items) > self._entries:
            self.clear()
        self._left -= cost
        self.seen.update(items)

    def clear(self) -> None:
        """Forget everything."""
        self.seen.clear()
        self._left = self._size
