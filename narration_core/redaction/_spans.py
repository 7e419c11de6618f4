"""Where secrets are in a text."""

from typing import Final, NamedTuple

BY_NAME: Final = "secret-by-name"
"""The rule that goes by the names of values."""

WINDOW: Final = 64 * 1024
"""Longer texts are looked at in pieces of this many characters."""
OVERLAP: Final = 8 * 1024
"""Pieces overlap by more than nearly every secret; one that reaches over the end of its piece is followed."""


class Secret(NamedTuple):
    """A secret's place in a text and the rule that found it."""

    start: int
    end: int
    rule: str


def merged(spans: list[Secret]) -> list[tuple[int, int]]:
    """Return spans in order, overlapping ones as one."""
    result: list[tuple[int, int]] = []
    for start, end, _ in sorted(spans):
        if result and start <= result[-1][1]:
            result[-1] = (result[-1][0], max(end, result[-1][1]))
        else:
            result.append((start, end))
    return result
