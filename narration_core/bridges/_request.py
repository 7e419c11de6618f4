"""What bridges of servers, clients and queues share of a request: its fields, how it is shown, and its scope."""

from typing import Any, Final

from narration_core._correlation import Inbound
from narration_core._scope import Scope, active_scope, merged
from narration_core._taxonomy import register_field

SERVER_FAULT: Final = 500
"""Statuses from here on say that the server failed."""

_SHOWN: Final = 60

register_field("request", str, "a request in short: its method and path, without the query")
register_field("status", int, "the HTTP status of an answer, or the close code of a websocket")


def in_short(request: str) -> str:
    """Return a request as its sentences show it, at most 60 characters long."""
    return request if len(request) <= _SHOWN else request[: _SHOWN - 3] + "..."


def inbound_scope(ids: Inbound, *, has_span: bool, **more: str) -> Scope:
    """Return the scope of work that came from another service, inside the scope of here.

    Args:
        ids: what came along.
        has_span: whether the work is told as a span of its own.
        more: other fields to bind.
    """
    outer = active_scope()
    bound: dict[str, Any] = {"correlation_id": ids.correlation_id}  # in the order of the taxonomy
    if has_span or ids.trace_id:
        bound["trace_id"] = ids.trace_id or outer.sources.trace_id()
    if has_span:
        bound["span_id"] = outer.sources.span_id()
    if ids.parent_span_id:
        bound["parent_span_id"] = ids.parent_span_id
    if ids.job_id:
        bound["job_id"] = ids.job_id
    if ids.session_id:
        bound["session_id"] = ids.session_id
    if more or outer.fields:
        bound = merged(outer.fields, {**bound, **more})
    return Scope(bound, outer.sources, outer.listener, ids.trace_flags)


def outbound_scope(*, has_span: bool, **more: Any) -> Scope:
    """Return the scope of a call to another service, inside the scope of here.

    A call outside of any request begins a story of its own, and the other side joins it.

    Args:
        has_span: whether the call is told as a span of its own.
        more: other fields to bind.
    """
    outer = active_scope()
    fields, sources = outer.fields, outer.sources
    ids: dict[str, Any] = dict(more)
    if "correlation_id" not in fields:
        ids["correlation_id"] = sources.correlation_id()
    if "trace_id" not in fields:
        ids["trace_id"] = sources.trace_id()
    if has_span:
        ids["parent_span_id"] = fields.get("span_id") or fields.get("parent_span_id")
        ids["span_id"] = sources.span_id()
    return Scope(merged(fields, ids), sources, outer.listener, outer.trace_flags)
