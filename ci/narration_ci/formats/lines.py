"""Points as lines, for the formats of line coverage.

Every line of a call counts, not only its first: a pull request that edits the sentence on a later line must be seen.
A line that several points share is as well covered as the worst of them.
"""

from collections import defaultdict
from collections.abc import Iterable

from narration_ci.measure.coverage import PointCoverage


def by_file(points: Iterable[PointCoverage]) -> dict[str, list[PointCoverage]]:
    """Return points by their file, in the order of the source."""
    found: dict[str, list[PointCoverage]] = defaultdict(list)
    for one in points:
        found[one.point.path].append(one)
    return dict(found)


def hits(points: Iterable[PointCoverage]) -> dict[int, int]:
    """Return how many tests assert each line that belongs to a point, in the order of lines."""
    found: dict[int, int] = {}
    for one in points:
        for line in range(one.point.line, one.point.end_line + 1):
            found[line] = min(found.get(line, len(one.asserted_by)), len(one.asserted_by))
    return dict(sorted(found.items()))
