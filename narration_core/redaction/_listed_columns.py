"""Secrets in the columns of tables that a text holds as lists: `{"columns": ["user", "password"], "rows": [["ann", "..."]]}`."""

import re
from collections.abc import Callable, Iterator
from typing import Final

from narration_core.redaction._secret_names import STRONG
from narration_core.redaction._values import fits_text

IsSecret = Callable[[str], bool]
Place = tuple[int, int]

_REACH: Final = 4096
_HEAD: Final = re.compile(
    r"""["'](?:names|columns|fields|headers?|keys|params|parameters|cols|attributes|variables|schema)["']\s{0,4}:\s{0,4}\["""
)
_ROWS: Final = re.compile(
    r"""["'](?:values|rows?|data|records?|args|arguments|params|parameters|vals|items|tuples)["']\s{0,4}:\s{0,4}\[\s{0,16}(?=(\[?))"""
)
_CELL: Final = re.compile(
    r"""\s{0,16}(?:"((?:[^"\\]|\\.){0,1024}+)"|'((?:[^'\\]|\\.){0,1024}+)'|([^\s,"'\[\]{}]{1,256}+))\s{0,16}(,|(?=\]))"""
)
_BETWEEN: Final = re.compile(r"\]\s{0,16},\s{0,16}(?=\[)")


def find(text: str, low: str, is_secret: IsSecret) -> Iterator[Place]:
    """Yield the spans of values in columns whose name promises a secret; each list is read once.

    Args:
        text: the text.
        low: the same text with ASCII letters in lower case.
        is_secret: whether a name promises a secret.
    """
    done = 0
    rows = _ROWS.search(low)
    for head in _HEAD.finditer(low):
        if rows is None:
            return
        if head.start() < done:
            continue
        names, done = _row(text, head.end())
        wanted = [index for index, (start, end) in enumerate(names) if is_secret(text[start:end])]
        if not wanted or text[done : done + 1] != "]":
            continue
        if rows.start() < done:
            rows = _ROWS.search(low, done)
        if rows is not None and rows.start() < done + _REACH:
            spans, done = _chosen(text, rows.end(), len(names), wanted, nested=bool(rows[1]))
            yield from spans


def _chosen(text: str, at: int, width: int, wanted: list[int], *, nested: bool) -> tuple[list[Place], int]:
    """Return the wanted values of the rows at a place, and where the rows end.

    Args:
        text: the text.
        at: where the first row starts.
        width: how many columns there are.
        wanted: which of them are wanted.
        nested: there is a list of rows, not just one.
    """
    spans: list[Place] = []
    done = at
    while True:
        cells, done = _row(text, at + nested)
        if len(cells) == width:
            chosen = (cells[index] for index in wanted)
            spans += [cell for cell in chosen if fits_text(STRONG, text[slice(*cell)], "assign", quoted=True)]
        between = _BETWEEN.match(text, done) if nested else None
        if between is None:
            break
        at = between.end()
    return spans, done


def _row(text: str, at: int) -> tuple[list[Place], int]:
    """Return where the plain values of a list are that is open at a place, and where they end."""
    cells: list[Place] = []
    while (found := _CELL.match(text, at)) is not None:
        cells.append(found.span(next(group for group in (1, 2, 3) if found.start(group) >= 0)))
        at = found.end()
        if not found[4]:
            break
    return cells, at
