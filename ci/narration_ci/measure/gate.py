"""The gate: what in a run's coverage must not be merged."""

from collections.abc import Iterable

import msgspec

from narration_ci.findings import Finding
from narration_ci.measure.baseline import Baseline, follow
from narration_ci.measure.coverage import Coverage, PointCoverage, ScenarioCoverage
from narration_ci.measure.moves import Identities, split
from narration_core.nouns import counted

_SILENT_OK = "silent-ok"
_SHOWN = 3


class Verdict(msgspec.Struct, frozen=True):
    """The answer of the gate.

    Attributes:
        findings: reasons to fail; without any, the gate passes.
        notes: what is worth knowing all the same.
    """

    findings: tuple[Finding, ...]
    notes: tuple[str, ...]


def described(entry: PointCoverage) -> str:
    """Return a point in words: who does what, in which sentence."""
    point = entry.point
    sentence = f' "{entry.sentence}"' if entry.sentence else ""
    return f"{'/'.join(entry.actors)} {point.action or point.kind}{sentence}"


def _few(names: Iterable[str]) -> str:
    """Return the first few of many names."""
    listed = list(names)
    return ", ".join(listed[:_SHOWN]) + (f" and {len(listed) - _SHOWN} more" if len(listed) > _SHOWN else "")


def why_silent(entry: PointCoverage) -> str:
    """Return why a point does not count as asserted."""
    if not entry.emitted_by:
        return "no test reaches it"
    if entry.only_failed:
        return f"reached only by tests that failed ({entry.failed_by[0]})"
    return f"reached by {counted(len(entry.emitted_by), 'test')}, asserted by none ({entry.emitted_by[0]})"


_WHAT_TO_DO = "assert it in a scenario or a test, or write `# narration: silent - <why>` at it"


def _went_silent(coverage: Coverage, baseline: Baseline) -> list[PointCoverage]:
    """Return the points that the baseline lists as asserted, and no test asserts now."""
    asserted = set(baseline.asserted)
    return [entry for entry in coverage.points if not entry.asserted_by and entry.point.key in asserted]


def _points(coverage: Coverage, baseline: Baseline, replaced: frozenset[str]) -> list[Finding]:
    asserted, known = set(baseline.asserted), set(baseline.silent)
    findings = []
    for entry in coverage.points:
        key = entry.point.key
        if entry.asserted_by or key in known:
            continue
        if key in asserted:
            rule, change = "went-silent", "is no longer asserted"
        elif key in replaced:
            rule, change = "new-silent", "stands where a quieter or another silent point was, and is silent"
        else:
            rule, change = "new-silent", "is new and silent"
        why = f"{why_silent(entry)}; {_WHAT_TO_DO}"
        findings.append(Finding(rule, entry.point.place, f"{described(entry)} {change}", why, key))
    return findings


def _removed(asserted: Iterable[str], gone: Iterable[str]) -> list[Finding]:
    findings = []
    for key in sorted(set(asserted) & set(gone)):
        path, name = split(key)
        where = name.rpartition("#")[0]
        what = f"a point of `{where}` was removed"
        why = (
            "the system narrates less than before; put it back, "
            f"or run `narration coverage forget '{key}'` and commit the baseline"
        )
        findings.append(Finding("removed", path, what, why))
    return findings


