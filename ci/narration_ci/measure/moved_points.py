"""Where the points of a baseline are now: files get new names and points new places, and neither is a loss."""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from typing import Final, NamedTuple

Actions = Mapping[str, str | None]
"""Points by key, each with its action where that is known."""


_FAR: Final = 3


class Traced(NamedTuple):
    """What became of the points of a baseline.

    Attributes:
        files: the new paths of files that were renamed.
        now: the key that each point has now, by the key that it had.
        gone: keys of those that are declared no more.
    """

    files: dict[str, str]
    now: dict[str, str]
    gone: tuple[str, ...]

    @property
    def moved(self) -> dict[str, str]:
        """New keys of points that moved for themselves, not with their files."""
        return {key: now for key, now in self.now.items() if _in(key, self.files) != now}


def split(key: str) -> tuple[str, str]:
    """Return the path of a point's key, and its name with the ordinal."""
    path, _, name = key.partition("::")
    return path, name


def renamed_files(old: Iterable[str], new: Iterable[str]) -> dict[str, str]:
    """Return which files were renamed: old path to new path.

    A file was renamed when it declares nothing any more, and one that the baseline does not know declares at least
    half of the points that it had, under the same names.

    Args:
        old: keys of the baseline.
        new: keys declared now.
    """
    had, has = _by_path(old), _by_path(new)
    arrived = {path: names for path, names in has.items() if path not in had}
    found: dict[str, str] = {}
    for path in sorted(had.keys() - has.keys()):
        near = [(len(had[path] & names), other) for other, names in arrived.items() if other not in found.values()]
        shared, best = max(near, default=(0, ""))
        if shared and shared * 2 >= len(had[path]):
            found[path] = best
    return found


def _by_path(keys: Iterable[str]) -> dict[str, set[str]]:
    found: dict[str, set[str]] = defaultdict(set)
    for key in keys:
        path, name = split(key)
        found[path].add(name)
    return found


def _in(key: str, files: Mapping[str, str]) -> str:
    path, name = split(key)
    return f"{files.get(path, path)}::{name}"


def trace(old: Actions, new: Actions) -> Traced:
    """Return what became of points: a point is known by its key, and by its action when it moved.

    A point that is not where it was is looked for where its action is told now: in its function, in its file, or
    under its old name in another file. One that is nowhere else and whose place is not taken got another action.

    Args:
        old: the points of a baseline.
        new: the points that are declared now.
    """
    files = renamed_files(old, new)
    here = {key: _in(key, files) for key in old}
    now = {key: at for key, at in here.items() if at in new and (None in (old[key], new[at]) or old[key] == new[at])}
    taken = set(now.values())
    free: dict[str | None, list[str]] = defaultdict(list)
    for key, action in new.items():
        if key not in taken:
            free[action].append(key)
    lost = [key for key in old if key not in now]
    for key in lost:
        action = old[key]
        near = {_distance(here[key], other): other for other in reversed(free[action])} if action else {}
        if near and min(near) < _FAR:
            now[key] = near[min(near)]
            free[action].remove(now[key])
    left = {key for keys in free.values() for key in keys}
    now |= {key: here[key] for key in lost if key not in now and here[key] in left}
    return Traced(files, now, tuple(sorted(key for key in old if key not in now)))


def _distance(key: str, other: str) -> int:
    """Return how far a point would have moved: within its function, within its file, to another file, anywhere."""
    (path, name), (other_path, other_name) = split(key), split(other)
    if path != other_path:
        return 2 if name == other_name else _FAR
    return int(name.rpartition("#")[0] != other_name.rpartition("#")[0])
