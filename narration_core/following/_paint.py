"""Text for a terminal: widths of wide characters, wrapping, a colour for each service."""

import textwrap
import unicodedata
import zlib
from collections.abc import Callable
from typing import Final

Paint = Callable[[str, str], str]
"""Takes a text and the name of a style; returns the text in that style."""

_SERVICE_COLOURS: Final = (
    "cyan",
    "green",
    "magenta",
    "blue",
    "yellow",
    "bright_cyan",
    "bright_green",
    "bright_magenta",
)
_STYLES: Final[dict[str, dict[str, object]]] = {
    "dim": {"dim": True},
    "bold": {"bold": True},
    "warn": {"fg": "yellow"},
    "error": {"fg": "red"},
    "fatal": {"fg": "red", "bold": True},
}


def in_colour(text: str, style: str) -> str:
    """Return a text in a style; one that begins with `service:` has the colour of that service."""
    import click  # noqa: PLC0415 - pages and pipes are not coloured

    if style.startswith("service:"):
        return click.style(text, fg=_SERVICE_COLOURS[zlib.crc32(style.encode()) % len(_SERVICE_COLOURS)])
    return click.style(text, **_STYLES.get(style, {}))  # type: ignore[arg-type]  # the table's values fit


def plain(text: str, style: str) -> str:  # noqa: ARG001 - a Paint
    """Return a text as it is."""
    return text


def columns(text: str) -> int:
    """Return how many columns of a terminal a text takes."""
    if text.isascii():
        return len(text)
    return sum(
        0 if unicodedata.combining(char) else 2 if unicodedata.east_asian_width(char) in "WF" else 1 for char in text
    )


def padded(text: str, width: int) -> str:
    """Return a text with spaces up to a width in columns."""
    return text + " " * max(0, width - columns(text))


def wrapped(text: str, width: int, indent: int) -> list[str]:
    """Return a text cut into lines of at most so many columns; the second and later ones are indented.

    Args:
        text: what to wrap; the first line starts at the indent.
        width: columns of the terminal.
        indent: columns already taken on the first line and left free on the others.
    """
    room = max(20, width - indent)
    if columns(text) <= room:
        return [text]
    if not text.isascii():
        # Wide characters take two columns each; half the room is right for all of them and safe for some.
        room = max(10, room * len(text) // max(1, columns(text)))
    lines = textwrap.wrap(text, room, break_long_words=True, break_on_hyphens=False) or [""]
    return [lines[0], *(" " * indent + line for line in lines[1:])]
