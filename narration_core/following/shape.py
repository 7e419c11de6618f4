"""What golden stories show of events: aliases for ids, normalised sentences, one block of lines an event."""

import re
from typing import Final

from narration_core._event import Event
from narration_core.following.normalise import normalised, rules

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
