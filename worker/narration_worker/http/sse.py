"""Server-sent events: how a job's stream is encoded and sent."""

import asyncio
import contextlib
from typing import Final

import msgspec
from aiohttp import web

from narration_core import Delivery, Subscription
from narration_worker.wire import Gap, Token

COMMENT: Final = b": still here\n"
"""Sent in silence. No empty line after it: httpx-sse would read one as the end of an event without data."""

# The two frequent events, as templates: encoding them field by field costs more than generating a token.
_NARRATION: Final = b'id: %d\nevent: narration\ndata: {"event":%b,"formatted":%b}\n\n'
_TOKEN: Final = b'id: %d\nevent: token\ndata: {"t":%b,"i":%d}\n\n'
HEADERS: Final = {
    "Content-Type": "text/event-stream; charset=utf-8",
    "Cache-Control": "no-cache",
    "X-Accel-Buffering": "no",  # a proxy in front must pass events on as they come
}
_encode: Final = msgspec.json.Encoder().encode


def message(event_id: int, name: str, data: bytes) -> bytes:
    """Return one event of a stream; `data` is a single line of JSON."""
    return b"id: %d\nevent: %b\ndata: %b\n\n" % (event_id, name.encode(), data)


def as_bytes(delivery: Delivery) -> bytes:
    """Return the bytes of a delivery of the job's channel."""
    if delivery.record is not None:
        record = delivery.record
        return _NARRATION % (delivery.event_id, record.line, _encode(record.formatted))
    if delivery.message is None:
        return message(delivery.event_id, "gap", _encode(Gap(delivery.missed)))
    name, data = delivery.message
    if isinstance(data, Token):
        return _TOKEN % (delivery.event_id, _encode(data.t), data.i)
    return message(delivery.event_id, name, _encode(data))


async def stream(
    response: web.StreamResponse, subscription: Subscription, *, micro_batch_ms: int, heartbeat_s: float
) -> bytes:
    """Send a job's stream until it ends; return its last bytes, to be sent together with the end of the response.

    Args:
        response: a prepared response.
        subscription: the job's channel.
        micro_batch_ms: time to collect more events before sending, in milliseconds; 0 sends at once.
        heartbeat_s: silence after which a comment is sent, in seconds.
    """
    heartbeat = _Heartbeat(response, heartbeat_s)
    heartbeat_task = asyncio.create_task(heartbeat.run())
    try:
        while True:
            batch = await subscription.batch()
            if micro_batch_ms:
                await asyncio.sleep(micro_batch_ms / 1000)
                batch += subscription.waiting()
            heartbeat.silent = False
            data = b"".join(map(as_bytes, batch))
            if subscription.ended:
                return data
            await response.write(data)
    finally:
        heartbeat_task.cancel()


class _Heartbeat:
    """Sends comments in a silent stream; one timer for the whole stream, because one per message would cost more."""

    def __init__(self, response: web.StreamResponse, every_s: float) -> None:
        self.silent = True
        self._response = response
        self._every_s = every_s

    async def run(self) -> None:
        """Send a comment after each period in which nothing was sent."""
        with contextlib.suppress(ConnectionResetError):  # the stream itself notices
            while True:
                await asyncio.sleep(self._every_s)
                if self.silent:
                    await self._response.write(COMMENT)
                self.silent = True
