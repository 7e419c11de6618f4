"""`/openapi.json` and `/docs` of the hub."""

from typing import Any, Final

import msgspec
from aiohttp import web

from narration_core import __version__
from narration_core.serving.hub_protocol import NOT_ASKED_HEADER
from narration_core.serving.openapi import (
    REF,
    answer,
    errors,
    json_content,
    own_paths,
    request_body,
    schemas,
    text_answer,
)
from narration_core.serving.openapi import add_routes as serve_description
from narration_hub import wire
from narration_hub.errors import STATUS
from narration_hub.otlp import MEDIA_JSON, MEDIA_PROTOBUF
from narration_hub.search import LONGEST_TEXT, MOST_HITS

_TYPES: Final[tuple[type[msgspec.Struct], ...]] = (
    wire.Accepted,
    wire.Board,
    wire.Error,
    wire.ExportLogsPartialSuccess,
    wire.ExportLogsServiceResponse,
    wire.Found,
    wire.Health,
    wire.Job,
    wire.Next,
    wire.Refusal,
    wire.Revoked,
    wire.Said,
    wire.Service,
    wire.Status,
    wire.Stores,
    wire.Story,
    wire.StoryLine,
    wire.Ticket,
    wire.TicketRequest,
    wire.Usual,
    wire.Waits,
    wire.Why,
    *wire.STREAM_EVENTS.values(),
)
_TEXT: Final = {"schema": {"type": "string"}}
_REFUSED: Final = ("INVALID_REQUEST", "MISSING_TOKEN", "BAD_TOKEN", "FORBIDDEN", "TOO_MANY")
_BINARY: Final = {"schema": {"type": "string", "format": "binary"}}
_STREAM: Final = {
    "description": "Server-sent events: `hello`, perhaps `reset` or `gap`, any number of `narration`, then `end`.",
    "content": {
        "text/event-stream": {
            "schema": {"type": "string"},
            "x-sse-events": {
                name: {"$ref": REF.format(name=kind.__name__)} for name, kind in wire.STREAM_EVENTS.items()
            },
        }
    },
}
_RESUME: Final = [
    {"name": "Last-Event-ID", "in": "header", "schema": {"type": "string"}},
    {"name": "after", "in": "query", "schema": {"type": "string"}, "description": "The same, for browsers."},
]


_MORE: Final = {
    "name": "id",
    "in": "query",
    "schema": {"type": "array", "items": {"type": "string"}},
    "description": "More ids; operators only.",
}


_ENDED: Final = {
    "name": "ended",
    "in": "query",
    "schema": {"type": "integer", "minimum": 0},
    "description": "Only so many jobs that have ended, those that were heard last.",
}


_LAST: Final = {
    "name": "last",
    "in": "query",
    "schema": {"type": "integer", "minimum": 0},
    "description": "Only about so many bytes of the end; of several hubs, what others took in lately comes before it.",
}


_WHY: Final = "What it waits for: who holds it, how long that usually takes, what usually follows."


_NOT_ASKED: Final = {
    "description": "Names of other hubs, which keep what came to them; absent when there is one hub only.",
    "schema": {"type": "string"},
}


def _in_path(name: str) -> dict[str, Any]:
    return {"name": name, "in": "path", "required": True, "schema": {"type": "string"}}


def _read(name: str, summary: str, response: dict[str, Any], *parameters: dict[str, Any]) -> dict[str, Any]:
    return {
        "operationId": name,
        "summary": summary,
        "parameters": list(parameters),
        "responses": {"200": response, **errors(STATUS, *_REFUSED, "NOT_FOUND", "CANNOT_TELL", "NO_ROOM")},
    }


def _tickets(scope: str, parameter: dict[str, Any]) -> dict[str, Any]:
    refused = errors(STATUS, *_REFUSED, "NOT_FOUND", "CANNOT_TELL", "NO_ROOM")
    return {
        "post": {
            "operationId": f"{scope}Ticket",
            "summary": f"Make a read-only, expiring key to a {scope}.",
            "parameters": [parameter],
            "requestBody": {**request_body("TicketRequest"), "required": False},
            "responses": {"201": answer("The ticket.", "Ticket"), **refused},
        },
        "delete": {
            "operationId": f"revoke{scope.capitalize()}Tickets",
            "summary": f"Make every ticket of a {scope} worthless.",
            "parameters": [parameter],
            "responses": {"200": answer("They are.", "Revoked"), **refused},
        },
    }


def _otlp(meaning: str, name: str) -> dict[str, Any]:
    """Return an answer that is in the media type of the request."""
    return {"description": meaning, "content": {**json_content(name), MEDIA_PROTOBUF: _BINARY}}


def _logs() -> dict[str, Any]:
    refused = errors(STATUS, *_REFUSED, "TOO_LARGE", "UNSUPPORTED", "NO_ROOM")
    return {
        "operationId": "sendLogs",
        "summary": "Take in logs of OpenTelemetry (OTLP/HTTP): at most 10,000 records and 1 MiB, gzip if you like.",
        "requestBody": {
            "required": True,
            "description": "An ExportLogsServiceRequest.",
            "content": {
                MEDIA_JSON: {"schema": {"type": "object", "additionalProperties": True}},
                MEDIA_PROTOBUF: _BINARY,
            },
        },
        "responses": {
            "200": _otlp("What became of it.", "ExportLogsServiceResponse"),
            **{status: _otlp(refusal["description"], "Status") for status, refusal in refused.items()},
        },
    }


