"""Which lines a person wants to see."""

import re
from collections.abc import Collection
from typing import NamedTuple

from narration_core._levels import LEVELS, LevelName
from narration_core.following._lines import Line


class Filter(NamedTuple):
    """What a line must be like; what is empty does not matter.

    Attributes:
        services: who emitted it, without the version; an actor counts as well.
        actors: who acted.
        actions: what was done.
        level: at least so important; a line without a level is shown.
        grep: must occur in the sentence or the line.
        exclude: must not occur in it.
    """

    services: Collection[str] = ()
    actors: Collection[str] = ()
    actions: Collection[str] = ()
    level: LevelName = "trace"
    grep: re.Pattern[str] | None = None
    exclude: re.Pattern[str] | None = None

    def takes(self, line: Line) -> bool:
        """Tell whether the filter accepts a line."""
        event = line.event
        emitter = (event.emitted_by or "").partition("@")[0] if event is not None else ""
        if self.services and not {line.service, emitter} & set(self.services):
            return False
        if self.actors and (event is None or event.actor not in self.actors):
            return False
        if self.actions and (event is None or event.action not in self.actions):
            return False
        if event is not None and event.level is not None and LEVELS[event.level] < LEVELS[self.level]:
            return False
        searched = line.text if event is None else f"{event.actor} {event.action} {event.human} {line.text}"
        if self.grep is not None and not self.grep.search(searched):
            return False
        return self.exclude is None or not self.exclude.search(searched)
