"""What is wrong with a value, in plain English and without any of the caller's own text.

msgspec's messages repeat what was sent: a value that is none of a fixed set, the name of an unknown field. Either may
be a prompt in the wrong place, and faults are narrated.
"""

import re
from collections.abc import Mapping, Sequence
from typing import Final

import msgspec

_TYPES: Final = {
    "str": "a text", "int": "a whole number", "float": "a number", "bool": "true or false",
    "array": "a list", "object": "an object", "null": "null",
}  # fmt: skip
_NOT_A_CHOICE: Final = "Invalid enum value"


def _compiled(*rules: tuple[str, str]) -> tuple[tuple[re.Pattern[str], str], ...]:
    return tuple((re.compile(pattern, re.DOTALL), text) for pattern, text in rules)


_RULES: Final = _compiled(
    (r"Expected `\w+` of length >= 1", "must not be empty"),
    (r"Expected `str` of length <= (?P<number>\d+)", "must have at most {number} characters"),
    (r"Expected `array` of length <= (?P<number>\d+)", "must have at most {number} items"),
    (r"Expected `\w+` >= (?P<number>\S+)", "must be at least {number}"),
    (r"Expected `\w+` <= (?P<number>\S+)", "must be at most {number}"),
    (r"Expected `str` matching regex .*", "must consist of A-Z, a-z, 0-9 and . _ : - only"),
    (r"Expected `(?P<wanted>[^`]+)`, got `(?P<given>[^`]+)`", "must be {wanted}, not {given}"),
    (r"Object missing required field `(?P<name>\w+)`", "must have {name}"),
    (r"Object contains unknown field .*", "must not have unknown fields"),
    (f"{_NOT_A_CHOICE} .*", "must be one of the known values"),  # of a field that `choices` does not have
)
_JSON_RULES: Final = _compiled(
    (r"Input data was truncated", "is not valid JSON: it ends too early"),
    (r"JSON is malformed: (?P<fault>.*)", "is not valid JSON: {fault}"),
    (r"Invalid UTF-8 .*", "is not valid JSON: it is not UTF-8"),
    (r"(Integer|Number).* out of range.*", "has a number that is too long"),
    (r"maximum recursion .*", "is nested too deeply"),
)
_PLACED: Final = re.compile(r"(?P<text>.*) - at `\$\[[.\d]+\]\.?(?P<part>\w*)`", re.DOTALL)


def plain_fault(error: msgspec.ValidationError | OverflowError, choices: Mapping[str, Sequence[str]]) -> str:
    """Return what is wrong with a field's value, such as "must be at most 2".

    Args:
        error: msgspec's refusal of the value.
        choices: the values that fields of a fixed set can have, by the field's name.
    """
    placed = _PLACED.fullmatch(str(error))
    text, whose = (str(error), "") if placed is None else (placed["text"], f"items{_possessive(placed['part'])} ")
    if placed is not None and placed["part"] in choices and text.startswith(_NOT_A_CHOICE):
        *others, last = choices[placed["part"]]
        return f"{whose}must be {', '.join(others)} or {last}"
    for pattern, plain in _RULES:
        found = pattern.fullmatch(text)
        if found is not None:
            return whose + plain.format_map({name: _word(name, value) for name, value in found.groupdict().items()})
    return f"{whose}must be valid"


def plain_json_fault(error: Exception) -> str:
    """Return why a body cannot be read as JSON, such as "is not valid JSON: it ends too early"."""
    for pattern, plain in _JSON_RULES:
        found = pattern.fullmatch(str(error))
        if found is not None:
            return plain.format_map(found.groupdict())
    return "is not valid JSON"


def _possessive(part: str) -> str:
    return f"' {part}" if part else ""


def _word(name: str, value: str) -> str:
    """Return a part of msgspec's message as it stands in ours."""
    if name in {"wanted", "given"}:
        return " or ".join(_TYPES.get(kind, kind) for kind in value.split(" | ") if kind != "null" or value == kind)
    return value.removesuffix(".0") if name == "number" else value
