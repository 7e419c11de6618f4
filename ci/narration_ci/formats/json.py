"""Coverage as JSON: `narration.json`, everything that is known, for programs."""

from typing import Any, Final

import msgspec

from narration_ci.faults import Fault
from narration_ci.measure.coverage import PointCoverage
from narration_ci.measure.project import Measured

FORMAT: Final = 1


def point(one: PointCoverage) -> dict[str, Any]:
    """Return a point as plain data."""
    its = one.point
    return {
        "key": its.key,
        "path": its.path,
        "line": its.line,
        "end_line": its.end_line,
        "end_column": its.end_column,
        "name": its.name,
        "kind": its.kind,
        "actors": one.actors,
        "action": its.action,
        "level": its.level,
        "human": its.human,
        "heard": one.sentence if one.emitted_by else None,
        "state": one.state,
        "emitted_by": one.emitted_by,
        "asserted_by": one.asserted_by,
        "failed_by": one.failed_by,
        "scenarios": one.scenarios,
        "silent": its.silent,
    }


def fault(one: Fault) -> dict[str, str]:
    """Return a fault as plain data."""
    return {"rule": one.rule, "place": one.place, "what": one.what, "why": one.why}


def render(measured: Measured) -> str:
    """Return everything that is known about a run's coverage."""
    coverage, baseline, verdict = measured.coverage, measured.baseline, measured.verdict
    plain = {
        "format": FORMAT,
        "run_id": coverage.run_id,
        "totals": coverage.totals,
        "percent": coverage.totals.asserted * 100 / coverage.totals.declared,
        "threshold": baseline.threshold if baseline else None,
        "goal": baseline.goal if baseline else None,
        "passed": not verdict.faults if verdict else None,
        "faults": [fault(one) for one in verdict.faults] if verdict else [],
        "notes": verdict.notes if verdict else (),
        "by_actor": coverage.by_actor,
        "by_file": coverage.by_file,
        "points": [point(one) for one in coverage.points],
        "excluded": [point(one) for one in coverage.excluded],
        "scenarios": coverage.scenarios,
        "unlocated": coverage.unlocated,
        "elsewhere": coverage.elsewhere,
    }
    return msgspec.json.format(msgspec.json.encode(plain), indent=2).decode() + "\n"
