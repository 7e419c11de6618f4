"""`/openapi.json` and `/docs`: OpenAPI 3.1, generated from the types that validate requests and encode answers."""

import re
from importlib.resources import files
from typing import Any, Final, Literal

import msgspec
from aiohttp import web

from narration_core import __version__
from narration_worker.errors import CODES
from narration_worker.requests import MAX_SEED, CancelRequest, ChatMessage, ExecuteRequest
from narration_worker.wire import STREAM_EVENTS, CancelResult, Completion, Draining, Fault, Health, JobState

TokenRule = Literal["needed", "optional", "none"]

_SECURITY: Final[dict[TokenRule, list[dict[str, list[str]]]]] = {
    "needed": [{"token": []}],
    "optional": [{"token": []}, {}],
    "none": [],
}
_JOB_ID: Final = {"name": "job_id", "in": "path", "required": True, "schema": {"type": "string"}}
_REF: Final = "#/components/schemas/{name}"
_ATTRIBUTE: Final = re.compile(r"^ {4}(?P<name>\w+): (?P<meaning>.+(?:\n {8}.+)*)", re.MULTILINE)

# The page may load nothing from other places.
_PAGE_HEADERS: Final = {
    "Content-Security-Policy": "default-src 'none'; style-src 'unsafe-inline'; script-src 'unsafe-inline'; "
    "connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
    "X-Content-Type-Options": "nosniff",
}

_TYPES: Final[tuple[type[msgspec.Struct], ...]] = (
    ExecuteRequest,
    ChatMessage,
    CancelRequest,
    CancelResult,
    Completion,
    JobState,
    Draining,
    Health,
    Fault,
    *STREAM_EVENTS.values(),
)


# Said by `not`, because generators of clients make two types of a `oneOf`.
_NOT_ONE_OF_PROMPT_AND_MESSAGES: Final = {
    "anyOf": [
        {
            "required": ["prompt", "messages"],
            "properties": {"prompt": {"type": "string"}, "messages": {"type": "array"}},
        },
        {"properties": {"prompt": {"type": "null"}, "messages": {"type": "null"}}},
    ]
}


def _described(name: str, schema: dict[str, Any], doc: str) -> dict[str, Any]:
    """Move the docstring's description of each attribute to the attribute's own schema."""
    head, _, rest = doc.partition("\n")
    meanings = {found["name"]: " ".join(found["meaning"].split()) for found in _ATTRIBUTE.finditer(rest)}
    properties = {
        key: {**for_generators(shape), "description": meanings[key]} if key in meanings else for_generators(shape)
        for key, shape in schema.get("properties", {}).items()
    }
    if name == "ExecuteRequest":  # msgspec's own limits end at 2**63
        properties["seed"]["anyOf"] = [
            {**option, "maximum": MAX_SEED} if option.get("type") == "integer" else option
            for option in properties["seed"]["anyOf"]
        ]
        schema = {**schema, "not": _NOT_ONE_OF_PROMPT_AND_MESSAGES}
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


def _schemas() -> dict[str, Any]:
    _, schemas = msgspec.json.schema_components(_TYPES, ref_template=_REF)
    docs = {kind.__name__: _dedented(kind.__doc__ or "") for kind in _TYPES}
    return {name: _described(name, schema, docs[name]) for name, schema in sorted(schemas.items())}


def _dedented(doc: str) -> str:
    head, _, rest = doc.partition("\n")
    return f"{head}\n" + "\n".join(line.removeprefix("    ") for line in rest.split("\n"))


def _json(name: str) -> dict[str, Any]:
    return {"application/json": {"schema": {"$ref": _REF.format(name=name)}}}


def _answer(meaning: str, name: str) -> dict[str, Any]:
    return {"description": meaning, "content": _json(name)}


def _errors(*codes: str) -> dict[str, Any]:
    """Return the responses of error codes, grouped by status."""
    by_status: dict[int, list[str]] = {}
    for code in codes:
        by_status.setdefault(CODES[code].status, []).append(code)
    return {str(status): _answer(" or ".join(names), "Error") for status, names in sorted(by_status.items())}


def _body(name: str) -> dict[str, Any]:
    return {"required": True, "content": _json(name)}


