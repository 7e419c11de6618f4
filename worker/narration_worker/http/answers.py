"""Answers in the worker's own format: JSON bodies, failures, and what never reaches an endpoint."""

from typing import Final

import msgspec
from aiohttp import web

from narration_core.serving.failures import not_http
from narration_worker.errors import CODES, WorkerError

RETRY_AFTER_S: Final = 1
_RETRY_CODES: Final = frozenset(("QUEUE_FULL", "LOADING"))
_encode: Final = msgspec.json.Encoder().encode


def json_response(status: int, body: msgspec.Struct, headers: dict[str, str] | None = None) -> web.Response:
    """Return a response with a JSON body, which is one of the wire types."""
    return web.Response(status=status, body=_encode(body), content_type="application/json", headers=headers)


def error_response(error: WorkerError, narration: list[bytes] | None = None) -> web.Response:
    """Return the response for a failure.

    Args:
        error: the failure.
        narration: the JSON lines of the events that explain it.
    """
    headers = {}
    if error.code in _RETRY_CODES:
        headers["Retry-After"] = str(RETRY_AFTER_S)
    if error.status == CODES["MISSING_TOKEN"].status:
        headers["WWW-Authenticate"] = "Bearer"
    body = error.to_wire()
    if narration is not None:
        body.narration = [msgspec.json.decode(line) for line in narration]
    return json_response(error.status, body, headers)


async def check_expectation(request: web.Request) -> web.Response | None:
    """Ask for the body when the client waits for that (`Expect: 100-continue`); answer other expectations with 417."""
    if request.version < (1, 1):
        return None  # HTTP/1.0 does not know the header
    if request.headers.get("Expect", "").lower() != "100-continue":
        return json_response(417, WorkerError("INVALID_REQUEST", "only Expect: 100-continue is met").to_wire())
    if request.transport is not None:
        request.transport.write(b"HTTP/1.1 100 Continue\r\n\r\n")
    return None


def failure_response(status: int, kind: str) -> web.Response:
    """Return the answer to what failed outside of the endpoints.

    Args:
        status: HTTP status.
        kind: the exception's name.
    """
    if status < CODES["INTERNAL"].status:
        return json_response(status, WorkerError("INVALID_REQUEST", not_http(kind)).to_wire())
    return error_response(WorkerError("INTERNAL", f"unexpected {kind}; the narration says more"))
