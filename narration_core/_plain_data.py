"""Any value as plain JSON data, bounded in depth and size.

`unmasked` comes before redaction, which must see text as it was given; `cleaned` comes after it.
"""

import datetime as dt
import decimal
import enum
import math
import pathlib
import uuid
from collections.abc import Callable, Mapping
from typing import Any, Final

from narration_core import _exceptions as exceptions
from narration_core._interruption import pass_on
from narration_core._text import clean, limited

MAX_DEPTH: Final = 8
MAX_ITEMS: Final = 200
MAX_NODES: Final = 2000
_LONGEST_KEY: Final = 256
_INT64: Final = 1 << 63
_LONGEST_NUMBER: Final = 512


def _number(value: float) -> float | str:
    return value if math.isfinite(value) else str(value)


def _long_number(value: int) -> str:
    if value.bit_length() > _LONGEST_NUMBER:
        return f"(a whole number of {value.bit_length()} bits)"  # Python refuses to write it, or takes long
    return str(value)


_SIMPLE: Final[tuple[tuple[type | tuple[type, ...], Callable[[Any], Any]], ...]] = (
    (str, lambda value: limited(str(value))),
    (bool, bool),
    # An enum of ints is an int as well; its value is what readers expect.
    (enum.Enum, lambda value: unmasked(value.value)),
    (int, lambda value: int(value) if -_INT64 <= value < _INT64 else _long_number(value)),
    (float, lambda value: _number(float(value))),
    ((bytes, bytearray, memoryview), lambda value: limited(bytes(value)[:65536].decode("utf-8", "replace"))),
    (BaseException, lambda value: limited(exceptions.chain(value))),
    ((dt.datetime, dt.date, dt.time), lambda value: value.isoformat()),
    (dt.timedelta, lambda value: value.total_seconds()),
    ((uuid.UUID, decimal.Decimal, pathlib.PurePath), lambda value: limited(str(value))),
)


class _Budget:
    __slots__ = ("left",)

    def __init__(self) -> None:
        self.left = MAX_NODES


def _contained(items: list[Any], depth: int, budget: _Budget) -> list[Any]:
    kept = [_item(item, depth + 1, budget) for item in items[:MAX_ITEMS]]
    if len(items) > MAX_ITEMS:
        kept.append(f"...[{len(items) - MAX_ITEMS} more items]")
    return kept


def _item(value: Any, depth: int, budget: _Budget, *, text: bool = False) -> Any:
    """Return an item of a container; one that cannot be read costs nothing but itself."""
    try:
        return limited(str(value)) if text else _plain(value, depth, budget)
    except BaseException as error:  # noqa: BLE001 - whatever a foreign object raises while it is looked at
        pass_on(error, of_value=True)
        return _unreadable(value)


def _sort_key(value: Any) -> str:
    try:
        return repr(value)
    except BaseException as error:  # noqa: BLE001 - as above
        pass_on(error, of_value=True)
        return _unreadable(value)


def _unreadable(value: Any) -> str:
    return f"({type(value).__name__} could not be read)"


def _plain(value: Any, depth: int, budget: _Budget) -> Any:
    budget.left -= 1
    if value is None:
        return None
    for types, convert in _SIMPLE:
        if isinstance(value, types):
            return convert(value)
    if budget.left <= 0 or depth >= MAX_DEPTH:
        return "...[more]"
    if isinstance(value, Mapping):
        pairs = list(value.items())
        result = {
            _item(key, depth + 1, budget, text=True): _item(item, depth + 1, budget) for key, item in pairs[:MAX_ITEMS]
        }
        if len(pairs) > MAX_ITEMS:
            result["..."] = f"[{len(pairs) - MAX_ITEMS} more items]"
        return result
    if isinstance(value, set | frozenset):
        # Sets have no order of their own; lines must be the same in every run.
        return _contained(sorted(value, key=_sort_key), depth, budget)
    if hasattr(value, "_fields") and isinstance(value, tuple) and len(value) <= MAX_ITEMS:
        kind: Any = type(value)
        return kind._make(_contained(list(value), depth, budget))  # its names tell redaction what its items are
    if isinstance(value, list | tuple):
        return _contained(list(value), depth, budget)
    return limited(str(value))


def unmasked(value: Any) -> Any:
    """Return a value as str, int, float, bool, None, list, dict or named tuple of these; never raises.

    Depth, items of a container, values in all and text are bounded; what is left out is marked. Text is not yet
    cleaned. A value of any other type becomes its `str()`.
    """
    try:
        return _plain(value, 0, _Budget())
    except BaseException as error:  # noqa: BLE001 - as above
        pass_on(error, of_value=True)
        return _unreadable(value)


def cleaned(value: Any) -> Any:
    """Return what `unmasked` returned, and redaction may have changed, with its text clean and no named tuples."""
    if type(value) is str:
        return clean(value)
    if isinstance(value, dict):
        return {clean(str(key), _LONGEST_KEY): cleaned(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return list(map(cleaned, value))
    return value


def plain(value: Any) -> Any:
    """Return a value as str, int, float, bool, None, list or dict, its text clean; never raises."""
    return cleaned(unmasked(value))
