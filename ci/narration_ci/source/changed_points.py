"""Which points a pull request touches: those with a line that differs from another commit."""

import re
from collections import defaultdict
from collections.abc import Iterable
from pathlib import Path
from typing import Final

from narration_ci.git import git
from narration_ci.source.points import Point

_HUNK: Final = re.compile(r"^@@ -\S+ \+(?P<start>\d+)(?:,(?P<count>\d+))? @@")
_DIFF: Final = (
    "diff", "--unified=0", "--no-color", "--no-ext-diff", "--relative", "--src-prefix=a/", "--dst-prefix=b/",
)  # fmt: skip


def changed_lines(root: Path, base: str) -> dict[str, set[int]]:
    """Return the lines that differ from a commit, by path relative to the root; of untracked files, every line.

    Args:
        root: the project's folder.
        base: a commit, branch or tag.

    Raises:
        CoverageError: the commit does not exist, or this is not a repository.
    """
    found: dict[str, set[int]] = defaultdict(set)
    path = ""
    for line in git(root, *_DIFF, base, "--").splitlines():
        if line.startswith("+++ "):
            path = line[4:].removeprefix("b/").strip('"')
        match = _HUNK.match(line)
        if match:
            start = int(match["start"])
            # A hunk that only removes lines touches the lines on both sides of the gap.
            count = int(match["count"] or 1)
            found[path] |= set(range(start, start + count)) if count else {start, start + 1}
    for untracked in git(root, "ls-files", "--others", "--exclude-standard", "-z", "--", "*.py").split("\0"):
        if untracked:
            lines = (root / untracked).read_bytes().count(b"\n") + 1
            found[untracked] |= set(range(1, lines + 1))
    return dict(found)


def changed_points(points: Iterable[Point], lines: dict[str, set[int]]) -> list[str]:
    """Return the keys of the points with a changed line.

    Args:
        points: all of them.
        lines: what changed, from `changed_lines`.
    """
    return [point.key for point in points if lines.get(point.path, set()) & set(range(point.line, point.end_line + 1))]
