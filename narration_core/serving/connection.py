"""One connection of the HTTP server: bounded in time, and answering in the service's format what is not valid HTTP."""

import asyncio
import os
import socket
from collections.abc import Callable
from functools import partial
from typing import Any, Final, Protocol

from aiohttp import web

KEEP_ALIVE_S: Final = 75.0
FIRST_REQUEST_S: Final = 10.0
"""Longest time until the first request's headers are complete, in seconds."""

_BACKLOG: Final = 128
_FAILURE: Final = 400  # the lowest status of an answer that is a refusal or a failure

Answer = Callable[[web.BaseRequest, int, str], web.Response]
"""Narrates what failed outside of the endpoints and answers it; called with the request, its status and its kind."""


class Connection(web.RequestHandler):
    """aiohttp's connection with a time limit for the first request, and with the service's error format.

    Args:
        answer: answers what failed outside of the endpoints.
        arguments: of aiohttp's own.
    """

    __slots__ = ("_answer", "_first_request_timer")

    _first_request_timer: asyncio.TimerHandle | None

    def __init__(self, answer: Answer, *arguments: Any, **options: Any) -> None:
        super().__init__(*arguments, **options)
        self._answer = answer

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
        if request.writer.output_size > 0:
            self._answer(request, status, kind)
            raise ConnectionError("the response has begun; nothing else can be sent")
        response = self._answer(request, status, kind)
        response.force_close()
        return response

    async def finish_response(
        self, request: web.BaseRequest, resp: web.StreamResponse, start_time: float | None
    ) -> tuple[web.StreamResponse, bool]:
        """Send a response; one that aiohttp made before any middleware repeats what was sent and gets our format."""
        if isinstance(resp, web.HTTPException) and resp.status >= _FAILURE and resp.content_type == "text/plain":
            resp = self._answer(request, resp.status, type(resp).__name__)
        return await super().finish_response(request, resp, start_time)


class _Runner(Protocol):
    @property
    def server(self) -> web.Server | None: ...


def connection_factory(runner: _Runner, answer: Answer) -> Callable[[], Connection]:
    """Return the protocol factory for `loop.create_server`.

    Args:
        runner: an `AppRunner` that is set up.
        answer: answers what failed outside of the endpoints.
    """
    if runner.server is None:
        raise RuntimeError("set the runner up first")
    return partial(
        Connection,
        answer,
        runner.server,
        loop=asyncio.get_running_loop(),
        keepalive_timeout=KEEP_ALIVE_S,
        access_log=None,  # turns it off, as `AppRunner` does
    )


class ListenError(Exception):
    """An address that cannot be listened on; the message says why.

    Attributes:
        kind: the same as a name, for narration.
    """

    @property
    def kind(self) -> str:
        """The reason as one word."""
        return str(self).lower().replace(" ", "_")


async def listen(runner: _Runner, answer: Answer, host: str, port: int) -> tuple[asyncio.Server, int]:
    """Open the server; return it and its port.

    Args:
        runner: an `AppRunner` that is set up.
        answer: answers what failed outside of the endpoints.
        host: the address to listen on.
        port: the port; 0 takes any free one.

    Raises:
        ListenError: the address is in use, or is none of this machine.
    """
    factory = connection_factory(runner, answer)
    try:
        listener = await asyncio.get_running_loop().create_server(factory, host, port, backlog=_BACKLOG)
    except (OSError, UnicodeError) as error:
        number = error.errno if isinstance(error, OSError) and not isinstance(error, socket.gaierror) else None
        raise ListenError(os.strerror(number) if number else "the host name cannot be resolved") from None
    return listener, int(listener.sockets[0].getsockname()[1])
