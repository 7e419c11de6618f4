"""Coverage as an LCOV trace: `narration.lcov`, for diff-cover, genhtml and editors.

A point is a "function" of the trace, so the function figures count points; the line figures weigh long calls more.
"""

from narration_ci.formats.lines import by_file, hits
from narration_ci.measure.coverage import PointCoverage
from narration_ci.measure.project import Measured


def _name(one: PointCoverage) -> str:
    """Return a point's key without what the format sets fields apart with."""
    return one.point.key.replace(",", "_").replace("\n", " ")


def _file(path: str, points: list[PointCoverage]) -> list[str]:
    lines = hits(points)
    return [
        "TN:narration",
        f"SF:{path}",
        *(f"FN:{one.point.line},{_name(one)}" for one in points),
        *(f"FNDA:{len(one.asserted_by)},{_name(one)}" for one in points),
        f"FNF:{len(points)}",
        f"FNH:{sum(bool(one.asserted_by) for one in points)}",
        *(f"DA:{line},{count}" for line, count in lines.items()),
        f"LF:{len(lines)}",
        f"LH:{sum(bool(count) for count in lines.values())}",
        "end_of_record",
    ]


def render(measured: Measured) -> str:
    """Return the lines of all points; the hits of a line are the tests that assert it."""
    blocks = (_file(path, points) for path, points in by_file(measured.coverage.points).items())
    return "".join(f"{line}\n" for block in blocks for line in block)
