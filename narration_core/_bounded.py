"""Caches that cannot grow without limit: bounded in entries and in bytes, emptied when they are full.

Emptying is cheap and needs no order of use; what is in use comes back at once. Each has a plain `dict` or `set` for
look-ups, because those of a subclass are slower.
"""

import sys
from collections.abc import Hashable
from typing import Final, Generic, TypeVar

K = TypeVar("K", bound=Hashable)
V = TypeVar("V")

ENTRIES: Final = 4096
BYTES: Final = 2 << 20
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
        cost = sys.getsizeof(key) + sys.getsizeof(value) if cost is None else cost
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


class BoundedSet(Generic[K]):
    """Items that were seen.

    Args:
        entries: how many items it may hold.
        size: how many bytes they may take together.

    Attributes:
        seen: the items, for look-ups; the object stays the same.
    """

    __slots__ = ("_entries", "_left", "_size", "seen")

    def __init__(self, entries: int = ENTRIES, size: int = BYTES) -> None:
        self.seen: set[K] = set()
        self._entries = entries
        self._size = self._left = size

    def keep(self, *items: K) -> None:
        """Keep items, except one that alone would take much of the cache."""
        for item in items:
            cost = sys.getsizeof(item)
            if cost > self._size // _SHARE:
                continue
            if len(self.seen) >= self._entries or cost > self._left:
                self.clear()
            self._left -= cost
            self.seen.add(item)

    def clear(self) -> None:
        """Forget everything."""
        self.seen.clear()
        self._left = self._size
