"""aiohttp: ids in and out, requests and calls told. Import this module only where aiohttp is installed."""

from collections.abc import Awaitable, Callable, Collection
from typing import Final

from aiohttp import web
from aiohttp.typedefs import Middleware

from narration_core._configuration import flush
from narration_core._correlation import Trust
from narration_core._narrator import Narrator
from narration_core.bridges._aiohttp_client import client_tracing
from narration_core.bridges._levels import Levels
from narration_core.bridges._serving import HEADER, POINTS, Served, Serving, Show

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]
_ID = web.RequestKey("narration_correlation_id", str)
_STATUS = web.RequestKey("narration_status", int)  # of an answer that a handler has begun
_FAILED: Final = 500  # aiohttp's own answer to an exception
_IDS_ONLY: Final[Levels] = dict.fromkeys(POINTS - {"correlation_replaced"}, "mute")

__all__ = ["client_tracing", "correlate", "correlation_middleware"]


def correlate(
    app: web.Application,
    narrate: Narrator,
    *,
    trust: Trust = "edge",
    levels: Levels | None = None,
    skip: Collection[str] = (),
    show: Show | None = None,
) -> None:
    """Bind the ids of every request, tell it and what came of it, and put the correlation id on every answer.

    Args:
        app: the application, before it starts. When it has shut down, everything is flushed.
        narrate: who tells.
        trust: "edge": anybody may call; "inside": only services of the same system do, so their trace is continued
            and their job and session ids hold.
        levels: levels by point, such as {"request": "debug", "answer": "mute"}; see `asgi.NarrationMiddleware`.
        skip: paths whose requests and answers are not told, such as "/health"; what fails there still is.
        show: returns what is told of a path, where a path holds names of people; all of it when absent.

    Raises:
        ValueError: `trust`, a point or a level does not exist.
    """
    serving = Serving(narrate, trust, levels, skip, show)
    app.middlewares.insert(0, _middleware(serving))

    async def begin(_: web.Application) -> None:
        serving.begin()

    # The middleware alone cannot reach a stream that a handler has begun, nor aiohttp's answer to a failure.
    app.on_response_prepare.append(_echo)
    app.on_startup.append(begin)
    app.on_cleanup.append(_flush)


async def _echo(request: web.Request, response: web.StreamResponse) -> None:
    if _ID in request:
        response.headers[HEADER] = request[_ID]
        request[_STATUS] = response.status


async def _flush(_: web.Application) -> None:
    flush()


def correlation_middleware(narrate: Narrator, *, trust: Trust = "edge") -> Middleware:
    """Return a middleware for applications that tell their requests themselves: it binds and echoes the ids only.

    An id that cannot be accepted is replaced, and the fact is narrated; the refused id is not repeated.

    Args:
        narrate: who tells it.
        trust: see `correlate`.

    Raises:
        ValueError: `trust` is another word.
    """
    return _middleware(Serving(narrate, trust, _IDS_ONLY))


def _middleware(serving: Serving) -> Middleware:
    @web.middleware
    async def middleware(request: web.Request, handler: Handler) -> web.StreamResponse:
        raised: web.HTTPException | None = None
        with Served(serving, request.headers.get, request.method, request.path) as served:
            request[_ID] = served.correlation_id
            try:
                response = await handler(request)
            except web.HTTPException as answer:  # not a failure: an answer that was raised
                answer.headers[HEADER] = served.correlation_id
                served.status = answer.status
                raised = answer
            except Exception as error:
                # What is written to a connection that the caller has closed is no failure of ours.
                transport = request.transport
                served.gone = isinstance(error, ConnectionResetError) and (transport is None or transport.is_closing())
                served.status = request.get(_STATUS, _FAILED)
                raise
            else:
                if not response.prepared:
                    response.headers[HEADER] = served.correlation_id
                served.status = response.status
                return response
        raise raised

    return middleware
