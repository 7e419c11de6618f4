"""Text in everything that is kept: newest first, a piece at a time, so that whoever asks sees how far it is."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any, BinaryIO, Final, NamedTuple

import msgspec

from narration_core import encode
from narration_hub.finder import Finder
from narration_hub.intake import event_of
from narration_hub.stored_line import unmarked
from narration_hub.wire import Found, StoryLine

LONGEST_TEXT: Final = 256
MOST_HITS: Final = 1000
"""Most lines of one search."""

_BLOCK: Final = 256 * 1024  # looking through it holds the interpreter's lock
_STEP: Final = 4 << 20  # bytes between two answers
_FRAMES: Final = 200  # the same, of events in memory
_HITS: Final = 50  # lines of one answer
_LONGEST_LINE: Final = 1 << 20
_encode: Final = msgspec.json.Encoder().encode
_decode: Final = msgspec.json.Decoder(dict[str, Any]).decode


Leave = Callable[[Path, OSError], object]


class _Piece(NamedTuple):
    """What is searched at once.

    Attributes:
        lines: whole lines, from `start` on; they are overwritten by the next piece.
        start: where the first one begins.
        size: how many bytes of all that is searched these are.
    """

    lines: bytes | bytearray
    start: int
    size: int


def search(segments: Iterable[Path], text: str, most: int, leave: Leave = lambda *_: None) -> Iterator[Found]:
    """Yield what was found in files, and how far the search is.

    Args:
        segments: the files, the newest first.
        text: what to find in any field's value; capital letters of ASCII do not matter.
        most: so many lines are enough.
        leave: called with a file that cannot be read, and why not.
    """
    paths = list(segments)
    sizes = [path.stat().st_size if path.exists() else 0 for path in paths]
    yield from _reported(_pieces(paths, sizes, leave), text, most, sum(sizes))


def search_frames(frames: Sequence[bytes], text: str, most: int) -> Iterator[Found]:
    """Yield the same of events that are in memory.

    Args:
        frames: the events as they stand in streams, the oldest first.
        text: see `search`.
        most: see `search`.
    """
    ends = range(len(frames), 0, -_FRAMES)
    some = (frames[max(0, end - _FRAMES) : end] for end in ends)
    pieces = (
        _Piece(b"".join(encode(event_of(frame)) + b"\n" for frame in part), 0, sum(map(len, part))) for part in some
    )
    yield from _reported(pieces, text, most, sum(map(len, frames)))


def _reported(pieces: Iterator[_Piece], text: str, most: int, of: int) -> Iterator[Found]:
    wanted = text.encode("utf-8", "replace").lower()
    needle = _encode(wanted.decode())[1:-1]  # as it stands in JSON
    now = Found([], 0, of)
    told_at = left = 0
    finder = Finder(needle)
    for lines, start, size in pieces:
        for line in finder.lines(lines, start):
            hit = _hit(line, wanted)
            if hit is None:
                continue
            if left == most:
                now.end = "enough"
                yield now
                return
            left += 1
            now.hits.append(hit)
            if len(now.hits) == _HITS:
                yield now
                now = Found([], now.searched, of)
        now.searched += size
        if now.searched - told_at >= _STEP or now.hits:
            told_at = now.searched
            yield now
            now = Found([], now.searched, of)
    now.end = "all"
    yield now


def _pieces(paths: Sequence[Path], sizes: Sequence[int], leave: Leave) -> Iterator[_Piece]:
    """Yield whole lines of files from their ends to their beginnings."""
    for path, size in zip(paths, sizes, strict=True):
        try:
            with path.open("rb") as file:
                yield from _backwards(file, size)
        except OSError as error:
            leave(path, error)
            yield _Piece(b"", 0, size)


def _backwards(file: BinaryIO, end: int) -> Iterator[_Piece]:
    buffer = bytearray()  # the same for all pieces: making one costs as much as reading it
    part = b""  # the end of a line that begins before what was read
    while end > 0:
        size = min(_BLOCK, end)
        end -= size
        del buffer[size + len(part) :]
        buffer.extend(bytes(size + len(part) - len(buffer)))
        file.seek(end)
        with memoryview(buffer) as view:
            file.readinto(view[:size])  # type: ignore[attr-defined]  # a buffered file has it
        buffer[size:] = part
        start = buffer.find(b"\n") + 1 if end else 0
        if end and not start:  # one line goes on through all of it
            start = len(buffer)
        part = bytes(buffer[:start]) if end else b""
        yield _Piece(buffer, start, size)
        if len(part) > _LONGEST_LINE:
            part = b""


def _hit(line: bytes, text: bytes) -> StoryLine | None:
    """Return a line's event; None when only its keys or the hub's mark hold the text, or it cannot be read."""
    kept = unmarked(line)
    bare, producer = (kept[0], kept[1].producer) if kept else (line, "")
    try:
        event = _decode(bare)
    except (msgspec.MsgspecError, UnicodeError, RecursionError):
        return None
    if not _says(event, text):
        return None
    return StoryLine(producer or str(event.get("actor") or ""), event)


def _says(value: Any, text: bytes) -> bool:
    """Tell whether a value holds a text, or one of the values in it does; `text` is in small letters."""
    if isinstance(value, str):
        return text in value.encode("utf-8", "replace").lower()
    if isinstance(value, dict):
        return any(_says(inner, text) for inner in value.values())
    if isinstance(value, list):
        return any(_says(inner, text) for inner in value)
    return text in _encode(value)
