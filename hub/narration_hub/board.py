"""The board: what every job is doing, what it waits for, and when each service was last heard."""

import math
import time
from collections import OrderedDict
from collections.abc import Callable, Iterable, Iterator
from typing import Final

from narration_core import Event
from narration_core.following import Works
from narration_hub import wire
from narration_hub.changes import Changes
from narration_hub.job_state import LINGER_S, MOST_OPEN, JobState
from narration_hub.services import Services
from narration_hub.summary import Summary

MOST_BYTES: Final = 128 << 20
"""How much memory jobs may take, about, in bytes."""


class Board:
    """Every job that was heard, and the services.

    Args:
        stall_s: when a quiet job is called stalled, in seconds.
        most: how many jobs are kept.
        clock: returns the monotonic time in seconds.
        most_bytes: how much memory they may take, about, in bytes; those that were quiet for longest go first.

    Attributes:
        bytes: about how much memory the jobs take at most.
        services: the services.
        changes: the jobs of which this hub has heard.
    """

    def __init__(
        self,
        stall_s: float,
        most: int = 50_000,
        clock: Callable[[], float] = time.monotonic,
        most_bytes: int = MOST_BYTES,
    ) -> None:
        self.bytes = 0
        self._most_bytes = most_bytes
        self._stall_s = stall_s
        self._most = most
        self._clock = clock
        self._jobs: OrderedDict[str, JobState] = OrderedDict()  # the one that was quiet for longest comes first
        self.services = Services(clock)
        self._has_learned = False
        self.changes = Changes()

    def take(self, event: Event, age_s: float = 0.0, size: int = 0) -> None:
        """Take an event into account.

        Args:
            event: the event.
            age_s: how long ago it came in, in seconds.
            size: how long its line is, in bytes.
        """
        if event.job_id is None:
            self.services.say(event.actor or "", event.human or "", age_s)
            return
        now = self._clock() - age_s
        job = self._jobs.get(event.job_id)
        if job is None:
            job = self._jobs[event.job_id] = JobState(event.job_id, now, now, event, Works(MOST_OPEN), now)
        else:
            self._jobs.move_to_end(event.job_id)
        before = job.weight
        job.take(event, now, size)
        self.bytes += job.weight - before
        if self.bytes > self._most_bytes or len(self._jobs) > self._most:
            self._make_room()
        self.changes.note(event.job_id)

    # -- several hubs -----------------------------------------------------------------------------

    def now_ms(self) -> int:
        """Return the monotonic time in milliseconds."""
        return int(self._clock() * 1000)

    def track(self, jobs: Iterable[str] | None = None) -> None:
        """Note in `changes` what changes; these jobs, or all, have changed."""
        self.changes.track(self._jobs if jobs is None else jobs)

    def summary(self, job_id: str) -> Summary | None:
        """Return what this hub knows of a job; None when it is nothing."""
        job = self._jobs.get(job_id)
        return job.summary() if job is not None else None

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
        before = job.weight
        job.others[hub] = told
        job.weigh()
        self.bytes += job.weight - before
        job.together = job.settled = None
        job.began = min(job.began, began)
        if heard >= job.heard:
            job.heard = heard
            is_quiet = self._clock() - heard > LINGER_S
            job.stall_told = job.stall_told and is_quiet
            self._jobs.move_to_end(job_id, last=not is_quiet)
        self._has_learned = True
        self._make_room()

    def _make_room(self) -> None:
        while len(self._jobs) > self._most or (self.bytes > self._most_bytes and len(self._jobs) > 1):
            _, gone = self._jobs.popitem(last=False)
            self.bytes -= gone.weight

    def __len__(self) -> int:
        return len(self._jobs)

    def find(self, job_id: str) -> JobState | None:
        """Return what is known of a job, or None."""
        return self._jobs.get(job_id)

    def quiet(self) -> Iterator[tuple[JobState, wire.JobState]]:
        """Yield each job that is not running, with its state; those that have settled need no look."""
        now = self._clock()
        for job in self._jobs.values():
            if now - job.heard < min(LINGER_S, self._stall_s):
                return  # those that follow were heard later
            if job.settled is not None:
                continue
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
        """Return the jobs, the stalled one that has been quiet for longest first, ended ones last.

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
        by_state: dict[wire.JobState, list[JobState]] = {"stalled": [], "running": [], "ended": []}
        for job in found:
            by_state[job.state(now, self._stall_s)].append(job)
        over = by_state["ended"]
        # One that has just ended may have been quiet for longer than one that is stuck.
        return (
            by_state["stalled"] + by_state["running"] + (over if ended is None else over[max(0, len(over) - ended) :])
        )


def _ms(seconds: float) -> int:
    return max(0, int(seconds * 1000))
