"""Ids that cross services: validation and headers."""

from collections.abc import Mapping
from typing import Final, NamedTuple

from narration_core._scope import active_scope

CORRELATION_HEADER: Final = "X-Correlation-Id"
TRACEPARENT_HEADER: Final = "traceparent"
MAX_CORRELATION_ID: Final = 128

_ALLOWED: Final = frozenset("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789._:-")
_HEX: Final = frozenset("0123456789abcdef")
_PARENT_PARTS: Final = 4


class Inbound(NamedTuple):
    """The ids that a request brought along.

    Attributes:
        correlation_id: the caller's id when it was valid, else a new one.
        trace_id: the caller's trace, or None.
        parent_span_id: the caller's span, or None.
        trace_flags: the flags of the caller's trace, two hexadecimal digits, or None.
        refused: True when the caller sent a correlation id that could not be accepted.
    """

    correlation_id: str
    trace_id: str | None
    parent_span_id: str | None
    refused: bool
    trace_flags: str | None = None


def is_correlation_id(value: str) -> bool:
    """Return whether an inbound id is acceptable: 1 to 128 characters of `[A-Za-z0-9._:-]`."""
    return 0 < len(value) <= MAX_CORRELATION_ID and _ALLOWED.issuperset(value)


def new_correlation_id() -> str:
    """Return a new correlation id, a UUID v4."""
    return active_scope().sources.correlation_id()


def _is_hex(value: str, length: int) -> bool:
    return len(value) == length and _HEX.issuperset(value) and value.strip("0") != ""


def parse_traceparent(value: str) -> tuple[str, str, str] | None:
    """Return (trace id, span id, flags) of a W3C `traceparent` header, or None when it is not valid.

    Version ff is invalid; of a version above 00 the four parts that 00 has are read (W3C Trace Context, 3.2.4).
    """
    parts = value.strip().split("-", _PARENT_PARTS)
    if len(parts) < _PARENT_PARTS:
        return None
    version, trace_id, span_id, flags = parts[:_PARENT_PARTS]
    if len(version) != 2 or not _HEX.issuperset(version) or version == "ff":  # noqa: PLR2004 - two digits
        return None
    if (version == "00" and len(parts) > _PARENT_PARTS) or len(flags) != 2 or not _HEX.issuperset(flags):  # noqa: PLR2004
        return None
    return (trace_id, span_id, flags) if _is_hex(trace_id, 32) and _is_hex(span_id, 16) else None


def accept(headers: Mapping[str, str]) -> Inbound:
    """Return the ids that the headers of an inbound request carry; make a correlation id where there is no valid one.

    Args:
        headers: the request's headers; names are compared without regard to case.
    """
    found = {name.lower(): value for name, value in headers.items() if name.lower() in _NAMES}
    sent = found.get(CORRELATION_HEADER.lower())
    valid = sent is not None and is_correlation_id(sent)
    trace = parse_traceparent(found.get(TRACEPARENT_HEADER, ""))
    return Inbound(
        correlation_id=sent if valid and sent is not None else new_correlation_id(),
        trace_id=trace[0] if trace else None,
        parent_span_id=trace[1] if trace else None,
        refused=sent is not None and not valid,
        trace_flags=trace[2] if trace else None,
    )


_NAMES: Final = frozenset((CORRELATION_HEADER.lower(), TRACEPARENT_HEADER))


def outbound_headers() -> dict[str, str]:
    """Return the headers that carry the bound ids to the next service; ids that no service would accept stay here."""
    scope = active_scope()
    fields = scope.fields
    headers = {}
    correlation_id = str(fields.get("correlation_id") or "")
    if is_correlation_id(correlation_id):
        headers[CORRELATION_HEADER] = correlation_id
    parent = f"00-{fields.get('trace_id')}-{fields.get('span_id')}-{scope.trace_flags or '01'}"
    if parse_traceparent(parent):
        headers[TRACEPARENT_HEADER] = parent
    return headers
