"""The taxonomy: the fields of an event and the registered extra fields, also as YAML and JSON Schema."""

from typing import Any, Final, NamedTuple

import msgspec

from narration_core._event import FIELD_SET, FIELDS, MEANING, RENAMED, Event
from narration_core._text import is_name

ExtraType = type[str] | type[int] | type[float] | type[bool] | type[list[Any]] | type[dict[str, Any]]

_JSON_TYPES: Final[dict[Any, str]] = {
    str: "string",
    int: "integer",
    float: "number",
    bool: "boolean",
    list: "array",
    dict: "object",
}


class ExtraField(NamedTuple):
    """A registered extra field."""

    name: str
    type: Any
    meaning: str


_extra: dict[str, ExtraField] = {}


def register_field(name: str, type: ExtraType, meaning: str) -> None:  # noqa: A002 - the contract's word
    """Add a field to the taxonomy; registering the same field twice is fine.

    Args:
        name: the field's name, `[a-z0-9_.-]`.
        type: str, int, float, bool, list or dict.
        meaning: one line that says what it means.

    Raises:
        ValueError: the name is taken or not valid, the type cannot be written as JSON, or the meaning is empty.
    """
    if not is_name(name) or name in FIELD_SET or name in RENAMED or name == "extra":
        raise ValueError(f"cannot register field {name!r}: the name is invalid or already means something")
    if type not in _JSON_TYPES:
        raise ValueError(f"cannot register field {name!r}: its type must be str, int, float, bool, list or dict")
    if not meaning.strip():
        raise ValueError(f"cannot register field {name!r}: say in one line what it means")
    known = _extra.get(name)
    new = ExtraField(name, type, " ".join(meaning.split()))
    if known is not None and known.type is not new.type:
        raise ValueError(f"cannot register field {name!r} as {type.__name__}: it is {known.type.__name__} already")
    _extra.setdefault(name, new)


def extra_fields() -> dict[str, ExtraField]:
    """Return the registered extra fields by name, in order of registration."""
    return _extra


def is_field(name: str) -> bool:
    """Return whether a name is in the taxonomy, extra fields included."""
    return name in FIELD_SET or name in _extra


def json_schema() -> dict[str, Any]:
    """Return the JSON Schema (2020-12) of an event's JSON line, registered extra fields included."""
    (_, components) = msgspec.json.schema_components([Event])
    properties: dict[str, Any] = {}
    source = components["Event"]["properties"]
    for name in FIELDS:
        options = [option for option in source[name]["anyOf"] if option != {"type": "null"}]
        shape = options[0] if len(options) == 1 else {"anyOf": options}
        properties[name] = {"description": MEANING[name], **shape}
    properties["level"]["enum"] = [level for level in properties["level"]["enum"] if level != "mute"]
    for field in _extra.values():
        properties[field.name] = {"description": field.meaning, "type": _JSON_TYPES[field.type]}
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "Narration event",
        "type": "object",
        "properties": properties,
        "required": ["emitted_at_ms", "level", "actor", "action", "target", "human"],
        "additionalProperties": True,
    }


def as_yaml() -> str:
    """Return the whole taxonomy as YAML: each field's type and meaning, in the order of the JSON line."""
    lines = ["fields:"]
    for name, shape in json_schema()["properties"].items():
        types = [option["type"] for option in shape.get("anyOf", [shape]) if "type" in option] or ["string"]
        quoted = shape["description"].replace("'", "''")
        lines += [f"  - name: {name}", f"    type: {' or '.join(types)}", f"    meaning: '{quoted}'"]
        if "enum" in shape:
            lines.append(f"    values: [{', '.join(shape['enum'])}]")
    return "\n".join(lines) + "\n"
