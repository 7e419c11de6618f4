"""Ids that cross services and processes: validation, headers, environment variables."""

import os
from collections.abc import Callable, Mapping
from typing import Final, Literal, NamedTuple, get_args

from narration_core._scope import Scope, active_scope

CORRELATION_HEADER: Final = "X-Correlation-Id"
"""The header with the correlation id."""

TRACEPARENT_HEADER: Final = "traceparent"
"""The header with trace and span id (W3C Trace Context)."""

BAGGAGE_HEADER: Final = "baggage"
"""The header with the other ids (W3C Baggage)."""
MAX_CORRELATION_ID: Final = 128

# For `bytes.translate`, which looks at a whole id in one call: each request and each call of a client comes here.
_ALLOWED: Final = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789._:-"
_DIGITS_AS_ZEROS: Final = bytes.maketrans(b"123456789abcdef", b"0" * 15)
_NO_IDS: Final = frozenset(("0" * 32, "0" * 16))
_FORM: Final = b"00-" + b"0" * 32 + b"-" + b"0" * 16 + b"-00"  # version, trace id, span id, flags
_PARENT: Final = len(_FORM)
_CARRIED: Final = ("job_id", "session_id")
_MAX_BAGGAGE: Final = 8192

Trust = Literal["edge", "inside"]
"""Who is on the other side: anybody ("edge"), or a service of the same system ("inside")."""


class Inbound(NamedTuple):
    """The ids that a request brought along.

    Attributes:
        correlation_id: the caller's id when it was valid, else a new one.
        trace_id: the caller's trace, or None.
        parent_span_id: the caller's span, or None.
        refused: True when the caller sent a correlation id that could not be accepted.
        trace_flags: the flags of the caller's trace, two hexadecimal digits, or None.
        job_id: the caller's job; only from inside, because a job id opens a stream.
        session_id: the caller's session; only from inside.
        link: at an edge, the `traceparent` that a stranger sent. It is noted, never continued.
    """

    correlation_id: str
    trace_id: str | None
    parent_span_id: str | None
    refused: bool
    trace_flags: str | None = None
    job_id: str | None = None
    session_id: str | None = None
    link: str | None = None


def is_correlation_id(value: object) -> bool:
    """Return whether an inbound id is acceptable: 1 to 128 characters of `[A-Za-z0-9._:-]`."""
    if not isinstance(value, str) or not 0 < len(value) <= MAX_CORRELATION_ID:
        return False
    return not value.encode("ascii", "replace").translate(None, _ALLOWED)


def new_correlation_id() -> str:
    """Return a new correlation id, a UUID v4."""
    return active_scope().sources.correlation_id()


def parse_traceparent(value: str) -> tuple[str, str, str] | None:
    """Return (trace id, span id, flags) of a W3C `traceparent` header, or None when it is not valid.

    Version ff is invalid; of a version above 00 the four parts that 00 has are read (W3C Trace Context, 3.2.4).
    """
    value = value.strip()
    version = value[:2]
    if value[:_PARENT].encode("ascii", "replace").translate(_DIGITS_AS_ZEROS) != _FORM or version == "ff":
        return None
    if len(value) > _PARENT and (version == "00" or value[_PARENT] != "-"):
        return None
    trace_id, span_id = value[3:35], value[36:52]
    return None if trace_id in _NO_IDS or span_id in _NO_IDS else (trace_id, span_id, value[53:_PARENT])


def parse_baggage(value: str) -> dict[str, str]:
    """Return the job and session id of a W3C `baggage` header; ids that no service would accept are left out."""
    found: dict[str, str] = {}
    if len(value) > _MAX_BAGGAGE:
        return found
    for member in value.split(","):
        name, _, text = member.partition(";")[0].partition("=")
        name, text = name.strip(), text.strip()
        if name in _CARRIED and name not in found and is_correlation_id(text):
            found[name] = text
    return found


