"""Pieces of Markdown."""

import re
from collections.abc import Iterable, Sequence

_CODE = re.compile(r"(`+[^`]+`+)")


def text(written: str) -> str:
    """Return a text of the code as Markdown: what looks like HTML is shown as it is.

    Args:
        written: one or several paragraphs; what stands in backticks is code.
    """
    parts = _CODE.split(written)
    return "".join(part if part.startswith("`") else part.replace("<", "&lt;") for part in parts)


def line(written: str) -> str:
    """Return a text as one line."""
    return " ".join(text(written).split())


def code(written: object) -> str:
    """Return a value as code within a line."""
    shown = str(written)
    return f"`` {shown} ``" if "`" in shown else f"`{shown}`"


def table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> list[str]:
    """Return the lines of a table and an empty one after it.

    Args:
        head: the titles of the columns.
        rows: their cells, each one line of Markdown.
    """
    escaped = [[cell.replace("|", "\\|") for cell in row] for row in rows]
    lines = [head, ["---"] * len(head), *escaped]
    return [*("| " + " | ".join(cells) + " |" for cells in lines), ""]


def signature(written: str) -> list[str]:
    """Return a line of code that stands alone, and an empty one after it.

    It is no block: blocks are examples, which a test runs.
    """
    return [code(" ".join(written.split())), ""]
