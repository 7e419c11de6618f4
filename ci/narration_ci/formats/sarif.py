"""Coverage as SARIF 2.1.0: `narration.sarif`, for code scanning: reasons of the gate are errors, the rest are notes."""

from typing import Any, Final

import msgspec

from narration_ci.findings import Finding
from narration_ci.measure.coverage import PointCoverage
from narration_ci.measure.gate import described, why_silent
from narration_ci.measure.measurement import Measurement

_HELP: Final = "See docs/coverage.md: assert the point in a scenario, or exclude it with a reason."
_RULES: Final = {
    "never-emitted": "A point that no test reaches",
    "not-asserted": "A point that tests reach and none asserts",
    "went-silent": "A point that is no longer asserted",
    "new-silent": "A new point that no test asserts",
    "removed": "A point that was asserted and was removed",
    "failed-test": "Failed tests are the only ones that assert some points",
    "cannot-tell": "A call that may narrate, which the source does not settle",
    "below-threshold": "Fewer points are asserted than the threshold asks for",
    "undeclared": "An event from a place that is not a declared point",
    "stale-comment": "An exclusion that excludes nothing",
    "no-reason": "An exclusion without a reason",
    "silent-scenario": "A scenario without narration",
    "stale-tag": "A scenario tagged silent that narrates",
    "no-correlation-id": "A request event without a correlation id",
    "no-caller": "A request that nobody called",
    "own-id": "A service that makes correlation ids of its own",
    "still-open": "A call or a request without an end",
    "changed-id": "A job with two correlation ids",
    "changed-on-the-way": "A correlation id that a service changed",
    "lost-parent": "A span whose parent has no events",
    "circle": "A span inside itself",
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


def _of_point(entry: PointCoverage, finding: Finding | None) -> dict[str, Any]:
    point = entry.point
    rule = finding.rule if finding else "not-asserted" if entry.emitted_by else "never-emitted"
    text = f"{finding.what}: {finding.why}" if finding else f"{described(entry)}: {why_silent(entry)}"
    region = _region(point.line, point.end_line)
    return _result(rule, "error" if finding else "note", text, point.path, region, point.key)


def _of_finding(finding: Finding, baseline: str) -> dict[str, Any]:
    path, _, line = finding.place.rpartition(":")
    known = path.endswith(".py") and line.isdigit()
    # A finding about the whole run has no line; it is shown at the baseline, where it can be settled.
    where, region = (path, _region(int(line))) if known else (baseline, _region(1))
    return _result(
        finding.rule, "error", f"{finding.what}: {finding.why}", where, region, f"{finding.rule}:{finding.place}"
    )


def render(measurement: Measurement) -> str:
    """Return every silent point and every other finding as results with a place."""
    findings = measurement.verdict.findings if measurement.verdict else ()
    of_point = {finding.key: finding for finding in findings if finding.key}
    results = [
        _of_point(entry, of_point.get(entry.point.key))
        for entry in measurement.coverage.points
        if not entry.asserted_by
    ]
    shown = {result["partialFingerprints"]["narrationPoint/v1"] for result in results}
    results += [_of_finding(finding, measurement.settings.baseline) for finding in findings if finding.key not in shown]
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
