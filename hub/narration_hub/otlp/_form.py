"""A request of OTLP/HTTP, whatever it was written in: its resources, and their log records."""

from typing import Any, Final, NamedTuple

MEDIA_JSON: Final = "application/json"
MEDIA_PROTOBUF: Final = "application/x-protobuf"
DEEPEST: Final = 16
"""So many levels of a nested value are read."""

TRACE_BYTES: Final = 16
SPAN_BYTES: Final = 8


class MalformedError(ValueError):
    """A body is not what its media type says; the message says what is wrong, and repeats nothing of it."""


class AbsentError(Exception):
    """Bodies of this media type cannot be read here; the message says what to install."""


class LogRecord(NamedTuple):
    """One log record.

    Attributes:
        at_ns: when it happened, or else when it was collected, in nanoseconds since the epoch; 0 is not known.
        severity: OpenTelemetry's number of the level; 0 says nothing.
        severity_text: the level's name where it came from.
        body: what it says, text or data.
        attributes: its fields.
        event_name: what kind of event it is; "" for none.
        trace_id: 32 hexadecimal digits; "" for none.
        span_id: 16 hexadecimal digits; "" for none.
        dropped: attributes that the sender left out.
        logger: the name of the logger; "" for none.
    """

    at_ns: int
    severity: int
    severity_text: str
    body: Any
    attributes: dict[str, Any]
    event_name: str
    trace_id: str
    span_id: str
    dropped: int
    logger: str


class Resource(NamedTuple):
    """A process, and what it says.

    Attributes:
        attributes: what is known about it.
        records: its log records.
    """

    attributes: dict[str, Any]
    records: list[LogRecord]
