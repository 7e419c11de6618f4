"""OTLP in JSON: protobuf's JSON form, but for ids, which are hexadecimal."""

import base64
import binascii
from collections.abc import Iterable
from typing import Annotated, Any, Final, Optional

import msgspec

from narration_hub.otlp._form import DEEPEST, SPAN_BYTES, TRACE_BYTES, LogRecord, MalformedError, Resource

_Uint32 = Annotated[int, msgspec.Meta(ge=0, le=0xFFFFFFFF)]


class _Value(msgspec.Struct, rename="camel"):
    string_value: str | None = None
    bool_value: bool | None = None
    int_value: int | None = None
    double_value: float | None = None
    bytes_value: str | None = None
    array_value: Optional["_Array"] = None
    kvlist_value: Optional["_Pairs"] = None


class _Array(msgspec.Struct):
    values: list[_Value] | None = None


class _Pair(msgspec.Struct):
    key: str | None = None
    value: _Value | None = None


class _Pairs(msgspec.Struct):
    values: list[_Pair] | None = None


class _Record(msgspec.Struct, rename="camel"):
    time_unix_nano: int | None = None
    observed_time_unix_nano: int | None = None
    severity_number: _Uint32 | None = None
    severity_text: str | None = None
    body: _Value | None = None
    attributes: list[_Pair] | None = None
    dropped_attributes_count: _Uint32 | None = None
    trace_id: str | None = None
    span_id: str | None = None
    event_name: str | None = None


class _Scope(msgspec.Struct):
    name: str | None = None


class _ScopeLogs(msgspec.Struct, rename="camel"):
    scope: _Scope | None = None
    log_records: list[_Record] | None = None


class _Resource(msgspec.Struct):
    attributes: list[_Pair] | None = None


class _ResourceLogs(msgspec.Struct, rename="camel"):
    resource: _Resource | None = None
    scope_logs: list[_ScopeLogs] | None = None


class _Request(msgspec.Struct, rename="camel"):
    resource_logs: list[_ResourceLogs] | msgspec.UnsetType | None = msgspec.UNSET


# Not strict: numbers of 64 bits are written as text.
_decode: Final = msgspec.json.Decoder(_Request, strict=False).decode
_EMPTY: Final = b"{}"


def read(body: bytes) -> list[Resource]:
    """Return what a request says.

    Raises:
        MalformedError: it is not one.
    """
    try:
        request = _decode(body)
    except msgspec.ValidationError as error:
        raise MalformedError(f"the body is not an ExportLogsServiceRequest: {error}") from None
    except (msgspec.MsgspecError, UnicodeError, RecursionError):
        raise MalformedError("the body is not JSON") from None
    if request.resource_logs is msgspec.UNSET and body.strip() != _EMPTY:
        raise MalformedError("the body has no resourceLogs; this address takes logs only, in lowerCamelCase")
    return [
        Resource(
            _pairs(found.resource.attributes if found.resource else None),
            [
                _record(record, (logs.scope.name if logs.scope else None) or "")
                for logs in found.scope_logs or ()
                for record in logs.log_records or ()
            ],
        )
        for found in request.resource_logs or ()
    ]


def _record(record: _Record, logger: str) -> LogRecord:
    return LogRecord(
        record.time_unix_nano or record.observed_time_unix_nano or 0,
        record.severity_number or 0,
        record.severity_text or "",
        _value(record.body),
        _pairs(record.attributes),
        record.event_name or "",
        _id(record.trace_id, "traceId", TRACE_BYTES),
        _id(record.span_id, "spanId", SPAN_BYTES),
        record.dropped_attributes_count or 0,
        logger,
    )


def _id(given: str | None, name: str, length: int) -> str:
    """Return an id in small letters; "" for one of another length or of zeros only, as the specification has it.

    Raises:
        MalformedError: it is not hexadecimal, as where protobuf's own JSON writes base64.
    """
    try:
        value = bytes.fromhex(given or "")
    except ValueError:
        raise MalformedError(f"{name} is not hexadecimal") from None
    return value.hex() if len(value) == length and any(value) else ""


def _pairs(pairs: Iterable[_Pair] | None, depth: int = DEEPEST) -> dict[str, Any]:
    return {pair.key or "": _value(pair.value, depth) for pair in pairs or ()}


def _value(value: _Value | None, depth: int = DEEPEST) -> Any:
    if value is None:
        return None
    if value.array_value is not None or value.kvlist_value is not None:
        if depth == 0:
            return "..."
        if value.array_value is not None:
            return [_value(inner, depth - 1) for inner in value.array_value.values or ()]
        return _pairs(value.kvlist_value.values if value.kvlist_value else None, depth - 1)
    if value.bytes_value is not None:
        try:
            return base64.b64decode(value.bytes_value, validate=True)
        except (binascii.Error, ValueError):
            raise MalformedError("bytesValue is not base64") from None
    plain = (value.string_value, value.bool_value, value.int_value, value.double_value)
    return next((found for found in plain if found is not None), None)
