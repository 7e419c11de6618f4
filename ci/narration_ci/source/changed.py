"""Which points a pull request touches: those with a line that differs from another commit."""

import re
import subprocess
from collections import defaultdict
from collections.abc import Iterable
from pathlib import Path
from typing import Final

from narration_ci.faults import CoverageError
from narration_ci.source.points import Point

_HUNK: Final = re.compile(r"^@@ -\S+ \+(?P<start>\d+)(?:,(?P<count>\d+))? @@")


def changed_lines(root: Path, base: str) -> dict[str, set[int]]:
    """Return the lines that differ from a commit, by path relative to the root; files git does not know are whole.

    Args:
        root: the project's folder.
        base: a commit, branch or tag.

    Raises:
        CoverageError: there is no such commit, or no repository.
    """
    text = _git(
        root,
        "diff",
        "--unified=0",
        "--no-color",
        "--no-ext-diff",
        "--relative",
        "--src-prefix=a/",
        "--dst-prefix=b/",
        base,
        "--",
    )
    found: dict[str, set[int]] = defaultdict(set)
    path = ""
    for line in text.splitlines():
        if line.startswith("+++ "):
            path = line[4:].removeprefix("b/").strip('"')
        match = _HUNK.match(line)
        if match:
            start = int(match["start"])
            # A hunk that only removes lines touches the lines on both sides of the gap.
            count = int(match["count"] or 1)
            found[path] |= set(range(start, start + count)) if count else {start, start + 1}
    for new in _git(root, "ls-files", "--others", "--exclude-standard", "-z", "--", "*.py").split("\0"):
        if new:
            lines = (root / new).read_bytes().count(b"\n") + 1
            found[new] |= set(range(1, lines + 1))
    return dict(found)


def file_at(root: Path, commit: str, path: str) -> str | None:
    """Return the text that a file had at a commit; None where it did not exist.

    Args:
        root: the project's folder.
        commit: a commit, branch or tag.
        path: relative to the root.

    Raises:
        CoverageError: there is no such commit, or no repository.
    """
    if not _git(root, "ls-tree", "--name-only", commit, "--", path).strip():
        return None
    return _git(root, "show", f"{commit}:./{path}")


def _git(root: Path, *arguments: str) -> str:
    try:
        ran = subprocess.run(["git", *arguments], cwd=root, capture_output=True, check=True)  # noqa: S603, S607 - git
    except FileNotFoundError:
        raise CoverageError("git is not installed, and without it nobody knows what changed") from None
    except subprocess.CalledProcessError as error:
        said = error.stderr.decode(errors="replace").strip().splitlines()
        raise CoverageError(
            f"git {arguments[0]}: {said[0] if said else 'failed'}; name a commit that exists here"
        ) from None
    return ran.stdout.decode(errors="replace")


def touched(points: Iterable[Point], lines: dict[str, set[int]]) -> list[str]:
    """Return the keys of points with a changed line.

    Args:
        points: all of them.
        lines: what changed, from `changed_lines`.
    """
    return [point.key for point in points if lines.get(point.path, set()) & set(range(point.line, point.end_line + 1))]
