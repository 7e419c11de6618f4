"""One connection of the HTTP server: bounded in time, and answering in our format what is not valid HTTP."""

import asyncio
from collections.abc import Callable
from functools import partial
from typing import Final, Protocol

import msgspec
from aiohttp import web

from narration_worker import points
from narration_worker.errors import WorkerError

KEEP_ALIVE_S: Final = 75.0
FIRST_REQUEST_S: Final = 10.0
"""Longest time until the first request's headers are complete, in seconds."""

_encode: Final = msgspec.json.Encoder().encode


class Connection(web.RequestHandler):
    """aiohttp's connection with a time limit for the first request, and with our error format."""

    __slots__ = ("_first_request_timer",)

    _first_request_timer: asyncio.TimerHandle | None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Start the time limit."""
        super().connection_made(transport)
        self._first_request_timer = self._loop.call_later(FIRST_REQUEST_S, self._close_if_silent)

    def connection_lost(self, exc: BaseException | None) -> None:
        """Forget the time limit."""
        if self._first_request_timer is not None:
            self._first_request_timer.cancel()
        super().connection_lost(exc)

    def _close_if_silent(self) -> None:
        if not self._request_count:
            self.force_close()

    def handle_error(
        self,
        request: web.BaseRequest,
        status: int = 500,
        exc: BaseException | None = None,
        message: str | None = None,  # noqa: ARG002 - it repeats bytes of the request
    ) -> web.StreamResponse:
        """Answer what failed outside of the endpoints. The exception's text may hold a prompt or a token: not used."""
        kind = type(exc).__name__ if exc is not None else "timeout"
        client_fault = status < 500  # noqa: PLR2004 - HTTP: below is the client's
        points.http_failed(address=request.remote or "unknown", error_kind=kind)
        if request.writer.output_size > 0:
            raise ConnectionError("the response has begun; nothing else can be sent")
        if client_fault:
            error = WorkerError("INVALID_REQUEST", f"this is not a valid HTTP request ({kind})")
        else:
            error = WorkerError("INTERNAL", f"unexpected {kind}; the narration says more")
        response = web.Response(
            status=status if client_fault else error.status,
            body=_encode(error.to_wire()),
            content_type="application/json",
        )
        response.force_close()
        return response


class _Runner(Protocol):
    @property
    def server(self) -> web.Server | None: ...


def connection_factory(runner: _Runner) -> Callable[[], Connection]:
    """Return the protocol factory for `loop.create_server`.

    Args:
        runner: an `AppRunner` that is set up.
    """
    if runner.server is None:
        raise RuntimeError("set the runner up first")
    return partial(
        Connection,
        runner.server,
        loop=asyncio.get_running_loop(),
        keepalive_timeout=KEEP_ALIVE_S,
        access_log=None,  # type: ignore[arg-type]  # turns it off, as `AppRunner` does
    )
