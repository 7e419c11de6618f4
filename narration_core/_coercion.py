"""Conversion of values to the types of an event's fields."""

from collections.abc import Mapping
from typing import Any, Final

from narration_core import _text as text
from narration_core._event import FIELD_SET, VALUE_TYPES
from narration_core._plain_data import unmasked
from narration_core._taxonomy import extra_fields

STR: Final = (str,)
_INT: Final = (int,)
_NAMED: Final = ("emitted_at_ms", "actor", "action", "target", "human")

FIELD_TYPES: Final[Mapping[str, tuple[type, ...]]] = {
    name: types for name, types in VALUE_TYPES.items() if name not in _NAMED
}
"""The types of the values that a call may give by keyword."""


def fitted(value: Any, types: tuple[type, ...] | None) -> Any:
    """Return a value converted to one of these types; None if that is impossible. Without types, any plain value.

    Its text is not cleaned: redaction comes first.
    """
    if types is None or type(value) in types:
        return unmasked(value)
    if types == STR:
        return str(unmasked(value))
    try:
        number = float(value)
        return int(number) if number.is_integer() or types == _INT else number
    except (TypeError, ValueError, OverflowError):
        return None


def extra_name(name: str) -> str:
    """Return a clean name for an extra field that never equals a name of the event's own fields."""
    cleaned = text.clean(name, 128)
    return f"{cleaned}_" if cleaned in FIELD_SET or cleaned == "extra" else cleaned


def extra_order(safe: Mapping[str, Any]) -> list[str]:
    """Return the names of the extra fields: the registered ones first, then the others by name."""
    registered = extra_fields()
    return [
        *(name for name in registered if name in safe),
        *sorted(safe.keys() - FIELD_SET - registered.keys()),
    ]