def _paths() -> dict[str, Any]:
    refused = ("MISSING_TOKEN", "BAD_TOKEN", "FORBIDDEN")
    stream = {
        "description": "A stream of server-sent events: `started`, then any of `narration`, `token`, `metrics`, then "
        "exactly one of `end` and `error`. Events have an id when the stream can be resumed.",
        "content": {
            "application/json": {"schema": {"$ref": _REF.format(name="Completion")}},
            "text/event-stream": {
                "x-sse-events": {
                    name: {"$ref": _REF.format(name=kind.__name__)} for name, kind in STREAM_EVENTS.items()
                },
            },
        },
    }
    text = {"text/plain": {"schema": {"type": "string"}}}
    open_to_all: dict[str, Any] = {"security": []}
    return {
        "/execute": {
            "post": {
                "operationId": "execute",
                "summary": "Generate text; stream it and its narration.",
                "description": 'Send either `prompt` or `messages`. With `"stream": false` the answer is one object.',
                "requestBody": _body("ExecuteRequest"),
                "responses": {
                    "200": stream,
                    **_errors("INVALID_REQUEST", *refused, "CONFLICT", "QUEUE_FULL", "SHUTTING_DOWN", "LOADING"),
                },
            }
        },
        "/jobs/{job_id}": {
            "get": {
                "operationId": "job",
                "summary": "State of a job that waits, runs, or ended not long ago.",
                "parameters": [_JOB_ID],
                "responses": {"200": _answer("The job's state.", "JobState"), **_errors(*refused, "NOT_FOUND")},
            }
        },
        "/jobs/{job_id}/events": {
            "get": {
                "operationId": "jobEvents",
                "summary": "Take up a cut stream after the event of Last-Event-ID; needs --resume-grace-sec.",
                "parameters": [
                    _JOB_ID,
                    {"name": "Last-Event-ID", "in": "header", "schema": {"type": "string", "pattern": "^[0-9]{1,18}$"}},
                ],
                "responses": {"200": stream, **_errors("INVALID_REQUEST", *refused, "NOT_FOUND")},
            }
        },
        "/cancel": {
            "post": {
                "operationId": "cancel",
                "summary": "Stop a running or waiting job; calling it again is fine.",
                "requestBody": _body("CancelRequest"),
                "responses": {
                    "202": _answer("It is stopped, or had already ended.", "CancelResult"),
                    **_errors("INVALID_REQUEST", *refused, "NOT_FOUND"),
                },
            }
        },
        "/shutdown": {
            "post": {
                "operationId": "shutdown",
                "summary": "Finish the accepted jobs, then exit.",
                "responses": {"202": _answer("The worker accepts no more requests.", "Draining"), **_errors(*refused)},
            }
        },
        "/health": {
            "get": {
                "operationId": "health",
                "summary": "State of the worker.",
                **open_to_all,
                "responses": {
                    "200": _answer("healthy or draining", "Health"),
                    "503": _answer("loading or unhealthy", "Health"),
                },
            }
        },
        "/metrics": {
            "get": {
                "operationId": "metrics",
                "summary": "Prometheus' text format.",
                "responses": {"200": {"description": "Every metric.", "content": text}, **_errors(*refused)},
            }
        },
        "/openapi.json": {
            "get": {
                "operationId": "openapi",
                "summary": "This description.",
                **open_to_all,
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
                **open_to_all,
                "responses": {"200": {"description": "HTML", "content": {"text/html": {"schema": {"type": "string"}}}}},
            }
        },
    }


def document(rule: TokenRule = "needed") -> dict[str, Any]:
    """Return the OpenAPI 3.1 description of the worker.

    Args:
        rule: whether callers need the bearer token.
    """
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "narration worker",
            "version": __version__,
            "description": "One GGUF model, one device, one inference at a time, every step narrated.",
            "license": {"name": "Apache-2.0", "identifier": "Apache-2.0"},
        },
        "servers": [{"url": "/"}],
        "security": _SECURITY[rule],
        "paths": _paths(),
        "components": {
            "schemas": _schemas(),
            "securitySchemes": {"token": {"type": "http", "scheme": "bearer", "description": "AUTH_TOKEN"}},
        },
    }


def add_routes(app: web.Application, rule: TokenRule) -> None:
    """Serve `/openapi.json` and `/docs`.

    Args:
        app: the application.
        rule: whether callers need the bearer token.
    """
    description = msgspec.json.encode(document(rule))
    page = files("narration_worker").joinpath("page", "docs.html").read_bytes()

    async def openapi(_: web.Request) -> web.Response:
        return web.Response(body=description, content_type="application/json")

    async def docs(_: web.Request) -> web.Response:
        return web.Response(body=page, content_type="text/html", charset="utf-8", headers=_PAGE_HEADERS)

    app.router.add_get("/openapi.json", openapi)
    app.router.add_get("/docs", docs)
