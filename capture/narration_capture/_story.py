"""A story: the events of one test as text that reads well in a pull request."""

import re
from collections.abc import Iterable, Sequence
from typing import Final, NamedTuple

from narration_capture._captured import Heard, StepAt
from narration_capture._normalise import is_repeating, rules, steady
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
AGAIN: Final = "(any number of times)"


class Head(NamedTuple):
    """What a story is about.

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
        """Return the alias of an id; a new one when it was not seen before."""
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


class Teller:
    """Renders events one after the other with the same aliases."""

    def __init__(self) -> None:
        self.aliases = Aliases()
        self._rules = tuple(rules())

    def _steady(self, text: str | None) -> str:
        return steady(self.aliases.replace(text or "-"), self._rules)

    def lines(self, event: Event) -> tuple[str, str]:
        """Return an event's two lines: who did what to what, and the sentence."""
        self.aliases.see(event)
        ids = [self.aliases.of(field, value) for field in SHOWN_IDS if (value := getattr(event, field))]
        columns = [event.actor or "-", event.action or "-", self._steady(event.target), " ".join(ids) or "-"]
        if event.level not in {None, "info"}:
            columns.append(f"{event.level}: {event.error_kind}" if event.error_kind else str(event.level))
        return " | ".join(columns), self._steady(event.human)


def _told(teller: Teller, heard: Iterable[Heard]) -> list[str]:
    lines: list[str] = []
    last: str | None = None
    for one in heard:
        head, sentence = teller.lines(one.event)
        if is_repeating(one.event.action):
            if head == last:
                continue
            last = head
            head = f"{head} {AGAIN}"
        else:
            last = None
        lines += [f"  {head}", f"      {sentence}"]
    return lines


def tell(head: Head, heard: Sequence[Heard]) -> str:
    """Return the story of a test: its name, each step, under it its events; ends with a line end.

    Args:
        head: what it is about.
        heard: the events in order.
    """
    teller = Teller()
    lines = [f"{head.kind}: {head.title}"]
    told: dict[int, list[str]] = {}
    at = -1
    group: list[Heard] = []
    # In order of hearing, so that ids get their numbers in order of appearance; an event outside of steps
    # belongs to the step before it.
    for one in heard:
        place = one.step.place if one.step is not None else at
        if place != at:
            told.setdefault(at, []).extend(_told(teller, group))
            group = []
            at = place
        group.append(one)
    told.setdefault(at, []).extend(_told(teller, group))
    if told.get(-1):
        lines += ["", *told[-1]]
    others = {one.step for one in heard if one.step is not None} - set(head.steps)
    for step in (*head.steps, *sorted(others)):
        lines += ["", step.text, *told.get(step.place, ())]
    return "\n".join(lines) + "\n"
