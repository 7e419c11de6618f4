"""Server-sent events: how a job's stream is encoded and sent."""

import asyncio
import contextlib
from collections.abc import Iterable, Mapping
from typing import Final

import msgspec
from aiohttp import web

from narration_core import Delivery
from narration_core.serving.sse import COMMENT, message
from narration_worker.errors import WorkerError
from narration_worker.jobs.job import Job
from narration_worker.wire import Gap, Token

# The two frequent events, as templates: encoding them field by field costs more than generating a token.
_NARRATION: Final = b'event: narration\ndata: {"event":%b,"formatted":%b}\n\n'
_TOKEN: Final = b'event: token\ndata: {"t":%b,"i":%d}\n\n'
_LONGEST_EVENT_ID: Final = 18
"""Digits of the largest 64-bit number."""

_encode: Final = msgspec.json.Encoder().encode


def as_bytes(delivery: Delivery) -> bytes:
    """Return the bytes of a delivery of the job's channel, without its id."""
    if delivery.record is not None:
        return _NARRATION % (delivery.record.line, _encode(delivery.record.formatted))
    if delivery.message is None:
        return message("gap", _encode(Gap(delivery.missed)))
    name, data = delivery.message
    if isinstance(data, Token):
        return _TOKEN % (_encode(data.t), data.i)
    return message(name, _encode(data))


def last_event_id(headers: Mapping[str, str]) -> int:
    """Return the id of the last event that a client received; 0 for none.

    Raises:
        WorkerError: INVALID_REQUEST.
    """
    given = headers.get("Last-Event-ID", "0").strip()
    if not given.isascii() or not given.isdigit() or len(given) > _LONGEST_EVENT_ID:
        raise WorkerError("INVALID_REQUEST", "Last-Event-ID is not an id of this stream")
    return int(given)


def with_ids(deliveries: Iterable[Delivery]) -> bytes:
    """Return the bytes of deliveries, each with its id, for streams that can be resumed."""
    return b"".join(b"id: %d\n%b" % (delivery.event_id, as_bytes(delivery)) for delivery in deliveries)


async def stream(
    response: web.StreamResponse, job: Job, *, micro_batch_ms: int, heartbeat_s: float, after: int = 0
) -> bytes:
    """Send a job's stream until it ends; return its last bytes, to be sent together with the end of the response.

    Args:
        response: a prepared response.
        job: the job; when it keeps what was sent, every event carries an id.
        micro_batch_ms: time to collect more events before sending, in milliseconds; 0 sends at once.
        heartbeat_s: silence after which a comment is sent, in seconds.
        after: id of the last event that the client has; 0 for none.
    """
    subscription = job.subscription
    replay = [delivery for delivery in job.sent or () if delivery.event_id > after]
    if replay and not subscription.ended:
        await response.write(with_ids(replay))
    elif replay:
        return with_ids(replay)
    heartbeat = _Heartbeat(response, heartbeat_s)
    try:
        while True:
            batch = await subscription.batch()
            if micro_batch_ms:
                await asyncio.sleep(micro_batch_ms / 1000)
                batch += subscription.waiting()
            heartbeat.silent = False
            if job.sent is None:
                data = b"".join(map(as_bytes, batch))
            else:
                job.sent.extend(batch)
                data = with_ids(batch)
            if subscription.ended:
                return data
            await response.write(data)
    finally:
        heartbeat.stop()


class _Heartbeat:
    """Sends comments in a silent stream.

    One timer for the whole stream, because one per message would cost more, and a task only for what is sent: most
    streams end before.
    """

    def __init__(self, response: web.StreamResponse, every_s: float) -> None:
        self.silent = True
        self._response = response
        self._every_s = every_s
        self._loop = asyncio.get_running_loop()
        self._timer = self._loop.call_later(every_s, self._beat)
        self._sending: asyncio.Task[None] | None = None

    def stop(self) -> None:
        """Send nothing more."""
        self._timer.cancel()
        if self._sending is not None:
            self._sending.cancel()

    def _beat(self) -> None:
        """Send a comment when nothing was sent since the last time, unless the client has not taken that one yet."""
        if self.silent and (self._sending is None or self._sending.done()):
            self._sending = self._loop.create_task(self._send())
        self.silent = True
        self._timer = self._loop.call_later(self._every_s, self._beat)

    async def _send(self) -> None:
        with contextlib.suppress(ConnectionResetError):  # the stream itself notices
            await self._response.write(COMMENT)
