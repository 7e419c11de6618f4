"""Whether an event is the one a test asks for, and which one comes nearest."""

import re
from collections.abc import Callable, Mapping, Sequence
from difflib import get_close_matches
from typing import Any, Final

from narration_capture._captured import Heard
from narration_core import Event
from narration_core.contract import EMITTING, FIELDS, extra_fields

TEXTS: Final = ("human", "cute", "story")


def fits(value: Any, wanted: Any) -> bool:
    """Tell whether a field's value is what is wanted.

    Args:
        value: the field's value; None when it is not set.
        wanted: the value itself, a compiled pattern (searched), a function that judges the value,
            `...` for any value at all, or None for a field that must not be set.
    """
    if wanted is ...:
        return value is not None
    if isinstance(wanted, re.Pattern):
        return value is not None and wanted.search(str(value)) is not None
    if callable(wanted):
        return value is not None and bool(wanted(value))
    return bool(value == wanted)


def matches(event: Event, wanted: Mapping[str, Any]) -> bool:
    """Tell whether every wanted field fits."""
    return all(fits(event.get(name), value) for name, value in wanted.items())


def includes(event: Event, text: str) -> bool:
    """Tell whether a text is part of what the event says: human, cute or story."""
    return any(text in (event.get(name) or "") for name in TEXTS)


def shown(wanted: Any) -> str:
    """Return a wanted value the way people read it."""
    if wanted is ...:
        return "any value"
    if wanted is None:
        return "absent"
    if isinstance(wanted, re.Pattern):
        return f"like /{wanted.pattern}/"
    if callable(wanted):
        return str(getattr(wanted, "shown", f"such that {getattr(wanted, '__name__', 'the test')}(it)"))
    return repr(wanted)


def described(wanted: Mapping[str, Any]) -> str:
    """Return wanted fields as one line."""
    return ", ".join(f"{name}={shown(value)}" for name, value in wanted.items())


def nearest(heard: Sequence[Heard], wanted: Mapping[str, Any]) -> Heard | None:
    """Return the event that fits most of the wanted fields; the first of equals; None when nothing fits at all."""
    best: Heard | None = None
    most = 0.0
    for one in heard:
        score: float = sum(1 + (name in {"actor", "action"}) / 4 for name in wanted if _fits(one, name, wanted[name]))
        if score > most:
            best, most = one, score
    return best


def _fits(one: Heard, name: str, wanted: Any) -> bool:
    return fits(one.event.get(name), wanted)


def nearest_text(heard: Sequence[Heard], text: str) -> Heard | None:
    """Return the event whose sentence is most like a text, or None when none is alike."""
    said = {one.event.human or "": one for one in reversed(heard)}
    close = get_close_matches(text, said, n=1, cutoff=0.4)
    if close:
        return said[close[0]]
    words = set(text.lower().split())
    best = max(heard, key=lambda one: len(words & set((one.event.human or "").lower().split())), default=None)
    return best if best is not None and words & set((best.event.human or "").lower().split()) else None


def unknown_field(heard: Sequence[Heard], names: Sequence[str]) -> str | None:
    """Return a sentence about the first name that is no field of any event, or None."""
    known: set[str] = {*FIELDS, *extra_fields()}
    for name in names:
        if name in known or any(name in one.event.extra for one in heard):
            continue
        close = get_close_matches(name, sorted(known), n=1)
        return f"{name!r} is no field of an event" + (f"; did you mean {close[0]!r}?" if close else "")
    return None


def unknown_level(wanted: Mapping[str, Any]) -> str | None:
    """Return a sentence about a wanted level that no event ever has, or None."""
    level = wanted.get("level")
    if not isinstance(level, str) or level in EMITTING:
        return None
    return f"{level!r} is no level of an event: choose one of {', '.join(EMITTING)}"


Predicate = Callable[[Any], bool]
