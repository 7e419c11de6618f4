"""When waiting jobs are told their places in the queue."""

import asyncio
from collections.abc import Callable
from typing import Final

from narration_worker.jobs.job import Job

EVERY_S: Final = 1.0
"""Shortest time between two looks at a queue that moves, in seconds: with short jobs it may move a hundred times."""

NEAR: Final = 3
"""From this position on, a waiting job is told every step; before, only each halving."""


def should_announce(last: int, position: int) -> bool:
    """Return whether a waiting job is told its new position: in a long queue, not every step.

    Args:
        last: the position that it was told last, from 0.
        position: its position now.
    """
    return position < last and (position <= NEAR or position * 2 <= last)


class Places:
    """Tells a new job its place at once, and the others theirs at most once a second; inside an event loop.

    Args:
        queued: returns the waiting jobs, the next one first.
        tell: called with a job and its place, from 0.
    """

    def __init__(self, queued: Callable[[], list[Job]], tell: Callable[[Job, int], None]) -> None:
        self._queued = queued
        self._tell = tell
        self._loop = asyncio.get_running_loop()
        self._next_look = 0.0
        self._timer: asyncio.TimerHandle | None = None

    def job_came(self) -> None:
        """Tell jobs that were told nothing yet where they stand."""
        for position, job in enumerate(self._queued()):
            if job.position is None:
                self._tell_place(job, position)

    def queue_moved(self) -> None:
        """Tell the waiting jobs what is new for them, now or as soon as it is time for it."""
        if self._timer is not None:
            return
        if self._loop.time() < self._next_look:
            self._timer = self._loop.call_at(self._next_look, self._look)
        else:
            self._look()

    def _look(self) -> None:
        self._timer = None
        self._next_look = self._loop.time() + EVERY_S
        for position, job in enumerate(self._queued()):
            if job.position is None or should_announce(job.position, position):
                self._tell_place(job, position)

    def _tell_place(self, job: Job, position: int) -> None:
        job.position = position
        self._tell(job, position)
