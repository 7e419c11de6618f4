"""Conversion of values to the types of an event's fields."""

from collections.abc import Mapping
from typing import Any, Final

from narration_core import _text as text
from narration_core._event import FIELD_SET, VALUE_TYPES
from narration_core._interruption import pass_on
from narration_core._plain_data import unmasked
from narration_core._taxonomy import extra_fields

STR: Final = (str,)
_INT: Final = (int,)
_NAMED: Final = ("emitted_at_ms", "actor", "action", "target", "human")

FIELD_TYPES: Final[Mapping[str, tuple[type, ...]]] = {
    name: types for name, types in VALUE_TYPES.items() if name not in _NAMED
}
"""The types of the values that a call may give by keyword."""


_NUMBERS: Final[Mapping[str, tuple[type, ...]]] = {name: types for name, types in FIELD_TYPES.items() if types != STR}


def fitted(value: Any, types: tuple[type, ...] | None) -> Any:
    """Return a value converted to one of these types; any plain value if that is impossible, or without types.

    Its text is not cleaned: redaction comes first.
    """
    if types == STR:
        return str(unmasked(value))
    if types is None or type(value) in types:
        return unmasked(value)
    try:
        number = float(value)
        return unmasked(int(number) if number.is_integer() or types == _INT else number)
    except BaseException as error:  # noqa: BLE001 - a foreign object's own `__float__` may raise anything
        pass_on(error, of_value=True)
        return unmasked(value)


def lost(value: Any, converted: Any) -> bool:
    """Return whether a number lost something when it was converted: the field holds its whole part alone."""
    if type(converted) is not int or type(value) is int:
        return False
    try:
        return float(value) != converted
    except BaseException as error:  # noqa: BLE001 - as in `fitted`
        pass_on(error, of_value=True)
        return False


def set_misfits_aside(fields: dict[str, Any]) -> None:
    """Move what the fields of an event cannot hold to extra fields, so that the event can be read back.

    That is text where a number belongs: what was given, a number that JSON cannot hold, a marker of redaction. The
    extra field has the same name with an underscore.

    Args:
        fields: the finished fields; changed here.
    """
    for name in _NUMBERS.keys() & fields.keys():
        if type(fields[name]) not in _NUMBERS[name]:
            fields[extra_name(name)] = fields.pop(name)


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
