"""What readers follow: the live streams of jobs, of stories, and of everything."""

import asyncio
from collections.abc import AsyncIterator, Awaitable

from aiohttp import web

from narration_hub import wire
from narration_hub.errors import HubError, unknown
from narration_hub.exchange import Exchange
from narration_hub.http.answers import RETRY_S
from narration_hub.http.requests import CALLER, NAME, Handler, must_be_there
from narration_hub.http.streaming import Looks, Stream
from narration_hub.ring import Ring
from narration_hub.streams import Scope
from narration_hub.tickets import Tickets


class Following:
    """The endpoints that stream.

    Args:
        exchange: knows the streams.
        tickets: the tickets.

    Attributes:
        is_closing: whether the hub stops.
    """

    def __init__(self, exchange: Exchange, tickets: Tickets) -> None:
        self._exchange = exchange
        self._settings = exchange.settings
        self._tickets = tickets
        self._looks = Looks(exchange.settings)
        self.is_closing = False

    def add_routes(self, app: web.Application) -> None:
        """Serve them, and end all of them at once when the hub stops."""
        add = app.router.add_get
        add(f"/v1/jobs/{NAME}/stream", self._stream_of("job"), allow_head=False)
        add(f"/v1/stories/{NAME}/stream", self._stream_of("story"), allow_head=False)
        add("/v1/operator/stream", self.operator_stream, allow_head=False)
        app.cleanup_ctx.append(self._looking)
        app.on_shutdown.append(self._close)

    async def _looking(self, _: web.Application) -> AsyncIterator[None]:
        looking = asyncio.create_task(self._looks.run())
        yield
        looking.cancel()

    async def _close(self, _: web.Application) -> None:
        """End every stream at once, so that a stop does not wait for its readers."""
        self.is_closing = True
        self._exchange.streams.close("shutdown")

    def _stream_of(self, scope: Scope) -> Handler:
        async def stream(request: web.Request) -> web.StreamResponse:
            """GET .../stream: the events of one job or story, live."""
            name = request.match_info["name"]
            await must_be_there(self._exchange, request, scope, name)
            ring = await self._exchange.engine.open(scope, name)
            if ring is None:
                raise unknown()
            return await self._stream(request, ring, f"{scope} {name}")

        return stream

    async def operator_stream(self, request: web.Request) -> web.StreamResponse:
        """GET /v1/operator/stream: every event, live."""
        if request[CALLER].kind != "operator":
            raise unknown()
        return await self._stream(request, await self._exchange.engine.open_everything(), "everything")

    def _stream(self, request: web.Request, ring: Ring, subject: str) -> Awaitable[web.StreamResponse]:
        """Return what sends a ring to a reader; no coroutine of its own, since every idle reader would hold it.

        Raises:
            HubError: NO_ROOM, too many streams are open.
        """
        exchange = self._exchange
        if exchange.counts.readers >= self._settings.readers:
            raise HubError("NO_ROOM", "too many streams are open", RETRY_S)
        ticket = request[CALLER].ticket
        if ticket is not None and exchange.counts.ticketed >= self._settings.readers // 2:
            raise HubError("NO_ROOM", "too many streams of links are open", RETRY_S)  # a link may get around

        def ends() -> wire.EndReason | None:
            if self.is_closing:
                return "shutdown"
            if ticket is None or self._tickets.is_valid(ticket):
                return None
            return "expired" if self._tickets.has_expired(ticket) else "revoked"

        settings, looks = self._settings, self._looks
        return Stream(
            request, ring, subject, exchange.counts, settings, looks, ends, is_ticketed=ticket is not None
        ).run()