def _search() -> dict[str, Any]:
    text = {"type": "string", "minLength": 1, "maxLength": LONGEST_TEXT}
    most = {"type": "integer", "minimum": 1, "maximum": MOST_HITS}
    return {
        "operationId": "search",
        "summary": "Where a text occurs in all that is kept, newest first, while it is found; close it to cancel.",
        "parameters": [
            {"name": "q", "in": "query", "required": True, "schema": text},
            {"name": "most", "in": "query", "schema": most, "description": "So many events are enough."},
        ],
        "responses": {
            "200": {
                "description": "A line now and then; the last one has `end`. Operators only.",
                "content": {"application/x-ndjson": {"schema": {"$ref": REF.format(name="Found")}}},
            },
            **errors(STATUS, *_REFUSED, "NOT_FOUND"),
        },
    }


def _paths() -> dict[str, Any]:
    job, story = _in_path("job_id"), _in_path("correlation_id")
    return {
        "/v1/narration": {
            "post": {
                "operationId": "send",
                "summary": "Take in one event or a batch: a JSON array or NDJSON, at most 500 events and 1 MiB.",
                "requestBody": {
                    "required": True,
                    "content": {
                        "application/x-ndjson": _TEXT,
                        "application/json": {
                            "schema": {"type": "array", "items": {"type": "object", "additionalProperties": True}}
                        },
                    },
                },
                "responses": {
                    "202": answer("What became of it.", "Accepted"),
                    **errors(STATUS, *_REFUSED, "TOO_LARGE", "UNSUPPORTED", "NO_ROOM"),
                },
            }
        },
        "/v1/logs": {"post": _logs()},
        "/v1/jobs": {
            "get": _read("board", "The board: what every job is doing.", answer("The board.", "Board"), _ENDED)
        },
        "/v1/jobs/{job_id}": {"get": _read("job", "What a job is doing.", answer("The job.", "Job"), job)},
        "/v1/jobs/{job_id}/stream": {"get": _read("jobStream", "A job's events, live.", _STREAM, job, *_RESUME)},
        "/v1/jobs/{job_id}/ticket": _tickets("job", job),
        "/v1/jobs/{job_id}/why": {"get": _read("jobWhy", _WHY, answer("The reason.", "Why"), job)},
        "/v1/stories/{correlation_id}": {
            "get": _read("story", "What happened to a request.", answer("The story.", "Story"), story, _MORE)
        },
        "/v1/stories/{correlation_id}/stream": {
            "get": _read("storyStream", "A request's events, live.", _STREAM, story, *_RESUME)
        },
        "/v1/stories/{correlation_id}/ticket": _tickets("story", story),
        "/v1/stories/{correlation_id}/why": {"get": _read("storyWhy", _WHY, answer("The reason.", "Why"), story)},
        "/v1/search": {"get": _search()},
        "/v1/operator/events": {
            "get": {
                "operationId": "events",
                "summary": "Every line that is kept, oldest first, as NDJSON.",
                "parameters": [_LAST],
                "responses": {
                    "200": {
                        "description": "One event a line.",
                        "headers": {NOT_ASKED_HEADER: _NOT_ASKED},
                        "content": {"application/x-ndjson": _TEXT},
                    },
                    **errors(STATUS, *_REFUSED, "NOT_FOUND"),
                },
            }
        },
        "/v1/operator/stream": {"get": _read("operatorStream", "Every event, live.", _STREAM, *_RESUME)},
        "/v1/health": {
            "get": {
                "operationId": "health",
                "summary": "State of the hub.",
                "security": [],
                "responses": {"200": answer("The state.", "Health")},
            }
        },
        "/metrics": {
            "get": {
                "operationId": "metrics",
                "summary": "Counters in Prometheus' text format, without names of jobs.",
                "responses": {"200": text_answer("Every metric."), **errors(STATUS, *_REFUSED)},
            }
        },
        "/": {
            "get": {
                "operationId": "panel",
                "summary": "The panel, for people.",
                "security": [],
                "responses": {"200": {"description": "HTML", "content": {"text/html": _TEXT}}},
            }
        },
        **own_paths(),
    }


def document(*, needs_token: bool) -> dict[str, Any]:
    """Return the OpenAPI 3.1 description of the hub.

    Args:
        needs_token: whether callers need a bearer token.
    """
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "narration hub",
            "version": __version__,
            "description": "Every process, one story, live.",
            "license": {"name": "Apache-2.0", "identifier": "Apache-2.0"},
        },
        "servers": [{"url": "/"}],
        "security": [{"token": []}] if needs_token else [],
        "paths": _paths(),
        "components": {
            "schemas": schemas(_TYPES),
            "securitySchemes": {"token": {"type": "http", "scheme": "bearer", "description": "a token or a ticket"}},
        },
    }


def add_routes(app: web.Application, *, needs_token: bool) -> None:
    """Serve `/openapi.json` and `/docs`.

    Args:
        app: the application.
        needs_token: whether callers need a bearer token.
    """
    serve_description(app, lambda: document(needs_token=needs_token))
