"""The board: what every job is doing, what it waits for, and when each service was last heard."""

import math
import time
from collections import OrderedDict
from collections.abc import Callable, Iterable, Iterator
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
_SERVICES: Final = 10_000


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
        strays: ends of work whose start did not come to this hub.
        others: what other hubs know of it, by their names, with times in milliseconds on the monotonic clock.
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
    strays: list[summary.Stray] = msgspec.field(default_factory=list)
    others: dict[str, Summary] = msgspec.field(default_factory=dict)
    together: Summary | None = None

    def take(self, event: Event, now: float) -> None:
        """Take an event of the job."""
        self.heard = max(self.heard, now)
        self.said = now
        self.together = None
        self.last = event
        self.stall_told = False
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
        self._lost_elsewhere: dict[str, dict[str, dict[str, int]]] = {}
        self._has_learned = False
        self._changed: tuple[dict[str, None], dict[str, None]] | None = None  # jobs and services, for other hubs

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
            job = self._jobs[event.job_id] = JobState(event.job_id, now, now, event, Works(MOST_OPEN), now)
            if len(self._jobs) > self._most:
                self._jobs.popitem(last=False)
        else:
            self._jobs.move_to_end(event.job_id)
        job.take(event, now)
        if self._changed is not None:
            self._changed[0][event.job_id] = None

    def hear(self, service: str, age_s: float = 0.0) -> None:
        """Note that a service was heard so many seconds ago."""
        self._hear(service, self._clock() - age_s)
        if self._changed is not None:
            self._changed[1][service] = None

    def _hear(self, service: str, at: float) -> None:
        self._heard[service] = at
        self._heard.move_to_end(service)
        if len(self._heard) > _SERVICES:
            gone, _ = self._heard.popitem(last=False)
            self._lost.pop(gone, None)
            self._lost_elsewhere.pop(gone, None)

    def lose(self, service: str, process: str, counts: dict[str, int]) -> int:
        """Note what a process says that it has lost in all; return how many events that are more than before."""
        before = self._lost.setdefault(service, {}).get(process, {})
        self._lost[service][process] = counts
        return sum(counts.values()) - sum(before.values())

    # -- several hubs -----------------------------------------------------------------------------

    def now_ms(self) -> int:
        """Return the monotonic time in milliseconds."""
        return int(self._clock() * 1000)

    def track(self, jobs: Iterable[str] | None = None, services: Iterable[str] | None = None) -> None:
        """Note what changes, for `changed`; these jobs and services, or all, have changed."""
        if self._changed is None:
            self._changed = ({}, {})
        self._changed[0].update(dict.fromkeys(self._jobs if jobs is None else jobs))
        self._changed[1].update(dict.fromkeys(self._heard if services is None else services))

    def changed(self, most: int) -> tuple[list[str], list[str]]:
        """Return jobs and services of which this hub has heard since it was asked last, each at most so many."""
        found: list[list[str]] = []
        for names in self._changed or ():
            some = [name for name, _ in zip(names, range(most), strict=False)]
            for name in some:
                del names[name]
            found.append(some)
        return (found[0], found[1]) if found else ([], [])

    def summary(self, job_id: str) -> Summary | None:
        """Return what this hub knows of a job; None when it is nothing."""
        job = self._jobs.get(job_id)
        return job.summary() if job is not None else None

    def heard_here(self, service: str) -> tuple[int, dict[str, int]]:
        """Return when a service was heard, in milliseconds on the monotonic clock, and what it lost."""
        return int(self._heard.get(service, 0) * 1000), _total(self._lost.get(service, {}).values())

    def learn(self, hub: str, job_id: str, told: Summary) -> None:
        """Take into account what another hub knows of a job.

        Args:
            hub: the other hub.
            job_id: the job.
            told: what it knows, with times in milliseconds on this machine's monotonic clock.
        """
        heard, began = told.heard_ms / 1000, told.began_ms / 1000
        job = self._jobs.get(job_id)
        if job is None:
            job = self._jobs[job_id] = JobState(job_id, began, heard, None, Works(MOST_OPEN), said=-math.inf)
            job.stall_told = self._clock() - heard > self._stall_s
        job.others[hub] = told
        job.together = None
        job.began = min(job.began, began)
        if heard >= job.heard:
            job.heard = heard
            is_quiet = self._clock() - heard > LINGER_S
            job.stall_told = job.stall_told and is_quiet
            self._jobs.move_to_end(job_id, last=not is_quiet)
        self._has_learned = True
        if len(self._jobs) > self._most:
            self._jobs.popitem(last=False)

    def learn_service(self, hub: str, service: str, heard_ms: int, lost: dict[str, int]) -> None:
        """Take into account what another hub knows of a service; see `learn`."""
        if heard_ms / 1000 > self._heard.get(service, -math.inf):
            self._hear(service, heard_ms / 1000)
        self._lost_elsewhere.setdefault(service, {})[hub] = lost

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
        if job.others:
            return self._shown_together(job, missed, for_operator=for_operator)
        now = self._clock()
        state = job.state(now, self._stall_s)
        last = job.last
        work = job.waits_for
        said = work.last.event if work is not None and work.last is not None else None
        percent = said.percent if said is not None else None
        return wire.Job(
            job.job_id,
            state,
            _ms(now - job.began),
            _ms(now - job.heard),
            (last.human if last is not None else None) or "",
            (last.actor if last is not None else None) or "",
            dict(job.counts),
            None
            if work is None or said is None
            else wire.Waits(work.event.actor or "", said.human or "", work.start.at_ms or 0, percent),
            missed,
            [open_.name for open_ in job.works.open] if state == "ended" else [],
            job.works.unopened,
            list(job.correlation_ids) if for_operator else [],
        )

    def _shown_together(self, job: JobState, missed: int, *, for_operator: bool) -> wire.Job:
        now = self._clock()
        state = job.state(now, self._stall_s)
        known = job.known()
        work = known.open[-1] if known.open else None
        return wire.Job(
            job.job_id,
            state,
            _ms(now - job.began),
            _ms(now - job.heard),
            known.sentence,
            known.service,
            dict(known.counts),
            None if work is None else wire.Waits(work.service, work.sentence, work.since_ms, work.percent),
            missed,
            [one.name for one in known.open] if state == "ended" else [],
            known.unopened,
            list(known.correlation_ids) if for_operator else [],
        )

    def jobs(self, allowed: Iterable[str] | None = None, *, ended: int | None = None) -> list[JobState]:
        """Return the jobs, the open one that has been quiet for longest first, ended ones last.

        Args:
            allowed: the ids that the caller may see; all when None.
            ended: only so many that have ended, those that were heard last; all when None.
        """
        found: Iterable[JobState] = (
            self._jobs.values() if allowed is None else filter(None, map(self._jobs.get, allowed))
        )
        if self._has_learned:  # what other hubs tell does not come in order
            found = sorted(found, key=lambda job: job.heard)
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
            wire.Service(service, _ms(now - heard), self._lost_of(service)) for service, heard in self._heard.items()
        ]

    def _lost_of(self, service: str) -> dict[str, int]:
        return _total([*self._lost.get(service, {}).values(), *self._lost_elsewhere.get(service, {}).values()])


def _total(counts: Iterable[dict[str, int]]) -> dict[str, int]:
    total: dict[str, int] = {}
    for one in counts:
        for level, number in one.items():
            total[level] = total.get(level, 0) + number
    return total


def _ms(seconds: float) -> int:
    return max(0, int(seconds * 1000))
