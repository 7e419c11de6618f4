"""The HTTP interfaces of the worker and the hub, from the OpenAPI descriptions that they serve."""

import re
from collections.abc import Iterator
from typing import Any, Final

from narration_core.nouns import counted
from narration_hub.http import openapi as hub
from narration_worker.http import openapi as worker
from tools.reference.markdown import code, line, table, text

Schema = dict[str, Any]

_INTRO: Final = {
    "worker": "Also at `/openapi.json` and, to read and try, at `/docs` of every worker.",
    "hub": "Also at `/openapi.json` and, to read and try, at `/docs` of every hub.",
}


def page() -> str:
    """Return the page as Markdown."""
    lines = [
        "# HTTP",
        "",
        (
            "The routes of the worker and of the hub, from the OpenAPI 3.1 descriptions that they serve. What every"
            " error code means is on [a page of its own](errors.md)."
        ),
        "",
    ]
    for name, document in (("worker", worker.document()), ("hub", hub.document(needs_token=True))):
        lines += [f"## {name}", "", _INTRO[name], ""]
        for path, methods in document["paths"].items():
            for method, operation in methods.items():
                lines += _operation(f"{method.upper()} {path}", operation)
        lines += [f"### Types of the {name}", ""]
        for kind, schema in document["components"]["schemas"].items():
            lines += [f"#### {kind} of the {name}", ""]
            lines += _type(schema)
    return "\n".join(lines)


def _operation(route: str, operation: Schema) -> Iterator[str]:
    yield from (f"### {route}", "", text(operation["summary"]), "")
    if "description" in operation:
        yield from (text(operation["description"]), "")
    if operation.get("security") == []:
        yield from ("Needs no token.", "")
    parameters = operation.get("parameters", [])
    if parameters:
        given = (
            (code(found["name"]), found["in"], shape(found["schema"]), line(found.get("description", "")))
            for found in parameters
        )
        yield from table(("parameter", "in", "value", "meaning"), given)
    body = operation.get("requestBody")
    if body:
        yield from (f"Body: {_content(body['content'])}.", "")
    rows = (
        (status, _content(answer.get("content", {})), line(answer["description"]))
        for status, answer in operation["responses"].items()
    )
    yield from table(("status", "answer", "meaning"), rows)


def _content(content: Schema) -> str:
    return ", ".join(f"{kind} {code(media)}".strip() for media, given in content.items() for kind in [_kind(given)])


def _kind(given: Schema) -> str:
    if "x-sse-events" in given:
        return "events " + ", ".join(code(name) for name in given["x-sse-events"]) + " as"
    name = given.get("schema", {}).get("$ref", "").rpartition("/")[2]
    return f"{name} as" if name else ""


def _type(schema: Schema) -> Iterator[str]:
    yield from (text(schema.get("description", "")), "")
    required = schema.get("required", ())
    rows = (
        (code(name), shape(given), "yes" if name in required else "", line(given.get("description", "")))
        for name, given in schema.get("properties", {}).items()
    )
    yield from table(("field", "value", "always there", "meaning"), rows)


def shape(schema: Schema) -> str:
    """Return what values a schema allows, in a few words."""
    if "$ref" in schema:
        return str(schema["$ref"].rpartition("/")[2])
    if "enum" in schema:
        return ", ".join(code(value) for value in schema["enum"])
    if "anyOf" in schema:
        return " or ".join(dict.fromkeys(shape(option) for option in schema["anyOf"]))
    kind = schema.get("type", "anything")
    if kind == "array":
        return f"list of {shape(schema.get('items', {}))}"
    limits = [_limit(name, schema[name]) for name in _LIMITS if name in schema]
    return re.sub(r"\s+", " ", f"{kind} {', '.join(limits)}").strip()


_LIMITS: Final = {
    "minimum": "at least {}",
    "exclusiveMinimum": "above {}",
    "maximum": "at most {}",
    "exclusiveMaximum": "below {}",
    "minLength": "of at least {}",
    "maxLength": "of at most {}",
    "pattern": "like {}",
}


def _limit(name: str, value: object) -> str:
    text = str(value)
    if name == "pattern":
        text = code(text)
    elif isinstance(value, int):
        text = counted(value, "character") if name.endswith("Length") else f"{value:,}"
    return _LIMITS[name].format(text)
