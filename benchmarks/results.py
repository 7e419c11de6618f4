"""benchmarks/RESULTS.md: one section per benchmark, which a run of the benchmark replaces."""

import datetime as dt
import re
from collections.abc import Sequence
from pathlib import Path

PATH = Path(__file__).resolve().parent / "RESULTS.md"
TITLE = "# Results\n\nWritten by `python -m benchmarks`. Each section names the machine that it was measured on.\n"


def replace_section(name: str, lines: Sequence[str], path: Path = PATH) -> None:
    """Replace one section; the others stay as they are.

    Args:
        name: name and heading of the section.
        lines: the text of the section.
        path: the file.
    """
    text = path.read_text(encoding="utf-8") if path.exists() else TITLE
    begin, end = f"<!-- begin {name} -->", f"<!-- end {name} -->"
    section = "\n".join([begin, f"## {name}", f"Measured on {dt.datetime.now(dt.UTC).date()}.", "", *lines, end])
    pattern = re.compile(f"{re.escape(begin)}.*?{re.escape(end)}", re.DOTALL)
    text = pattern.sub(lambda _: section, text) if begin in text else f"{text.rstrip()}\n\n{section}\n"
    path.write_text(text, encoding="utf-8")
