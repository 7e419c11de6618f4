"""The committed file of the ratchet: threshold, goal, the points known to be silent and those that are asserted."""

import re
from collections.abc import Iterable
from pathlib import Path
from typing import Annotated, Final, NamedTuple

import msgspec

from narration_ci.findings import CoverageError
from narration_ci.measure.coverage import Coverage
from narration_ci.measure.moves import DYNAMIC, Identities, Identity, Tracked, track
from narration_core.contract import EMITTING, is_name

FORMAT: Final = 2
_CONFLICT: Final = re.compile(r"^(?:<{7}|={7}|>{7}|\|{7})(?: |$)", re.MULTILINE)
Percent = Annotated[int, msgspec.Meta(ge=0, le=100)]


class Baseline(msgspec.Struct, frozen=True):
    """What the gate holds a project to.

    Attributes:
        threshold: whole percent of the declared points that must be asserted.
        goal: the highest threshold; `tighten` raises it no further.
        silent: keys of the points known to be silent; the list only shrinks.
        asserted: keys of the points that are asserted; none may go silent or disappear unnoticed.
        identities: action and level of these points, by which they are found again when they move.
    """

    threshold: Percent
    goal: Percent = 95
    silent: tuple[str, ...] = ()
    asserted: tuple[str, ...] = ()
    identities: dict[str, Identity] = {}

    @property
    def lists_points(self) -> bool:
        """Whether the ratchet has begun: with both lists empty only the threshold holds."""
        return bool(self.silent or self.asserted)

    @property
    def points(self) -> Identities:
        """Every point in it, with its identity as far as that is known."""
        return {key: self.identities.get(key, Identity()) for key in (*self.asserted, *self.silent)}


class _Head(msgspec.Struct, frozen=True):
    format: int


