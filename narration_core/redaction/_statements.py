"""Secrets in SQL statements and in the parameters that are logged beside them: the columns say which values they are."""

import itertools
import re
from bisect import bisect_left
from collections.abc import Callable, Iterator, Sequence
from typing import Final

from narration_core.redaction._blocks import has_brackets
from narration_core.redaction._policy import MARKER
from narration_core.redaction._records import INSERT, PLACE, columns_of
from narration_core.redaction._secret_names import STRONG
from narration_core.redaction._values import fits_in_crowd, fits_text

IsSecret = Callable[[str], bool]
Place = tuple[int, int]
Row = list[Place]

_STATEMENT: Final = re.compile(
    r"(?:insert\s{1,4}+(?:ignore\s{1,4}+)?into|replace\s{1,4}+into|merge\s{1,4}+into|update|select|delete\s{1,4}+from)\b"
)
_WORDS: Final = ("insert", "replace", "merge", "update", "select", "delete")
_GIVEN: Final = re.compile(
    r"[pabvd$](?<!\w[pabvd])(?:(?<=\$)\d{1,3}(?=\s{1,3}\[)|(?<=p)aram(?:eter)?s|(?<=a)rg(?:ument)?s|(?<=b)ind(?:ing)?s?|(?<=v)alues|(?<=d)etail)[\"']?\s{0,4}[:=]?\s{0,4}(?:\[(?=\s{0,4}[(\[]))?(?=[(\[])"
)
"""What stands before parameters, in a text of small letters."""
_MARK: Final = re.compile(r"[?%$=<>l](?:(?<=\?)|(?<=%)s|(?<=\$)\d{1,3}|(?:(?<=[=<>])|(?<=\bl)ike\b)\s{0,4}[:@]\w)")
"""A placeholder, or the start of one that has a name; fast, because a match starts with one class."""
_TUPLE: Final = re.compile(
    r"""\s{0,16}[(\[]((?:'(?:[^']|''){0,1024}+'|"(?:[^"\\]|\\.){0,1024}+"|[^()\[\]'"]{1,4096}){0,4096}+)[)\]]\s{0,16},?""",
    re.ASCII,
)
_VALUE: Final = re.compile(
    r"""\s{0,16}(?:[A-Za-z]?'((?:[^'\\]|''|\\.){0,1024}+)'|"((?:[^"\\]|\\.){0,1024}+)"|([^,'"]{0,1024}+))\s{0,16}(?:,|$)""",
    re.ASCII,
)
_NOTHING: Final = frozenset(["?", "%s", "NULL", "DEFAULT", "", MARKER])
_REACH: Final = 6000
_TRIED: Final = 3
_WORD: Final = frozenset("abcdefghijklmnopqrstuvwxyz0123456789_")


def find(text: str, low: str, is_secret: IsSecret, *, crowded: bool = False) -> Iterator[Place]:
    """Yield the spans of values that belong to columns whose name promises a secret.

    Args:
        text: the text.
        low: the same text with ASCII letters in lower case.
        is_secret: whether a name promises a secret.
        crowded: the text has too many secrets to judge each value.
    """
    if not has_brackets(text) or not any(map(low.__contains__, _WORDS)):
        return
    starts = _starts(_STATEMENT, low)
    if not starts:
        return
    log = _Log(text, low, is_secret, fits_in_crowd if crowded else _judged)
    done = 0
    for start, following in itertools.pairwise([*starts, len(text)]):
        if start >= done:
            spans, done = log.statement(start, following)
            yield from spans


def _starts(pattern: re.Pattern[str], low: str) -> list[int]:
    """Return where something starts that is no part of a longer word."""
    places = [found.start() for found in pattern.finditer(low)]
    return [at for at in places if low[at] not in _WORD or low[at - 1 : at] not in _WORD]


