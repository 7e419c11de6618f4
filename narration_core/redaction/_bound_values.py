"""Secrets among the parameters that a database's log tells by number or by name, beside the statement that they belong to.

`parameters: $1 = 'ann', $2 = '...'` (PostgreSQL), `@p1='...'` (Entity Framework), `Parameters: ann(String), ...(String)` (MyBatis).
"""

import re
from collections.abc import Callable, Iterator
from typing import Final

from narration_core.redaction._records import INSERT, columns_of, parameters

IsSecret = Callable[[str], bool]
Place = tuple[int, int]

_REACH: Final = 8192
_GIVEN: Final = re.compile(r"([@$:](?=\w)[\w@$]{1,40})\s?=\s?N?'((?:[^'\r\n]|''){1,1024}+)'")
"""A parameter and its value; fast, because a match starts with one class."""
_COMPARED: Final = re.compile(r"""([A-Za-z_]\w{0,63})["'`\]]?\s{0,4}=\s{0,4}([@$:]\w{1,40})""")
_PLACES: Final = re.compile(r"\s{0,16}([@$:]\w{1,40}|[^,()]{0,64}+)\s{0,16}(,|\))")
_PARAMETERS: Final = re.compile(r"parameters:\s{1,4}(?=[^\r\n])")
_PREPARING: Final = "preparing:"
_LONGEST_PREFIX: Final = 160


def find(text: str, low: str, is_secret: IsSecret) -> Iterator[Place]:
    """Yield the spans of values that belong to columns whose name promises a secret.

    Args:
        text: the text.
        low: the same text with ASCII letters in lower case.
        is_secret: whether a name promises a secret.
    """
    if "preparing:" in low:
        yield from _prepared(text, low, is_secret)
    given = list(_GIVEN.finditer(text)) if "='" in text or "= '" in text or "=N'" in text else []
    if not given:
        return
    secret = {place for column, place in _COMPARED.findall(text) if is_secret(column)} | _inserted(text, low, is_secret)
    if secret:
        yield from (found.span(2) for found in given if found[1] in secret)


def _inserted(text: str, low: str, is_secret: IsSecret) -> set[str]:
    """Return the placeholders that stand for secret columns in statements that insert."""
    secret: set[str] = set()
    for insert in INSERT.finditer(low):
        columns = columns_of(text[slice(*insert.span(1))])
        at = insert.end()
        for column in columns:
            place = _PLACES.match(text, at)
            if place is None:
                break
            if place[1][:1] in "@$:" and place[1] and is_secret(column):
                secret.add(place[1])
            at = place.end()
    return secret


def _prepared(text: str, low: str, is_secret: IsSecret) -> Iterator[Place]:
    """Yield the same for statements whose parameters are in the next line, each with its type."""
    for found in _PARAMETERS.finditer(low):
        line = low.rfind("\n", max(0, found.start() - _LONGEST_PREFIX), found.start())
        before = low.rfind("\n", max(0, line - _REACH), line) if line > 0 else -1
        statement = low.find(_PREPARING, before + 1, line) if line > 0 else -1
        names = parameters(text[statement + len(_PREPARING) : line], is_secret) if statement >= 0 else None
        if not names:
            continue
        start = found.end()
        end = text.find("\n", start, start + _REACH)
        given = text[start : start + _REACH if end < 0 else end].split("), ")
        if len(given) != len(names):
            continue
        for name, piece in zip(names, given, strict=True):
            value = piece.rpartition("(")[0]
            if name is not None and value and is_secret(name):
                yield start, start + len(value)
            start += len(piece) + len("), ")
