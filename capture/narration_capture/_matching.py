"""Does an event have the wanted fields, and which event comes nearest?"""

import re
from collections.abc import Callable, Mapping, Sequence
from difflib import get_close_matches
from typing import Any, Final

from narration_capture._captured import CapturedEvent
from narration_core import Event
from narration_core.contract import EMITTING, FIELDS, extra_fields

TEXTS: Final = ("human", "cute", "story")
NAMING: Final = ("action", "level", "error_kind", *TEXTS)
"""Fields by which an assertion names an event."""


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


def nearest(events: Sequence[CapturedEvent], wanted: Mapping[str, Any]) -> CapturedEvent | None:
    """Return the event that fits most of the wanted fields; the first of equals; None when nothing fits."""
    best: CapturedEvent | None = None
    most = 0.0
    for captured in events:
        score: float = sum(
            1 + (name in {"actor", "action"}) / 4
            for name, value in wanted.items()
            if fits(captured.event.get(name), value)
        )
        if score > most:
            best, most = captured, score
    return best


def nearest_text(events: Sequence[CapturedEvent], text: str) -> CapturedEvent | None:
    """Return the event whose sentence is most like a text, or None when none is alike."""
    by_sentence = {captured.event.human or "": captured for captured in reversed(events)}
    close = get_close_matches(text, by_sentence, n=1, cutoff=0.4)
    if close:
        return by_sentence[close[0]]
    words = set(text.lower().split())

    def shared(captured: CapturedEvent) -> int:
        return len(words & set((captured.event.human or "").lower().split()))

    best = max(events, key=shared, default=None)
    return best if best is not None and shared(best) else None


def names_an_event(wanted: Mapping[str, Any]) -> bool:
    """Tell whether wanted fields name an event, by its action, sentence, level or error_kind."""
    return any(wanted.get(name, ...) not in (..., None) for name in NAMING)


def unknown_field(events: Sequence[CapturedEvent], names: Sequence[str]) -> str | None:
    """Return a sentence about the first name that no event has as a field, or None."""
    known: set[str] = {*FIELDS, *extra_fields()}
    for name in names:
        if name in known or any(name in captured.event.extra for captured in events):
            continue
        close = get_close_matches(name, sorted(known), n=1)
        return f"{name!r} is not a field of an event" + (f"; did you mean {close[0]!r}?" if close else "")
    return None


def unknown_level(wanted: Mapping[str, Any]) -> str | None:
    """Return a sentence about a wanted level that no event ever has, or None."""
    level = wanted.get("level")
    if not isinstance(level, str) or level in EMITTING:
        return None
    return f"{level!r} is not a level of an event: choose one of {', '.join(EMITTING)}"


Predicate = Callable[[Any], bool]
