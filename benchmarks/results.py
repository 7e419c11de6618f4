"""benchmarks/RESULTS.md: one section a benchmark, each replaced by its own run."""

import datetime as dt
import re
from collections.abc import Sequence
from pathlib import Path

PATH = Path(__file__).resolve().parent / "RESULTS.md"
TITLE = "# Results\n\nWritten by `python -m benchmarks`; each section by its own benchmark, on the machine it names.\n"


def replace_section(name: str, lines: Sequence[str], path: Path = PATH) -> None:
    """Write one section between its markers; the others stay as they are.

    Args:
        name: the section's name and heading.
        lines: its text.
        path: the file.
    """
    text = path.read_text(encoding="utf-8") if path.exists() else TITLE
    begin, end = f"<!-- begin {name} -->", f"<!-- end {name} -->"
    section = "\n".join([begin, f"## {name}", f"Measured on {dt.datetime.now(dt.UTC).date()}.", "", *lines, end])
    pattern = re.compile(f"{re.escape(begin)}.*?{re.escape(end)}", re.DOTALL)
    text = pattern.sub(lambda _: section, text) if begin in text else f"{text.rstrip()}\n\n{section}\n"
    path.write_text(text, encoding="utf-8")
