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
_PREPARED: Final = re.compile(
    r"preparing:\s{1,4}([^\r\n]{1,8192}+)[\r\n]{1,2}(?:[^\r\n]{0,160}?)parameters:\s{1,4}(?=([^\r\n]{1,8192}))"
)
_TYPED: Final = re.compile(r"(?:^|, )((?:(?!\(\w{1,40}\)(?:, |$)).){0,1024})\((?:\w{1,40})\)|(?:^|, )(null)(?=,|$)")


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
    for found in _PREPARED.finditer(low):
        names = parameters(text[slice(*found.span(1))], is_secret)
        start, end = found.span(2)
        line = text[start:end]
        values = list(_TYPED.finditer(line)) if names else []
        if names and len(values) == len(names):
            for name, value in zip(names, values, strict=True):
                if name is not None and is_secret(name) and value.end(1) > value.start(1):
                    yield start + value.start(1), start + value.end(1)
