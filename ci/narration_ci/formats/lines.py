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
    for entry in points:
        found[entry.point.path].append(entry)
    return dict(found)


def hits(points: Iterable[PointCoverage]) -> dict[int, int]:
    """Return how many tests assert each line that belongs to a point, in the order of lines."""
    found: dict[int, int] = {}
    for entry in points:
        for line in range(entry.point.line, entry.point.end_line + 1):
            found[line] = min(found.get(line, len(entry.asserted_by)), len(entry.asserted_by))
    return dict(sorted(found.items()))
