"""What bridges of servers, clients and queues share of a request: its fields, how it is shown, and its scope."""

from typing import Any, Final

from narration_core._correlation import Inbound
from narration_core._scope import Scope, active_scope, merged
from narration_core._taxonomy import register_field

SERVER_FAULT: Final = 500
"""Statuses from here on say that the server failed."""

SHOWN: Final = 60
"""So many characters of a request its sentences show."""

register_field("request", str, "a request in short: its method and path, without the query")
register_field("status", int, "the HTTP status of an answer, or the close code of a websocket")


def in_short(request: str) -> str:
    """Return a request as its sentences show it, at most 60 characters long; the same object if it is short."""
    return request if len(request) <= SHOWN else request[: SHOWN - 3] + "..."


def inbound_scope(ids: Inbound, *, has_span: bool, **more: str) -> Scope:
    """Return the scope of work that came from another service, inside the scope of here.

    Args:
        ids: what came along.
        has_span: whether the work is told as a span of its own.
        more: other fields to bind.
    """
    outer = active_scope()
    sources = outer.sources
    correlation_id, trace_id, parent, _, flags, job_id, session_id, _ = ids
    bound: dict[str, Any] = {"correlation_id": correlation_id}  # in the order of the taxonomy
    if has_span:
        bound["trace_id"] = trace_id or sources.trace_id()
        bound["span_id"] = sources.span_id()
    elif trace_id:
        bound["trace_id"] = trace_id
    if parent:
        bound["parent_span_id"] = parent
    if job_id:
        bound["job_id"] = job_id
    if session_id:
        bound["session_id"] = session_id
    if more or outer.fields:
        bound = merged(outer.fields, {**bound, **more})
    return Scope(bound, sources, outer.listener, flags)


def outbound_scope(*, has_span: bool, **more: Any) -> Scope:
    """Return the scope of a call to another service, inside the scope of here.

    A call outside of any request begins a story of its own, and the other side joins it.

    Args:
        has_span: whether the call is told as a span of its own.
        more: other fields to bind.
    """
    outer = active_scope()
    fields, sources = outer.fields, outer.sources
    ids: dict[str, Any] = {  # in the order of the taxonomy
        "correlation_id": fields.get("correlation_id") or sources.correlation_id(),
        "trace_id": fields.get("trace_id") or sources.trace_id(),
    }
    span_id, parent = fields.get("span_id"), fields.get("parent_span_id")
    if has_span:
        span_id, parent = sources.span_id(), span_id or parent
    if span_id:
        ids["span_id"] = span_id
    if parent:
        ids["parent_span_id"] = parent
    if more or "actor" in fields:
        return Scope(merged(fields, {**ids, **more}), sources, outer.listener, outer.trace_flags)
    for name, value in fields.items():
        if name not in ids:
            ids[name] = value
    return Scope(ids, sources, outer.listener, outer.trace_flags)
