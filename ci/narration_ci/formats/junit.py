"""Coverage as JUnit XML: `narration-junit.xml`; the figures as properties, and each point as a test case."""

from xml.etree import ElementTree as ET

from narration_ci.faults import Fault
from narration_ci.formats.xml import as_text
from narration_ci.measure.coverage import PointCoverage
from narration_ci.measure.gate import described, why_silent
from narration_ci.measure.project import Measured


def _case(one: PointCoverage, faults: dict[str, Fault]) -> ET.Element:
    """Return a point as a test case: passed when asserted, skipped when it is known to be silent, failed otherwise."""
    point = one.point
    where = {"file": point.path, "line": str(point.line)}
    case = ET.Element(
        "testcase", {"classname": point.path, "name": f"{point.key}: {described(one)}", "time": "0", **where}
    )
    fault = faults.get(point.key)
    if fault is not None:
        failure = ET.SubElement(case, "failure", {"message": fault.what, "type": fault.rule})
        failure.text = str(fault)
    elif not one.asserted_by:
        ET.SubElement(case, "skipped", {"message": why_silent(one)})
    return case


def render(measured: Measured) -> str:
    """Return the figures and points as a suite of tests."""
    coverage, verdict = measured.coverage, measured.verdict
    faults = verdict.faults if verdict else ()
    of_point = {fault.key: fault for fault in faults if fault.key}
    general = [fault for fault in faults if not fault.key]
    cases = [_case(one, of_point) for one in coverage.points]
    for fault in general:
        case = ET.Element(
            "testcase", {"classname": "narration.gate", "name": f"{fault.rule}: {fault.place}", "time": "0"}
        )
        ET.SubElement(case, "failure", {"message": fault.what, "type": fault.rule}).text = str(fault)
        cases.append(case)
    failed = sum(case.find("failure") is not None for case in cases)
    skipped = sum(case.find("skipped") is not None for case in cases)
    counts = {"tests": str(len(cases)), "failures": str(failed), "errors": "0", "skipped": str(skipped), "time": "0"}
    root = ET.Element("testsuites", {"name": "narration coverage", **counts})
    suite = ET.SubElement(root, "testsuite", {"name": "narration coverage", **counts})
    properties = ET.SubElement(suite, "properties")
    totals, baseline = coverage.totals, measured.baseline
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