def accept(headers: Mapping[str, str], *, trust: Trust = "edge") -> Inbound:
    """Return the ids that the headers of an inbound request carry; make a correlation id where there is no valid one.

    Args:
        headers: the request's headers; names are compared without regard to case.
        trust: "edge": anybody may call, only the correlation id is taken over, and a `traceparent` is a link;
            "inside": services of the same system call, their trace is continued, and job and session ids hold.
    """
    named = ((str(name).lower(), value) for name, value in headers.items())  # some frameworks' names are bytes
    found = {name: value for name, value in named if name in _NAMES}
    return accepted(found.get, trust)


_NAMES: Final = frozenset((CORRELATION_HEADER.lower(), TRACEPARENT_HEADER, BAGGAGE_HEADER))


def accepted(header: Callable[[str], str | None], trust: Trust) -> Inbound:
    """Return the ids of an inbound request.

    Args:
        header: returns the value of a header by its name in small letters, or None.
        trust: see `accept`.
    """
    sent = header("x-correlation-id")
    refused = False
    if sent is None:
        correlation_id = new_correlation_id()
    elif is_correlation_id(sent):
        correlation_id = sent
    else:
        correlation_id, refused = new_correlation_id(), True
    parent = header(TRACEPARENT_HEADER)
    trace = parse_traceparent(parent) if isinstance(parent, str) else None
    if trust != "inside":
        link = f"00-{trace[0]}-{trace[1]}-{trace[2]}" if trace else None
        return Inbound(correlation_id, None, None, refused, None, None, None, link)
    baggage = header(BAGGAGE_HEADER)
    carried = parse_baggage(baggage) if isinstance(baggage, str) else {}
    trace_id, parent_span_id, flags = trace or (None, None, None)
    return Inbound(correlation_id, trace_id, parent_span_id, refused, flags, **carried)


def accept_environment(environment: Mapping[str, str] | None = None) -> Inbound:
    """Return the ids that the process which started this one passed on; make a correlation id where there is none.

    Whoever starts a process is inside. The names are those of OpenTelemetry's "Environment Variables as Context
    Propagation Carriers": the header's name in capitals, `-` as `_`.

    Args:
        environment: the variables; those of this process when absent.
    """
    variables = os.environ if environment is None else environment
    return accepted(lambda header: variables.get(_variable(header)), "inside")


def outbound_environment() -> dict[str, str]:
    """Return the environment variables that carry the bound ids to a process that is started here.

    `capture_process` sets them. With another way to start one: `env={**os.environ, **outbound_environment()}`.
    """
    return {_variable(header): value for header, value in outbound_headers(trust="inside").items()}


def _variable(header: str) -> str:
    return header.upper().replace("-", "_")


def check_trust(trust: str) -> None:
    """Refuse a word that is no `Trust`.

    Raises:
        ValueError: it is another word.
    """
    if trust not in get_args(Trust):
        raise ValueError(f"trust must be one of {', '.join(get_args(Trust))}, not {trust!r}")


def outbound_headers(*, trust: Trust = "edge") -> dict[str, str]:
    """Return the headers that carry the bound ids to the next service; ids that no service would accept stay here.

    Args:
        trust: "inside": the next service belongs to the same system, and gets the job and session id as well.
    """
    return headers_of(active_scope(), trust)


def headers_of(scope: Scope, trust: Trust) -> dict[str, str]:
    """Return the headers that carry the ids of a scope.

    Args:
        scope: the scope; its span is the one that calls, or else the one that it came from.
        trust: see `outbound_headers`.
    """
    fields = scope.fields
    headers = {}
    correlation_id = fields.get("correlation_id")
    if correlation_id and is_correlation_id(str(correlation_id)):
        headers[CORRELATION_HEADER] = str(correlation_id)
    span_id = fields.get("span_id") or fields.get("parent_span_id")
    if span_id and "trace_id" in fields:
        parent = f"00-{fields['trace_id']}-{span_id}-{scope.trace_flags or '01'}"
        if parse_traceparent(parent):
            headers[TRACEPARENT_HEADER] = parent
    if trust == "inside":
        carried = [f"{name}={fields[name]}" for name in _CARRIED if is_correlation_id(str(fields.get(name) or ""))]
        if carried:
            headers[BAGGAGE_HEADER] = ",".join(carried)
    return headers
