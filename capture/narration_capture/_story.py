"""A story: the events of one test as text that reads well in a pull request."""

from collections.abc import Iterable, Iterator, Sequence
from itertools import groupby
from typing import NamedTuple

from narration_capture._captured import CapturedEvent, StepAt
from narration_core.following.normalise import is_repeating
from narration_core.following.shape import AGAIN, ANY_ORDER, EventRenderer


class Head(NamedTuple):
    """The title and the steps of a story.

    Attributes:
        title: the scenario's or test's name.
        steps: the scenario's steps; empty for a plain test.
        kind: "Scenario" or "Test".
    """

    title: str
    steps: Sequence[StepAt] = ()
    kind: str = "Scenario"


def _by_content(events: Iterable[CapturedEvent]) -> list[CapturedEvent]:
    """Return events in an order that depends on what they say alone, not on when they came.

    Events of one correlation id stay together, so that their aliases do not depend on the order of arrival either.
    """
    groups: dict[str, list[tuple[list[str], CapturedEvent]]] = {}
    for captured in events:
        # A renderer of its own: every id is the first of its kind.
        groups.setdefault(captured.event.correlation_id or "", []).append(
            (EventRenderer().lines(captured.event), captured)
        )
    ordered = [sorted(group, key=lambda pair: pair[0]) for group in groups.values()]
    ordered.sort(key=lambda group: [lines for lines, _ in group])
    return [captured for group in ordered for _, captured in group]


def _step_lines(renderer: EventRenderer, events: Iterable[CapturedEvent]) -> Iterator[str]:
    """Yield the lines of the events of one step."""
    last: str | None = None
    for block, run in groupby(events, key=lambda captured: captured.block):
        if block:
            yield f"  {ANY_ORDER}"
        for captured in _by_content(run) if block else run:
            head, *sentences = renderer.lines(captured.event)
            if is_repeating(captured.event.action):
                if head == last:
                    continue
                last = head
                head = f"{head} {AGAIN}"
            else:
                last = None
            yield f"  {head}"
            yield from (f"      {sentence}" for sentence in sentences)


def story_text(head: Head, events: Sequence[CapturedEvent]) -> str:
    """Return the story of a test: its title, each step, under it its events; ends with a line end.

    Args:
        head: its title and steps.
        events: the events in order.
    """
    renderer = EventRenderer()
    lines = [f"{head.kind}: {head.title}"]
    by_step: dict[int, list[str]] = {}
    # In order of arrival, so that ids get their numbers in order of appearance.
    for index, run in groupby(_with_steps(events), key=lambda pair: pair[0]):
        by_step.setdefault(index, []).extend(_step_lines(renderer, [captured for _, captured in run]))
    if by_step.get(-1):
        lines += ["", *by_step[-1]]
    others = {captured.step for captured in events if captured.step is not None} - set(head.steps)
    for step in (*head.steps, *sorted(others)):
        lines += ["", step.text, *by_step.get(step.position, ())]
    return "\n".join(lines) + "\n"


def _with_steps(events: Iterable[CapturedEvent]) -> Iterator[tuple[int, CapturedEvent]]:
    """Yield each event with the index of its step; an event outside of steps belongs to the step before it."""
    index = -1
    for captured in events:
        index = captured.step.position if captured.step is not None else index
        yield index, captured
