"""One reader's stream: hello, what it missed, what comes, and the end."""

import asyncio
import socket
import time
from collections.abc import Callable
from typing import Final

import msgspec
from aiohttp import web

from narration_core import __version__
from narration_core.serving.sse import COMMENT, HEADERS, message
from narration_hub import points
from narration_hub.config import Settings
from narration_hub.exchange import Counts
from narration_hub.ring import Ring
from narration_hub.wire import End, EndReason, Hello, Reset

SEND_BUFFER: Final = 64 * 1024
"""Of a stream's socket, in bytes: what a reader that never reads costs."""

_LOOK_S: Final = 1.0  # how soon an expired or revoked ticket is noticed
_encode: Final = msgspec.json.Encoder().encode


async def deliver(
    request: web.Request, response: web.StreamResponse, data: bytes, deadline_s: float, counts: Counts
) -> bool:
    """Write to a reader; False when it takes nothing for so long that it is given up.

    Args:
        request: the reader's request.
        response: where to write.
        data: what to write.
        deadline_s: how long to wait, in seconds.
        counts: where readers that are given up are counted.
    """
    try:
        async with asyncio.timeout(deadline_s):
            await response.write(data)
    except TimeoutError:
        counts.slow_readers += 1
        if request.transport is not None:
            request.transport.abort()
        return False
    return True


class Stream:
    """Sends a ring to one reader.

    Args:
        request: the reader's request.
        ring: what is sent.
        subject: what it is the stream of, for narration.
        counts: where losses are counted.
        settings: heartbeat and write deadline.
        ends: returns why the reader must go now, or None.
    """

    def __init__(
        self,
        request: web.Request,
        ring: Ring,
        subject: str,
        counts: Counts,
        settings: Settings,
        ends: Callable[[], EndReason | None],
    ) -> None:
        self._request = request
        self._ring = ring
        self._subject = subject
        self._counts = counts
        self._heartbeat_s = settings.heartbeat_s
        self._deadline_s = settings.write_deadline_s
        self._ends = ends
        self._response = web.StreamResponse(headers=HEADERS)

    async def run(self) -> web.StreamResponse:
        """Send everything until the stream ends or the reader goes."""
        if self._request.version < (1, 1):
            self._response.force_close()  # HTTP/1.0 knows no chunks: the end of the connection is the end
        ring = self._ring
        ring.readers += 1
        self._counts.readers += 1
        try:
            await self._response.prepare(self._request)
            self._limit_buffer()
            await self._send()
        except TimeoutError:
            self._counts.slow_readers += 1
            points.reader_slow(subject=self._subject)
            if self._request.transport is not None:
                self._request.transport.abort()
        except ConnectionResetError:
            pass  # the reader has gone; nobody is left to tell
        finally:
            ring.leave()
            self._counts.readers -= 1
        return self._response

    def _limit_buffer(self) -> None:
        transport = self._request.transport
        sock = transport.get_extra_info("socket") if transport is not None else None
        if sock is not None:
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, SEND_BUFFER)

    def _first(self) -> tuple[bytes, int]:
        """Return the first bytes and where the reader goes on."""
        ring = self._ring
        now = time.time_ns() // 1_000_000
        first = message("hello", _encode(Hello(__version__, ring.epoch, ring.first, now)))
        given = self._request.headers.get("Last-Event-ID") or self._request.query.get("after")
        if not given:
            return first, 0
        cursor = ring.cursor_of(given.strip())
        if cursor is not None:
            return first, cursor
        return first + message("reset", _encode(Reset("this id is not of this stream"))), 0

    async def _send(self) -> None:
        ring = self._ring
        life = ring.life
        data, cursor = self._first()
        await self._write(data)
        silent_since = time.monotonic()
        while True:
            reason = self._ends()
            if ring.life != life:
                life, cursor = ring.life, 0
                await self._write(message("reset", _encode(Reset("the numbers of this stream began anew"))))
                continue
            piece = ring.read(cursor) if reason is None else None
            if piece is not None:
                cursor = piece.cursor
                self._counts.missed += piece.missed
                self._counts.delivered += 1
                await self._write(piece.data)
                silent_since = time.monotonic()
                continue
            reason = reason or ring.end
            if reason is not None:
                await self._write(message("end", _encode(End(reason))))
                await self._response.write_eof()
                return
            await ring.more(min(_LOOK_S, self._heartbeat_s))
            if time.monotonic() - silent_since >= self._heartbeat_s:
                await self._write(COMMENT)
                silent_since = time.monotonic()

    async def _write(self, data: bytes) -> None:
        async with asyncio.timeout(self._deadline_s):
            await self._response.write(data)
