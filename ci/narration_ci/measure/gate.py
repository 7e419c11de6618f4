"""The gate: what in a run's coverage must not be merged."""

from collections.abc import Iterable

import msgspec

from narration_ci.faults import Fault
from narration_ci.measure.baseline import Baseline, follow
from narration_ci.measure.coverage import Coverage, PointCoverage, ScenarioCoverage
from narration_ci.measure.moved_points import Actions, split

_SILENT_OK = "silent-ok"


class Verdict(msgspec.Struct, frozen=True):
    """What the gate says.

    Attributes:
        faults: reasons to fail; none is a pass.
        notes: what is worth knowing all the same.
    """

    faults: tuple[Fault, ...]
    notes: tuple[str, ...]


def described(one: PointCoverage) -> str:
    """Return a point in words: who does what, in which sentence."""
    point = one.point
    sentence = f' "{one.sentence}"' if one.sentence else ""
    return f"{'/'.join(one.actors)} {point.action or point.kind}{sentence}"


def counted(number: int, word: str) -> str:
    """Return a number of things in words: "1 test", "2 tests"."""
    return f"{number} {word}" if number == 1 else f"{number} {word}s"


def why_silent(one: PointCoverage) -> str:
    """Return why a point does not count as asserted."""
    if not one.emitted_by:
        return "no test reaches it"
    if _only_failed(one):
        return f"heard only by tests that failed ({one.failed_by[0]})"
    return f"heard by {counted(len(one.emitted_by), 'test')}, asserted by none ({one.emitted_by[0]})"


_WHAT_TO_DO = "assert it in a scenario or a test, or write `# narration: silent - <why>` at it"
_ITS_TESTS_FAILED = "make them pass; a story that changed on purpose is taken by `narration review`"


def _only_failed(one: PointCoverage) -> bool:
    return bool(one.emitted_by) and one.failed_by == one.emitted_by


def _what_to_do(one: PointCoverage) -> str:
    return _ITS_TESTS_FAILED if _only_failed(one) else _WHAT_TO_DO


def _points(coverage: Coverage, baseline: Baseline) -> list[Fault]:
    told, known = set(baseline.told), set(baseline.silent)
    faults = []
    for one in coverage.points:
        key = one.point.key
        if one.asserted_by or key in known:
            continue
        rule, change = ("went-silent", "is told no more") if key in told else ("new-silent", "is new and silent")
        why = f"{why_silent(one)}; {_what_to_do(one)}"
        faults.append(Fault(rule, one.point.place, f"{described(one)} {change}", why, key))
    return faults


def _removed(told: Iterable[str], gone: Iterable[str]) -> list[Fault]:
    faults = []
    for key in sorted(set(told) & set(gone)):
        path, name = split(key)
        where = name.rpartition("#")[0]
        what = f"a point of `{where}` is gone"
        why = f"the system tells less than before; put it back, or run `narration coverage forget '{key}'` and commit"
        faults.append(Fault("removed", path, what, why))
    return faults


