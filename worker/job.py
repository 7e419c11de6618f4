"""A job: one request on its way, its answer as it grows, and how it came to its end."""

import asyncio
import contextvars
import hashlib
import time
from collections.abc import Callable
from typing import Any, Final

from narration_core import CHANNELS, Subscription, subscribe
from worker.engine import Result, Stopped, StopSwitch, Token
from worker.errors import WorkerError
from worker.requests import ExecuteRequest, native_seed

TOGETHER_S: Final = 0.002
"""Tokens that come faster go into the stream together: putting one there costs as much as many."""

_BACKLOG: Final = 20_000


class Job:
    """One request on its way. Make it where its id is bound and its channel open.

    Args:
        job_id: its name.
        request: what was asked for.
    """

    def __init__(self, job_id: str, request: ExecuteRequest) -> None:
        self.job_id = job_id
        self.request = request
        self.seed = native_seed(request.seed)
        self.switch = StopSwitch()
        self.accepted_ns = time.monotonic_ns()
        self.position: int | None = None
        self.deadline: asyncio.TimerHandle | None = None
        self.tokens_in = 0
        self.tokens_out = 0
        self.digest = hashlib.sha256()
        self.chars = 0
        self.ending: Result | Stopped | WorkerError | None = None
        self.first_token_ms: float | None = None
        self.duration_ms: float | None = None
        self.subscription: Subscription = subscribe(job_id, backlog=_BACKLOG)
        self.context = contextvars.copy_context()  # so that whoever ends it tells its story, not his own
        self._held: list[tuple[str, int]] = []
        self._shown_at = 0.0

    def send(self, name: str, *values: Any) -> None:
        """Put messages of one kind into the job's stream."""
        CHANNELS.send(self.job_id, name, *values)

    def tell(self, point: Callable[..., None], **fields: Any) -> None:
        """Narrate in the job's own context."""
        self.context.copy().run(point, **fields)

    def add(self, step: Token) -> float:
        """Take a token of the answer; returns the time, as `time.monotonic` tells it."""
        if step.token >= 0:
            self.tokens_out += 1
        if step.text:
            self._held.append((step.text, step.place))
        now = time.monotonic()
        if now >= self._shown_at + TOGETHER_S:
            self.show(now)
        return now

    def show(self, now: float = 0.0) -> None:
        """Put what is held of the answer into the stream.

        Args:
            now: the time, as `time.monotonic` tells it; left out at the end.
        """
        self._shown_at = now
        if self._held:
            text = "".join(text for text, _ in self._held)
            self.digest.update(text.encode())
            self.chars += len(text)
            self.send("token", *self._held)
            self._held.clear()
