"""Where in the source an event comes from: `path:line:column` of the end of the call."""

import contextlib
import itertools
import sys
from pathlib import Path
from types import CodeType, FrameType
from typing import Final

_CACHE_LIMIT: Final = 8192
# A narrator that is called hands over to its own level function; that frame is never the point.
_NARRATOR: Final = str(Path(__file__).with_name("_narrator.py"))
_known: dict[tuple[CodeType, int], str] = {}


def _path(filename: str) -> str:
    path = Path(filename)
    with contextlib.suppress(ValueError, OSError):  # outside the working directory, or that one is gone
        path = path.relative_to(Path.cwd())
    return path.as_posix()


def _position(frame: FrameType) -> str:
    """Return the end of the expression that the frame is at; only the line where the columns are stripped."""
    places = frame.f_code.co_positions()
    _, end_line, _, end_column = next(itertools.islice(places, frame.f_lasti // 2, None), (None,) * 4)
    where = f"{_path(frame.f_code.co_filename)}:{end_line or frame.f_lineno}"
    return where if end_column is None else f"{where}:{end_column}"


def call_site(depth: int) -> str:
    """Return the point of a call that is on the stack.

    Args:
        depth: 1 for whoever called the function that asks, 2 for its caller, and so on.
    """
    frame = sys._getframe(depth + 1)  # noqa: SLF001 - the documented way to a caller's frame
    while frame.f_code.co_filename == _NARRATOR and frame.f_back is not None:
        frame = frame.f_back
    key = (frame.f_code, frame.f_lasti)
    found = _known.get(key)
    if found is None:
        if len(_known) >= _CACHE_LIMIT:
            _known.clear()
        found = _known[key] = _position(frame)
    return found
