"""Answers of OTLP/HTTP, in the media type of the request."""

from typing import Final

import msgspec

from narration_hub import wire
from narration_hub.errors import CODES, HubError
from narration_hub.otlp._form import MEDIA_PROTOBUF

# The codes of google.rpc.Code, by HTTP status.
_RPC: Final = {400: 3, 401: 16, 403: 7, 404: 5, 413: 8, 415: 3, 429: 8, 500: 13, 503: 14}
_UNKNOWN: Final = 2
_json: Final = msgspec.json.Encoder().encode


def success(rejected: int, reason: str, media_type: str) -> bytes:
    """Return the body for a request that was taken in.

    Args:
        rejected: how many of its log records were not.
        reason: why the first of them was not.
        media_type: of the request.
    """
    if media_type == MEDIA_PROTOBUF:
        partial = _number(1, rejected) + _text(2, reason)
        return _nested(1, partial) if rejected else b""
    partial_success = wire.ExportLogsPartialSuccess(str(rejected), reason) if rejected else None
    return _json(wire.ExportLogsServiceResponse(partial_success))


def failure(error: HubError, media_type: str) -> bytes:
    """Return the body for a request that was refused, a google.rpc.Status.

    Args:
        error: why.
        media_type: of the request.
    """
    status = CODES[error.code]
    code = _RPC.get(status.status, _UNKNOWN)
    message = f"{error.message}; {status.hint}" if status.hint else error.message
    if media_type == MEDIA_PROTOBUF:
        return _number(1, code) + _text(2, message)
    return _json(wire.Status(code, message))


# Two messages with a number and a text: written by hand, because opentelemetry-proto has only one of them, and
# may be absent where a caller must be told so.


def _varint(value: int) -> bytes:
    found = bytearray()
    while value > 0x7F:  # noqa: PLR2004 - seven bits a byte
        found.append(value & 0x7F | 0x80)
        value >>= 7
    found.append(value)
    return bytes(found)


def _number(field: int, value: int) -> bytes:
    return bytes([field << 3]) + _varint(value)


def _nested(field: int, value: bytes) -> bytes:
    return bytes([field << 3 | 2]) + _varint(len(value)) + value


def _text(field: int, value: str) -> bytes:
    return _nested(field, value.encode())
