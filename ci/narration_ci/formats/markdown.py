"""Coverage as Markdown: `narration.md`, for step summaries and pull requests."""

from collections.abc import Iterable, Sequence
from typing import Final

from narration_ci.measure.coverage import PointCoverage, Totals
from narration_ci.measure.gate import described, why_silent
from narration_ci.measure.measurement import Measurement

# A step summary may hold 1 MiB, and the upload fails beyond it; a comment 65,536 characters.
SUMMARY_LIMIT: Final = 1_000_000
COMMENT_LIMIT: Final = 60_000
_CUT: Final = "\n\n*Cut here: the whole report is in the artifact `narration.html`.*\n"
_SPECIAL: Final = str.maketrans(
    {character: f"\\{character}" for character in "\\`*_[]~|"} | {"<": "&lt;", ">": "&gt;", "&": "&amp;", "@": "&#64;"}
)


def plain(text: str) -> str:
    """Return text as one line without any Markdown: nobody is mentioned, nothing is linked."""
    return " ".join(text.split()).translate(_SPECIAL)


def code(text: str) -> str:
    """Return text as code that is safe in a table."""
    fence = "``" if "`" in text else "`"
    return f"{fence}{text.replace('|', chr(92) + '|')}{fence}"


def table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> list[str]:
    """Return a table; the first column is text, the others are numbers."""
    lines = ["| " + " | ".join(head) + " |", "|---|" + "---:|" * (len(head) - 1)]
    return lines + ["| " + " | ".join(row) + " |" for row in rows]


def cut(text: str, limit: int) -> str:
    """Return text under a limit of UTF-8 bytes, cut between lines with a note that says where the rest is."""
    if len(text.encode()) <= limit:
        return text
    kept = text.encode()[: limit - len(_CUT.encode())].decode(errors="ignore").rpartition("\n")[0]
    open_details = kept.count("<details") - kept.count("</details>")
    return kept + "\n\n</details>" * open_details + _CUT


def folded(title: str, lines: Sequence[str], *, opened: bool = False) -> list[str]:
    """Return lines in a section that opens and closes."""
    return [f"<details{' open' if opened else ''}><summary>{title}</summary>", "", *lines, "", "</details>", ""]


def _totals(title: str, groups: dict[str, Totals]) -> list[str]:
    rows = (
        (code(name), str(entry.declared), str(entry.emitted), str(entry.asserted), entry.shown)
        for name, entry in groups.items()
    )
    return table((title, "declared", "emitted", "asserted", "share"), rows)


def headline(measurement: Measurement) -> str:
    """Return the figure and the verdict in one line."""
    totals, baseline, verdict = measurement.coverage.totals, measurement.baseline, measurement.verdict
    held = f", threshold {baseline.threshold} %, goal {baseline.goal} %" if baseline else ""
    answer = "" if verdict is None else " **The gate fails.**" if verdict.findings else " The gate passes."
    return (
        f"**{totals.shown}** of {totals.declared} declared points are asserted, "
        f"{totals.emitted} are emitted{held}.{answer}"
    )


def _silent(points: Iterable[PointCoverage]) -> list[str]:
    return [f"- {code(entry.point.place)} {plain(described(entry))}: {plain(why_silent(entry))}" for entry in points]


def sections(measurement: Measurement) -> list[str]:
    """Return the report as lines, without its title."""
    coverage, verdict = measurement.coverage, measurement.verdict
    lines = [headline(measurement), ""]
    if verdict and verdict.findings:
        lines += ["### What to do", ""]
        lines += [f"- {code(entry.place)} {plain(entry.what)}: {plain(entry.why)}" for entry in verdict.findings] + [""]
    if verdict and verdict.notes:
        lines += [f"> {plain(note)}" for note in verdict.notes] + [""]
    lines += [*_totals("actor", coverage.by_actor), "", *folded("Files", _totals("file", coverage.by_file))]
    silent = [entry for entry in coverage.points if not entry.asserted_by]
    if silent:
        lines += folded(f"{len(silent)} silent points", _silent(silent))
    if coverage.excluded:
        hidden = [
            f"- {code(entry.point.place)} {plain(described(entry))}: {plain(entry.point.silent or '')}"
            for entry in coverage.excluded
        ]
        lines += folded(f"{len(coverage.excluded)} excluded points", hidden)
    return lines


def render(measurement: Measurement) -> str:
    """Return the report for a step summary."""
    return cut("\n".join(["## Narration coverage", "", *sections(measurement)]).rstrip() + "\n", SUMMARY_LIMIT)
