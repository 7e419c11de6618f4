"""Lines of other loggers: JSON and logfmt read by the usual names of their fields, times of plain text.

Read for: structlog, python-json-logger, Elastic Common Schema, pino, bunyan, zap, zerolog, slog, OpenTelemetry, loguru.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any, Final

from narration_core._event import FIELD_SET, HEAD, VALUE_TYPES, Event, from_fields
from narration_core._levels import LevelName, parse_level
from narration_core._text import clean, to_name

_NAMES: Final[dict[str, tuple[str, ...]]] = {
    "emitted_at_ms": (
        "emitted_at_ms", "@timestamp", "timestamp", "time", "ts", "asctime", "datetime", "date", "t",
        "@t", "record.time.timestamp", "datetime.date", "timeUnixNano", "observedTimeUnixNano",
    ),
    "level": (
        "level_name", "level", "levelname", "log.level", "severity", "severity_text", "severityText", "lvl",
        "@l", "record.level.name",
    ),
    "human": (
        "human", "message", "msg", "event", "body", "body.stringValue", "record.message", "text",
        "short_message", "@m", "@mt", "MESSAGE", "jsonPayload.message", "log",
    ),
    "actor": (
        "actor", "service.name", "service", "serviceName", "service_name", "app", "application", "component",
        "logger_name", "logger", "log.logger", "name", "record.name", "program", "container", "process.name",
    ),
    "correlation_id": (
        "correlation_id", "correlationId", "correlationID", "CorrelationId", "correlation.id", "x_correlation_id",
        "x-correlation-id", "X-Correlation-Id", "labels.correlation_id", "request_id", "requestId", "requestID",
        "RequestId", "request.id", "req_id", "reqId", "req.id", "x_request_id", "x-request-id", "X-Request-Id",
        "http.request.id", "cid",
        "extra.correlation_id",
    ),
    "trace_id": ("trace_id", "traceId", "traceID", "TraceId", "@tr", "trace.id", "dd.trace_id", "otelTraceID"),
    "span_id": ("span_id", "spanId", "SpanId", "@sp", "span.id", "dd.span_id", "otelSpanID"),
    "job_id": ("job_id", "jobId", "jobID", "job.id", "job", "labels.job_id", "extra.job_id"),
    "session_id": ("session_id", "sessionId", "sessionID", "session.id", "session", "labels.session_id"),
    "task_id": ("task_id", "taskId", "task.id", "celery_task_id"),
    "duration_ms": ("duration_ms", "durationMs", "elapsed_ms", "responseTime", "latency_ms", "took_ms"),
    "error_kind": (
        "error_kind", "exc_type", "exception.type", "error.type", "err.type", "exc_info.type",
        "record.exception.type",
    ),
}  # fmt: skip
"""The fields of an event, each with the names that loggers give it, the likeliest first."""

_CAUSES: Final = (
    "err.message", "error.message", "exception.message", "record.exception.value", "error", "err", "exception",
)  # fmt: skip
"""What went wrong, in the words of an exception; told after the message."""

_LONGEST_CAUSE: Final = 200
_SERVER_ERROR: Final = "500"

LOG: Final = "log"
"""The action of a record that names none."""

_CONTAINERS: Final = (
    "attributes.", "fields.", "context.", "ctx.", "data.", "mdc.", "labels.", "extra.", "record.extra.", "jsonPayload.",
)  # fmt: skip
"""Where loggers put the ids that a program adds: `{"attributes": {"correlation_id": ...}}`."""

# As pino and bunyan count; below 10 as syslog and GELF do, where less is worse.
_NUMBERS: Final = ((60, "fatal"), (50, "error"), (40, "warn"), (30, "info"), (20, "debug"), (10, "trace"))
_SEVERITIES: Final = ("fatal", "fatal", "fatal", "error", "warn", "info", "info", "debug")
_NO_SERVICE: Final = frozenset(("__main__", "root"))  # what Python calls a program that was not told its name
# Patterns are kept as text: `re` compiles each when it is first needed.
_TIME: Final = r"(?a)(?<![\d-])(\d{4}-\d\d-\d\d)[T _](\d\d:\d\d:\d\d)(?:[.,](\d{1,9}))?\s?(Z|[+-]\d\d:?\d\d)?"
_OTHER_TIMES: Final = (
    # nginx and Apache; Go's log; klog of Kubernetes; syslog. The last two name no year: it is this one.
    (r"\[(\d\d/[A-Z][a-z]{2}/\d{4}:\d\d:\d\d:\d\d [+-]\d{4})\]", "%d/%b/%Y:%H:%M:%S %z"),
    (r"(?<!\d)(\d{4}/\d\d/\d\d \d\d:\d\d:\d\d)(?:\.(\d{1,9}))?", "%Y/%m/%d %H:%M:%S"),
    (r"^[IWEF](\d{4} \d\d:\d\d:\d\d)\.(\d{6})", "%m%d %H:%M:%S"),
    (r"^(?:<\d{1,3}>)?([A-Z][a-z]{2} [ \d]\d \d\d:\d\d:\d\d)", "%b %d %H:%M:%S"),
)
_SYSLOG: Final = (
    (
        r"^(?:<\d{1,3}>)?(?:[A-Z][a-z]{2} [ \d]\d \d\d:\d\d:\d\d|\d{4}-\d\d-\d\dT[\d:.]+(?:Z|[+-]\d\d:\d\d)) "
        r"[\w.:-]+ (?P<program>[\w./-]{1,64})(?:\[\d+\])?: (?P<words>.+)"
    ),
    r"^<\d{1,3}>1 \S+ \S+ (?P<program>[\w./-]{1,48}) \S+ \S+ (?:-|\[.*?\]) (?P<words>.+)",
)
"""Lines of syslog: RFC 3164, as most daemons write it to files, and RFC 5424."""

_EPOCH: Final = r"(?a)\b1\d{9}(?:\.\d{1,9}|\d{3}|\d{6}|\d{9})?\b"
_OWN_TIME: Final = rb'"emitted_at_ms":(\d{10,16})'
_LEVEL_WORD: Final = (
    r"\b(TRACE|DEBUG|INFO|NOTICE|WARN|WARNING|ERROR|ERR|CRITICAL|CRIT|FATAL|ALERT|EMERG|PANIC)\b"
    r"|\[(trace|debug|info|notice|warn|warning|error|crit|critical|alert|emerg|fatal) *\]"
)
_OTHER_LEVELS: Final = {
    "NOTICE": "info",
    "ERR": "error",
    "CRIT": "fatal",
    "ALERT": "fatal",
    "EMERG": "fatal",
    "PANIC": "fatal",
}
_STATUS: Final = r'" ([1-5]\d\d) (?:\d+|-)(?: |$)'  # of an access log, after the request
_WHERE_LEVELS_STAND: Final = 80
_HOLE: Final = r"\{[@$]?(\w+)[^{}]*\}"  # in a message template of Serilog
_PAIR: Final = r"""([A-Za-z_][\w.-]*)=("(?:[^"\\]|\\.)*"|'(?:[^'\\]|\\.)*'|[^\s"]*)(?:\s|$)"""
_PAIRS: Final = 3  # so many `name=value` at the least make a line logfmt
_WHERE_TIMES_STAND: Final = 160
_IDS: Final = frozenset(("correlation_id", "trace_id", "span_id", "job_id", "session_id", "task_id"))
_MORE: Final = FIELD_SET - HEAD - _NAMES.keys()
"""Fields of an event that have no other usual names: kept where they are of the right type."""
_ID_NAMES: Final = frozenset(name for field in _IDS for name in _NAMES[field])


def flat(value: Mapping[str, Any], prefix: str = "", depth: int = 3) -> dict[str, Any]:
    """Return nested objects as one, names joined by dots: `{"log": {"level": 1}}` as `{"log.level": 1}`."""
    found: dict[str, Any] = {}
    for name, inner in value.items():
        if isinstance(inner, Mapping) and depth > 1:
            found |= flat(inner, f"{prefix}{name}.", depth - 1)
        elif name == "attributes" and isinstance(inner, list):
            found |= {f"{prefix}{name}.{key}": it for key, it in _attributes(inner)}
        else:
            found[f"{prefix}{name}"] = inner
    return found


def _attributes(them: Sequence[Any]) -> Iterator[tuple[str, Any]]:
    """Yield the attributes of a record of OpenTelemetry: `{"key": ..., "value": {"stringValue": ...}}`."""
    for one in them:
        if isinstance(one, Mapping) and isinstance(one.get("value"), Mapping) and "key" in one:
            yield str(one["key"]), next(iter(one["value"].values()), None)


def foreign_event(fields: Mapping[str, Any], source: str, *, says_anything: bool = False) -> Event | None:
    """Return another logger's record as an event; None when it says nothing.

    Args:
        fields: the record.
        source: who wrote it, when it does not say so.
        says_anything: without a message, its other fields are what it says.
    """
    given = flat(fields)
    for container in _CONTAINERS:
        inside = {name.removeprefix(container): name for name in given if name.startswith(container)}
        given |= {short: given.pop(name) for short, name in inside.items() if short in _ID_NAMES and short not in given}
    picked = _picked(given, source)
    message = _message(picked.get("human"), given, says_anything=says_anything)
    if not message:
        return None
    event: dict[str, Any] = {
        "actor": to_name(str(picked.get("actor") or source)),
        "action": to_name(str(given.get("action") or given.get("event.action") or LOG)),
        "target": clean(str(given.get("target") or picked.get("actor") or source)),
        "human": clean(message),
        "level": _level(picked.get("level")),
        "emitted_at_ms": milliseconds(picked.get("emitted_at_ms")),
    }
    event |= {name: clean(str(picked[name])) for name in _IDS & picked.keys()}
    if _fits("duration_ms", picked.get("duration_ms")):
        event["duration_ms"] = picked["duration_ms"]
    if picked.get("error_kind"):
        event["error_kind"] = clean(str(picked["error_kind"]))
    event |= {name: value for name, value in given.items() if name not in FIELD_SET}
    event |= {name: _safe(given[name]) for name in _MORE & given.keys() if _fits(name, given[name])}
    try:
        return from_fields(event)
    except ValueError:
        return None


def _picked(given: dict[str, Any], source: str) -> dict[str, Any]:
    """Return the fields of an event that a record has, and take them out of it."""
    picked: dict[str, Any] = {}
    for field, names in _NAMES.items():
        name = next((name for name in names if given.get(name) not in (None, "")), None)
        if name is not None:
            picked[field] = given.pop(name)
    if picked.get("actor") in _NO_SERVICE:
        picked["actor"] = source
    return picked


def _message(said: Any, given: Mapping[str, Any], *, says_anything: bool) -> str:
    """Return what a record says, its template filled in, and what went wrong."""
    if said is None and says_anything:
        return " ".join(f"{name}={value}" for name, value in given.items() if isinstance(value, str | int | float))
    message = str(said or "")
    if "{" in message:
        message = re.sub(_HOLE, lambda hole: str(given.get(hole[1], hole[0])), message)
    cause = next((value for name in _CAUSES if isinstance(value := given.get(name), str) and value.strip()), "")
    if message and cause and cause not in message:
        message = f"{message}: {cause.strip().splitlines()[0][:_LONGEST_CAUSE]}"
    return message


def _fits(name: str, value: Any) -> bool:
    return isinstance(value, VALUE_TYPES[name]) and not isinstance(value, bool)


def _safe(value: Any) -> Any:
    return clean(value) if isinstance(value, str) else value


def _level(value: Any) -> str | None:
    if isinstance(value, int | float) and not isinstance(value, bool):
        if 0 <= value < len(_SEVERITIES):
            return _SEVERITIES[int(value)]
        return next((name for limit, name in _NUMBERS if value >= limit), "trace")
    try:
        return parse_level(str(value))
    except ValueError:
        return None


def of_syslog(text: str) -> Event | None:
    """Return a line of syslog as an event: which program said what; None when it is no such line."""
    for pattern in _SYSLOG:
        found = re.search(pattern, text)
        if found is not None:
            return foreign_event({"actor": found["program"], "message": found["words"]}, found["program"])
    return None


def of_plain(text: str, source: str) -> Event | None:
    """Return a line of plain text as an event, when it names a level or is of an access log; it stays as it is.

    Args:
        text: the line.
        source: who wrote it.
    """
    level = level_of(text)
    if level is None:
        return None
    return Event(level=level, actor=source, action=LOG, target=source, human=clean(text))


def level_of(text: str) -> LevelName | None:
    """Return the level that a line of plain text names near its start; None when it names none."""
    found = re.search(_LEVEL_WORD, text[:_WHERE_LEVELS_STAND])
    if found is not None:
        word = (found[1] or found[2]).upper()
        return parse_level(_OTHER_LEVELS.get(word, word))
    status = re.search(_STATUS, text)
    if status is None:
        return None
    return "error" if status[1] >= _SERVER_ERROR else "info"


def pairs(text: str) -> dict[str, str]:
    """Return the `name=value` pairs of a logfmt line; empty when it is not one."""
    found = re.findall(_PAIR, text)
    if len(found) < _PAIRS:
        return {}
    return {name: _unquoted(value) for name, value in found}


def _unquoted(value: str) -> str:
    mark = value[:1]
    return value[1:-1].replace(f"\\{mark}", mark).replace("\\\\", "\\") if mark and mark in "\"'" else value


def milliseconds(value: Any) -> int | None:
    """Return a time as milliseconds since the epoch: a number in s, ms, us or ns, or text in ISO 8601."""
    if isinstance(value, str):
        is_number = value.isascii() and value.replace(".", "", 1).isdigit()
        return milliseconds(float(value)) if is_number else time_of(value)
    if isinstance(value, bool) or not isinstance(value, int | float) or value <= 0:
        return None
    for limit, factor in ((1e11, 1000), (1e14, 1), (1e17, 1e-3), (1e20, 1e-6)):
        if value < limit:
            return int(value * factor)
    return None


def time_of(text: str) -> int | None:
    """Return the first time near the start of a text, in milliseconds since the epoch; local when it has no zone."""
    head = text[:_WHERE_TIMES_STAND]
    found = re.search(_TIME, head)
    if found is not None:
        day, clock, fraction, zone = found.groups()
        try:
            moment = datetime.fromisoformat(f"{day}T{clock}{'+00:00' if zone == 'Z' else zone or ''}")
            moment = moment if moment.tzinfo else moment.astimezone()
            return int(moment.timestamp()) * 1000 + _thousandths(fraction)
        except (ValueError, OverflowError):  # 31 February, or year one in a zone to the east
            return None
    for pattern, form in _OTHER_TIMES:
        other = re.search(pattern, head)
        if other is not None:
            return _read(other[1], form, other[2] if other.re.groups > 1 else None)
    epoch = re.search(_EPOCH, head)
    return milliseconds(float(epoch.group())) if epoch else None


def without_time(text: str) -> str:
    """Return a line of plain text without the time that it begins with."""
    found = re.match(_TIME, text)
    return text[found.end() :].lstrip(" -|") if found else text


def _read(text: str, form: str, fraction: str | None) -> int | None:
    """Return a time in a known form, in milliseconds since the epoch."""
    now = datetime.now().astimezone()
    has_year = "%Y" in form
    try:
        # The year stands before the text: without one, 29 February could not be read.
        moment = datetime.strptime(text if has_year else f"{now.year} {text}", form if has_year else f"%Y {form}")  # noqa: DTZ007 - the zone is the reader's, below
        moment = moment if moment.tzinfo else moment.astimezone()
    except (ValueError, OverflowError):
        return None
    if not has_year and moment > now + timedelta(days=2):
        moment = moment.replace(year=moment.year - 1)  # December, read in January
    return int(moment.timestamp()) * 1000 + _thousandths(fraction)


def _thousandths(fraction: str | None) -> int:
    return int((fraction or "0").ljust(3, "0")[:3])


def last_time(before: bytes) -> int | None:
    """Return the time of the last line that has one, for a line after it that has none."""
    for line in reversed(before.splitlines()[-40:]):
        own = re.search(_OWN_TIME, line)
        found = int(own.group(1)) if own else time_of(line.decode("utf-8", "replace"))
        if found is not None:
            return found
    return None


def local(at_ms: int) -> datetime:
    """Return a time in the reader's own zone."""
    return datetime.fromtimestamp(at_ms / 1000, UTC).astimezone()
