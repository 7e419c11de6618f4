"""Coverage for the terminal."""

from collections.abc import Iterable

from narration_ci.measure.baseline import Baseline
from narration_ci.measure.coverage import Coverage, PointCoverage, Totals
from narration_ci.measure.gate import Verdict, described, unlocated, why_silent
from narration_core.nouns import counted

_SHOWN = 10
_HEAD = ("declared", "emitted", "asserted")


def _table(title: str, rows: dict[str, Totals]) -> list[str]:
    width = max(map(len, (title, *rows)))
    lines = [f"{title:<{width}}  {_HEAD[0]:>8}  {_HEAD[1]:>8}  {_HEAD[2]:>8}"]
    for name, entry in rows.items():
        lines.append(f"{name:<{width}}  {entry.declared:>8}  {entry.emitted:>8}  {entry.asserted:>8}  {entry.shown:>7}")
    return lines


def _silent(points: Iterable[PointCoverage]) -> list[str]:
    return [
        f"{entry.point.place}: {described(entry)}: {why_silent(entry)}" for entry in points if not entry.asserted_by
    ]


def summary(coverage: Coverage, baseline: Baseline | None) -> str:
    """Return the figure in one line."""
    totals = coverage.totals
    held = f" (threshold {baseline.threshold}, goal {baseline.goal})" if baseline else ""
    hidden = f", {len(coverage.excluded)} excluded" if coverage.excluded else ""
    return (
        f"narration coverage: {totals.declared} declared, {totals.emitted} emitted, "
        f"{totals.asserted} asserted{hidden}: {totals.shown}{held}"
    )


def report(coverage: Coverage, baseline: Baseline | None, *, every_point: bool = False) -> str:
    """Return the whole report.

    Args:
        coverage: of a run.
        baseline: shows threshold and goal when given.
        every_point: also list each point with the scenarios that reach it.
    """
    blocks = [_table("file", coverage.by_file), _table("actor", coverage.by_actor)]
    silent = _silent(coverage.points)
    if silent:
        blocks.append(["silent points", *(f"  {line}" for line in silent)])
    if coverage.excluded:
        hidden = [f"  {entry.point.place}: {described(entry)}: {entry.point.silent}" for entry in coverage.excluded]
        blocks.append(["excluded points", *hidden])
    if every_point:
        blocks.append(_points(coverage.points))
    if coverage.findings:
        blocks.append(["what the gate will not pass", *(f"  {finding}" for finding in coverage.findings)])
    if coverage.elsewhere:
        blocks.append(_elsewhere(coverage.elsewhere))
    if coverage.unlocated:
        blocks.append([unlocated(coverage)])
    if coverage.narrowed:
        blocks.append([f"the run was narrowed ({coverage.narrowed}): the tests it left out were not run"])
    blocks.append([summary(coverage, baseline)])
    return "\n\n".join("\n".join(block) for block in blocks)


def _elsewhere(files: dict[str, int]) -> list[str]:
    """Return the files outside the sources that count, and how many events came from each."""
    lines = [f"  {path}: {counted(number, 'event')}" for path, number in list(files.items())[:_SHOWN]]
    rest = [f"  and {len(files) - _SHOWN} more files"] if len(files) > _SHOWN else []
    return ["events from outside of the sources that count", *lines, *rest]


def _points(points: Iterable[PointCoverage]) -> list[str]:
    lines = ["points"]
    for entry in points:
        lines.append(f"  {entry.point.place}  {entry.state:<8}  {described(entry)}")
        lines += [f"      {title}" for title in entry.scenarios]
    return lines


def verdict(given: Verdict) -> str:
    """Return the answer of the gate, a finding a line."""
    lines = [str(finding) for finding in given.findings]
    lines += [f"note: {note}" for note in given.notes]
    reasons = counted(len(given.findings), "reason")
    lines.append(f"narration coverage gate: {f'FAILED, {reasons} above' if given.findings else 'passed'}")
    return "\n".join(lines)
