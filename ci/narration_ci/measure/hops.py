"""The hops of a story: who called, who took the call, and whose requests nobody called.

A caller narrates `event=call` with its span, a receiver `event=request` with that span as its parent. An edge, which
anybody may call, is the only one whose requests have no caller here.
"""

from collections.abc import Collection, Sequence
from typing import Final

from narration_ci.findings import Finding
from narration_ci.measure.linked_event import LinkedEvent

_CARRY: Final = (
    'its caller must send X-Correlation-Id and traceparent, and it must take both over (a bridge with `trust="inside"`)'
)
_EDGE: Final = "if anybody may call it, list it under `edges` in [tool.narration.links], or say `--edge {actor}`"


def check_hops(story: Sequence[LinkedEvent], edges: Collection[str], *, is_over: bool) -> list[Finding]:
    """Return what is wrong with the hops of a story.

    Args:
        story: its events, in order.
        edges: the actors that anybody may call.
        is_over: whether every request of the story must have ended.
    """
    findings = [*_without_id(story), *_without_caller(story, edges), *_beginnings(story, edges), *_unseen(story)]
    return findings + (_open(story) if is_over else [])


def _without_id(story: Sequence[LinkedEvent]) -> list[Finding]:
    found: dict[str, Finding] = {}
    for event in story:
        if event.opens and event.correlation_id is None:
            what = f"{event} is a {event.opens} without a correlation id"
            why = "nobody can follow it; bind the id where the request comes in, with a bridge or `accept(headers)`"
            found.setdefault(event.actor, Finding("no-correlation-id", event.place, what, why))
    return list(found.values())


def _without_caller(story: Sequence[LinkedEvent], edges: Collection[str]) -> list[Finding]:
    found: dict[str, Finding] = {}
    for event in story:
        if event.opens == "request" and event.parent_span_id is None and event.actor not in edges:
            what = f"{event} is a request that nobody called: it has no parent span"
            why = f"{_CARRY}; {_EDGE.format(actor=event.actor)}"
            found.setdefault(event.actor, Finding("no-caller", event.place, what, why))
    return list(found.values())


def _beginnings(story: Sequence[LinkedEvent], edges: Collection[str]) -> list[Finding]:
    """Return who begins stories of its own, without being an edge: it makes its own correlation ids."""
    begun = _first_of_stories(story)
    actors = {event.actor for event in story}
    if edges and actors.isdisjoint(edges):
        return []  # the logs of the edge are not here, so every story begins somewhere else
    if not edges and len(begun) < 2:  # noqa: PLR2004 - one of them may be the edge
        return []
    findings = []
    for actor, event in begun.items():
        if actor in edges:
            continue
        what = f"{event} begins a story of its own with correlation id {event.correlation_id}"
        others = ", ".join(sorted(set(begun) - {actor}))
        if others:
            what += f", as {others} does"
        findings.append(Finding("own-id", event.place, what, f"{_CARRY}; {_EDGE.format(actor=actor)}"))
    return findings


def _first_of_stories(story: Sequence[LinkedEvent]) -> dict[str, LinkedEvent]:
    """Return the actors with whom a story begins, each with the first event of its first story."""
    first: dict[str, LinkedEvent] = {}
    jobs: dict[str, str] = {}
    for event in story:
        if event.correlation_id is None:
            continue
        first.setdefault(event.correlation_id, event)
        if event.job_id is not None:
            jobs.setdefault(event.job_id, event.correlation_id)
    begun: dict[str, LinkedEvent] = {}
    for correlation_id, event in first.items():
        # What has a caller or a job is held against those.
        if event.parent_span_id is None and (event.job_id is None or jobs[event.job_id] == correlation_id):
            begun.setdefault(event.actor, event)
    return begun


def _unseen(story: Sequence[LinkedEvent]) -> list[Finding]:
    """Return services that work while somebody waits for a call that nobody took, and never have an id."""
    with_id = {event.actor for event in story if event.correlation_id is not None}
    taken = {event.parent_span_id for event in story if event.parent_span_id}
    waiting: dict[str, LinkedEvent] = {}
    found: dict[str, Finding] = {}
    for event in story:
        if event.opens == "call" and event.span_id and event.span_id not in taken:
            waiting[event.span_id] = event
        elif event.closes and event.span_id:
            waiting.pop(event.span_id, None)
        elif waiting and event.correlation_id is None and event.actor not in with_id:
            call = next(reversed(waiting.values()))
            what = f"{event} has no correlation id, and {call} of {call.correlation_id} waits for an answer"
            found.setdefault(event.actor, Finding("no-correlation-id", event.place, what, f"if it is called: {_CARRY}"))
    return list(found.values())


def _open(story: Sequence[LinkedEvent]) -> list[Finding]:
    still: dict[tuple[str, str], LinkedEvent] = {}
    for event in story:
        if event.span_id is None:
            continue
        if event.opens:
            still[event.span_id, event.opens] = event
        elif event.closes and event.event:
            still.pop((event.span_id, event.event.removesuffix("_failed")), None)
    why = "nothing was narrated of its end: wait for it in the test, or narrate the end that is missing"
    return [
        Finding("still-open", event.place, f"{event}, a {event.opens} of {event.correlation_id}, has not ended", why)
        for event in still.values()
    ]
