"""What is wrong with data that somebody sent or typed, said so that he can mend it. What he sent is never repeated."""

import re
from collections.abc import Mapping
from typing import Final, get_args

import msgspec

from fleet.wire import NAME_PATTERN, SHA256_PATTERN

_TYPES: Final = {
    "str": "text",
    "int": "a whole number",
    "float": "a number",
    "bool": "true or false",
    "object": "an object",
    "array": "a list",
    "null": "null",
}
_PATTERNS: Final = {
    NAME_PATTERN: "1 to 64 letters, digits, dots, dashes or underscores, a letter or digit first",
    SHA256_PATTERN: "64 hexadecimal digits",
}
_AT: Final = re.compile(r"(?P<what>.*?)(?: - at `(?:key in )?\$\.?(?P<field>[^`]*)`)?", re.DOTALL)
_FORMS: Final = tuple(
    (re.compile(form, re.DOTALL), words)
    for form, words in (
        (r"Object missing required field `(?P<name>\w+)`", "{name} is missing"),
        (r"Object contains unknown field `.*`", "{field} has a field that is not known"),
        (r"Expected `\w+` of length >= 1", "{field} must not be empty"),
        (r"Expected `str` of length <= (?P<number>\d+)", "{field} may have at most {number} characters"),
        (r"Expected `\w+` >= (?P<number>\S+)", "{field} must be at least {number}"),
        (r"Expected `\w+` <= (?P<number>\S+)", "{field} must be at most {number}"),
        (r"Expected `str` matching regex '(?P<pattern>.*)'", "{field} must be {rule}"),
        (r"Invalid enum value .*", "{field} must be {choices}"),
        (r"Expected `(?P<wanted>[^`]+)`, got `(?P<given>[^`]+)`", "{field} must be {wanted}, not {given}"),
    )
)
"""What msgspec says, and how a person says it."""


def what_is_wrong(
    error: msgspec.ValidationError, kind: type[msgspec.Struct], names: Mapping[str, str] | None = None
) -> str:
    """Return why data is not of a type.

    Args:
        error: what msgspec raised.
        kind: the type.
        names: what fields are called where the data came from; by their own names when absent.
    """
    at = _AT.fullmatch(str(error))
    what, path = (at["what"], at["field"] or "") if at else (str(error), "")
    names = names or {}
    for form, words in _FORMS:
        if found := form.fullmatch(what):
            given = found.groupdict()
            parts = {name: _type(text) for name, text in given.items() if name in {"wanted", "given"}}
            if "name" in given:
                parts["name"] = names.get(given["name"], given["name"])
            rule = _PATTERNS.get(given.get("pattern", ""), "of another form")
            field = names.get(path, path) or "the body"
            return words.format_map({**given, **parts, "field": field, "rule": rule, "choices": _choices(kind, path)})
    return f"{names.get(path, path) or 'the body'} is not what is expected"


def _type(text: str) -> str:
    return " or ".join(_TYPES.get(part, part) for part in text.split(" | "))


def _choices(kind: type[msgspec.Struct], name: str) -> str:
    types = (field.type for field in msgspec.structs.fields(kind) if field.name == name)
    return " or ".join(map(str, get_args(next(types, None)))) or "one of the names that are known"
