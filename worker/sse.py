"""Server-sent events: how a job's stream looks on the wire (M0-W-1310, SSE-10)."""

import asyncio
from typing import Any, Final

import msgspec
from aiohttp import web

from narration_core import Delivery, Subscription, encode, formatted

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
    if delivery.event is not None:
        said = _encode(formatted(delivery.event))
        return message(delivery.event_id, "narration", b'{"event":%b,"formatted":%b}' % (encode(delivery.event), said))
    if delivery.message is None:
        return message(delivery.event_id, "gap", b'{"missed":%d}' % delivery.missed)
    name, value = delivery.message
    return message(delivery.event_id, name, _encode(_token(value) if name == "token" else value))


def _token(value: Any) -> dict[str, Any]:
    text, place = value
    return {"t": text, "i": place}


async def stream(
    response: web.StreamResponse, subscription: Subscription, *, micro_batch_ms: int, heartbeat_s: float
) -> None:
    """Send a job's stream until it ends.

    Args:
        response: prepared.
        subscription: the job's channel.
        micro_batch_ms: wait so long for more before sending; 0 sends what is there.
        heartbeat_s: silence after which a comment shows that the stream is alive.
    """
    pending: asyncio.Task[list[Delivery]] | None = None
    try:
        while True:
            pending = pending or asyncio.ensure_future(subscription.batch())
            done, _ = await asyncio.wait((pending,), timeout=heartbeat_s)
            if not done:
                await response.write(b": still here\n\n")
                continue
            batch, pending = pending.result(), None
            if not batch:
                return
            if micro_batch_ms:
                await asyncio.sleep(micro_batch_ms / 1000)
                batch += subscription.waiting()
            await response.write(b"".join(map(as_bytes, batch)))
    finally:
        if pending is not None:
            pending.cancel()
