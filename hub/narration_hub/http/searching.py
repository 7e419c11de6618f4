"""`GET /v1/search`: text in all that is kept, as NDJSON; who closes the connection ends the search."""

import asyncio
from typing import Final

import msgspec
from aiohttp import web

from narration_hub.errors import HubError
from narration_hub.exchange import Exchange
from narration_hub.http.streaming import deliver
from narration_hub.search import LONGEST_TEXT, MOST_HITS

_USUAL_HITS: Final = 200
_RETRY_S: Final = 1
_encode: Final = msgspec.json.Encoder().encode


class Searches:
    """Searches, one at a time for each token.

    Args:
        exchange: knows what is kept.
    """

    def __init__(self, exchange: Exchange) -> None:
        self._exchange = exchange
        self._running: set[str] = set()

    async def answer(self, request: web.Request, identity: str, most: int | None) -> web.StreamResponse:
        """Search for the text of a request, and send what is found while it goes on.

        Args:
            request: has the text as `?q=`.
            identity: whose token it came with.
            most: so many events are enough; None for the usual number.

        Raises:
            HubError: INVALID_REQUEST, there is no text, or too much of it; TOO_MANY, this token searches already.
        """
        text = request.query.get("q", "")
        if not text.strip() or len(text) > LONGEST_TEXT:
            raise HubError("INVALID_REQUEST", f"q must be text of 1 to {LONGEST_TEXT} characters")
        if identity in self._running:
            raise HubError("TOO_MANY", "this token searches already; close that search first", _RETRY_S)
        self._running.add(identity)
        try:
            return await self._send(request, text, min(most or _USUAL_HITS, MOST_HITS))
        finally:
            self._running.discard(identity)

    async def _send(self, request: web.Request, text: str, most: int) -> web.StreamResponse:
        response = web.StreamResponse(headers={"Content-Type": "application/x-ndjson", "Cache-Control": "no-store"})
        response.headers["X-Accel-Buffering"] = "no"
        await response.prepare(request)
        steps = self._exchange.kept.search(text, most)
        # In a thread, one step after the other: reading and finding take long, and others must not wait for it.
        while (found := await asyncio.to_thread(next, steps, None)) is not None:
            if found.end is not None:
                found.stores = self._exchange.engine.stores()
            deadline_s, counts = self._exchange.settings.write_deadline_s, self._exchange.counts
            if not await deliver(request, response, _encode(found) + b"\n", deadline_s, counts):
                return response  # a reader that takes nothing keeps nobody from searching
        await response.write_eof()
        return response