class _Log:
    """A text with statements, read once for each kind of thing: one that is full of them costs no more than another.

    Args:
        text: the text.
        low: the same text with ASCII letters in lower case.
        is_secret: whether a name promises a secret.
        fits: whether a value under such a name is one.
    """

    def __init__(self, text: str, low: str, is_secret: IsSecret, fits: Callable[[str], bool]) -> None:
        self._text = text
        self._is_secret = is_secret
        self._fits = fits
        self._wanted: dict[tuple[str | None, ...], list[int]] = {}  # a program says the same columns again and again
        self._inserts = list(INSERT.finditer(low))
        self._opened = [found.start(1) for found in self._inserts]
        # A placeholder that parameters follow is one of those that they are for.
        self._given = [
            (found.end() if found[0][0] == "$" else found.start(), found.end()) for found in _GIVEN.finditer(low)
        ]
        self._marks = _starts(_MARK, low)
        self._rows: dict[int, tuple[list[Row], int]] = {}

    def statement(self, start: int, following: int) -> tuple[list[Place], int]:
        """Return the secrets of a statement, and how far the text is read.

        Args:
            start: where the statement starts.
            following: where the next one does.
        """
        limit = start + _REACH
        index = bisect_left(self._opened, start)
        if index == len(self._opened) or self._opened[index] >= min(following, limit):
            return self._parameters(start, start, limit)
        insert = self._inserts[index]
        names = columns_of(self._text[slice(*insert.span(1))])
        wanted = self._secret(names)
        if not wanted:
            return [], start
        values = insert.end() - 1
        rows, end = self._rows_at(values)
        more, last = self._parameters(start, values, limit, names)
        return [*self._chosen(rows, len(names), wanted), *more], max(end, last)

    def _parameters(
        self, start: int, after: int, limit: int, names: Sequence[str | None] | None = None
    ) -> tuple[list[Place], int]:
        """Return the secrets among the parameters that are given for a statement, and where they end.

        Args:
            start: where the statement starts.
            after: where the parameters may start.
            limit: how far they may be.
            names: of the columns; where they are left out, those of the placeholders count.
        """
        first = bisect_left(self._given, (after,))
        for begin, end in self._given[first : first + _TRIED]:
            if begin > limit:
                break
            width = bisect_left(self._marks, begin) - bisect_left(self._marks, start) if names is None else len(names)
            rows, last = self._rows_at(end)
            if rows and len(rows[0]) == width:
                asked = [found[1] for found in PLACE.finditer(self._text, start, begin)] if names is None else names
                wanted = self._secret(asked)
                if wanted and len(asked) == width:
                    return self._chosen(rows, width, wanted), last
        return [], start

    def _secret(self, names: Sequence[str | None]) -> list[int]:
        columns = tuple(names)
        wanted = self._wanted.get(columns)
        if wanted is None:
            wanted = [place for place, name in enumerate(columns) if name is not None and self._is_secret(name)]
            self._wanted[columns] = wanted
        return wanted

    def _rows_at(self, place: int) -> tuple[list[Row], int]:
        """Return the tuples at a place, each as the spans of its values, and where they end; each place is read once."""
        known = self._rows.get(place)
        if known is None:
            text, end, rows = self._text, place, []
            while (found := _TUPLE.match(text, end)) is not None:
                values = _VALUE.finditer(text, *found.span(1))
                rows.append([value.span(value.lastindex or 0) for value in values if value[0]])
                end = found.end()
            known = self._rows[place] = rows, end
        return known

    def _chosen(self, rows: list[Row], width: int, wanted: list[int]) -> list[Place]:
        """Return the chosen values of the rows that are as wide as there are columns."""
        places = [row[index] for row in rows if len(row) == width for index in wanted]
        return [(at, to) for at, to in places if (value := self._text[at:to]) != MARKER and self._fits(value)]


def _judged(value: str) -> bool:
    return value.strip().upper() not in _NOTHING and fits_text(STRONG, value, "assign", quoted=True)
