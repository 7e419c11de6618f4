"""A job: one accepted request, its answer so far, and how it ended."""

import asyncio
import contextvars
import hashlib
import time
from collections import deque
from collections.abc import Callable
from typing import Any, Final, NamedTuple

from narration_core import CHANNELS, Delivery, Subscription, subscribe
from narration_worker import wire
from narration_worker.errors import WorkerError
from narration_worker.metrics import Outcome
from narration_worker.model.generation import Result, Stopped, StopSwitch, Token
from narration_worker.requests import ExecuteRequest, native_seed
from narration_worker.wire import STREAM_EVENT_NAMES

_BACKLOG: Final = 20_000


Ending = Result | Stopped | WorkerError


class _PendingEvent(NamedTuple):
    """An event that is not narrated yet: its time in milliseconds since the epoch, its point, its fields."""

    at_ms: int
    point: Callable[..., None]
    fields: dict[str, Any]


class Job:
    """One accepted request. Create it while its id is bound and its channel is open.

    The inference thread only records what happens, which costs it almost nothing. The event loop narrates and sends
    the records a moment later, several at once and in order (`publish_pending`).

    Args:
        job_id: its id.
        request: the request.
        prompt: the prompt's tokens.
        keep_events: keep what was sent, for a client that resumes a cut stream.
    """

    def __init__(self, job_id: str, request: ExecuteRequest, prompt: list[int], *, keep_events: bool = False) -> None:
        self.job_id = job_id
        self.request = request
        self.seed = native_seed(request.seed)
        self.switch = StopSwitch()
        self.prompt = prompt
        self.accepted_ns = time.monotonic_ns()
        self.accepted_at_ms = now_ms()
        self.position: int | None = None
        self.deadline: asyncio.TimerHandle | None = None
        self.tokens_in = len(prompt)
        self.tokens_out = 0
        self.output_digest = hashlib.sha256()
        self.output_chars = 0
        self.ending: Ending | None = None
        self.ended_at_ms = 0
        self.outcome: Outcome = "error"  # until the ending is published
        self.first_token_ms: float | None = None
        self.duration_ms: float | None = None
        self.subscription: Subscription = subscribe(job_id, backlog=_BACKLOG)
        self.context = contextvars.copy_context()  # whoever ends the job narrates in the job's own context
        self.sent: deque[Delivery] | None = deque(maxlen=_BACKLOG) if keep_events else None
        self.reader: object | None = None
        self.resume_deadline: asyncio.TimerHandle | None = None
        self._pending: deque[Token | _PendingEvent] = deque()

    def send(self, *events: wire.StreamEvent) -> None:
        """Send events of one type to the job's stream."""
        if events:
            CHANNELS.send(self.job_id, STREAM_EVENT_NAMES[type(events[0])], *events)

    @property
    def age_ms(self) -> int:
        """Time since the request was accepted, up to its end, in milliseconds."""
        return max(0, (self.ended_at_ms or now_ms()) - self.accepted_at_ms)

    @property
    def last_sent_id(self) -> int:
        """The id of the last event that was sent; 0 when there is none, or the stream cannot be resumed."""
        return self.sent[-1].event_id if self.sent else 0

    def state(self, status: wire.JobStatus) -> wire.JobState:
        """Return what is known of the job, as `/jobs` answers it."""
        return wire.JobState(self.job_id, status, self.accepted_at_ms, self.tokens_in, self.tokens_out, self.seed)

    def record_token(self, token: Token) -> None:
        """Record a token of the answer."""
        self._pending.append(token)

    def record_event(self, point: Callable[..., None], **fields: Any) -> None:
        """Record an event to narrate later, with the current time."""
        self._pending.append(_PendingEvent(now_ms(), point, fields))

    def record_ending(self, ending: Ending) -> None:
        """Record how the job ended, with the current time."""
        self.ended_at_ms = now_ms()
        self.ending = ending

    def publish_pending(self) -> bool:
        """Narrate and send what was recorded since the last call; False when there is nothing. In the job's context.

        An event that cannot be narrated costs the client none of its tokens: what it raises is raised at the end.
        """
        if not self._pending:
            return False
        tokens: list[wire.Token] = []
        failure: Exception | None = None
        while self._pending:
            record = self._pending.popleft()
            if isinstance(record, Token):
                self.tokens_out += record.token >= 0
                if record.text:
                    tokens.append(wire.Token(record.text, record.position))
                continue
            self._send_tokens(tokens)
            tokens = []
            try:
                record.point(emitted_at_ms=record.at_ms, **record.fields)
            except Exception as error:  # noqa: BLE001 - whatever is wrong with one event
                failure = failure or error
        self._send_tokens(tokens)
        if failure is not None:
            raise failure
        return True

    def _send_tokens(self, tokens: list[wire.Token]) -> None:
        text = "".join(token.t for token in tokens)
        self.output_digest.update(text.encode())
        self.output_chars += len(text)
        self.send(*tokens)


def now_ms() -> int:
    """Return the time in milliseconds since the epoch."""
    return time.time_ns() // 1_000_000