def _threshold(coverage: Coverage, baseline: Baseline) -> list[Finding]:
    totals = coverage.totals
    if totals.reaches(baseline.threshold):
        return []
    missing = -(-(baseline.threshold * totals.declared) // 100) - totals.asserted
    what = f"{totals.asserted} of {totals.declared} declared points are asserted, {totals.shown}"
    why = f"{baseline.threshold} % are needed; assert {counted(missing, 'more point')} of those listed as silent"
    return [Finding("below-threshold", "narration coverage", what, why)]


def _figures(coverage: Coverage, baseline: Baseline, replaced: frozenset[str], *, lists_points: bool) -> list[Finding]:
    """Return what is wrong with points and threshold; what failed tests explain is one finding, not one a point."""
    failed = [scenario.test for scenario in coverage.scenarios if scenario.outcome == "failed"]
    lost = [entry for entry in coverage.points if entry.only_failed and entry.point.key not in baseline.silent]
    if failed and lists_points:
        lost += [entry for entry in _went_silent(coverage, baseline) if entry not in lost]
    if not failed or not lost:
        return [*_threshold(coverage, baseline), *(_points(coverage, baseline, replaced) if lists_points else ())]
    what = f"{counted(len(failed), 'test')} failed, and no other asserts {counted(len(lost), 'point')}"
    if len(failed) > 1:
        what += f" ({_few(failed)})"
    why = (
        f"make {'it' if len(failed) == 1 else 'them'} pass; accept a story that changed on purpose "
        f"with `narration review`; the points: {_few(entry.point.place for entry in lost)}"
    )
    findings = [Finding("failed-test", failed[0], what, why)]
    explained = {entry.point.key for entry in lost}
    if lists_points:
        findings += [finding for finding in _points(coverage, baseline, replaced) if finding.key not in explained]
    totals = msgspec.structs.replace(coverage.totals, asserted=coverage.totals.asserted + len(lost))
    if not totals.reaches(baseline.threshold):
        findings += _threshold(coverage, baseline)
    return findings


def _scenarios(scenarios: Iterable[ScenarioCoverage]) -> list[Finding]:
    findings = []
    for scenario in scenarios:
        if not scenario.is_scenario or scenario.outcome != "passed":
            continue
        if not scenario.events and _SILENT_OK not in scenario.tags:
            why = "let it narrate, or tag it @silent-ok"
            what = f'the scenario "{scenario.title}" has no narration'
            findings.append(Finding("silent-scenario", scenario.test, what, why))
        if scenario.events and _SILENT_OK in scenario.tags:
            why = "the tag is stale; remove it"
            events = counted(scenario.events, "event")
            what = f'the scenario "{scenario.title}" is tagged @silent-ok and has {events}'
            findings.append(Finding("stale-tag", scenario.test, what, why))
    return findings


def _stale_comments(coverage: Coverage) -> list[Finding]:
    return [
        Finding(
            "stale-comment",
            entry.point.place,
            f"{described(entry)} is marked silent and is asserted",
            f"by {entry.asserted_by[0]}; remove the comment `# narration: silent`",
        )
        for entry in coverage.excluded
        if entry.asserted_by
    ]


def _slack(coverage: Coverage, baseline: Baseline) -> list[str]:
    """Return where the baseline asks for less than there is."""
    silent = {entry.point.key for entry in coverage.points if not entry.asserted_by}
    better = sorted(set(baseline.silent) - silent)
    new = {entry.point.key for entry in coverage.points if entry.asserted_by} - set(baseline.asserted)
    possible = min(baseline.goal, coverage.totals.whole_percent)
    notes = []
    if better:
        notes.append(f"{counted(len(better), 'point')} listed as silent need not be: {', '.join(better)}")
    if new:
        notes.append(f"{counted(len(new), 'asserted point')} not yet in the baseline")
    if possible > baseline.threshold:
        notes.append(f"the threshold could be {possible} instead of {baseline.threshold}")
    return notes


def loosened(baseline: Baseline, base: Baseline, declared: Identities, place: str) -> list[Finding]:
    """Return where a baseline asks for less than the one it came from: edited by hand, because no command does that.

    Args:
        baseline: the one that is committed now.
        base: the one before.
        declared: the points that are still declared.
        place: what the file is called in messages.
    """
    before = follow(base, declared).baseline
    now = follow(baseline, declared).baseline
    why = "the baseline only rises: restore it, and assert the points instead"
    findings = []
    for name, old, new in (("threshold", base.threshold, baseline.threshold), ("goal", base.goal, baseline.goal)):
        if new < old:
            findings.append(Finding("loosened", place, f"the {name} was lowered from {old} to {new}", why))
    added = sorted(set(now.silent) - set(before.silent)) if before.lists_points else []
    findings += [Finding("loosened", place, f"{key} was added to the silent points", why, key) for key in added]
    dropped = sorted(set(before.asserted) - set(now.asserted) - set(added))
    findings += [Finding("loosened", place, f"{key} was taken out of the asserted points", why) for key in dropped]
    return findings


def _run_notes(coverage: Coverage) -> list[str]:
    """Return what is worth knowing about the run itself."""
    notes = []
    if coverage.narrowed:
        notes.append(
            f"the run was narrowed ({coverage.narrowed}): the tests it left out were not run, their stories and links "
            "not checked"
        )
    if not any(scenario.is_scenario for scenario in coverage.scenarios):
        notes.append("no scenario ran: scenario coverage and links were not checked")
    failed = [scenario.test for scenario in coverage.scenarios if scenario.outcome == "failed"]
    if failed:
        notes.append(f"{counted(len(failed), 'test')} failed, and what they assert does not count: {_few(failed)}")
    if coverage.unlocated:
        notes.append(unlocated(coverage))
    if coverage.replayed:
        notes.append(f"{counted(coverage.replayed, 'event')} replayed by tests: they do not show that code ran")
    if coverage.elsewhere:
        total = sum(coverage.elsewhere.values())
        files = _few(f"{path} ({number})" for path, number in coverage.elsewhere.items())
        notes.append(f"{counted(total, 'event')} came from outside of the sources that count: {files}")
    return notes


def unlocated(coverage: Coverage) -> str:
    """Return what to set so that events say where they come from."""
    return (
        f"{counted(coverage.unlocated, 'event')} did not say where they come from, so their points count as silent: "
        "set NARRATION_SOURCE_LOCATION=1 in the processes that tests start"
    )


def judge(coverage: Coverage, baseline: Baseline, *, others: Iterable[Finding] = (), exact: bool = False) -> Verdict:
    """Return the answer of the gate about a run.

    Args:
        coverage: of the run.
        baseline: what the project is held to.
        others: what other checks found: links, a lowered baseline.
        exact: also fail when the baseline asks for less than there is.
    """
    followed, tracked, replaced = follow(baseline, coverage.identities)
    findings = [
        *_figures(coverage, followed, replaced, lists_points=baseline.lists_points),
        *_removed(baseline.asserted, tracked.gone),
        *_stale_comments(coverage),
        *coverage.findings,
        *_scenarios(coverage.scenarios),
        *others,
    ]
    notes = [f"{old} was renamed to {new}" for old, new in tracked.files.items()]
    notes += [f"{old} is now {new}" for old, new in tracked.moved.items()]
    if baseline.lists_points:
        notes += _slack(coverage, followed)
    else:
        notes.append("the baseline lists no points, so only the threshold holds: `narration coverage init` lists them")
    if notes and baseline.lists_points:
        tighten = "run `narration coverage tighten` and commit the baseline"
        if exact:
            findings += [Finding("loose-baseline", "narration coverage", note, tighten) for note in notes]
        else:
            notes.append(tighten)
    return Verdict(tuple(findings), (*notes, *_run_notes(coverage)))
