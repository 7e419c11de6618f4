"""Secrets in the columns of tables: the name is at the head, the values stand below."""

import re
from collections.abc import Callable, Iterator
from typing import Final

from narration_core.redaction._secret_names import STRONG
from narration_core.redaction._values import fits_text

IsSecret = Callable[[str], bool]
Place = tuple[int, int]

_LONGEST_LINE: Final = 2048
_CELL: Final = re.compile(r"[^\W\d][\w .\-]{0,40}")
_DELIMITED: Final = re.compile(r"""[|│┃,;\t]""")
_NAMES: Final = re.compile(r"""(?m)^[\w .\-"|│┃,;\t]{3,2048}+\r?$""")
"""A line that may be the names of columns, found faster than line by line."""
_RULE: Final = frozenset("-+=|:─━┼┿╋├┤┣┫┬┴┳┻ \t")
_RESULTS: Final = frozenset("fail fails failed failure failures skip skipped error errors".split())
_GAP: Final = re.compile(r"\S+(?: \S+)*")


def find(text: str, is_secret: IsSecret) -> Iterator[Place]:
    """Yield the spans of values in columns whose name promises a secret; however long a table is, each line is read once.

    Args:
        text: the text.
        is_secret: whether a name promises a secret.
    """
    at = 0
    while (found := _NAMES.search(text, at)) is not None:
        at = found.end() + 1
        heading = _heading(found[0].rstrip("\r"), is_secret)
        if heading is None:
            continue
        while at <= len(text):
            end = text.find("\n", at)
            end = len(text) if end < 0 else end
            row = _row(text[at:end], *heading)
            if row is None:
                break
            yield from ((at + low, at + high) for low, high in row)
            at = end + 1


def _cells(line: str, sign: str) -> list[Place]:
    """Return where the cells of a line are, blanks and quotes around them left out."""
    places = []
    start = 0
    for piece in line.split(sign) if sign else ():
        bare = piece.strip()
        at = start + len(piece) - len(piece.lstrip())
        end = at + len(bare)
        if len(bare) > 1 and bare[0] == bare[-1] == '"':
            at, end = at + 1, end - 1
        places.append((at, end))
        start += len(piece) + 1
    return places if sign else [found.span() for found in re.finditer(r"\S+(?: (?! )\S+)*", line)]


def _heading(line: str, is_secret: IsSecret) -> tuple[str, list[int], list[Place]] | None:
    """Return how a line of column names is divided, which of them promise a secret, and where the names are."""
    if not 3 <= len(line) <= _LONGEST_LINE or "=" in line or "://" in line:
        return None
    found = _DELIMITED.search(line)
    sign = found[0] if found else ""
    if not sign and "  " not in line.strip():
        return None
    cells = _cells(line, sign)
    names = [line[start:end] for start, end in cells]
    if len([name for name in names if name]) < 2 or not all(not name or _CELL.fullmatch(name) for name in names):
        return None
    if not _RESULTS.isdisjoint(map(str.lower, names)):  # how many tests pass
        names = ["" if name.lower() in {"pass", "passed"} else name for name in names]
    secret = [index for index, name in enumerate(names) if name and is_secret(name)]
    return (sign, secret, cells) if secret else None


def _row(line: str, sign: str, secret: list[int], heads: list[Place]) -> list[Place] | None:
    """Return the secrets in a row below a heading; None where the table ends."""
    line = line.rstrip("\r")
    if len(line) > _LONGEST_LINE or not line.strip():
        return None
    if set(line) <= _RULE:
        return []
    cells = _cells(line, sign)
    if sign:
        if len(cells) != len(heads):
            return None
        chosen = [cells[index] for index in secret]
    else:
        if len(cells) > len(heads) + 1 or "  " not in line.strip():
            return None
        # Columns are where their names are, whichever cells are empty.
        chosen = [cell for index in secret for cell in cells if cell[0] < heads[index][1] and cell[1] > heads[index][0]]
    return [cell for cell in chosen if _fits(line[slice(*cell)])]


def _fits(value: str) -> bool:
    return fits_text(STRONG, value, "assign", quoted=True)
