"""Coverage as JUnit XML: `narration-junit.xml`; the figures as properties, and each point as a test case."""

from xml.etree import ElementTree as ET

from narration_ci.findings import Finding
from narration_ci.formats.xml import as_text
from narration_ci.measure.coverage import PointCoverage
from narration_ci.measure.gate import described, why_silent
from narration_ci.measure.measurement import Measurement


def _case(entry: PointCoverage, findings: dict[str, Finding]) -> ET.Element:
    """Return a point as a test case: passed when asserted, skipped when it is known to be silent, failed otherwise."""
    point = entry.point
    where = {"file": point.path, "line": str(point.line)}
    case = ET.Element(
        "testcase", {"classname": point.path, "name": f"{point.key}: {described(entry)}", "time": "0", **where}
    )
    finding = findings.get(point.key)
    if finding is not None:
        failure = ET.SubElement(case, "failure", {"message": finding.what, "type": finding.rule})
        failure.text = str(finding)
    elif not entry.asserted_by:
        ET.SubElement(case, "skipped", {"message": why_silent(entry)})
    return case


def render(measurement: Measurement) -> str:
    """Return the figures and points as a suite of tests."""
    coverage, verdict = measurement.coverage, measurement.verdict
    findings = verdict.findings if verdict else ()
    of_point = {finding.key: finding for finding in findings if finding.key}
    general = [finding for finding in findings if not finding.key]
    cases = [_case(entry, of_point) for entry in coverage.points]
    for finding in general:
        case = ET.Element(
            "testcase", {"classname": "narration.gate", "name": f"{finding.rule}: {finding.place}", "time": "0"}
        )
        ET.SubElement(case, "failure", {"message": finding.what, "type": finding.rule}).text = str(finding)
        cases.append(case)
    failed = sum(case.find("failure") is not None for case in cases)
    skipped = sum(case.find("skipped") is not None for case in cases)
    counts = {"tests": str(len(cases)), "failures": str(failed), "errors": "0", "skipped": str(skipped), "time": "0"}
    root = ET.Element("testsuites", {"name": "narration coverage", **counts})
    suite = ET.SubElement(root, "testsuite", {"name": "narration coverage", **counts})
    properties = ET.SubElement(suite, "properties")
    totals, baseline = coverage.totals, measurement.baseline
    figures = {
        "narration.run_id": coverage.run_id,
        "narration.declared": totals.declared,
        "narration.emitted": totals.emitted,
        "narration.asserted": totals.asserted,
        "narration.excluded": len(coverage.excluded),
        "narration.percent": totals.shown.removesuffix(" %"),
        "narration.threshold": baseline.threshold if baseline else None,
        "narration.goal": baseline.goal if baseline else None,
    }
    for name, value in figures.items():
        if value is not None:
            ET.SubElement(properties, "property", {"name": name, "value": str(value)})
    suite.extend(cases)
    return as_text(root)
