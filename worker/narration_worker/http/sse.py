"""Server-sent events: how a job's stream looks on the wire."""

import asyncio
import contextlib
from typing import Final

import msgspec
from aiohttp import web

from narration_core import Delivery, Subscription

COMMENT: Final = b": still here\n"
"""What fills silence. No empty line after it: httpx-sse takes one for the end of an event without data."""

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
    """Return a delivery of the job's channel as it is sent."""
    if delivery.record is not None:
        record = delivery.record
        return _NARRATION % (delivery.event_id, record.line, _encode(record.formatted))
    if delivery.message is None:
        return message(delivery.event_id, "gap", b'{"missed":%d}' % delivery.missed)
    name, value = delivery.message
    if name == "token":
        shown, place = value
        return _TOKEN % (delivery.event_id, _encode(shown), place)
    return message(delivery.event_id, name, _encode(value))


async def stream(
    response: web.StreamResponse, subscription: Subscription, *, micro_batch_ms: int, heartbeat_s: float
) -> bytes:
    """Send a job's stream until it ends; returns the last of it, to be sent together with the end of the response.

    Args:
        response: prepared.
        subscription: the job's channel.
        micro_batch_ms: wait so long for more before sending; 0 sends what is there.
        heartbeat_s: silence after which a comment shows that the stream is alive.
    """
    heart = _Heart(response, heartbeat_s)
    beating = asyncio.create_task(heart.beat())
    try:
        while True:
            batch = await subscription.batch()
            if micro_batch_ms:
                await asyncio.sleep(micro_batch_ms / 1000)
                batch += subscription.waiting()
            heart.quiet = False
            told = b"".join(map(as_bytes, batch))
            if subscription.ended:
                return told
            await response.write(told)
    finally:
        beating.cancel()


class _Heart:
    """Shows that a silent stream is alive; a timer of its own, because one for every message would cost more."""

    def __init__(self, response: web.StreamResponse, every_s: float) -> None:
        self.quiet = True
        self._response = response
        self._every_s = every_s

    async def beat(self) -> None:
        """Send a comment after each period in which nothing was sent."""
        with contextlib.suppress(ConnectionResetError):  # the stream itself finds out
            while True:
                await asyncio.sleep(self._every_s)
                if self.quiet:
                    await self._response.write(COMMENT)
                self.quiet = True
