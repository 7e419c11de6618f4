"""How far producers have come, noted beside the segments, so that a start reads only what came after."""

import contextlib
from collections.abc import Mapping
from pathlib import Path
from typing import Final

import msgspec

_encode: Final = msgspec.json.Encoder().encode


class _Note(msgspec.Struct):
    """Numbers of producers, as of a place in a segment."""

    numbers: dict[str, int]
    segment: str
    upto: int


class Noted:
    """The note in a store's folder.

    Args:
        folder: of the store.
    """

    def __init__(self, folder: Path) -> None:
        self._path = folder / "known.json"
        self._segment, self._upto = "", 0

    def read(self) -> Mapping[str, int]:
        """Return the numbers that were noted last; none when the note is missing or damaged."""
        try:
            note = msgspec.json.decode(self._path.read_bytes(), type=_Note)
        except (OSError, msgspec.MsgspecError):
            note = _Note({}, "", 0)
        self._segment, self._upto = note.segment, note.upto
        return note.numbers

    def upto(self, segment: str) -> int:
        """Return up to where of a segment the note goes, in bytes."""
        return self._upto if self._segment == segment else 0

    def write(self, numbers: Mapping[str, int], segment: str, upto: int) -> None:
        """Note the numbers that producers have reached.

        Args:
            numbers: of each producer.
            segment: name of the one that is written to.
            upto: how much of it is written, in bytes.
        """
        self._segment, self._upto = segment, upto
        with contextlib.suppress(OSError):  # a full disk: the events themselves are what matters
            new = self._path.with_suffix(".new")
            new.write_bytes(_encode(_Note(dict(numbers), segment, upto)))
            new.replace(self._path)
