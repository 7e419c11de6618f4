"""`/openapi.json` and `/docs`: OpenAPI 3.1, generated from the types that validate requests and encode answers."""

from typing import Any, Final, Literal

import msgspec
from aiohttp import web

from narration_core import __version__
from narration_core.serving.openapi import REF, answer, errors, own_paths, request_body, schemas, text_answer
from narration_core.serving.openapi import add_routes as serve_description
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


def _schemas() -> dict[str, Any]:
    found = schemas(_TYPES)
    execute = found["ExecuteRequest"]
    seed = execute["properties"]["seed"]  # msgspec's own limits end at 2**63
    seed["anyOf"] = [
        {**option, "maximum": MAX_SEED} if option.get("type") == "integer" else option for option in seed["anyOf"]
    ]
    execute["not"] = _NOT_ONE_OF_PROMPT_AND_MESSAGES
    return found


def _errors(*codes: str) -> dict[str, Any]:
    return errors({name: code.status for name, code in CODES.items()}, *codes)


def _paths() -> dict[str, Any]:
    refused = ("MISSING_TOKEN", "BAD_TOKEN", "FORBIDDEN")
    stream = {
        "description": "A stream of server-sent events: `started`, then any of `narration`, `token`, `metrics`, then "
        "exactly one of `end` and `error`. Events have an id when the stream can be resumed.",
        "content": {
            "application/json": {"schema": {"$ref": REF.format(name="Completion")}},
            "text/event-stream": {
                "x-sse-events": {
                    name: {"$ref": REF.format(name=kind.__name__)} for name, kind in STREAM_EVENTS.items()
                },
            },
        },
    }
    open_to_all: dict[str, Any] = {"security": []}
    return {
        "/execute": {
            "post": {
                "operationId": "execute",
                "summary": "Generate text; stream it and its narration.",
                "description": 'Send either `prompt` or `messages`. With `"stream": false` the answer is one object.',
                "requestBody": request_body("ExecuteRequest"),
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
                "responses": {"200": answer("The job's state.", "JobState"), **_errors(*refused, "NOT_FOUND")},
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
                "responses": {
                    "200": stream,
                    "204": {"description": "The stream has ended, and the client has all of it."},
                    **_errors("INVALID_REQUEST", *refused, "NOT_FOUND"),
                },
            }
        },
        "/cancel": {
            "post": {
                "operationId": "cancel",
                "summary": "Stop a running or waiting job; calling it again is fine.",
                "requestBody": request_body("CancelRequest"),
                "responses": {
                    "202": answer("It is stopped, or had already ended.", "CancelResult"),
                    **_errors("INVALID_REQUEST", *refused, "NOT_FOUND"),
                },
            }
        },
        "/shutdown": {
            "post": {
                "operationId": "shutdown",
                "summary": "Finish the accepted jobs, then exit.",
                "responses": {"202": answer("The worker accepts no more requests.", "Draining"), **_errors(*refused)},
            }
        },
        "/health": {
            "get": {
                "operationId": "health",
                "summary": "State of the worker.",
                **open_to_all,
                "responses": {
                    "200": answer("healthy or draining", "Health"),
                    "503": answer("loading or unhealthy", "Health"),
                },
            }
        },
        "/metrics": {
            "get": {
                "operationId": "metrics",
                "summary": "Prometheus' text format.",
                "responses": {"200": text_answer("Every metric."), **_errors(*refused)},
            }
        },
        **own_paths(),
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
    serve_description(app, lambda: document(rule))