class _File(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The file as it is written: an entry is `key action level`; format 1 had `key` or `key action`."""

    format: int
    threshold: Percent
    goal: Percent = 95
    silent: tuple[str, ...] = ()
    asserted: tuple[str, ...] = ()


class _FileOfFormat1(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    format: int
    threshold: Percent
    goal: Percent = 95
    silent: tuple[str, ...] = ()
    told: tuple[str, ...] = ()


_decode_head = msgspec.json.Decoder(_Head).decode
_decode = msgspec.json.Decoder(_File).decode
_decode_format_1 = msgspec.json.Decoder(_FileOfFormat1).decode


def _entry(key: str, identity: Identity) -> str:
    action, level = identity
    return " ".join(filter(None, (key, action or (level and DYNAMIC), level)))


def _read_entry(entry: str) -> tuple[str, Identity]:
    head, mark, tail = entry.rpartition("#")
    ordinal, *words = tail.split(" ")
    action, level = (*words, None, None)[:2]
    return f"{head}{mark}{ordinal}", Identity(
        action if action and is_name(action) else None, level if level in (*EMITTING, DYNAMIC) else None
    )


def _read_file(text: str, name: str) -> _File:
    try:
        head = _decode_head(text)
        if head.format > FORMAT:
            raise CoverageError(
                f"{name}: has format {head.format}, and this program reads up to {FORMAT}: update narration-core"
            )
        if head.format == 1:
            old = _decode_format_1(text)
            return _File(1, old.threshold, old.goal, old.silent, old.told)
        return _decode(text)
    except msgspec.DecodeError as error:
        raise CoverageError(f"{name}: not a valid baseline: {error}; restore it from version control") from None


def parse(text: str, name: str) -> Baseline:
    """Return the baseline in a text.

    Args:
        text: the file's text.
        name: what the file is called in messages.

    Raises:
        CoverageError: it has conflict markers, is not a valid baseline, or has a newer format.
    """
    conflict = _CONFLICT.search(text)
    if conflict:
        line = text.count("\n", 0, conflict.start()) + 1
        raise CoverageError(
            f"{name}:{line}: a merge conflict is not resolved: keep the higher threshold, of `silent` the keys that "
            "both sides have, of `asserted` those of either; then run the tests and `narration coverage tighten`"
        )
    file = _read_file(text, name)
    silent, asserted = (dict(map(_read_entry, entries)) for entries in (file.silent, file.asserted))
    found = Baseline(file.threshold, file.goal, tuple(silent), tuple(asserted), silent | asserted)
    if found.threshold > found.goal:
        raise CoverageError(f"{name}: the threshold {found.threshold} is above the goal {found.goal}: raise the goal")
    if not found.threshold and not found.lists_points:
        raise CoverageError(f"{name}: not a valid baseline: a threshold of 0 and no points hold nothing")
    both = sorted(silent.keys() & asserted.keys())
    if both:
        raise CoverageError(f"{name}: {both[0]} is listed both as silent and as asserted: remove it from `silent`")
    return found


def read_baseline(path: Path) -> Baseline:
    """Return the baseline in a file.

    Raises:
        CoverageError: the file is missing or cannot be read; it is never taken for an empty baseline.
    """
    try:
        return parse(path.read_text("utf-8"), str(path))
    except FileNotFoundError:
        raise CoverageError(
            f"{path}: there is no baseline: run the tests, then `narration coverage init`, and commit the file"
        ) from None
    except (OSError, UnicodeDecodeError) as error:
        raise CoverageError(f"{path}: cannot be read: {error}") from None


def render(baseline: Baseline) -> str:
    """Return a baseline as text: one point a line, sorted, so that two branches rarely touch the same line."""
    points = baseline.points
    file = _File(
        FORMAT,
        baseline.threshold,
        baseline.goal,
        tuple(_entry(key, points[key]) for key in sorted(set(baseline.silent))),
        tuple(_entry(key, points[key]) for key in sorted(set(baseline.asserted))),
    )
    return msgspec.json.format(msgspec.json.encode(file), indent=2).decode() + "\n"


class Followed(NamedTuple):
    """A baseline, brought to the keys that its points have now.

    Attributes:
        baseline: with the keys of now; a silent point that now says something else, or says it louder, is not in it.
        tracked: where the points went.
        replaced: the keys of now that stand where a silent point stood, and are not that point.
    """

    baseline: Baseline
    tracked: Tracked
    replaced: frozenset[str]


def follow(baseline: Baseline, declared: Identities) -> Followed:
    """Return a baseline with the keys that its points have now, and where they went.

    Args:
        baseline: what was committed.
        declared: the points declared now, excluded ones included.
    """
    tracked = track(baseline.points, declared)
    known = baseline.points
    silent, asserted = (
        {key: tracked.now[key] for key in keys if key in tracked.now} for keys in (baseline.silent, baseline.asserted)
    )
    replaced = frozenset(now for key, now in silent.items() if known[key].replaced_by(declared[now]))
    moved = msgspec.structs.replace(
        baseline,
        silent=tuple(now for now in dict.fromkeys(silent.values()) if now not in replaced),
        asserted=tuple(dict.fromkeys(asserted.values())),
        identities={tracked.now.get(key, key): identity for key, identity in known.items()},
    )
    return Followed(moved, tracked, replaced)


def first(coverage: Coverage, threshold: int | None, goal: int) -> Baseline:
    """Return the first baseline of a project: what it measures now.

    Args:
        coverage: what was measured.
        threshold: in whole percent; by default what is measured, and the goal at most.
        goal: the highest threshold.
    """
    return Baseline(
        min(coverage.totals.whole_percent, goal) if threshold is None else threshold,
        goal,
        tuple(entry.point.key for entry in coverage.points if not entry.asserted_by),
        tuple(entry.point.key for entry in coverage.points if entry.asserted_by),
        dict(coverage.identities),
    )


def tightened(baseline: Baseline, coverage: Coverage) -> Baseline:
    """Return the baseline that the measured coverage allows. It only rises.

    Args:
        baseline: what was committed; the gate passes on it.
        coverage: what was measured.
    """
    asserted = {entry.point.key for entry in coverage.points if entry.asserted_by}
    silent = {entry.point.key for entry in coverage.points if not entry.asserted_by}
    excluded = {entry.point.key for entry in coverage.excluded}
    followed = follow(baseline, coverage.identities).baseline
    return Baseline(
        max(baseline.threshold, min(baseline.goal, coverage.totals.whole_percent)),
        baseline.goal,
        tuple(set(followed.silent) & silent),
        tuple((set(followed.asserted) | asserted) - excluded),
        dict(coverage.identities),
    )


def without(baseline: Baseline, keys: Iterable[str]) -> Baseline:
    """Return a baseline that forgets points that were removed on purpose."""
    gone = set(keys)
    return msgspec.structs.replace(
        baseline,
        silent=tuple(key for key in baseline.silent if key not in gone),
        asserted=tuple(key for key in baseline.asserted if key not in gone),
    )
