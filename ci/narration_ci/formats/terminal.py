"""Coverage for the terminal."""

from collections.abc import Iterable

from narration_ci.measure.baseline import Baseline
from narration_ci.measure.coverage import Coverage, PointCoverage, Totals
from narration_ci.measure.gate import Verdict, described, why_silent

_HEAD = ("declared", "emitted", "asserted")


def _table(title: str, rows: dict[str, Totals]) -> list[str]:
    width = max(map(len, (title, *rows)))
    lines = [f"{title:<{width}}  {_HEAD[0]:>8}  {_HEAD[1]:>8}  {_HEAD[2]:>8}"]
    for name, one in rows.items():
        lines.append(f"{name:<{width}}  {one.declared:>8}  {one.emitted:>8}  {one.asserted:>8}  {one.shown:>7}")
    return lines


def _silent(points: Iterable[PointCoverage]) -> list[str]:
    return [f"{one.point.place}: {described(one)}: {why_silent(one)}" for one in points if not one.asserted_by]


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
        hidden = [f"  {one.point.place}: {described(one)}: {one.point.silent}" for one in coverage.excluded]
        blocks.append(["excluded points", *hidden])
    if every_point:
        blocks.append(_points(coverage.points))
    blocks.append([summary(coverage, baseline)])
    return "\n\n".join("\n".join(block) for block in blocks)


def _points(points: Iterable[PointCoverage]) -> list[str]:
    lines = ["points"]
    for one in points:
        lines.append(f"  {one.point.place}  {one.state:<8}  {described(one)}")
        lines += [f"      {title}" for title in one.scenarios]
    return lines


def verdict(given: Verdict) -> str:
    """Return what the gate says, a fault a line."""
    lines = [str(fault) for fault in given.faults]
    lines += [f"note: {note}" for note in given.notes]
    lines.append(
        f"narration coverage gate: {f'FAILED, {len(given.faults)} reasons above' if given.faults else 'passed'}"
    )
    return "\n".join(lines)
