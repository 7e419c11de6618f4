"""The board: what every job is doing, what it waits for, and when each service was last heard."""

import time
from collections import OrderedDict
from collections.abc import Callable, Iterable, Iterator
from typing import Final

import msgspec

from narration_core import Event
from narration_core.following import Line, Work, Works
from narration_hub import wire

MOST_OPEN: Final = 256
"""Most pieces of work that one job may have open."""

LINGER_S: Final = 2.0
"""A job has ended when no work has been open for so long; a last word may follow the end."""

_CORRELATION_IDS: Final = 8
_SERVICES: Final = 10_000


class JobState(msgspec.Struct, eq=False):
    """What is known of a job.

    Attributes:
        job_id: its id.
        began: when it was first heard, on the monotonic clock, in seconds.
        heard: when it was last heard, the same way.
        works: its open work.
        last: its last event.
        counts: events by level.
        correlation_ids: the requests that it belongs to.
        closed: whether any work of it has ended.
        stall_told: whether it was told to be stalled since it was last heard.
    """

    job_id: str
    began: float
    heard: float
    last: Event
    works: Works
    counts: dict[str, int] = msgspec.field(default_factory=dict)
    correlation_ids: list[str] = msgspec.field(default_factory=list)
    closed: bool = False
    stall_told: bool = False

    def take(self, event: Event, now: float) -> None:
        """Take an event of the job."""
        self.heard = now
        self.last = event
        self.stall_told = False
        level = event.level or "info"
        self.counts[level] = self.counts.get(level, 0) + 1
        cid = event.correlation_id
        if cid is not None and cid not in self.correlation_ids and len(self.correlation_ids) < _CORRELATION_IDS:
            self.correlation_ids.append(cid)
        if event.event is not None or self.works.open:
            before = len(self.works.open)
            self.works.take(Line(event.actor or "", 0, event.emitted_at_ms, event, "", "narration"), event)
            self.closed = self.closed or len(self.works.open) < before

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
        quiet = now - self.heard
        if self.closed and not self.works.open and quiet >= LINGER_S:
            return "ended"
        return "stalled" if quiet > stall_s else "running"


class Board:
    """Every job and service that was heard.

    Args:
        stall_s: when a quiet job is called stalled, in seconds.
        most: how many jobs are kept.
        clock: returns the monotonic time in seconds.
    """

    def __init__(self, stall_s: float, most: int = 50_000, clock: Callable[[], float] = time.monotonic) -> None:
        self._stall_s = stall_s
        self._most = most
        self._clock = clock
        self._jobs: OrderedDict[str, JobState] = OrderedDict()  # the one that was quiet for longest comes first
        self._heard: OrderedDict[str, float] = OrderedDict()
        self._lost: dict[str, dict[str, dict[str, int]]] = {}

    def take(self, event: Event, age_s: float = 0.0) -> None:
        """Take an event into account.

        Args:
            event: the event.
            age_s: how long ago it came in, in seconds.
        """
        if event.job_id is None:
            return
        now = self._clock() - age_s
        job = self._jobs.get(event.job_id)
        if job is None:
            job = self._jobs[event.job_id] = JobState(event.job_id, now, now, event, Works(MOST_OPEN))
            if len(self._jobs) > self._most:
                self._jobs.popitem(last=False)
        else:
            self._jobs.move_to_end(event.job_id)
        job.take(event, now)

    def hear(self, service: str, age_s: float = 0.0) -> None:
        """Note that a service was heard so many seconds ago."""
        self._heard[service] = self._clock() - age_s
        self._heard.move_to_end(service)
        if len(self._heard) > _SERVICES:
            gone, _ = self._heard.popitem(last=False)
            self._lost.pop(gone, None)

    def lose(self, service: str, process: str, counts: dict[str, int]) -> int:
        """Note what a process says that it has lost in all; return how many events that are more than before."""
        before = self._lost.setdefault(service, {}).get(process, {})
        self._lost[service][process] = counts
        return sum(counts.values()) - sum(before.values())

    def __len__(self) -> int:
        return len(self._jobs)

    def find(self, job_id: str) -> JobState | None:
        """Return what is known of a job, or None."""
        return self._jobs.get(job_id)

    def quiet(self) -> Iterator[tuple[JobState, wire.JobState]]:
        """Yield each job that is not running, with its state."""
        now = self._clock()
        for job in self._jobs.values():
            if now - job.heard < min(LINGER_S, self._stall_s):
                return  # those that follow were heard later
            state = job.state(now, self._stall_s)
            if state != "running":
                yield job, state

    def shown(self, job: JobState, *, missed: int = 0, for_operator: bool = True) -> wire.Job:
        """Return a job as it is sent.

        Args:
            job: the job.
            missed: events that are no longer in its stream.
            for_operator: whether the caller may know which requests it belongs to.
        """
        now = self._clock()
        state = job.state(now, self._stall_s)
        work = job.waits_for
        said = work.last.event if work is not None and work.last is not None else None
        percent = said.percent if said is not None else None
        return wire.Job(
            job.job_id,
            state,
            _ms(now - job.began),
            _ms(now - job.heard),
            job.last.human or "",
            job.last.actor or "",
            dict(job.counts),
            None
            if work is None or said is None
            else wire.Waits(work.event.actor or "", said.human or "", work.start.at_ms or 0, percent),
            missed,
            [open_.name for open_ in job.works.open] if state == "ended" else [],
            job.works.unopened,
            list(job.correlation_ids) if for_operator else [],
        )

    def jobs(self, allowed: Iterable[str] | None = None, *, ended: int | None = None) -> list[JobState]:
        """Return the jobs, the open one that has been quiet for longest first, ended ones last.

        Args:
            allowed: the ids that the caller may see; all when None.
            ended: only so many that have ended, those that were heard last; all when None.
        """
        found = self._jobs.values() if allowed is None else filter(None, map(self._jobs.get, allowed))
        now = self._clock()
        still_open: list[JobState] = []
        over: list[JobState] = []
        for job in found:
            (over if job.state(now, self._stall_s) == "ended" else still_open).append(job)
        return still_open + (over if ended is None else over[max(0, len(over) - ended) :])

    def services(self) -> list[wire.Service]:
        """Return the services, the one that has been quiet for longest first."""
        now = self._clock()
        return [
            wire.Service(service, _ms(now - heard), _total(self._lost.get(service, {}).values()))
            for service, heard in self._heard.items()
        ]


def _total(counts: Iterable[dict[str, int]]) -> dict[str, int]:
    total: dict[str, int] = {}
    for one in counts:
        for level, number in one.items():
            total[level] = total.get(level, 0) + number
    return total


def _ms(seconds: float) -> int:
    return max(0, int(seconds * 1000))
