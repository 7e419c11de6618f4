"""Secrets that only their surroundings give away: a name, something that assigns, a value.

`password=...`, `"apiKey": "..."`, `--token ...`, `Header.Set("X-Api-Key", "...")`, `acme token - '...'`: the name is found by a
word in it, judged by `_secret_names.judge`, and the value must fit the verdict.
"""

import re
import sys
from bisect import bisect_left
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from typing import Final, NamedTuple

from narration_core.redaction._assigned_values import has_structure, secret_value
from narration_core.redaction._assignment_pattern import BARE, SCHEMES, SUFFIX, TAG, TAIL
from narration_core.redaction._policy import MARKER
from narration_core.redaction._rule import compiled
from narration_core.redaction._secret_names import Verdict

Place = tuple[int, int]

# What `TAIL` finds where a value was hidden before, found faster.
_HIDDEN: Final = rf"(?i)([\w.\-]{{0,48}}+)[\"']?(?:=|:[ ]?)(?:(?P<quote>[\"'])|)(?:(?:{SCHEMES})[ ])?+({re.escape(MARKER)})(?(quote)(?P=quote)|(?!\S))"
_NEAR: Final = 64
_PATIENCE: Final = 16
_MANY: Final = 64
_FRUITLESS: Final = 256
_BEFORE: Final = 160
_AFTER: Final = 480
_FURTHEST: Final = 4300
_MARKED: Final = r"\[REDACTED:[\w:.\-]{1,80}\]"
_NOWHERE: Final = (sys.maxsize, sys.maxsize)


def find(
    text: str, low: str, wanted: list[str], judge: Callable[[str], Verdict], claimed: Sequence[tuple[int, int]]
) -> Iterator[tuple[int, int]]:
    """Yield, from left to right, the spans of values whose names give them away.

    Args:
        text: the text.
        low: the same text with ASCII letters in lower case, of the same length.
        wanted: the words of `KEYWORDS` that may occur.
        judge: gives the verdict on a name.
        claimed: spans that are secrets already, in order; a name inside one, or its value, needs no look.
    """
    places = _places(low, wanted)
    if "[REDACTED:" in text:  # the name of a rule is no name of a value
        claimed = sorted([*claimed, *(found.span() for found in compiled(_MARKED).finditer(text))])
    done = run_end = refused = 0
    claims = iter(claimed)
    first, last = next(claims, _NOWHERE)
    look = _remembering(text, judge) if len(places) > _MANY else partial(_look, text, judge)
    for at, after in places:
        while last <= at:
            first, last = next(claims, _NOWHERE)
        if at < done or first <= at:
            continue
        seen = look(at, after, (first, last))
        if seen is None:
            continue
        done = seen.name_end
        begin, end = seen.begin, seen.end
        if first <= begin and end <= last:
            continue
        span = seen.secret
        if span is None and not seen.quoted:
            refused = refused + 1 if begin < run_end else 1
            run_end = end
            # Name after name without a blank is nobody's log line; it is made to be slow, or to hide something.
            span = (begin, end) if refused > _PATIENCE else None
        if span is not None:
            yield span
            done = span[1]


def all_hidden(text: str, low: str, wanted: list[str]) -> bool:
    """Tell whether every name with one of these words has a marker as its value: `find` yields nothing.

    Args:
        text: the text.
        low: the same text with ASCII letters in lower case, of the same length.
        wanted: the words of `KEYWORDS` that may occur.
    """
    match = compiled(_HIDDEN).match
    done = 0
    for at, after in _places(low, wanted):
        if at >= done:
            hidden = match(text, after)
            if hidden is None:
                return False
            done = hidden.end()
    return True


def _places(low: str, wanted: list[str]) -> list[tuple[int, int]]:
    """Return where the words are, in order."""
    places: list[tuple[int, int]] = []
    for word in wanted:
        at = low.find(word)
        while at >= 0:
            after = at + len(word)
            places.append((at, after))
            at = low.find(word, after)
    return sorted(places)


class _Look(NamedTuple):
    """What stands behind a word of a name."""

    name_end: int
    begin: int
    end: int
    quoted: bool
    secret: tuple[int, int] | None
    """The span of the value when the name makes it a secret."""

    def moved(self, distance: int) -> "_Look":
        """Return the same at another place of the text."""
        secret = None if self.secret is None else (self.secret[0] + distance, self.secret[1] + distance)
        return _Look(self.name_end + distance, self.begin + distance, self.end + distance, self.quoted, secret)


def _look(text: str, judge: Callable[[str], Verdict], at: int, after: int, claim: Place = _NOWHERE) -> _Look | None:
    """Look at what follows a word of a name; None when that is no value.

    Args:
        text: the text.
        judge: gives the verdict on a name.
        at: where the word starts.
        after: where the word ends.
        claim: a span that is a secret already: a value inside it needs no verdict.
    """
    if text.find(MARKER, after, after + _NEAR) >= 0 and (hidden := compiled(_HIDDEN).match(text, after)) is not None:
        return _Look(hidden.end(1), hidden.start(3), hidden.end(3), quoted=hidden.start(2) >= 0, secret=None)
    found = compiled(TAIL).match(text, after)
    if found is None:
        return None
    begin, end = found.span(found.lastindex)
    quoted = found.lastindex != BARE
    secret = None
    done = (claim[0] <= begin and end <= claim[1]) or (text[begin:end] == MARKER and found[TAG] is None)
    if not done and not has_structure(text, found, begin, end, quoted=quoted):
        secret = secret_value(text, at, found, begin, end, judge)
    return _Look(found.end(SUFFIX), begin, end, quoted, secret)


def _remembering(text: str, judge: Callable[[str], Verdict]) -> Callable[[int, int, Place], _Look | None]:
    """Return `_look` with a memory, for a text full of names: equal surroundings are looked at once.

    Args:
        text: the text.
        judge: gives the verdict on a name.
    """
    memory: dict[tuple[str, int, bool], tuple[int, _Look | None]] = {}
    closings = [found.start() for found in compiled("</").finditer(text)]

    misses = 0

    def look(at: int, after: int, claim: Place) -> _Look | None:
        nonlocal misses
        if misses > _FRUITLESS:
            return _look(text, judge, at, after, claim)
        # The only thing further away that matters is whether an element ends there.
        index = bisect_left(closings, after)
        closed = index < len(closings) and closings[index] < after + _FURTHEST
        key = (text[max(at - _BEFORE, 0) : after + _AFTER], after - at, closed)
        known = memory.get(key)
        if known is not None:
            misses = 0
            place, seen = known
            return seen and seen.moved(at - place)
        misses += 1
        seen = _look(text, judge, at, after)
        if at >= _BEFORE and (seen is None or max(seen.end, *(seen.secret or ())) < after + _AFTER - 80):
            memory[key] = at, seen
        return seen

    return look
