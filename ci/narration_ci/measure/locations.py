"""Finding the declared point that an event comes from."""

import os
from collections import defaultdict
from collections.abc import Iterable
from pathlib import Path, PurePosixPath

from narration_ci.findings import CoverageError
from narration_ci.source.points import Point


class Locations:
    """The locations of declared points.

    Args:
        points: every declared point, excluded ones included.
        root: the folder that the source's paths are relative to.
        run_root: the same folder as the run knew it.
    """

    def __init__(self, points: Iterable[Point], root: Path, run_root: str) -> None:
        self._roots = tuple(
            dict.fromkeys(path.rstrip("/") + "/" for path in (str(root), os.path.realpath(root), run_root))
        )
        self._exact: dict[str, Point] = {}
        self._by_file: dict[str, list[Point]] = defaultdict(list)
        for point in points:
            self._exact |= dict.fromkeys((point.location, *point.progress), point)
            self._by_file[point.path].append(point)

    def split(self, location: str) -> tuple[str, str]:
        """Return the path of a location, relative to the root if it is below it, and its line and column."""
        head, *rest = location.split(":") if not location.startswith("<") else (location,)
        for root in self._roots:
            head = head.removeprefix(root)
        return str(PurePosixPath(head)), ":".join(rest)

    def _from_below(self, path: str, rest: str) -> Point | None:
        """Return the point of a process that ran in a folder below the root, so that its paths are shorter."""
        if path in self._by_file:
            return None
        near = [self._exact.get(f"{longer}:{rest}") for longer in self._by_file if longer.endswith(f"/{path}")]
        found = [point for point in near if point is not None]
        return found[0] if len(found) == 1 else None

    def find(self, location: str) -> Point | None:
        """Return the point of a location; one without a column needs to be the only point on its line.

        Raises:
            CoverageError: the location has no column and several points share the line.
        """
        path, rest = self.split(location)
        found = self._exact.get(f"{path}:{rest}") or self._from_below(path, rest)
        if found is not None or ":" in rest or not rest.isdigit():
            return found
        near = [point for point in self._by_file.get(path, ()) if point.line <= int(rest) <= point.end_line]
        if len(near) > 1:
            raise CoverageError(
                f"{path}:{rest}: several points share this line, and the run recorded no columns: "
                "run without PYTHONNODEBUGRANGES and `-X no_debug_ranges`"
            )
        return near[0] if near else None
