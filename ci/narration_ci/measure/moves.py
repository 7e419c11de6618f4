"""Where the points of a baseline are now: a renamed file or a moved call is not a loss."""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from typing import Final, NamedTuple, Self

from narration_core.contract import EMITTING, is_name

DYNAMIC: Final = "-"
"""The action or level of a point that is known only at run time."""


class Identity(NamedTuple):
    """What a point is known by when it moves.

    Attributes:
        action: what it says is done, or `DYNAMIC`; None in an old baseline.
        level: how much it matters, or `DYNAMIC`; None in an old baseline.
    """

    action: str | None = None
    level: str | None = None

    @classmethod
    def of(cls, action: str | None, level: str | None) -> Self:
        """Return the identity of a declared point, from what its source says."""
        return cls(
            action if action is not None and is_name(action) else DYNAMIC, level if level in EMITTING else DYNAMIC
        )

    def matches(self, other: Self) -> bool:
        """Tell whether both may be the same point: what either does not know does not count."""
        return all(None in pair or pair[0] == pair[1] for pair in zip(self, other, strict=True))

    def replaced_by(self, other: Self) -> bool:
        """Tell whether `other` says something else, or says it louder: it is then not the same point any more."""
        return (None not in (self.action, other.action) and self.action != other.action) or (
            None not in (self.level, other.level) and _LOUDNESS[other.level] > _LOUDNESS[self.level]
        )


_LOUDNESS: Final[dict[str | None, int]] = {level: rank for rank, level in enumerate((*EMITTING, DYNAMIC))}
Identities = Mapping[str, Identity]
"""Points by key, each with its identity."""

_FAR: Final = 3


class Tracked(NamedTuple):
    """Where the points of a baseline are now.

    Attributes:
        files: the new paths of files that were renamed.
        now: the key that each point has now, by the key that it had.
        gone: keys of those that are no longer declared.
    """

    files: dict[str, str]
    now: dict[str, str]
    gone: tuple[str, ...]

    @property
    def moved(self) -> dict[str, str]:
        """New keys of points that moved by themselves, not with their files."""
        return {key: now for key, now in self.now.items() if _in(key, self.files) != now}


def split(key: str) -> tuple[str, str]:
    """Return the path of a point's key, and its name with the ordinal."""
    path, _, name = key.partition("::")
    return path, name


def renamed_files(old: Iterable[str], new: Iterable[str]) -> dict[str, str]:
    """Return which files were renamed: old path to new path.

    A file was renamed if it no longer declares anything, and a file that the baseline does not know declares at least
    half of the points that it had, under the same names.

    Args:
        old: keys of the baseline.
        new: keys declared now.
    """
    before, after = _by_path(old), _by_path(new)
    arrived = {path: names for path, names in after.items() if path not in before}
    found: dict[str, str] = {}
    for path in sorted(before.keys() - after.keys()):
        near = [(len(before[path] & names), other) for other, names in arrived.items() if other not in found.values()]
        shared, best = max(near, default=(0, ""))
        if shared and shared * 2 >= len(before[path]):
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


def track(old: Identities, new: Identities) -> Tracked:
    """Return where points are now: a point is known by its key, and by its action and level when it moved.

    A point that is not where it was is looked for where its action is now: in its function, in its file, or under its
    old name in another file; one with its level is preferred. If it is found nowhere and its key is free, its action
    was changed.

    Args:
        old: the points of a baseline.
        new: the points that are declared now.
    """
    files = renamed_files(old, new)
    here = {key: _in(key, files) for key in old}
    now = {key: at for key, at in here.items() if at in new and old[key].matches(new[at])}
    taken = set(now.values())
    free: dict[str | None, list[str]] = defaultdict(list)
    for key, identity in new.items():
        if key not in taken:
            free[identity.action].append(key)
    for key in [key for key in old if key not in now]:
        action, level = old[key]
        near = {
            (_distance(here[key], other), new[other].level != level): other
            for other in reversed(free[action] if action not in (None, DYNAMIC) else [])
        }
        best = min(near, default=(_FAR, False))
        if best[0] < _FAR:
            now[key] = near[best]
            free[action].remove(now[key])
    left = {key for keys in free.values() for key in keys}
    now |= {key: here[key] for key in old if key not in now and here[key] in left}
    return Tracked(files, now, tuple(sorted(key for key in old if key not in now)))


def _distance(key: str, other: str) -> int:
    """Return how far a point would have moved: within its function, within its file, to another file, anywhere."""
    (path, name), (other_path, other_name) = split(key), split(other)
    if path != other_path:
        return 2 if name == other_name else _FAR
    return int(name.rpartition("#")[0] != other_name.rpartition("#")[0])
