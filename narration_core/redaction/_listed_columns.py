"""Secrets in the columns of tables that a text holds as lists: `{"columns": ["user", "password"], "rows": [["ann", "..."]]}`."""

import re
from collections.abc import Callable, Iterator
from typing import Final

from narration_core.redaction._secret_names import STRONG
from narration_core.redaction._values import fits_text

IsSecret = Callable[[str], bool]
Place = tuple[int, int]

_REACH: Final = 4096
_MOST_ROWS: Final = 4096
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
    for head in _HEAD.finditer(low):
        if head.start() < done:
            continue
        names, done = _row(text, head.end())
        wanted = [index for index, (start, end) in enumerate(names) if is_secret(text[start:end])]
        rows = _ROWS.search(low, done, done + _REACH) if wanted else None
        if rows is None:
            continue
        at = rows.end()
        for _ in range(_MOST_ROWS if rows[1] else 1):
            cells, done = _row(text, at + len(rows[1]))
            if len(cells) == len(names):
                yield from (
                    cells[index]
                    for index in wanted
                    if fits_text(STRONG, text[slice(*cells[index])], "assign", quoted=True)
                )
            between = _BETWEEN.match(text, done) if rows[1] else None
            if between is None:
                break
            at = between.end()


def _row(text: str, at: int) -> tuple[list[Place], int]:
    """Return where the plain values of a list are that is open at a place, and where they end."""
    cells: list[Place] = []
    while (found := _CELL.match(text, at)) is not None:
        cells.append(found.span(next(group for group in (1, 2, 3) if found.start(group) >= 0)))
        at = found.end()
        if not found[4]:
            break
    return cells, at
