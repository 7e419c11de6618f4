"""Events for people: the time, the level as a word, the sentence, and what the sentence does not show."""

import re
import time
import unicodedata
from typing import Any, Final

from narration_core._event import Event, Mode, formatted, sentence

_RESET: Final = "\x1b[0m"
_COLOURS: Final = {
    "trace": "\x1b[2m",
    "debug": "\x1b[2m",
    "info": "",
    "warn": "\x1b[33m",
    "error": "\x1b[31m",
    "fatal": "\x1b[1;31m",
}
_SHORT_ID: Final = 8
_VALUE: Final = 60
_INDENT: Final = "    "
_ELSEWHERE: Final = frozenset(
    (
        *("emitted_at_ms", "level", "actor", "action", "human", "cute", "story", "emitted_by", "correlation_id"),
        *("trace_id", "span_id", "parent_span_id", "event", "exception", "frames"),
    )
)
"""Fields that have a place of their own in the line, or are for machines."""


def pretty(event: Event, mode: Mode = "human", *, colour: bool = False, width: int | None = None) -> str:
    """Return an event as its console text; an exception follows on lines of its own.

    Args:
        event: the event.
        mode: which text is shown.
        colour: paint it by level.
        width: columns of the terminal; what is longer goes on the next line, indented. None never breaks a line.
    """
    fields = event.to_dict()
    said = sentence(event, mode)
    level = event.level or "info"
    head = f"{_clock(event.emitted_at_ms)} {level.upper():<5} {formatted(event, mode)}"
    rest = [
        f"{name}={shown}"
        for name, value in fields.items()
        if name not in _ELSEWHERE and not _is_said(shown := _value(value), said)
    ]
    if event.correlation_id:
        # In short for the eye, and whole at the end for `grep correlation_id=...`.
        short = f"#{event.correlation_id[:_SHORT_ID]}"
        whole = f"correlation_id={event.correlation_id}"
        rest = [short, *rest, whole] if len(event.correlation_id) > _SHORT_ID else [whole, *rest]
    lines = _fold([head, *rest], width)
    if "exception" in fields:
        lines.append(f"{_INDENT}{fields['exception']}")
        lines += [f"{_INDENT}{_INDENT}{frame}" for frame in fields.get("frames", ())]
    paint = _COLOURS.get(level, "") if colour else ""
    return "\n".join(f"{paint}{line}{_RESET}" if paint else line for line in lines)


def _is_said(value: str, said: str) -> bool:
    """Return whether a sentence shows a value, as a word of its own."""
    return value in said and re.search(rf"(?<!\w){re.escape(value)}(?!\w)", said) is not None


def _clock(moment_ms: int | None) -> str:
    """Return a time of day, local, to the millisecond."""
    if moment_ms is None:
        return "--:--:--.---"
    return f"{time.strftime('%H:%M:%S', time.localtime(moment_ms // 1000))}.{moment_ms % 1000:03}"


def _value(value: Any) -> str:
    """Return a value as short text; long texts in lists and other values are cut as well."""
    if isinstance(value, dict):
        text = "{" + ", ".join(f"{key}: {_value(item)}" for key, item in value.items()) + "}"
    elif isinstance(value, list | tuple):
        text = "[" + ", ".join(_value(item) for item in value) + "]"
    else:
        text = str(value)
    return text if len(text) <= _VALUE else f"{text[: _VALUE - 3]}..."


def columns(text: str) -> int:
    """Return how many columns a text takes on a terminal: wide characters take two, combining marks none."""
    if text.isascii():
        return len(text)
    return sum(
        0 if unicodedata.combining(character) else 2 if unicodedata.east_asian_width(character) in "WF" else 1
        for character in text
    )


def _fold(parts: list[str], width: int | None) -> list[str]:
    """Return the parts joined by spaces, on further indented lines where one line would be too wide."""
    lines = [parts[0]]
    for part in parts[1:]:
        longer = f"{lines[-1]} {part}"
        if width is not None and columns(longer) > width:
            lines.append(_INDENT + part)
        else:
            lines[-1] = longer
    return lines
