"""Where secrets are in a text."""

from collections.abc import Iterable
from typing import Any, Final, NamedTuple

BY_NAME: Final = "secret-by-name"
"""The rule that goes by the names of values."""

WINDOW: Final = 64 * 1024
"""Longer texts are looked at in pieces of this many characters."""
OVERLAP: Final = 8 * 1024
"""Pieces overlap by more than nearly every secret; one that reaches over the end of its piece is followed."""
CROWD: Final = 512
"""So many words of names in a piece are a crowd."""
PATIENCE: Final = 2048
"""After so many words of names a text is read in a hurry: in a crowded piece what follows one is hidden without a judgement."""


class Secret(NamedTuple):
    """A secret's place in a text and the rule that found it."""

    start: int
    end: int
    rule: str


def merged(spans: Iterable[tuple[Any, ...]]) -> list[tuple[int, int]]:
    """Return spans in order, overlapping ones as one.

    Args:
        spans: secrets, or tuples of where they start and end.
    """
    result: list[tuple[int, int]] = []
    reached = -1
    for span in sorted(spans):
        start, end = span[0], span[1]
        if start > reached:
            result.append((start, end))
            reached = end
        elif end > reached:
            result[-1] = (result[-1][0], end)
            reached = end
    return result


def surroundings(text: str, spans: list[Secret]) -> list[tuple[int, int]]:
    """Return the pieces of a text that a change of some spans can reach, in order; none of them ends inside a word.

    Args:
        text: the text.
        spans: what is changed in it.
    """
    pieces: list[tuple[int, int]] = []
    for start, end, _ in sorted(spans):
        low, high = max(start - OVERLAP, 0), min(end + OVERLAP, len(text))
        if pieces and low <= pieces[-1][1]:
            pieces[-1] = (pieces[-1][0], max(high, pieces[-1][1]))
        else:
            pieces.append((low, high))
    return [(_blank(text, low), _blank(text, high)) for low, high in pieces]


def _blank(text: str, at: int) -> int:
    """Return the place of a blank shortly before a place, or that place where there is none."""
    if not 0 < at < len(text):
        return at
    return max(text.rfind(" ", at - OVERLAP // 4, at), text.rfind("\n", at - OVERLAP // 4, at)) + 1 or at
