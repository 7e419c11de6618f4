"""A job: one request on its way, its answer as it grows, and how it came to its end."""

import asyncio
import contextvars
import hashlib
import time
from collections import deque
from collections.abc import Callable
from typing import Any, Final, NamedTuple

from narration_core import CHANNELS, Subscription, subscribe
from narration_worker.errors import WorkerError
from narration_worker.metrics import Outcome
from narration_worker.model.generation import Result, Stopped, StopSwitch, Token
from narration_worker.requests import ExecuteRequest, native_seed

_BACKLOG: Final = 20_000


Ending = Result | Stopped | WorkerError


class _Note(NamedTuple):
    """Something that happened and has not been narrated yet: when, in milliseconds since the epoch, and what."""

    at_ms: int
    point: Callable[..., None]
    fields: dict[str, Any]


class Job:
    """One request on its way. Make it where its id is bound and its channel open.

    The inference thread only puts down what happens, which costs it next to nothing (`add`, `note`). The event loop
    tells and sends it a moment later, several things together, in the order in which they happened (`show`).

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
        self.ending: Ending | None = None
        self.ended_at_ms = 0
        self.outcome: Outcome = "error"  # unless its end can be told
        self.first_token_ms: float | None = None
        self.duration_ms: float | None = None
        self.subscription: Subscription = subscribe(job_id, backlog=_BACKLOG)
        self.context = contextvars.copy_context()  # so that whoever ends it tells its story, not his own
        self._news: deque[Token | _Note] = deque()

    def send(self, name: str, *values: Any) -> None:
        """Put messages of one kind into the job's stream."""
        CHANNELS.send(self.job_id, name, *values)

    def add(self, step: Token) -> None:
        """Put down a token of the answer."""
        self._news.append(step)

    def note(self, point: Callable[..., None], **fields: Any) -> None:
        """Put down something that is to be narrated, with the time."""
        self._news.append(_Note(_now_ms(), point, fields))

    def end(self, how: Ending) -> None:
        """Put down how it ended, with the time."""
        self.ended_at_ms = _now_ms()
        self.ending = how

    def show(self) -> bool:
        """Narrate and send what was put down since the last time; False when that is nothing. In the job's context."""
        if not self._news:
            return False
        shown: list[tuple[str, int]] = []
        while self._news:
            new = self._news.popleft()
            if isinstance(new, Token):
                self.tokens_out += new.token >= 0
                if new.text:
                    shown.append((new.text, new.place))
                continue
            self._answer(shown)
            shown = []
            new.point(emitted_at_ms=new.at_ms, **new.fields)
        self._answer(shown)
        return True

    def _answer(self, shown: list[tuple[str, int]]) -> None:
        text = "".join(text for text, _ in shown)
        self.digest.update(text.encode())
        self.chars += len(text)
        self.send("token", *shown)


def _now_ms() -> int:
    return time.time_ns() // 1_000_000
