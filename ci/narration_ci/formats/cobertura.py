"""Coverage as Cobertura XML: `narration-cobertura.xml`, for diff-cover, pycobertura and merge-request views."""

from collections import defaultdict
from pathlib import PurePosixPath
from xml.etree import ElementTree as ET

from narration_ci.formats.lines import by_file, hits
from narration_ci.formats.xml import as_text
from narration_ci.measure.coverage import PointCoverage
from narration_ci.measure.measurement import Measurement


def _rate(lines: list[int]) -> str:
    """Return the share of lines with hits, as a number from 0 to 1, rounded down: 1 only if every line has hits."""
    return f"{sum(bool(count) for count in lines) * 10000 // (len(lines) or 1) / 10000:g}"


def _class(path: str, points: list[PointCoverage]) -> tuple[ET.Element, list[int]]:
    lines = hits(points)
    counts = list(lines.values())
    rates = {"line-rate": _rate(counts), "branch-rate": "0", "complexity": "0"}
    element = ET.Element("class", {"name": PurePosixPath(path).stem, "filename": path, **rates})
    ET.SubElement(element, "methods")
    parent = ET.SubElement(element, "lines")
    for line, count in lines.items():
        ET.SubElement(parent, "line", {"number": str(line), "hits": str(count), "branch": "false"})
    return element, counts


def render(measurement: Measurement) -> str:
    """Return the lines of all points; the hits of a line are the tests that assert it."""
    packages: dict[str, list[tuple[ET.Element, list[int]]]] = defaultdict(list)
    for path, points in by_file(measurement.coverage.points).items():
        packages[".".join(PurePosixPath(path).parent.parts) or "."].append(_class(path, points))
    every = [count for classes in packages.values() for _, counts in classes for count in counts]
    root = ET.Element(
        "coverage",
        {
            "version": "1",
            "timestamp": str(measurement.records.run.started_at_ms),
            "lines-valid": str(len(every)),
            "lines-covered": str(sum(bool(count) for count in every)),
            "line-rate": _rate(every),
            "branches-covered": "0",
            "branches-valid": "0",
            "branch-rate": "0",
            "complexity": "0",
        },
    )
    ET.SubElement(ET.SubElement(root, "sources"), "source").text = "."
    parent = ET.SubElement(root, "packages")
    for name, classes in sorted(packages.items()):
        counts = [count for _, hits_of_class in classes for count in hits_of_class]
        rates = {"line-rate": _rate(counts), "branch-rate": "0", "complexity": "0"}
        children = ET.SubElement(ET.SubElement(parent, "package", {"name": name, **rates}), "classes")
        children.extend(element for element, _ in classes)
    return as_text(root)
