"""Answers and failures in the one format that the hub sends."""

from typing import Final

import msgspec
from aiohttp import web

from narration_core.serving.failures import not_http
from narration_hub.errors import STATUS, HubError
from narration_hub.http import logs

RETRY_S: Final = 5
"""When a request may work that does not now, in seconds."""

_encode: Final = msgspec.json.Encoder().encode


def json_response(status: int, body: msgspec.Struct, headers: dict[str, str] | None = None) -> web.Response:
    """Return a response with a JSON body, which is one of the wire types."""
    response = web.Response(status=status, body=_encode(body), content_type="application/json", headers=headers)
    response.headers["Cache-Control"] = "no-store"
    return response


def error_response(error: HubError, request: web.Request | None = None) -> web.Response:
    """Return the response for a failure, in the words of whoever asked."""
    headers = {}
    if error.retry_after_s is not None:
        headers["Retry-After"] = str(error.retry_after_s)
    if STATUS[error.code] == STATUS["MISSING_TOKEN"]:
        headers["WWW-Authenticate"] = "Bearer"
    if request is not None and request.path == logs.PATH:
        return logs.refuse(error, request.content_type, headers)
    return json_response(STATUS[error.code], error.to_wire(), headers)


def failure_response(status: int, kind: str) -> web.Response:
    """Return the answer to what failed outside of the endpoints.

    Args:
        status: HTTP status.
        kind: the exception's name.
    """
    if status < STATUS["INTERNAL"]:
        return json_response(status, HubError("INVALID_REQUEST", not_http(kind)).to_wire())
    return error_response(HubError("INTERNAL", f"unexpected {kind}; the narration says more"))


def cannot_tell() -> HubError:
    """Return the error of a hub that has nothing of a name, and cannot ask the others."""
    return HubError("CANNOT_TELL", "this hub has nothing of this name, and cannot ask the other hubs now", RETRY_S)
