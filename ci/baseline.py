"""The committed file of the ratchet: threshold, goal, the points known to be silent and those that are told."""

import re
from collections import defaultdict
from collections.abc import Iterable
from pathlib import Path
from typing import Annotated, Final

import msgspec

from ci.coverage import Coverage
from ci.faults import CoverageError

FORMAT: Final = 1
_CONFLICT: Final = re.compile(r"^(?:<{7}|={7}|>{7}|\|{7})(?: |$)", re.MULTILINE)
Percent = Annotated[int, msgspec.Meta(ge=1, le=100)]


class Baseline(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What the gate holds a project to.

    Attributes:
        format: of this file.
        threshold: whole percent of the declared points that must be asserted.
        goal: where the threshold is to end; `tighten` raises it no further.
        silent: keys of the points known to be silent; the list only shrinks.
        told: keys of the points that are asserted; none may go silent or away unnoticed.
    """

    format: int
    threshold: Percent
    goal: Percent = 95
    silent: tuple[str, ...] = ()
    told: tuple[str, ...] = ()

    @property
    def lists_points(self) -> bool:
        """Whether the ratchet has begun: with both lists empty only the threshold holds."""
        return bool(self.silent or self.told)


class _Head(msgspec.Struct, frozen=True):
    format: int


_decode_head = msgspec.json.Decoder(_Head).decode
_decode = msgspec.json.Decoder(Baseline).decode


def parse(text: str, name: str) -> Baseline:
    """Return the baseline that a text is.

    Args:
        text: the file's text.
        name: what the file is called in messages.

    Raises:
        CoverageError: it has conflict markers, is no baseline, or is of a newer format.
    """
    conflict = _CONFLICT.search(text)
    if conflict:
        line = text.count("\n", 0, conflict.start()) + 1
        raise CoverageError(
            f"{name}:{line}: a merge conflict is not resolved: keep the higher threshold, of `silent` the keys that "
            "both sides have, of `told` those of either; then run the tests and `narration coverage tighten`"
        )
    try:
        head = _decode_head(text)
        if head.format > FORMAT:
            raise CoverageError(
                f"{name}: is of format {head.format}, and this program reads up to {FORMAT}: update narration-core"
            )
        found = _decode(text)
    except msgspec.DecodeError as why:
        raise CoverageError(f"{name}: is no baseline: {why}; restore it from version control") from None
    if found.threshold > found.goal:
        raise CoverageError(f"{name}: the threshold {found.threshold} is above the goal {found.goal}: raise the goal")
    both = sorted(set(found.silent) & set(found.told))
    if both:
        raise CoverageError(f"{name}: {both[0]} is listed both as silent and as told: remove it from `silent`")
    return found


def read_baseline(path: Path) -> Baseline:
    """Return the baseline in a file.

    Raises:
        CoverageError: there is none, or it cannot be read; never an empty baseline instead.
    """
    try:
        return parse(path.read_text("utf-8"), str(path))
    except FileNotFoundError:
        raise CoverageError(
            f"{path}: there is no baseline: run the tests, then `narration coverage init`, and commit the file"
        ) from None
    except (OSError, UnicodeDecodeError) as why:
        raise CoverageError(f"{path}: cannot be read: {why}") from None


def render(baseline: Baseline) -> str:
    """Return a baseline as text: one key a line, sorted, so that two branches rarely touch the same line."""
    lists = {"silent": sorted(set(baseline.silent)), "told": sorted(set(baseline.told))}
    plain = {"format": baseline.format, "threshold": baseline.threshold, "goal": baseline.goal, **lists}
    return msgspec.json.format(msgspec.json.encode(plain), indent=2).decode() + "\n"


def split(key: str) -> tuple[str, str]:
    """Return the path of a point's key, and its name with the ordinal."""
    path, _, name = key.partition("::")
    return path, name


def moves(old: Iterable[str], new: Iterable[str]) -> dict[str, str]:
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


def follow(baseline: Baseline, declared: Iterable[str]) -> tuple[Baseline, dict[str, str]]:
    """Return a baseline with the keys of renamed files brought up to date, and which files were renamed.

    Args:
        baseline: what was committed.
        declared: keys declared now, excluded ones included.
    """
    renamed = moves((*baseline.silent, *baseline.told), declared)

    def now(key: str) -> str:
        path, name = split(key)
        return f"{renamed.get(path, path)}::{name}"

    silent, told = tuple(map(now, baseline.silent)), tuple(map(now, baseline.told))
    return msgspec.structs.replace(baseline, silent=silent, told=told), renamed


def first(coverage: Coverage, threshold: int, goal: int) -> Baseline:
    """Return the first baseline of a project: what it measures now, and at least the threshold.

    Args:
        coverage: what was measured.
        threshold: lowest threshold, in whole percent.
        goal: where it is to end.
    """
    return Baseline(
        FORMAT,
        min(max(threshold, coverage.totals.whole_percent), goal),
        goal,
        tuple(one.point.key for one in coverage.points if not one.asserted_by),
        tuple(one.point.key for one in coverage.points if one.asserted_by),
    )


def tightened(baseline: Baseline, coverage: Coverage) -> Baseline:
    """Return the baseline that the measured coverage allows. It only raises: the threshold, what is told.

    Args:
        baseline: what was committed; the gate passes on it.
        coverage: what was measured.
    """
    asserted = {one.point.key for one in coverage.points if one.asserted_by}
    silent = {one.point.key for one in coverage.points if not one.asserted_by}
    excluded = {one.point.key for one in coverage.excluded}
    followed, _ = follow(baseline, asserted | silent | excluded)
    return Baseline(
        FORMAT,
        max(baseline.threshold, min(baseline.goal, coverage.totals.whole_percent)),
        baseline.goal,
        tuple(set(followed.silent) & silent),
        tuple((set(followed.told) | asserted) - excluded),
    )
