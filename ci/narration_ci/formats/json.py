"""Coverage as JSON: `narration.json`, for programs: everything that is known."""

from typing import Any, Final

import msgspec

from narration_ci.findings import Finding
from narration_ci.measure.coverage import PointCoverage
from narration_ci.measure.measurement import Measurement

FORMAT: Final = 1


def point(entry: PointCoverage) -> dict[str, Any]:
    """Return a point as plain data."""
    declared = entry.point
    return {
        "key": declared.key,
        "path": declared.path,
        "line": declared.line,
        "end_line": declared.end_line,
        "end_column": declared.end_column,
        "name": declared.name,
        "kind": declared.kind,
        "actors": entry.actors,
        "action": declared.action,
        "level": declared.level,
        "human": declared.human,
        "emitted": entry.sentence if entry.emitted_by else None,
        "state": entry.state,
        "emitted_by": entry.emitted_by,
        "asserted_by": entry.asserted_by,
        "failed_by": entry.failed_by,
        "scenarios": entry.scenarios,
        "silent": declared.silent,
    }


def finding(entry: Finding) -> dict[str, str]:
    """Return a finding as plain data."""
    return {"rule": entry.rule, "place": entry.place, "what": entry.what, "why": entry.why}


def render(measurement: Measurement) -> str:
    """Return everything that is known about a run's coverage."""
    coverage, baseline, verdict = measurement.coverage, measurement.baseline, measurement.verdict
    plain = {
        "format": FORMAT,
        "run_id": coverage.run_id,
        "totals": coverage.totals,
        "percent": coverage.totals.asserted * 100 / coverage.totals.declared,
        "threshold": baseline.threshold if baseline else None,
        "goal": baseline.goal if baseline else None,
        "passed": not verdict.findings if verdict else None,
        "findings": [finding(entry) for entry in verdict.findings] if verdict else [],
        "notes": verdict.notes if verdict else (),
        "by_actor": coverage.by_actor,
        "by_file": coverage.by_file,
        "points": [point(entry) for entry in coverage.points],
        "excluded": [point(entry) for entry in coverage.excluded],
        "scenarios": coverage.scenarios,
        "unclear": [finding(entry) for entry in coverage.findings],
        "unlocated": coverage.unlocated,
        "elsewhere": coverage.elsewhere,
        "replayed": coverage.replayed,
        "narrowed": coverage.narrowed,
    }
    return msgspec.json.format(msgspec.json.encode(plain), indent=2).decode() + "\n"
