"""Coverage as SARIF 2.1.0: `narration.sarif`, for code scanning; what the gate refuses is an error, the rest a note."""

from typing import Any, Final

import msgspec

from narration_ci.faults import Fault
from narration_ci.measure.coverage import PointCoverage
from narration_ci.measure.gate import described, why_silent
from narration_ci.measure.project import Measured

_HELP: Final = "See docs/coverage.md: assert the point in a scenario, or exclude it with a reason."
_RULES: Final = {
    "never-emitted": "A point that no test reaches",
    "not-asserted": "A point that tests hear and none asserts",
    "went-silent": "A point that was asserted and is no more",
    "new-silent": "A new point that no test asserts",
    "removed": "A point that was asserted and is gone",
    "below-threshold": "Fewer points are asserted than the threshold asks for",
    "undeclared": "An event from a place that is no declared point",
    "stale-comment": "An exclusion that excludes nothing",
    "no-reason": "An exclusion without a reason",
    "silent-scenario": "A scenario that tells nothing",
    "stale-tag": "A scenario tagged silent that tells something",
    "no-correlation-id": "A request event without a correlation id",
    "changed-id": "A job with two correlation ids",
    "changed-on-the-way": "A correlation id that a hop changed",
    "lost-parent": "A span whose parent nobody told of",
    "circle": "A span inside of itself",
    "shared-id": "A correlation id that two scenarios share",
    "loosened": "A baseline that was lowered by hand",
    "loose-baseline": "A baseline that asks for less than there is",
}


def _region(line: int, end_line: int | None = None) -> dict[str, int]:
    return {"startLine": line} | ({"endLine": end_line} if end_line and end_line > line else {})


def _result(rule: str, level: str, text: str, path: str, region: dict[str, int], mark: str) -> dict[str, Any]:
    return {
        "ruleId": rule,
        "ruleIndex": list(_RULES).index(rule),
        "level": level,
        "message": {"text": text},
        "locations": [
            {"physicalLocation": {"artifactLocation": {"uri": path, "uriBaseId": "%SRCROOT%"}, "region": region}}
        ],
        "partialFingerprints": {"narrationPoint/v1": mark},
    }


def _of_point(one: PointCoverage, fault: Fault | None) -> dict[str, Any]:
    point = one.point
    rule = fault.rule if fault else "not-asserted" if one.emitted_by else "never-emitted"
    text = f"{fault.what}: {fault.why}" if fault else f"{described(one)}: {why_silent(one)}"
    region = _region(point.line, point.end_line)
    return _result(rule, "error" if fault else "note", text, point.path, region, point.key)


def _of_fault(fault: Fault, baseline: str) -> dict[str, Any]:
    path, _, line = fault.place.rpartition(":")
    known = path.endswith(".py") and line.isdigit()
    # A fault of the whole run has no place of its own; the baseline is where it is answered.
    where, region = (path, _region(int(line))) if known else (baseline, _region(1))
    return _result(fault.rule, "error", f"{fault.what}: {fault.why}", where, region, f"{fault.rule}:{fault.place}")


def render(measured: Measured) -> str:
    """Return every silent point and every other fault as results with a place."""
    faults = measured.verdict.faults if measured.verdict else ()
    of_point = {fault.key: fault for fault in faults if fault.key}
    results = [_of_point(one, of_point.get(one.point.key)) for one in measured.coverage.points if not one.asserted_by]
    shown = {result["partialFingerprints"]["narrationPoint/v1"] for result in results}
    results += [_of_fault(fault, measured.settings.baseline) for fault in faults if fault.key not in shown]
    rules = [{"id": name, "shortDescription": {"text": text}, "help": {"text": _HELP}} for name, text in _RULES.items()]
    document = {
        "$schema": "https://json.schemastore.org/sarif-2.1.0.json",
        "version": "2.1.0",
        "runs": [
            {
                "tool": {"driver": {"name": "narration coverage", "version": "1.0.0", "rules": rules}},
                "originalUriBaseIds": {"%SRCROOT%": {"description": {"text": "the root of the repository"}}},
                "results": results,
                "columnKind": "utf16CodeUnits",
            }
        ],
    }
    return msgspec.json.format(msgspec.json.encode(document), indent=2).decode() + "\n"
