"""From log records to lines of events, one batch for each resource. What they say is checked at the hub's own door."""

import hashlib
import time
from collections.abc import Callable, Iterator, Mapping
from typing import Any, Final, NamedTuple

import msgspec

from narration_core.contract import level_of_severity, plain, to_name
from narration_core.following import foreign_event
from narration_core.serving.hub_protocol import EVENT_ID
from narration_hub.errors import HubError
from narration_hub.otlp import _json, _protobuf
from narration_hub.otlp._form import MEDIA_JSON, MEDIA_PROTOBUF, AbsentError, LogRecord, MalformedError, Resource

MOST_RECORDS: Final = 10_000
"""Most log records of one request."""

_READERS: Final[Mapping[str, Callable[[bytes], list[Resource]]]] = {
    MEDIA_JSON: _json.read,
    MEDIA_PROTOBUF: _protobuf.read,
}
_SERVICE: Final = "service.name"
_VERSION: Final = "service.version"
# What tells one process from another. The rest of a resource would stand in every event again.
_KEPT: Final = (
    "service.instance.id", "service.namespace", "deployment.environment.name", "host.name", "container.id",
    "k8s.pod.name",
)  # fmt: skip
_LONGEST_KEPT: Final = 256
_OWN: Final = "narration."  # before the fields of an event that `narration story --export otlp` wrote
_NARRATED: Final = ("actor", "action", "target")
_OURS: Final = frozenset((EVENT_ID, "hub"))  # keys that mean something else at the hub's door
_MS: Final = 1_000_000  # nanoseconds
_LATEST_NS: Final = 1 << 64
_encode: Final = msgspec.json.Encoder().encode


class Batch(NamedTuple):
    """What one resource says.

    Attributes:
        service: its name; "" when it has none.
        lines: its events, one JSON object each.
    """

    service: str
    lines: list[bytes]


def batches(body: bytes, media_type: str, service: str) -> list[Batch]:
    """Return the events of a request.

    Args:
        body: the request, unpacked.
        media_type: what it is written in.
        service: who sends it, by its token; "" when the token names nobody.

    Raises:
        HubError: UNSUPPORTED, it cannot be read here; INVALID_REQUEST, it is malformed; TOO_LARGE.
    """
    read = _READERS.get(media_type)
    if read is None:
        raise HubError("UNSUPPORTED", f"OTLP is {' or '.join(_READERS)}, and nothing else is taken")
    try:
        resources = read(body)
    except AbsentError as error:
        raise HubError("UNSUPPORTED", str(error)) from None
    except MalformedError as error:
        raise HubError("INVALID_REQUEST", str(error)) from None
    count = sum(len(resource.records) for resource in resources)
    if count > MOST_RECORDS:
        raise HubError("TOO_LARGE", f"{count} log records are more than the {MOST_RECORDS} that are taken at once")
    names = _names(body)
    return [_batch(resource, service, names) for resource in resources]


def _names(body: bytes) -> Iterator[str]:
    """Yield an id for each record: the same when the same request comes again, because a sender tried twice."""
    request = hashlib.sha256(body).hexdigest()[:32]
    index = 0
    while True:
        yield f"{request}-{index}"
        index += 1


def _batch(resource: Resource, bound: str, names: Iterator[str]) -> Batch:
    named = resource.attributes.get(_SERVICE)
    service = bound or (to_name(named) if isinstance(named, str) and named.strip() else "")
    about = {name: value for name in _KEPT if (value := _short(resource.attributes.get(name)))}
    if service:
        about["emitted_by"] = f"{service}@{_short(resource.attributes.get(_VERSION)) or 'unversioned'}"
    lines = []
    for record in resource.records:
        name = next(names)
        fields = _fields(record, service)
        fields |= {name: value for name, value in about.items() if name not in fields}
        # A record without a time may be sent twice on purpose: nothing tells it from a second try.
        lines.append(_encode(fields | {EVENT_ID: name} if record.at_ns else fields))
    return Batch(service, lines)


def _short(value: Any) -> str:
    return value[:_LONGEST_KEPT] if isinstance(value, str) else ""


def _fields(record: LogRecord, service: str) -> dict[str, Any]:
    """Return a record as the fields of an event; without a sentence when it says nothing."""
    body = plain({"body": record.body})["body"]
    # The fields of data are as good as attributes.
    found = {**(body if isinstance(body, dict) else {}), **plain(record.attributes)}
    own = {name.removeprefix(_OWN): value for name, value in found.items()}
    given = {f"attributes.{name}" if name in _OURS else name: value for name, value in own.items()}
    at_ms = (record.at_ns if 0 < record.at_ns < _LATEST_NS else time.time_ns()) // _MS
    said = {
        "emitted_at_ms": at_ms,
        "level": level_of_severity(record.severity) or record.severity_text,
        "trace_id": record.trace_id,
        "span_id": record.span_id,
        "human": _sentence(body, record.event_name),
    }
    given |= {name: value for name, value in said.items() if value}
    if service and not all(isinstance(given.get(name), str) for name in _NARRATED):
        given["actor"] = service
    if record.event_name:
        given.setdefault("action", record.event_name)
    source = service or record.logger
    event = foreign_event(given, source, says_anything=True)
    fields: dict[str, Any] = {"actor": to_name(source), "action": "log"} if event is None else event.to_dict()
    fields |= {"emitted_at_ms": at_ms, "origin": "otlp"}
    for name, value in (("logger", record.logger), ("dropped_attributes", record.dropped)):
        if value:
            fields.setdefault(name, value)
    return fields


def _sentence(body: Any, event_name: str) -> str:
    """Return what a record says; "" when that is in its fields, or nowhere."""
    if body is None or body == "" or isinstance(body, dict):
        return event_name
    return body if isinstance(body, str) else _encode(body).decode()
