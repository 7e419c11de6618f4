"""A story: every line of one id, from all services, in the order of events."""

import heapq
from collections.abc import Iterable, Sequence
from itertools import pairwise
from typing import Final

import msgspec

from narration_core.following import _spans
from narration_core.following._lines import ID_FIELDS, Line, belongs, mention
from narration_core.following._source import Source
from narration_core.following._spans import Work

MOST_IDS: Final = 1000
"""Most correlation ids that one id is widened to."""

_JITTER_MS: Final = 100  # threads and processes that share a file write this much out of order without a bad clock


class Story(msgspec.Struct):
    """What happened to one id.

    Attributes:
        asked: the id that a person asked for.
        ids: the correlation ids that it belongs to, in order of appearance; empty when nothing has one.
        lines: every line, in order.
        works: the pieces of work, in order of their start.
        notes: what a reader should know about the order and completeness.
    """

    asked: str
    ids: list[str]
    lines: list[Line]
    works: list[Work]
    notes: list[str]

    @property
    def services(self) -> list[str]:
        """The services that emitted it, in order of appearance."""
        return list(dict.fromkeys(line.service for line in self.lines))

    @property
    def open(self) -> list[Work]:
        """The pieces of work that were started and not ended, outermost first."""
        return [work for work in self.works if work.end is None]

    def parts(self) -> "list[Story]":
        """Return one story for each correlation id; lines without one belong to every part that covers their time."""
        if len(self.ids) <= 1:
            return [self]
        own: dict[str, list[int]] = {name: [] for name in self.ids}
        loose = []
        for index, line in enumerate(self.lines):
            name = None if line.event is None else line.event.correlation_id
            if name in own:
                own[name].append(index)
            elif name is None and line.at_ms is not None:
                loose.append(index)
        parts = []
        for name, places in own.items():
            if not places:
                continue
            first, last = self.lines[places[0]].at_ms, self.lines[places[-1]].at_ms
            more = [index for index in loose if _covers(first, self.lines[index].at_ms, last)]
            lines = [self.lines[index] for index in heapq.merge(places, more)]
            parts.append(Story(self.asked, [name], lines, _spans.find(lines), self.notes))
        return parts


def _covers(first: int | None, at_ms: int | None, last: int | None) -> bool:
    return None not in (at_ms, first, last) and first <= at_ms <= last  # type: ignore[operator]  # just asked


def follow(source: Source, asked: str, since: int | None = None, until: int | None = None) -> Story:
    """Return the story of an id.

    Args:
        source: where to read.
        asked: any id; widened to the correlation ids of the events that carry it.
        since: leave out what was written before, in milliseconds since the epoch.
        until: leave out what was written after, in milliseconds since the epoch.
    """
    lines = source.read([asked], since, until)
    ids = list(dict.fromkeys(line.event.correlation_id for line in lines if line.event and line.event.correlation_id))
    notes = []
    if lines and not _has(lines, asked):
        notes.append(f"nothing has {asked} as its id; this is the story of what mentions it")
    if ids and ids != [asked]:
        if len(ids) > MOST_IDS:
            notes.append(f"{asked} belongs to {len(ids)} requests; shown are the latest {MOST_IDS}")
            ids = ids[-MOST_IDS:]
        lines = source.read(list(dict.fromkeys([asked, *ids])), since, until)
    ordered, more = in_order(lines)
    return Story(asked, ids, ordered, _spans.find(ordered), notes + more)


def _has(lines: Sequence[Line], asked: str) -> bool:
    pattern = mention([asked])
    return any(belongs(line, [asked], pattern) for line in lines)


def in_order(lines: Sequence[Line]) -> tuple[list[Line], list[str]]:
    """Return lines in the order of events, and remarks about the clocks of their files.

    The order within a file is kept, whatever its clock says. A service that answers before it is called has a clock
    that is behind its caller's: its lines move by as much.

    Args:
        lines: file by file, each in the order of the file.
    """
    files: dict[str, list[Line]] = {}
    for line in lines:
        files.setdefault(line.source, []).append(line)
    notes = [note for source, its in files.items() if (note := _went_back(source, its))]
    behind = _behind(files)
    notes += [f"{source}: its clock is {ms} ms behind its caller's; moved by as much" for source, ms in behind.items()]
    streams = [_timed(its, behind.get(source, 0)) for source, its in files.items()]
    return [line for _, _, _, line in heapq.merge(*streams)], notes


def _timed(lines: Iterable[Line], ahead: int) -> list[tuple[int, str, int, Line]]:
    """Return lines with the time that orders them: never earlier than the line before it in the file."""
    timed = []
    latest = 0
    for index, line in enumerate(lines):
        if line.at_ms is not None:
            if ahead:
                line = msgspec.structs.replace(line, at_ms=line.at_ms + ahead)  # noqa: PLW2901 - the same line, moved
            latest = max(latest, line.at_ms or 0)
        timed.append((latest, line.source, index, line))
    return timed


def _went_back(source: str, lines: Sequence[Line]) -> str | None:
    back = [
        before.at_ms - line.at_ms
        for before, line in pairwise(line for line in lines if line.at_ms is not None and not line.guessed)
        if before.at_ms is not None and line.at_ms is not None and line.at_ms < before.at_ms
    ]
    if max(back, default=0) < _JITTER_MS:
        return None
    return f"{source}: its clock goes back by {max(back)} ms; lines stay in the order of the file"


def _behind(files: dict[str, list[Line]]) -> dict[str, int]:
    """Return by how many milliseconds a file's clock is behind: its spans begin before the spans that they answer."""
    began: dict[str, tuple[str, int]] = {}
    for source, lines in files.items():
        for line in lines:
            if line.event and line.event.span_id and line.at_ms is not None:
                began.setdefault(line.event.span_id, (source, line.at_ms))
    behind: dict[str, int] = {}
    for source, lines in files.items():
        for line in lines:
            caller = began.get((line.event.parent_span_id if line.event else None) or "")
            if caller is None or caller[0] == source or line.at_ms is None:
                continue
            late = caller[1] + behind.get(caller[0], 0) - line.at_ms
            if late > behind.get(source, 0):
                behind[source] = late
    return behind


def id_kinds(story: Story) -> list[str]:
    """Return the names of the fields that hold the requested id, as text: "session_id"."""
    kinds = [
        field for field in ID_FIELDS for line in story.lines if line.event and getattr(line.event, field) == story.asked
    ]
    return list(dict.fromkeys(kinds))
