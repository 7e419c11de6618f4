"""OpenTelemetry's log records as JSON, of events.

Source: OpenTelemetry protocol 1.x; ids are hexadecimal in JSON, 64-bit integers are text.
"""

import re
from collections.abc import Iterable, Mapping
from typing import Any, Final

from narration_core._event import Event
from narration_core._levels import SEVERITY

_SCOPE: Final = {"name": "narration"}
_DIGITS: Final = (("traceId", "trace_id", 32), ("spanId", "span_id", 16))
_ELSEWHERE: Final = frozenset(("emitted_at_ms", "level", "human"))
_INT64: Final = 1 << 63


def export_request(services: Iterable[tuple[Mapping[str, str], Iterable[Event]]]) -> dict[str, Any]:
    """Return an ExportLogsServiceRequest.

    Args:
        services: the attributes of each resource, and its events.
    """
    resources = [
        {
            "resource": {"attributes": [_attribute(*pair) for pair in attributes.items()]},
            "scopeLogs": [{"scope": _SCOPE, "logRecords": [log_record(event) for event in events]}],
        }
        for attributes, events in services
    ]
    return {"resourceLogs": resources}


def log_record(event: Event) -> dict[str, Any]:
    """Return an event as a log record: the sentence is its body, what has no place of its own an attribute."""
    level = event.level or "info"
    fields = event.to_dict()
    record: dict[str, Any] = {
        "timeUnixNano": str((event.emitted_at_ms or 0) * 1_000_000),
        "severityNumber": SEVERITY.get(level, 0),
        "severityText": level,
        "body": {"stringValue": event.human or ""},
        "eventName": f"{event.actor}.{event.action}",
    }
    for name, key, digits in _DIGITS:
        value = fields.get(key)
        if isinstance(value, str) and re.fullmatch(f"(?!0+$)[0-9a-f]{{{digits}}}", value):
            record[name] = fields.pop(key)
    record["attributes"] = [
        _attribute(f"narration.{name}", value) for name, value in fields.items() if name not in _ELSEWHERE
    ]
    return record


def _attribute(key: str, value: Any) -> dict[str, Any]:
    return {"key": key, "value": _value(value)}


def _value(value: Any) -> dict[str, Any]:
    if isinstance(value, bool):
        return {"boolValue": value}
    if isinstance(value, int):
        return {"intValue": str(value)} if -_INT64 <= value < _INT64 else {"stringValue": str(value)}
    if isinstance(value, float):
        return {"doubleValue": value}
    if isinstance(value, Mapping):
        return {"kvlistValue": {"values": [_attribute(str(name), inner) for name, inner in value.items()]}}
    if isinstance(value, list):
        return {"arrayValue": {"values": [_value(inner) for inner in value]}}
    return {"stringValue": "" if value is None else str(value)}
