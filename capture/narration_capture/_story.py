"""A story: the events of one test as text that reads well in a pull request."""

import re
from collections.abc import Iterable, Iterator, Sequence
from itertools import groupby
from typing import Final, NamedTuple

from narration_capture._captured import CapturedEvent, StepAt
from narration_capture._normalise import is_repeating, normalised, rules
from narration_core import Event

ALIASED: Final = {
    "correlation_id": "c",
    "job_id": "j",
    "session_id": "s",
    "task_id": "t",
    "worker_id": "w",
    "replica_id": "r",
}
"""Ids that stories show as a letter and a number, in order of appearance."""

SHOWN_IDS: Final = ("correlation_id", "job_id")
TEXTS: Final = ("cute", "story")
"""Sentences that a story shows below the human one, when an event has them."""

AGAIN: Final = "(any number of times)"
ANY_ORDER: Final = "(in any order)"


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


class Aliases:
    """Short names for ids, in order of appearance."""

    def __init__(self) -> None:
        self._known: dict[str, dict[str, str]] = {letter: {} for letter in ALIASED.values()}
        self._pattern: re.Pattern[str] | None = None
        self._all: dict[str, str] = {}

    def of(self, field: str, value: str) -> str:
        """Return the alias of an id; a new one if the id was not seen before."""
        letter = ALIASED[field]
        known = self._known[letter]
        if value not in known:
            known[value] = f"{letter}{len(known) + 1}"
            self._all.setdefault(value, known[value])
            names = "|".join(re.escape(name) for name in sorted(self._all, key=len, reverse=True))
            self._pattern = re.compile(rf"(?<![\w.-])(?:{names})(?![\w-])")
        return known[value]

    def see(self, event: Event) -> None:
        """Give every id of an event its alias."""
        for field in ALIASED:
            value = getattr(event, field)
            if value:
                self.of(field, value)

    def replace(self, text: str) -> str:
        """Return a text with every known id replaced by its alias."""
        return text if self._pattern is None else self._pattern.sub(lambda found: self._all[found.group()], text)


class EventRenderer:
    """Renders events one after the other with the same aliases."""

    def __init__(self) -> None:
        self.aliases = Aliases()
        self._rules = tuple(rules())

    def _normalised(self, text: str | None) -> str:
        return normalised(self.aliases.replace(text or "-"), self._rules)

    def lines(self, event: Event) -> list[str]:
        """Return the lines of an event: who did what to what, then each of its sentences."""
        self.aliases.see(event)
        ids = [self.aliases.of(field, value) for field in SHOWN_IDS if (value := getattr(event, field))]
        columns = [event.actor or "-", event.action or "-", self._normalised(event.target), " ".join(ids) or "-"]
        if event.level not in {None, "info"}:
            columns.append(f"{event.level}: {event.error_kind}" if event.error_kind else str(event.level))
        sentences = [f"{name}: {self._normalised(text)}" for name in TEXTS if (text := getattr(event, name))]
        return [" | ".join(columns), self._normalised(event.human), *sentences]


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
