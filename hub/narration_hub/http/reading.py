"""What readers ask for once: the board, jobs, stories, why they wait, what is kept."""

import asyncio
from typing import Final

from aiohttp import web

from narration_core import formatted
from narration_core.contract import from_fields
from narration_core.serving.hub_protocol import NOT_ASKED_HEADER
from narration_hub import wire
from narration_hub.errors import HubError, unknown
from narration_hub.exchange import Exchange
from narration_hub.http.answers import cannot_tell, json_response
from narration_hub.http.requests import CALLER, NAME, Handler, number_in
from narration_hub.http.searching import Searches
from narration_hub.http.streaming import deliver
from narration_hub.streams import Scope
from narration_hub.why import Reasons

FEW: Final = 2
"""So many stories are read and understood at once: each may take much memory, and all share one core."""


class Reading:
    """The endpoints that answer once.

    Args:
        exchange: knows what was heard.
    """

    def __init__(self, exchange: Exchange) -> None:
        self._exchange = exchange
        self._settings = exchange.settings
        self._searches = Searches(exchange)
        self._reasons = Reasons(exchange)
        self._few = asyncio.Semaphore(FEW)

    def add_routes(self, app: web.Application) -> None:
        """Serve them."""
        add = app.router.add_get
        add("/v1/jobs", self.board)
        add(f"/v1/jobs/{NAME}", self.job)
        add(f"/v1/jobs/{NAME}/why", self._why_of("job"))
        add(f"/v1/stories/{NAME}", self.story)
        add(f"/v1/stories/{NAME}/why", self._why_of("story"))
        add("/v1/search", self.search, allow_head=False)
        add("/v1/operator/events", self.events, allow_head=False)

    async def board(self, request: web.Request) -> web.StreamResponse:
        """GET /v1/jobs: the board, as far as the caller may see it; `?ended=` only so many jobs that have ended."""
        caller = request[CALLER]
        exchange = self._exchange
        if caller.kind == "operator":
            found = exchange.board.jobs(ended=number_in(request, "ended"))
            jobs = [exchange.shown(job, for_operator=True) for job in found]
            services, is_alone = exchange.board.services.shown(), exchange.engine.is_alone
            return json_response(200, wire.Board(jobs, services, is_alone, exchange.up_ms))
        own = [caller.ticket.name] if caller.ticket is not None and caller.ticket.scope == "job" else []
        shown = [exchange.shown(job, for_operator=False) for job in exchange.board.jobs(own)]
        return json_response(200, wire.Board(shown, [], exchange.engine.is_alone))

    async def job(self, request: web.Request) -> web.StreamResponse:
        """GET /v1/jobs/{job_id}: what a job is doing."""
        name, caller = request.match_info["name"], request[CALLER]
        job = self._exchange.board.find(name)
        if not caller.may_read("job", name):
            raise unknown()
        if job is None:
            raise cannot_tell() if self._exchange.engine.is_alone else unknown()
        return json_response(200, self._exchange.shown(job, for_operator=caller.kind == "operator"))

    async def story(self, request: web.Request) -> web.StreamResponse:
        """GET /v1/stories/{correlation_id}: what happened to a request, as JSON or, if asked for, as text."""
        name = request.match_info["name"]
        is_operator = request[CALLER].kind == "operator"
        if not request[CALLER].may_read("story", name):
            raise unknown()
        async with self._few:
            return await self._story(request, name, is_operator=is_operator)

    async def _story(self, request: web.Request, name: str, *, is_operator: bool) -> web.Response:
        story = await self._exchange.kept.story([name, *request.query.getall("id", [])] if is_operator else [name])
        if not is_operator:
            story.lines = [line for line in story.lines if line.event.get("correlation_id") == name]
            story.stores = _nameless(story.stores)
            story.unread = min(1, story.unread)
        if not story.lines:
            raise self._nothing(is_operator=is_operator)
        if request.headers.get("Accept", "").startswith("text/plain"):
            text = "".join(f"{formatted(from_fields(line.event))}\n" for line in story.lines)
            return web.Response(text=text, content_type="text/plain", headers={"Cache-Control": "no-store"})
        return json_response(200, story)

    def _nothing(self, *, is_operator: bool) -> HubError:
        """Return the answer when there is nothing of a name here; operators learn which hubs were not asked."""
        engine = self._exchange.engine
        if engine.is_alone:
            return cannot_tell()
        stores = engine.stores() if is_operator else None
        return unknown(stores.not_asked if stores is not None else ())

    async def events(self, request: web.Request) -> web.StreamResponse:
        """GET /v1/operator/events: the lines that are kept, oldest first; `?last=` only so many bytes of the end.

        Before that end come the latest lines of other hubs, as far as hubs share them: all then say the same is usual.
        """
        if request[CALLER].kind != "operator":
            raise unknown()
        last = number_in(request, "last")
        response = web.StreamResponse(headers={"Content-Type": "application/x-ndjson", "Cache-Control": "no-store"})
        stores = self._exchange.engine.stores()
        if stores is not None:
            response.headers[NOT_ASKED_HEADER] = ", ".join(stores.not_asked)
        await response.prepare(request)
        blocks = self._exchange.kept.blocks(None) if last is None else await self._exchange.kept.recent(last)
        deadline_s, counts = self._settings.write_deadline_s, self._exchange.counts
        # Read in a thread: others must not wait for the disk.
        while (block := await asyncio.to_thread(next, blocks, None)) is not None:
            if not await deliver(request, response, block, deadline_s, counts):
                return response
        await response.write_eof()
        return response

    async def search(self, request: web.Request) -> web.StreamResponse:
        """GET /v1/search: where a text occurs, newest first; `?most=` so many events are enough."""
        if request[CALLER].kind != "operator":
            raise unknown()
        return await self._searches.answer(request, request[CALLER].identity, number_in(request, "most"))

    def _why_of(self, scope: Scope) -> Handler:
        async def why(request: web.Request) -> web.StreamResponse:
            """GET .../why: what a job or story waits for."""
            name, caller = request.match_info["name"], request[CALLER]
            if not caller.may_read(scope, name):
                raise unknown()
            is_operator = caller.kind == "operator"
            async with self._few:
                found = await self._reasons.of(scope, name, for_operator=is_operator)
            if found is None:
                raise self._nothing(is_operator=is_operator)
            if not is_operator:
                found.stores = _nameless(found.stores)
            return json_response(200, found)

        return why


def _nameless(stores: wire.Stores | None) -> wire.Stores | None:
    """Return the same without names: a ticket says nothing of machines."""
    if stores is None:
        return None
    return wire.Stores(["this hub"], ["another hub"] * len(stores.not_asked), stores.alone)
