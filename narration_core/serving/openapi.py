"""OpenAPI 3.1 from the types that validate requests and encode answers; needs aiohttp."""

import re
from collections.abc import Callable, Mapping, Sequence
from importlib.resources import files
from typing import Any, Final

import msgspec
from aiohttp import web
from msgspec.structs import fields

REF: Final = "#/components/schemas/{name}"
_ATTRIBUTE: Final = re.compile(r"^ {4}(?P<name>\w+): (?P<meaning>.+(?:\n {8}.+)*)", re.MULTILINE)

# The page may load nothing from other places.
_PAGE_HEADERS: Final = {
    "Content-Security-Policy": "default-src 'none'; style-src 'unsafe-inline'; script-src 'unsafe-inline'; "
    "connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
    "X-Content-Type-Options": "nosniff",
}
_OPEN_TO_ALL: Final[dict[str, Any]] = {"security": []}


def _described(schema: dict[str, Any], doc: str, sent: Mapping[str, str]) -> dict[str, Any]:
    """Move the docstring's description of each attribute to the attribute's own schema.

    Args:
        schema: of a type.
        doc: its docstring.
        sent: the name of each attribute as it is sent.
    """
    head, _, rest = doc.partition("\n")
    meanings = {sent.get(found["name"], ""): " ".join(found["meaning"].split()) for found in _ATTRIBUTE.finditer(rest)}
    properties = {
        key: {**for_generators(shape), "description": meanings[key]} if key in meanings else for_generators(shape)
        for key, shape in schema.get("properties", {}).items()
    }
    return {**schema, "description": head.strip(), "properties": properties}


def for_generators(shape: Any) -> Any:
    """Return a schema that client generators read correctly.

    A default of null means that the field may be absent, but generators read that it is always there: it is left out.
    An object without known fields may have any field, but some generators read that it has none: that is spelled out.

    Args:
        shape: a schema, or a part of one.
    """
    if isinstance(shape, list):
        return [for_generators(part) for part in shape]
    if not isinstance(shape, dict):
        return shape
    if shape == {"type": "object"}:
        return {**shape, "additionalProperties": True}
    return {key: for_generators(part) for key, part in shape.items() if (key, part) != ("default", None)}


def schemas(types: Sequence[type[msgspec.Struct]]) -> dict[str, Any]:
    """Return the schemas of types by name, described by their docstrings."""
    _, found = msgspec.json.schema_components(types, ref_template=REF)
    docs = {kind.__name__: _dedented(kind.__doc__ or "") for kind in types}
    sent = {kind.__name__: {field.name: field.encode_name for field in fields(kind)} for kind in types}
    return {name: _described(schema, docs[name], sent[name]) for name, schema in sorted(found.items())}


def _dedented(doc: str) -> str:
    head, _, rest = doc.partition("\n")
    return f"{head}\n" + "\n".join(line.removeprefix("    ") for line in rest.split("\n"))


def json_content(name: str) -> dict[str, Any]:
    """Return the content of a JSON body of a type."""
    return {"application/json": {"schema": {"$ref": REF.format(name=name)}}}


def answer(meaning: str, name: str) -> dict[str, Any]:
    """Return a response whose body is of a type."""
    return {"description": meaning, "content": json_content(name)}


def errors(status_of: Mapping[str, int], *codes: str) -> dict[str, Any]:
    """Return the responses of error codes, grouped by status.

    Args:
        status_of: the status of each code.
        codes: the codes that an endpoint answers with.
    """
    by_status: dict[int, list[str]] = {}
    for code in codes:
        by_status.setdefault(status_of[code], []).append(code)
    return {str(status): answer(" or ".join(names), "Error") for status, names in sorted(by_status.items())}


def request_body(name: str) -> dict[str, Any]:
    """Return a required JSON body of a type."""
    return {"required": True, "content": json_content(name)}


def text_answer(meaning: str) -> dict[str, Any]:
    """Return a response in plain text."""
    return {"description": meaning, "content": {"text/plain": {"schema": {"type": "string"}}}}


def own_paths() -> dict[str, Any]:
    """Return the description of `/openapi.json` and `/docs`, which everybody may read."""
    return {
        "/openapi.json": {
            "get": {
                "operationId": "openapi",
                "summary": "This description.",
                **_OPEN_TO_ALL,
                "responses": {
                    "200": {
                        "description": "OpenAPI 3.1",
                        "content": {"application/json": {"schema": {"type": "object"}}},
                    }
                },
            }
        },
        "/docs": {
            "get": {
                "operationId": "docs",
                "summary": "A page to read and try the API.",
                **_OPEN_TO_ALL,
                "responses": {"200": {"description": "HTML", "content": {"text/html": {"schema": {"type": "string"}}}}},
            }
        },
    }


def add_routes(app: web.Application, document: Callable[[], dict[str, Any]]) -> None:
    """Serve `/openapi.json` and `/docs`.

    Args:
        app: the application.
        document: returns the description.
    """
    description = msgspec.json.encode(document())
    page = files("narration_core").joinpath("serving", "docs.html").read_bytes()

    async def openapi(_: web.Request) -> web.Response:
        return web.Response(body=description, content_type="application/json")

    async def docs(_: web.Request) -> web.Response:
        return web.Response(body=page, content_type="text/html", charset="utf-8", headers=_PAGE_HEADERS)

    app.router.add_get("/openapi.json", openapi)
    app.router.add_get("/docs", docs)
