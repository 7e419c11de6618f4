"""What this hub knows of one job, and what all hubs know together."""

from typing import Final

import msgspec

from narration_core import Event
from narration_core.following import Line, Work, Works, closes
from narration_hub import summary, wire
from narration_hub.summary import Summary

MOST_OPEN: Final = 256
"""Most pieces of work that one job may have open."""

LINGER_S: Final = 2.0
"""A job has ended when no work has been open for so long; a last word may follow the end."""

_CORRELATION_IDS: Final = 8
_BASE_BYTES: Final = 1000  # of a job without its events
_EVENT_BYTES: Final = 1000  # of an event, beside its long texts
_SLACK_BYTES: Final = 4 << 10  # by which a weight may be too large before a job is weighed again
_KEPT: Final = (
    "emitted_at_ms", "level", "actor", "action", "human", "correlation_id", "span_id", "parent_span_id", "job_id",
    "replica_id", "worker_id", "event", "percent", "error_kind", "duration_ms",
)  # fmt: skip
"""What the board needs of an event."""


class JobState(msgspec.Struct, eq=False):
    """What is known of a job.

    Attributes:
        job_id: its id.
        began: when it was first heard, on the monotonic clock, in seconds.
        heard: when it was last heard, the same way.
        works: its open work.
        last: its last event that came to this hub; None when all came to others.
        said: when that came, on the monotonic clock, in seconds.
        counts: events by level.
        correlation_ids: the requests that it belongs to.
        closed: whether any work of it has ended.
        stall_told: whether it was told to be stalled since it was last heard.
        settled: the state that it keeps until it is heard again; None while time alone may change it.
        strays: ends of work whose start did not come to this hub.
        others: what other hubs know of it, by their names, with times in milliseconds on the monotonic clock.
        weight: about how much memory it takes at most, in bytes.
    """

    job_id: str
    began: float
    heard: float
    last: Event | None
    works: Works
    said: float = 0.0
    counts: dict[str, int] = msgspec.field(default_factory=dict)
    correlation_ids: list[str] = msgspec.field(default_factory=list)
    closed: bool = False
    stall_told: bool = False
    settled: wire.JobState | None = None
    strays: list[summary.Stray] = msgspec.field(default_factory=list)
    others: dict[str, Summary] = msgspec.field(default_factory=dict)
    together: Summary | None = None
    weight: int = 0
    _weighed: int = 0

    def take(self, event: Event, now: float, size: int = 0) -> None:
        """Take an event of the job.

        Args:
            event: the event.
            now: on the monotonic clock, in seconds.
            size: how long its line is, in bytes.
        """
        if size > _EVENT_BYTES:  # most of it is of no use here, and would stay as long as the job
            event = Event(**{name: given for name in _KEPT if (given := getattr(event, name)) is not None})
        self.heard = max(self.heard, now)
        self.said = now
        self.together = None
        self.last = event
        self.stall_told = False
        self.settled = None
        level = event.level or "info"
        self.counts[level] = self.counts.get(level, 0) + 1
        cid = event.correlation_id
        if cid is not None and cid not in self.correlation_ids and len(self.correlation_ids) < _CORRELATION_IDS:
            self.correlation_ids.append(cid)
        if event.event is not None or self.works.open:
            before = len(self.works.open)
            unopened = self.works.unopened
            self.works.take(Line(event.actor or "", 0, event.emitted_at_ms, event, "", "narration"), event)
            self.closed = self.closed or len(self.works.open) < before
            if self.works.unopened > unopened or (event.event == "error" and len(self.works.open) == before):
                self.strays.append(summary.Stray(closes(event) or "", event.span_id, _place(event)))
                del self.strays[: -summary.MOST_OPEN]
        size = _EVENT_BYTES + len(event.human or "")
        if not self.works.open and not self.others:
            self.weight = self._weighed = _BASE_BYTES + size
            return
        self.weight += size  # too much, for it takes the place of another one; so it is worked out anew now and then
        if self.weight > 1.5 * self._weighed + _SLACK_BYTES:
            self.weigh()

    def weigh(self) -> None:
        """Work out anew how much memory it takes."""
        lines = (line for work in self.works.open for line in (work.start, work.last))
        events = [self.last, *(line.event for line in lines if line is not None)]
        sentences = [event.human or "" for event in events if event is not None]
        for told in self.others.values():
            sentences += (told.sentence, *(one.sentence for one in told.open))
        weight = _BASE_BYTES + sum(_EVENT_BYTES + len(sentence) for sentence in sentences)
        self.weight = self._weighed = weight

    @property
    def waits_for(self) -> Work | None:
        """The innermost open work: of what was opened last, what nothing is open inside of."""
        return self.works.open[-1] if self.works.open else None

    def state(self, now: float, stall_s: float) -> wire.JobState:
        """Return what the job is doing.

        Args:
            now: on the monotonic clock, in seconds.
            stall_s: when a quiet job is called stalled, in seconds.
        """
        if self.settled is not None:
            return self.settled
        quiet = now - self.heard
        known = self.known() if self.others else None
        closed = self.closed if known is None else known.closed
        is_open = bool(self.works.open if known is None else known.open)
        if closed and not is_open:
            return "ended" if quiet >= LINGER_S else "running"
        return "stalled" if quiet > stall_s else "running"

    def summary(self) -> Summary | None:
        """Return what this hub knows, with times in milliseconds on the monotonic clock; None when it is nothing."""
        last = self.last
        if last is None:
            return None
        return Summary(
            int(self.began * 1000), int(self.said * 1000), last.human or "", last.actor or "", last.percent,
            dict(self.counts), list(self.correlation_ids), self.closed,
            [_open(work) for work in self.works.open[-summary.MOST_OPEN :]], list(self.strays), self.works.unopened,
        )  # fmt: skip

    def known(self) -> Summary:
        """Return what all hubs know together."""
        if self.together is None:
            own = self.summary()
            self.together = summary.merged([*([own] if own is not None else []), *self.others.values()])
        return self.together

    @property
    def is_told_here(self) -> bool:
        """Whether its last event came to this hub, which then is the one that says so when nothing follows."""
        return not self.others or self.said * 1000 >= max(other.heard_ms for other in self.others.values())


def _place(event: Event) -> tuple[str | None, ...]:
    return (event.actor, event.worker_id, event.replica_id)


def _open(work: Work) -> summary.Open:
    event = work.event
    said = work.last.event if work.last is not None and work.last.event is not None else event
    return summary.Open(work.name, event.span_id, _place(event), work.start.at_ms or 0, said.human or "", said.percent)
