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
_PARTS: Final = 20  # of all streams, that look one after the other: none waits for many
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


class Looks:
    """Has every stream look at the clock: one timer for all, since one each would cost every idle reader a kilobyte.

    Args:
        settings: how often.
    """

    def __init__(self, settings: Settings) -> None:
        self._pause_s = min(_LOOK_S, settings.heartbeat_s) / _PARTS
        self._parts: tuple[set[Stream], ...] = tuple(set() for _ in range(_PARTS))
        self._newest = 0

    def add(self, stream: "Stream") -> "set[Stream]":
        """Have a stream look from now on; return what to take it out of in the end."""
        self._newest = (self._newest + 1) % _PARTS
        part = self._parts[self._newest]
        part.add(stream)
        return part

    async def run(self) -> None:
        """Look for ever."""
        while True:
            for part in self._parts:
                await asyncio.sleep(self._pause_s)
                now = time.monotonic()
                for stream in part:
                    stream.look(now)


class Stream:
    """Sends a ring to one reader.

    Args:
        request: the reader's request.
        ring: what is sent.
        subject: what it is the stream of, for narration.
        counts: where losses are counted.
        settings: heartbeat and write deadline.
        looks: has it look at the clock.
        ends: returns why the reader must go now, or None.
        is_ticketed: whether the reader has a ticket.
    """

    __slots__ = (
        "_counts", "_deadline_s", "_ends", "_heartbeat_s", "_is_ticketed", "_looks", "_request", "_response", "_ring",
        "_silent_since", "_subject", "_waiting",
    )  # fmt: skip

    def __init__(
        self,
        request: web.Request,
        ring: Ring,
        subject: str,
        counts: Counts,
        settings: Settings,
        looks: Looks,
        ends: Callable[[], EndReason | None],
        *,
        is_ticketed: bool,
    ) -> None:
        self._request = request
        self._ring = ring
        self._subject = subject
        self._counts = counts
        self._heartbeat_s = settings.heartbeat_s
        self._deadline_s = settings.write_deadline_s
        self._looks = looks
        self._ends = ends
        self._is_ticketed = is_ticketed
        self._silent_since = time.monotonic()
        self._waiting: asyncio.Future[None] | None = None
        self._response = web.StreamResponse(headers=HEADERS)

    async def run(self) -> web.StreamResponse:
        """Send everything until the stream ends or the reader goes."""
        if self._request.version < (1, 1):
            self._response.force_close()  # HTTP/1.0 knows no chunks: the end of the connection is the end
        ring = self._ring
        ring.readers += 1
        ring.ticketed += self._is_ticketed
        self._counts.readers += 1
        self._counts.ticketed += self._is_ticketed
        part = self._looks.add(self)
        try:
            await self._response.prepare(self._request)
            self._response.headers.clear()  # they are sent; an idle reader should hold nothing that is not needed
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
            part.discard(self)
            ring.leave()
            ring.ticketed -= self._is_ticketed
            self._counts.readers -= 1
            self._counts.ticketed -= self._is_ticketed
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
        loop = asyncio.get_running_loop()
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
                continue
            reason = reason or ring.end
            if reason is not None:
                await self._write(message("end", _encode(End(reason))))
                await self._response.write_eof()
                return
            if self._is_silent(time.monotonic()):
                await self._write(COMMENT)
                continue
            self._waiting = waiting = loop.create_future()
            ring.wait(waiting)
            try:
                await waiting
            finally:
                ring.forget(waiting)

    def _is_silent(self, now: float) -> bool:
        return now - self._silent_since >= self._heartbeat_s

    def look(self, now: float) -> None:
        """Go on, if there is a reason beside new events.

        Args:
            now: on the monotonic clock, in seconds.
        """
        waiting = self._waiting
        if waiting is not None and not waiting.done() and (self._is_silent(now) or self._ends() is not None):
            waiting.set_result(None)

    async def _write(self, data: bytes) -> None:
        async with asyncio.timeout(self._deadline_s):
            await self._response.write(data)
        self._silent_since = time.monotonic()
