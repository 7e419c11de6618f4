"""What bridges of servers, clients and queues share of a request: its fields, how it is shown, and its scope."""

from typing import Any, Final

from narration_core._correlation import Inbound
from narration_core._pipeline import PIPELINE
from narration_core._scope import Scope, StackedScope, active_scope, current, merged
from narration_core._taxonomy import register_field

SERVER_FAULT: Final = 500
"""Statuses from here on say that the server failed."""

_QUOTES: Final = 4  # of an id as JSON

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
    outer = current.get()
    if type(outer) is StackedScope:
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
        return Scope(merged(outer.fields, {**bound, **more}), sources, outer.listener, flags)
    scope = Scope(bound, sources, outer.listener, flags)
    # A job and a session id may say anything, and sixteen digits may be a card number: those are looked at as texts.
    if not (job_id or session_id or (parent or "x").isdecimal()):
        _prepare(scope, bound, correlation_id)
    return scope


def _prepare(scope: Scope, ids: dict[str, Any], correlation_id: str | None = None) -> None:
    """Prepare a scope for its events; left to the first of them where an id would have to be escaped.

    Args:
        scope: it holds nothing but ids.
        ids: these.
        correlation_id: the one that is still to be looked at for secrets.
    """
    path = PIPELINE.fast_path
    if path is not None:
        json = "".join([f'"{name}":"{value}",' for name, value in ids.items()])
        if json.count('"') == _QUOTES * len(ids):
            path.prepare_ids(scope, json, next(reversed(ids)), correlation_id)


def outbound_scope(*, has_span: bool, **more: Any) -> Scope:
    """Return the scope of a call to another service, inside the scope of here.

    A call outside of any request begins a story of its own, and the other side joins it.

    Args:
        has_span: whether the call is told as a span of its own.
        more: other fields to bind.
    """
    outer = current.get()
    if type(outer) is StackedScope:
        outer = active_scope()
    fields, sources = outer.fields, outer.sources
    correlation_id = fields.get("correlation_id") or sources.correlation_id()
    trace_id = fields.get("trace_id") or sources.trace_id()
    ids: dict[str, Any] = {"correlation_id": correlation_id, "trace_id": trace_id}  # in the order of the taxonomy
    span_id, parent = fields.get("span_id"), fields.get("parent_span_id")
    if has_span:
        span_id, parent = sources.span_id(), span_id or parent
    if span_id:
        ids["span_id"] = span_id
    if parent:
        ids["parent_span_id"] = parent
    if more or "actor" in fields:
        return Scope(merged(fields, {**ids, **more}), sources, outer.listener, outer.trace_flags)
    ids.update([item for item in fields.items() if item[0] not in ids])
    scope = Scope(ids, sources, outer.listener, outer.trace_flags)
    path = PIPELINE.fast_path if has_span else None  # without a span nothing is told, unless it fails
    if path is not None:
        checked = outer.prepared if outer.prepared.owner is path else path.prepare(outer)
        # What is bound outside was looked at there; what is new was made here.
        if checked.json is not None and not checked.others:
            _prepare(scope, ids)
    return scope
