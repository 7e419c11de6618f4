"""What the commands that follow a request print, and their exit codes."""

import os
import sys
from collections.abc import Iterable
from typing import Any, Final

import msgspec

from narration_core.following import _paint, _story_text
from narration_core.following._paint import Paint
from narration_core.following._source import Searchable
from narration_core.following._story_text import View

FOUND, NONE, USAGE, UNREADABLE = 0, 1, 2, 3
"""Exit codes: found; nothing found; the command is wrong; found, but some lines or files could not be read."""

LONGEST_ID: Final = 256
_COLUMNS: Final = 80  # where nobody looks


def is_id(value: str) -> bool:
    """Tell whether somebody may ask for a value: short, printable, without spaces."""
    return 0 < len(value) <= LONGEST_ID and value.isprintable() and not any(char.isspace() for char in value)


def view(**more: Any) -> View:
    return View(width=_width(), paint=_painter(), **more)


def _width() -> int:
    if not os.environ.get("COLUMNS") and not sys.stdout.isatty():
        return _COLUMNS
    import shutil  # noqa: PLC0415 - it loads every module that unpacks files

    return shutil.get_terminal_size().columns


def _painter() -> Paint:
    """Return what colours text: nothing if standard output is not a terminal, or NO_COLOR is set."""
    return _paint.in_colour if sys.stdout.isatty() and not os.environ.get("NO_COLOR") else _paint.plain


def say(lines: Iterable[str]) -> None:
    for line in lines:
        print(line)
    sys.stdout.flush()  # here a reader that has gone away is met


def say_json(data: Any) -> None:
    say([msgspec.json.format(msgspec.json.encode(data), indent=2).decode()])


def warn(line: str) -> None:
    sys.stdout.flush()
    print(line, file=sys.stderr)


def nothing(asked: str, files: Searchable, *, is_cut: bool = False) -> int:
    """Say that the id is nowhere, what was searched and how far back; returns the exit code.

    Args:
        asked: the id.
        files: what was searched.
        is_cut: only lines between --since and --until count.
    """
    recent = files.recent()
    where = " between --since and --until" if is_cut else ""
    warn(f"Nothing holds {asked!r}{where}. {_story_text.searched(files.searched, files.oldest(), recent.newest_ms)}.")
    complain(files)
    return NONE


def complain(files: Searchable) -> int:
    """Say on standard error what could not be read, and what may be elsewhere; returns the exit code."""
    said = _story_text.complaints(files.searched)
    for line in (*said, *_story_text.notes(files.searched)):
        warn(line)
    return UNREADABLE if said else FOUND
