"""What a page shows and what was printed: the same, but for what differs from run to run."""

import re
from typing import Final

# A line `...` is any lines, `...` in a line any text. The others differ from run to run; a page shows those of one.
_ALIKE: Final = (
    (r"\.\.\.", r"[^\n]*"),
    (r"\b[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}\b", r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}"),
    (r"\b[0-9]{13}\b", r"[0-9]{13}"),  # milliseconds since 1970
    (r"\b[0-9]{4}-[0-9]{2}-[0-9]{2}\b", r"[0-9]{4}-[0-9]{2}-[0-9]{2}"),
    (r"\b[0-9]{2}:[0-9]{2}:[0-9]{2}(?:\.[0-9]+)?\b", r"[0-9]{2}:[0-9]{2}:[0-9]{2}(?:\.[0-9]+)?"),
    (r"\b[0-9]+(?:\.[0-9]+)? ms\b", r"[0-9]+(?:\.[0-9]+)? ms"),
    (r"(?<=(?:ed|rs) in )[0-9.]+s\b", r"[0-9.]+s"),  # pytest's last line
    (r"\bport [0-9]+\b", r"port [0-9]+"),
)
_ANY: Final = re.compile("|".join(f"({shown})" for shown, _ in _ALIKE))


def shows(page: str, printed: str) -> bool:
    """Return whether a page shows what was printed.

    Args:
        page: the block of the page.
        printed: the output.
    """
    lines = [
        r"(?:[^\n]*\n)*?" if line == "..." else _pattern(line.rstrip()) + r"[ \t]*\n" for line in page.splitlines()
    ]
    return (
        re.fullmatch("".join(lines), printed if printed.endswith("\n") or not printed else f"{printed}\n") is not None
    )


def _pattern(line: str) -> str:
    parts, at = [], 0
    for found in _ANY.finditer(line):
        parts += [re.escape(line[at : found.start()]), _ALIKE[(found.lastindex or 1) - 1][1]]
        at = found.end()
    return "".join([*parts, re.escape(line[at:])])
