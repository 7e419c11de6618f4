"""Secrets that only their surroundings give away: a name, something that assigns, a value.

`password=...`, `"apiKey": "..."`, `--token ...`, `Header.Set("X-Api-Key", "...")`, `acme token - '...'`: the name is found by a
word in it, judged by `_secret_names.judge`, and the value must fit the verdict.
"""

import re
import sys
from collections.abc import Callable, Iterator, Sequence
from typing import Final

from narration_core._bounded import BoundedDict
from narration_core.redaction._assignment_looks import looking
from narration_core.redaction._assignment_pattern import HIDDEN, HIDDEN_IN_A_TAG, LEADING
from narration_core.redaction._policy import MARKER
from narration_core.redaction._rule import compiled
from narration_core.redaction._secret_names import Verdict

Place = tuple[int, int]
Named = tuple[int, int, int, int]
"""Where a word of a name starts and ends, and a span further on that is a secret already."""

_ENDS: Final = frozenset(["", " ", "\n"])
_NEAR: Final = 64
_LONG: Final = 4096
_PATIENCE: Final = 16
_MARKED: Final = r"\[REDACTED:[\w:.\-]{1,80}\]"
_NOWHERE: Final = (sys.maxsize, sys.maxsize)


# What stands between names and hidden values is nearly always the same.
_leads: BoundedDict[str, int] = BoundedDict()
_hidden_leads: BoundedDict[str, int] = BoundedDict()


def find(text: str, names: list[Named], judge: Callable[[str], Verdict]) -> Iterator[Place]:
    """Yield, from left to right, the spans of values whose names give them away.

    Args:
        text: the text.
        names: words of names, as `unclaimed` returns them.
        judge: gives the verdict on a name.
    """
    done = run_end = refused = 0
    look = looking(text, judge, len(names))
    for at, after, first, last in names:
        if at < done:
            continue
        place, seen = look(at, after, (first, last))
        if seen is None:
            continue
        moved = at - place
        done = seen.name_end + moved
        begin, end = seen.begin + moved, seen.end + moved
        if first <= begin and end <= last:
            continue
        span = seen.secret
        if span is not None:
            span = (span[0] + moved, span[1] + moved)
        elif not seen.quoted:
            refused = refused + 1 if begin < run_end else 1
            run_end = end
            # Name after name without a blank is nobody's log line; it is made to be slow, or to hide something.
            span = (begin, end) if refused > _PATIENCE else None
        if span is not None:
            yield span
            done = span[1]


def unclaimed(text: str, words: list[Place], claimed: Sequence[Place]) -> list[Named]:
    """Return the words of names whose values are neither known nor hidden, each with the next claim.

    Args:
        text: the text.
        words: where words of names are, as `places` returns them.
        claimed: spans that are secrets already, in order; a name inside one, or its value, needs no look.
    """
    if "[REDACTED:" in text:  # the name of a rule is no name of a value
        claimed = sorted([*claimed, *(found.span() for found in compiled(_MARKED).finditer(text))])
    marked = MARKER in text
    if claimed or marked:
        return _still_open(text, words, claimed, marked=marked)
    return [(at, after, *_NOWHERE) for at, after in words]


def _still_open(text: str, words: list[Place], claimed: Sequence[Place], *, marked: bool) -> list[Named]:
    """Return the same of a text with claims, or with markers."""
    names: list[Named] = []
    leads, hidden = _leads.found, _hidden_leads.found
    claims = iter(claimed)
    first, last = next(claims, _NOWHERE)
    done = 0
    for at, after in words:
        while last <= at:
            first, last = next(claims, _NOWHERE)
        if at < done or first <= at:
            continue
        start, end = first, last
        if first - after >= _NEAR and marked and (start := text.find(MARKER, after, after + _NEAR)) >= 0:
            end = start + len(MARKER)
            lead = text[after : end + 2]
            rest = hidden.get(lead)
            if rest is None:
                rest = _hidden_leads.keep(lead, _hidden_already(lead))
        elif 0 <= start - after < _NEAR and text[end : end + 1] in _ENDS:
            lead = text[after:start]
            rest = leads.get(lead)
            if rest is None:
                joined = compiled(LEADING).fullmatch(lead)
                rest = _leads.keep(lead, -1 if joined is None else joined.end(1))
        else:
            rest = -1
        if rest >= 0:
            done = after + rest
            continue
        names.append((at, after, first, last))
    return names


def _hidden_already(behind: str) -> int:
    """Return where the name ends when a marker is its value, else -1.

    Args:
        behind: what stands behind a word of the name, up to two characters behind the marker.
    """
    found = compiled(HIDDEN).match(behind) or compiled(HIDDEN_IN_A_TAG).match(behind)
    return -1 if found is None else found.end(1)


def all_hidden(text: str, low: str, wanted: list[str]) -> bool:
    """Tell whether every name with one of these words has a marker as its value: `find` yields nothing.

    Args:
        text: the text.
        low: the same text with ASCII letters in lower case, of the same length.
        wanted: the words of `KEYWORDS` that may occur.
    """
    match = compiled(HIDDEN).match
    done = 0
    for at, after in places(low, wanted):
        if at >= done:
            hidden = match(text, after)
            if hidden is None:
                return False
            done = hidden.end()
    return True


def places(low: str, wanted: list[str]) -> list[Place]:
    """Return where the words are, in order.

    Args:
        low: a text with ASCII letters in lower case.
        wanted: the words of `KEYWORDS` that may occur.
    """
    if len(low) > _LONG:  # where a word stands thousands of times, a pattern finds it in a fifth of the time
        found = [match.span() for word in wanted for match in re.finditer(re.escape(word), low)]
    else:
        found = []
        for word in wanted:
            at = low.find(word)
            while at >= 0:
                after = at + len(word)
                found.append((at, after))
                at = low.find(word, after)
    if len(found) < 2:
        return found
    found.sort()
    if " " in "".join(wanted):  # all of a phrase before its first word
        found.sort(key=lambda place: (place[0], -place[1]))
    return found
