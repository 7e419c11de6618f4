"""Caches that cannot grow without limit: bounded in entries and in bytes, emptied when they are full.

Emptying is cheap and needs no order of use; what is in use comes back at once. Look-ups are those of `dict` and `set`.
"""

import sys
from collections.abc import Hashable
from typing import TypeVar

K = TypeVar("K", bound=Hashable)
V = TypeVar("V")

ENTRIES = 4096
BYTES = 2 << 20


class BoundedDict(dict[K, V]):
    """A dictionary to remember results in.

    Args:
        entries: how many entries it may hold.
        size: how many bytes they may take together.
    """

    __slots__ = ("_entries", "_left", "_size")

    def __init__(self, entries: int = ENTRIES, size: int = BYTES) -> None:
        super().__init__()
        self._entries = entries
        self._size = self._left = size

    def keep(self, key: K, value: V, cost: int | None = None) -> V:
        """Remember a result and return it; what alone would fill the cache is not remembered.

        Args:
            key: what to look it up by.
            value: the result.
            cost: how many bytes both take; measured when absent, without what they refer to.
        """
        cost = sys.getsizeof(key) + sys.getsizeof(value) if cost is None else cost
        if cost > self._size // 8:
            return value
        if len(self) >= self._entries or cost > self._left:
            self.clear()
        self._left -= cost
        self[key] = value
        return value

    def clear(self) -> None:
        """Forget everything."""
        super().clear()
        self._left = self._size


class BoundedSet(set[K]):
    """A set to remember what was seen.

    Args:
        entries: how many items it may hold.
        size: how many bytes they may take together.
    """

    __slots__ = ("_entries", "_left", "_size")

    def __init__(self, entries: int = ENTRIES, size: int = BYTES) -> None:
        super().__init__()
        self._entries = entries
        self._size = self._left = size

    def keep(self, *items: K) -> None:
        """Remember items; one that alone would fill the cache is not remembered."""
        for item in items:
            cost = sys.getsizeof(item)
            if cost > self._size // 8:
                continue
            if len(self) >= self._entries or cost > self._left:
                self.clear()
            self._left -= cost
            self.add(item)

    def clear(self) -> None:
        """Forget everything."""
        super().clear()
        self._left = self._size