def _threshold(coverage: Coverage, baseline: Baseline) -> list[Fault]:
    totals = coverage.totals
    if totals.reaches(baseline.threshold):
        return []
    missing = -(-(baseline.threshold * totals.declared) // 100) - totals.asserted
    what = f"{totals.asserted} of {totals.declared} declared points are asserted, {totals.shown}"
    failed = sum(_only_failed(one) for one in coverage.points)
    todo = (
        f"tests that failed are the only ones to hear {counted(failed, 'point')}: make them pass first"
        if failed
        else f"assert {counted(missing, 'more point')}, of those listed as silent"
    )
    why = f"{baseline.threshold} % are needed; {todo}"
    return [Fault("below-threshold", "narration coverage", what, why)]


def _scenarios(scenarios: Iterable[ScenarioCoverage]) -> list[Fault]:
    faults = []
    for one in scenarios:
        if not one.is_scenario or one.outcome != "passed":
            continue
        if not one.events and _SILENT_OK not in one.tags:
            why = "let it narrate, or tag it @silent-ok"
            faults.append(Fault("silent-scenario", one.test, f'the scenario "{one.title}" tells nothing', why))
        if one.events and _SILENT_OK in one.tags:
            why = "the tag is stale; remove it"
            what = f'the scenario "{one.title}" is tagged @silent-ok and tells {counted(one.events, "event")}'
            faults.append(Fault("stale-tag", one.test, what, why))
    return faults


def _stale_comments(coverage: Coverage) -> list[Fault]:
    return [
        Fault(
            "stale-comment",
            one.point.place,
            f"{described(one)} is marked silent and is asserted",
            f"by {one.asserted_by[0]}; remove the comment `# narration: silent`",
        )
        for one in coverage.excluded
        if one.asserted_by
    ]


def _slack(coverage: Coverage, baseline: Baseline) -> list[str]:
    """Return where the baseline asks for less than there is."""
    silent = {one.point.key for one in coverage.points if not one.asserted_by}
    better = sorted(set(baseline.silent) - silent)
    new = {one.point.key for one in coverage.points if one.asserted_by} - set(baseline.told)
    could = min(baseline.goal, coverage.totals.whole_percent)
    notes = []
    if better:
        notes.append(f"{counted(len(better), 'point')} listed as silent need not be: {', '.join(better)}")
    if new:
        notes.append(f"{counted(len(new), 'told point')} not yet in the baseline")
    if could > baseline.threshold:
        notes.append(f"the threshold could be {could} instead of {baseline.threshold}")
    return notes


def loosened(baseline: Baseline, base: Baseline, declared: Actions, place: str) -> list[Fault]:
    """Return where a baseline asks for less than the one it came from: edited by hand, because no command does that.

    Args:
        baseline: the one that is committed now.
        base: the one before.
        declared: the points that are still declared.
        place: what the file is called in messages.
    """
    before, _ = follow(base, declared)
    now, _ = follow(baseline, declared)
    why = "the baseline only rises: restore it, and assert the points instead"
    faults = []
    for name, old, new in (("threshold", base.threshold, baseline.threshold), ("goal", base.goal, baseline.goal)):
        if new < old:
            faults.append(Fault("loosened", place, f"the {name} was lowered from {old} to {new}", why))
    added = sorted(set(now.silent) - set(before.silent)) if before.lists_points else []
    faults += [Fault("loosened", place, f"{key} was added to the silent points", why, key) for key in added]
    dropped = sorted(set(before.told) - set(now.told) - set(added))
    faults += [Fault("loosened", place, f"{key} was taken out of the told points", why) for key in dropped]
    return faults


def judge(coverage: Coverage, baseline: Baseline, *, others: Iterable[Fault] = (), exact: bool = False) -> Verdict:
    """Return what the gate says about a run.

    Args:
        coverage: of the run.
        baseline: what the project is held to.
        others: what other checks found: links, a lowered baseline.
        exact: also fail when the baseline asks for less than there is.
    """
    followed, traced = follow(baseline, coverage.actions)
    faults = [
        *_threshold(coverage, followed),
        *(_points(coverage, followed) if baseline.lists_points else ()),
        *_removed(baseline.told, traced.gone),
        *_stale_comments(coverage),
        *coverage.faults,
        *_scenarios(coverage.scenarios),
        *others,
    ]
    notes = [f"{old} was renamed to {new}" for old, new in traced.files.items()]
    notes += [f"{old} is now {new}" for old, new in traced.moved.items()]
    if baseline.lists_points:
        notes += _slack(coverage, followed)
    else:
        notes.append("the baseline lists no points, so only the threshold holds: `narration coverage init` lists them")
    if notes and baseline.lists_points:
        tighten = "run `narration coverage tighten` and commit the baseline"
        if exact:
            faults += [Fault("loose-baseline", "narration coverage", note, tighten) for note in notes]
        else:
            notes.append(tighten)
    failed = [one.test for one in coverage.scenarios if one.outcome == "failed"]
    if failed:
        notes.append(
            f"{counted(len(failed), 'test')} failed, and what they assert does not count: {', '.join(failed[:3])}"
        )
    if coverage.unlocated:
        notes.append(
            f"{counted(coverage.unlocated, 'event')} did not say where they come from: "
            "set NARRATION_SOURCE_LOCATION=1 in processes that tests start"
        )
    return Verdict(tuple(faults), tuple(notes))
