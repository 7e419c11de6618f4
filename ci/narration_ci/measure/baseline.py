"""The committed file of the ratchet: threshold, goal, the points known to be silent and those that are told."""

import re
from collections.abc import Iterable
from pathlib import Path
from typing import Annotated, Final

import msgspec

from narration_ci.faults import CoverageError
from narration_ci.measure.coverage import Coverage, PointCoverage
from narration_ci.measure.moved_points import Actions, Traced, trace
from narration_core.contract import is_name

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
        actions: the actions of these points, by which they are found again when they move.
    """

    format: int
    threshold: Percent
    goal: Percent = 95
    silent: tuple[str, ...] = ()
    told: tuple[str, ...] = ()
    actions: dict[str, str] = {}

    @property
    def lists_points(self) -> bool:
        """Whether the ratchet has begun: with both lists empty only the threshold holds."""
        return bool(self.silent or self.told)

    @property
    def points(self) -> Actions:
        """Every point in it, with its action where that is known."""
        return {key: self.actions.get(key) for key in (*self.told, *self.silent)}


class _Head(msgspec.Struct, frozen=True):
    format: int


class _File(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """As it is written: entries are `key` or `key action`."""

    format: int
    threshold: Percent
    goal: Percent = 95
    silent: tuple[str, ...] = ()
    told: tuple[str, ...] = ()


_decode_head = msgspec.json.Decoder(_Head).decode
_decode = msgspec.json.Decoder(_File).decode


def _entry(key: str, action: str | None) -> str:
    return f"{key} {action}" if action and is_name(action) else key


def _read_entry(entry: str) -> tuple[str, str]:
    head, mark, tail = entry.rpartition("#")
    ordinal, _, action = tail.partition(" ")
    return f"{head}{mark}{ordinal}", action


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
        file = _decode(text)
    except msgspec.DecodeError as error:
        raise CoverageError(f"{name}: is no baseline: {error}; restore it from version control") from None
    silent, told = (dict(map(_read_entry, entries)) for entries in (file.silent, file.told))
    actions = {key: action for key, action in (silent | told).items() if action}
    found = Baseline(file.format, file.threshold, file.goal, tuple(silent), tuple(told), actions)
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
    except (OSError, UnicodeDecodeError) as error:
        raise CoverageError(f"{path}: cannot be read: {error}") from None


def render(baseline: Baseline) -> str:
    """Return a baseline as text: one point a line, sorted, so that two branches rarely touch the same line."""

    def entries(keys: Iterable[str]) -> list[str]:
        return [_entry(key, baseline.actions.get(key)) for key in sorted(set(keys))]

    lists = {"silent": entries(baseline.silent), "told": entries(baseline.told)}
    plain = {"format": baseline.format, "threshold": baseline.threshold, "goal": baseline.goal, **lists}
    return msgspec.json.format(msgspec.json.encode(plain), indent=2).decode() + "\n"


def follow(baseline: Baseline, declared: Actions) -> tuple[Baseline, Traced]:
    """Return a baseline with the keys that its points have now, and what became of them.

    Args:
        baseline: what was committed.
        declared: the points declared now, excluded ones included.
    """
    traced = trace(baseline.points, declared)
    silent, told = (
        tuple(dict.fromkeys(traced.now[key] for key in keys if key in traced.now))
        for keys in (baseline.silent, baseline.told)
    )
    actions = {traced.now.get(key, key): action for key, action in baseline.actions.items()}
    return msgspec.structs.replace(baseline, silent=silent, told=told, actions=actions), traced


def _actions(points: Iterable[PointCoverage]) -> dict[str, str]:
    return {one.point.key: one.point.action for one in points if one.point.action and is_name(one.point.action)}


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
        _actions(coverage.points),
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
    followed, _ = follow(baseline, coverage.actions)
    return Baseline(
        FORMAT,
        max(baseline.threshold, min(baseline.goal, coverage.totals.whole_percent)),
        baseline.goal,
        tuple(set(followed.silent) & silent),
        tuple((set(followed.told) | asserted) - excluded),
        _actions(coverage.points),
    )
