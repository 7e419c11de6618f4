"""Call sites: where in the source an event comes from, as `path:line:column` of the end of the call."""

import contextlib
import itertools
import sys
from pathlib import Path
from types import CodeType, FrameType
from typing import Final

from narration_core._bounded import BoundedDict

# `Narrator.__call__` calls the level function; its frame is never the call site.
_NARRATOR: Final = str(Path(__file__).with_name("_narrator.py"))
_known: BoundedDict[tuple[CodeType, int], str] = BoundedDict(8192)


def _path(filename: str) -> str:
    path = Path(filename)
    with contextlib.suppress(ValueError, OSError):  # outside the working directory, or the directory is gone
        path = path.relative_to(Path.cwd())
    return path.as_posix()


def _position(frame: FrameType) -> str:
    """Return the end of the expression that the frame runs; without a column if columns were stripped."""
    places = frame.f_code.co_positions()
    _, end_line, _, end_column = next(itertools.islice(places, frame.f_lasti // 2, None), (None,) * 4)
    where = f"{_path(frame.f_code.co_filename)}:{end_line or frame.f_lineno}"
    return where if end_column is None else f"{where}:{end_column}"


def call_site(depth: int) -> str:
    """Return the call site of a call that is on the stack.

    Args:
        depth: 1 for the caller of the function that calls this, 2 for the next caller, and so on.
    """
    frame = sys._getframe(depth + 1)  # noqa: SLF001 - the documented way to a caller's frame
    while frame.f_code.co_filename == _NARRATOR and frame.f_back is not None:
        frame = frame.f_back
    key = (frame.f_code, frame.f_lasti)
    found = _known.found.get(key)
    if found is None:
        found = _known.keep(key, _position(frame))
    return found
