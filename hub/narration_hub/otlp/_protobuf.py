"""OTLP in protobuf, read by the messages of opentelemetry-proto, which is imported when the first one comes."""

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

from narration_hub.otlp._form import DEEPEST, SPAN_BYTES, TRACE_BYTES, AbsentError, LogRecord, MalformedError, Resource

if TYPE_CHECKING:
    from opentelemetry.proto.common.v1.common_pb2 import AnyValue, KeyValue
    from opentelemetry.proto.logs.v1 import logs_pb2


def read(body: bytes) -> list[Resource]:
    """Return what a request says.

    Raises:
        MalformedError: it is not one.
        AbsentError: opentelemetry-proto is not installed.
    """
    try:
        from google.protobuf.message import DecodeError  # noqa: PLC0415 - optional
        from opentelemetry.proto.collector.logs.v1.logs_service_pb2 import (  # noqa: PLC0415 - optional
            ExportLogsServiceRequest,
        )
    except ImportError:
        raise AbsentError(
            "this hub reads OTLP in JSON only, because opentelemetry-proto is not installed: "
            "pip install 'narration-core[hub]' where the hub runs, or send application/json"
        ) from None
    try:
        request = ExportLogsServiceRequest.FromString(body)
    except DecodeError:
        raise MalformedError("the body is not an ExportLogsServiceRequest in protobuf") from None
    return [
        Resource(
            _pairs(found.resource.attributes),
            [_record(record, logs.scope.name) for logs in found.scope_logs for record in logs.log_records],
        )
        for found in request.resource_logs
    ]


def _record(record: "logs_pb2.LogRecord", logger: str) -> LogRecord:
    return LogRecord(
        record.time_unix_nano or record.observed_time_unix_nano,
        record.severity_number,
        record.severity_text,
        _value(record.body),
        _pairs(record.attributes),
        record.event_name,
        _id(record.trace_id, TRACE_BYTES),
        _id(record.span_id, SPAN_BYTES),
        record.dropped_attributes_count,
        logger,
    )


def _id(value: bytes, length: int) -> str:
    """Return an id in hexadecimal; "" for one of another length or of zeros only, as the specification has it."""
    return value.hex() if len(value) == length and any(value) else ""


def _pairs(pairs: "Iterable[KeyValue]", depth: int = DEEPEST) -> dict[str, Any]:
    return {pair.key: _value(pair.value, depth) for pair in pairs}


def _value(value: "AnyValue", depth: int = DEEPEST) -> Any:
    kind = value.WhichOneof("value")
    if kind is None:
        return None
    if kind in {"array_value", "kvlist_value"} and depth == 0:
        return "..."
    if kind == "array_value":
        return [_value(inner, depth - 1) for inner in value.array_value.values]
    if kind == "kvlist_value":
        return _pairs(value.kvlist_value.values, depth - 1)
    return getattr(value, kind)
