"""Coverage as an LCOV trace: `narration.lcov`, for diff-cover, genhtml and editors.

A point is a "function" of the trace, so the function figures count points; the line figures weigh long calls more.
"""

from narration_ci.formats.lines import by_file, hits
from narration_ci.measure.coverage import PointCoverage
from narration_ci.measure.measurement import Measurement


def _name(entry: PointCoverage) -> str:
    """Return a point's key without the characters that separate fields in this format."""
    return entry.point.key.replace(",", "_").replace("\n", " ")


def _file(path: str, points: list[PointCoverage]) -> list[str]:
    lines = hits(points)
    return [
        "TN:narration",
        f"SF:{path}",
        *(f"FN:{entry.point.line},{_name(entry)}" for entry in points),
        *(f"FNDA:{len(entry.asserted_by)},{_name(entry)}" for entry in points),
        f"FNF:{len(points)}",
        f"FNH:{sum(bool(entry.asserted_by) for entry in points)}",
        *(f"DA:{line},{count}" for line, count in lines.items()),
        f"LF:{len(lines)}",
        f"LH:{sum(bool(count) for count in lines.values())}",
        "end_of_record",
    ]


def render(measurement: Measurement) -> str:
    """Return the lines of all points; the hits of a line are the tests that assert it."""
    blocks = (_file(path, points) for path, points in by_file(measurement.coverage.points).items())
    return "".join(f"{line}\n" for block in blocks for line in block)
