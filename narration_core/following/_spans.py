"""Pieces of work in a story: what opens one, what closes it, and which are still open."""

from collections.abc import Iterator, Sequence
from typing import Final

import msgspec

from narration_core._event import Event
from narration_core.following._lines import Line

OPENING: Final = ("_start", "_started", "_begin")
"""Endings of `event` that open a piece of work; without the ending, its name."""

CUT_SHORT: Final = (
    "_error", "_failed", "_cancelled", "_canceled", "_aborted", "_timeout", "_timed_out",
)  # fmt: skip
"""Endings of `event` that close a piece of work before it is done."""

CLOSING: Final = ("_end", "_complete", "_completed", "_finished", "_done", *CUT_SHORT)
"""Endings of `event` that close the piece of work of the same name."""

HOPS: Final = ("call", "request")
"""Values of `event` that open a piece of work as they are: a call to another service, a request taken in."""

_CLOSES_ANY: Final = "error"  # closes the innermost piece of work of its actor, as a worker's failed job does
MOST_AROUND: Final = 4096
"""So many pieces of work are one inside of the other at most; the panel says the same."""

_SEVERE: Final = frozenset(("error", "fatal"))


class Work(msgspec.Struct, eq=False):
    """A piece of work: its start and, if it has ended, its end.

    Attributes:
        name: what kind of work, such as model_load.
        start: the line that opens it.
        end: the line that closes it.
        last: the latest line that belongs to it.
        parent: the work around it.
        failed: whether it ended with an error.
        level: how many pieces of work were around it when it began.
    """

    name: str
    start: Line
    end: Line | None = None
    last: Line | None = None
    parent: "Work | None" = None
    failed: bool = False
    level: int = 0

    @property
    def event(self) -> Event:
        """The event that opens it."""
        event = self.start.event
        assert event is not None  # noqa: S101 - only events open work
        return event

    @property
    def depth(self) -> int:
        """How many pieces of work are around it."""
        return sum(1 for _ in self._around())

    @property
    def outermost(self) -> "Work":
        """The work around it that is itself in no other; itself when none is around it."""
        return next((work for work in self._around() if work.parent is None), self)

    def _around(self) -> Iterator["Work"]:
        parent = self.parent
        while parent is not None:
            yield parent
            parent = parent.parent


def opens(event: Event) -> str | None:
    """Return the name of the work that an event opens; None when it opens none."""
    name = event.event or ""
    if name in HOPS:
        return name if event.duration_ms is None and event.level not in _SEVERE else None
    return _opened_by(name)


def _opened_by(name: str) -> str | None:
    return next((name.removesuffix(end) for end in OPENING if name.endswith(end) and name != end), None)


def is_opening(name: str) -> bool:
    """Tell whether an `event` of this name opens a piece of work."""
    return name in HOPS or _opened_by(name) is not None


def closes(event: Event) -> str | None:
    """Return the name of the work that an event closes; None when it closes none."""
    name = event.event or ""
    if name in HOPS and (event.duration_ms is not None or event.level in _SEVERE):
        return name
    return next((name.removesuffix(end) for end in CLOSING if name.endswith(end) and name != end), None)


class Works:
    """Pieces of work as their lines come, in order.

    A span is known by its `span_id`; declared points without one by actor, worker, job and name. Work is inside other
    work by `parent_span_id`, or else inside the innermost open work of the same actor.

    Args:
        most_open: how many may be open, when closed ones are to be forgotten; None keeps all.

    Attributes:
        found: every piece of work in order of its start; without those that are forgotten.
        open: those that have not ended, in order of their start.
        unopened: ends of work whose start did not come.
    """

    __slots__ = ("_by_span", "_most_open", "found", "open", "unopened")

    def __init__(self, most_open: int | None = None) -> None:
        self.found: list[Work] = []
        self.open: list[Work] = []
        self.unopened = 0
        self._most_open = most_open
        self._by_span: dict[str, Work] = {}

    def take(self, line: Line, event: Event) -> None:
        """Take the next line.

        Args:
            line: the line.
            event: what it says.
        """
        closed = _closed_by(event, self.open)
        if closed is not None:
            closed.end = closed.last = line
            closed.failed = event.level in _SEVERE
            self.open.remove(closed)
            if self._most_open is not None:
                self._forget(closed)
            return
        name = opens(event)
        again = self._by_span.get(event.span_id or "")
        if again is not None and again.event == event:
            return  # the same line once more, from a copy of the file or a shipper that sent it twice
        if name is not None:
            if self._most_open is not None and len(self.open) >= self._most_open:
                return
            around = _around(event, self._by_span, self.open)
            if around is not None and around.level >= MOST_AROUND:
                around = None  # a pipeline, where each piece begins before its forerunner ends: it would go on for ever
            work = Work(name, line, last=line, parent=around, level=0 if around is None else around.level + 1)
            self.found.append(work)
            self.open.append(work)
            if event.span_id:
                self._by_span.setdefault(event.span_id, work)
            return
        self.unopened += closes(event) is not None
        inside = self._by_span.get(event.span_id or "") or _innermost(event, self.open)
        while inside is not None:
            inside.last = line
            inside = inside.parent

    def _forget(self, closed: Work) -> None:
        self.found.remove(closed)
        for work in self.open:  # else work that begins before its forerunner ends would keep all that ever was
            if work.parent is closed:
                work.parent = closed.parent
        if self._by_span.get(closed.event.span_id or "") is closed:
            del self._by_span[closed.event.span_id or ""]


def find(lines: Sequence[Line]) -> list[Work]:
    """Return the pieces of work of a story in order of their start; see `Works`.

    Args:
        lines: the story in order.
    """
    works = Works()
    for line in lines:
        if line.event is not None:
            works.take(line, line.event)
    return works.found


def _closed_by(event: Event, still_open: Sequence[Work]) -> Work | None:
    name = closes(event)
    if name is None and event.event != _CLOSES_ANY:
        return None
    for work in reversed(still_open):
        same_span = bool(event.span_id) and work.event.span_id == event.span_id
        if name is not None and work.name == name and (same_span or _same_place(event, work.event)):
            return work
        if name is None and (same_span or _same_place(event, work.event)):
            return work
    return None


def _same_place(event: Event, opened: Event) -> bool:
    """Tell whether two events that share no span belong to the same job of the same worker."""
    if event.span_id and opened.span_id and event.span_id != opened.span_id:
        return False
    return (event.actor, event.worker_id, event.replica_id, event.job_id) == (
        opened.actor, opened.worker_id, opened.replica_id, opened.job_id,
    )  # fmt: skip


def _around(event: Event, by_span: dict[str, Work], still_open: Sequence[Work]) -> Work | None:
    return by_span.get(event.parent_span_id or "") or _innermost(event, still_open)


def _innermost(event: Event, still_open: Sequence[Work]) -> Work | None:
    return next((work for work in reversed(still_open) if work.event.actor == event.actor), None)
