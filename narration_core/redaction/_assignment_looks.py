"""What stands behind a word of a name, looked at once where a text says the same again and again."""

import re
from bisect import bisect_left
from collections.abc import Callable
from functools import lru_cache, partial
from typing import Final, NamedTuple

from narration_core.redaction._assigned_values import has_structure, secret_value
from narration_core.redaction._assignment_pattern import BARE, HIDDEN, PROSE, SUFFIX, TAG, TAIL
from narration_core.redaction._checks import random_looking
from narration_core.redaction._policy import MARKER
from narration_core.redaction._rule import compiled
from narration_core.redaction._secret_names import Verdict

Place = tuple[int, int]

_NEAR: Final = 64
_MANY: Final = 64
_FRUITLESS: Final = 256
_BEFORE: Final = 160
_AFTER: Final = 480
_FURTHEST: Final = 4300
_RANDOM: Final = 10
_PROSE: Final = re.compile(PROSE, re.ASCII)
_OF_WORDS: Final = ("phrase", "mnemonic", "seed")
"""What has plain words as its value."""
_NO_VALUE: Final = re.compile(r"[\w\-.]{0,47}+[%&;/@#$^~\\]", re.ASCII)
"""What stands behind a word of a name where nothing can assign a value."""


class Look(NamedTuple):
    """What stands behind a word of a name."""

    name_end: int
    begin: int
    end: int
    quoted: bool
    secret: tuple[int, int] | None
    """The span of the value when the name makes it a secret."""


Looked = tuple[int, Look | None]
"""Where a word stood and what stood behind it there; None when that was no value."""
LookAt = Callable[[int, int, Place], Looked]


def looking(text: str, judge: Callable[[str], Verdict], places: int) -> LookAt:
    """Return what looks behind a word: it takes where the word starts, where it ends, and a span that is a secret already.

    Args:
        text: the text.
        judge: gives the verdict on a name.
        places: how many words are looked at.
    """
    return _Memory(text, judge).look if places > _MANY else partial(_look, text, judge)


def _in_a_sentence(text: str, at: int, after: int) -> bool:
    """Tell whether a word of a name stands in a sentence that gives it no value; False says nothing."""
    found = _PROSE.match(text, after)
    if found is None or text[at:after].lower().endswith(_OF_WORDS):
        return False
    option = text[max(at - _NEAR, 0) : at]
    if "-" in option[option.rfind(" ") + 1 :]:
        return False
    word = found["word"]
    return word is None or len(word) < _RANDOM or not _looks_random(word)


@lru_cache(maxsize=1024)
def _looks_random(word: str) -> bool:
    return random_looking(word, _RANDOM, 0.42)


def _look(text: str, judge: Callable[[str], Verdict], at: int, after: int, claim: Place) -> Looked:
    """Look at what follows a word of a name.

    Args:
        text: the text.
        judge: gives the verdict on a name.
        at: where the word starts.
        after: where the word ends.
        claim: a span that is a secret already: a value inside it needs no verdict.
    """
    if text.startswith("</", at - 2) and at > 1:  # the end of an element
        return at, None
    if text.find(MARKER, after, after + _NEAR) >= 0 and (hidden := compiled(HIDDEN).match(text, after)) is not None:
        return at, Look(hidden.end(1), hidden.start(3), hidden.end(3), quoted=hidden.start(2) >= 0, secret=None)
    found = None if _in_a_sentence(text, at, after) else compiled(TAIL).match(text, after)
    if found is None:
        return at, None
    begin, end = found.span(found.lastindex)
    quoted = found.lastindex != BARE
    secret = None
    done = (claim[0] <= begin and end <= claim[1]) or (text[begin:end] == MARKER and found[TAG] is None)
    if not done and not has_structure(text, found, begin, end, quoted=quoted):
        secret = secret_value(text, at, found, begin, end, judge)
    return at, Look(found.end(SUFFIX), begin, end, quoted, secret)


def _near(looked: Looked) -> bool:
    """Tell whether all that was looked at belongs to the surroundings of the word."""
    at, seen = looked
    return seen is None or max(seen.end, 0 if seen.secret is None else seen.secret[1]) < at + _AFTER - 80


class _Memory:
    """Looks with a memory, for a text full of names: equal surroundings are looked at once.

    Claims are left out of it: the same words may stand where nothing is known.

    Args:
        text: the text.
        judge: gives the verdict on a name.
    """

    def __init__(self, text: str, judge: Callable[[str], Verdict]) -> None:
        self._text = text
        self._judge = judge
        # The only thing further away that matters is whether an element ends there.
        self._closings = [found.start() for found in compiled("</").finditer(text)]
        self._known: dict[tuple[str, int, bool], Looked] = {}
        self._misses = 0
        self._last: Looked = (0, None)
        self._at = self._distance = self._same_until = 0

    def look(self, at: int, after: int, _: Place) -> Looked:
        """Look at what follows a word of a name, or say where the same was looked at."""
        distance = at - self._at
        self._at = at
        if distance == self._distance:
            if after < self._same_until:
                return self._last
            repeated = distance < _BEFORE and not self._closings
        else:
            repeated = False
        self._distance = distance
        looked = self._last = self._remembered(at, after)
        self._same_until = self._repeated_until(at) - _AFTER if repeated and _near(looked) else 0
        return looked

    def _remembered(self, at: int, after: int) -> Looked:
        text, closings = self._text, self._closings
        if self._misses > _FRUITLESS:
            if _NO_VALUE.match(text, after) is not None:  # most of all in text that is encoded: `password%3D`
                return at, None
            return _look(text, self._judge, at, after, (0, 0))
        index = bisect_left(closings, after) if closings else 0
        closed = index < len(closings) and closings[index] < after + _FURTHEST
        key = (text[max(at - _BEFORE, 0) : after + _AFTER], after - at, closed)
        known = self._known.get(key)
        if known is not None:
            self._misses = 0
            return known
        self._misses += 1
        looked = _look(text, self._judge, at, after, (0, 0))
        if at >= _BEFORE and _near(looked):
            self._known[key] = looked
        return looked

    def _repeated_until(self, at: int) -> int:
        """Return how far the text goes on as it did before a place: one made to be slow says the same again and again."""
        text, distance = self._text, self._distance
        start = max(at - _BEFORE, distance)
        at += _AFTER
        if text[start:at] != text[start - distance : at - distance]:
            return 0
        size = _AFTER
        while size >= _NEAR:
            if at + size <= len(text) and text[at : at + size] == text[at - distance : at + size - distance]:
                at += size
                size *= 2
            else:
                size //= 2
        return at
