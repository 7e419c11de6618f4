"""Which points a bridge tells, and at which level."""

from collections.abc import Callable, Collection, Mapping
from typing import Any

from narration_core._catalogue import Point
from narration_core._levels import LEVELS, LevelName
from narration_core._scope import Scope

Levels = Mapping[str, LevelName]
"""Levels of a bridge's points by name, in place of the usual ones; "mute" tells nothing."""

Tell = Callable[[Scope, dict[str, Any]], None]
"""Tells an event with these fields in a scope."""


def checked(levels: Levels | None, names: Collection[str]) -> Levels:
    """Return the levels that a user gave.

    Args:
        levels: what was given.
        names: the points of the bridge.

    Raises:
        ValueError: a point or a level does not exist.
    """
    for name, level in (levels or {}).items():
        if name not in names:
            raise ValueError(f"levels: there is no point {name!r}; choose among {', '.join(sorted(names))}")
        if level not in LEVELS:
            raise ValueError(f"levels: {level!r} is not a level; choose among {', '.join(LEVELS)}")
    return levels or {}


def level_of(levels: Levels, name: str, usual: LevelName) -> LevelName:
    """Return the level to declare a point with; a muted one is declared all the same."""
    level = levels.get(name, usual)
    return usual if level == "mute" else level


def unless_muted(levels: Levels, point: Point) -> Tell:
    """Return what tells the point, or a function that tells nothing where the point is muted."""
    return _tell_nothing if levels.get(point.name) == "mute" else point.told_in


def _tell_nothing(_: Scope, __: dict[str, Any]) -> None:
    """Stand in for a muted point."""
