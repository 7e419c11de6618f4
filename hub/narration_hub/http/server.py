"""The HTTP interface: one short method for each endpoint."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Final, Literal, TypeVar
from urllib.parse import urlencode

import msgspec
from aiohttp import web

from narration_core import Narrator, __version__, bind, formatted
from narration_core.bridges.aiohttp import correlation_middleware
from narration_core.contract import from_fields, is_name
from narration_core.serving.auth import LOCALHOST
from narration_core.serving.hub_protocol import LOST_HEADER, NOT_ASKED_HEADER, PROCESS_HEADER, SERVICE_HEADER
from narration_core.serving.requests import BodyError, LateBodyError, raised_at, read_body
from narration_core.serving.web_guard import ForeignPageError, check_not_a_foreign_page
from narration_hub import metrics, points, wire
from narration_hub.access import Access, Caller
from narration_hub.engine import AloneError
from narration_hub.errors import STATUS, HubError, unknown
from narration_hub.exchange import Exchange, Producer
from narration_hub.http import logs, openapi, panel
from narration_hub.http.searching import Searches
from narration_hub.http.streaming import Looks, Stream, deliver
from narration_hub.intake import MOST_BYTES, lines_of
from narration_hub.ring import Ring
from narration_hub.streams import Scope
from narration_hub.tickets import LONGEST_S, Tickets
from narration_hub.why import Reasons

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]

_PUBLIC: Final = frozenset(("/v1/health", "/openapi.json", "/docs"))
_NAME: Final = "{name:[^/]+}"  # without the pattern, a name with braces would be found nowhere
_ENCODINGS: Final = frozenset(("", "identity", "gzip", "deflate"))
_CALLER: Final = web.RequestKey("narration_caller", Caller)
_LONGEST_PROCESS: Final = 64
_LONGEST_NUMBER: Final = 15
_RETRY_S: Final = 5
_encode: Final = msgspec.json.Encoder().encode
_decode_lost: Final = msgspec.json.Decoder(dict[str, int]).decode
_Body = TypeVar("_Body", bound=msgspec.Struct)


def json_response(status: int, body: msgspec.Struct, headers: dict[str, str] | None = None) -> web.Response:
    """Return a response with a JSON body, which is one of the wire types."""
    response = web.Response(status=status, body=_encode(body), content_type="application/json", headers=headers)
    response.headers["Cache-Control"] = "no-store"
    return response


def error_response(error: HubError, request: web.Request | None = None) -> web.Response:
    """Return the response for a failure, in the words of whoever asked."""
    headers = {}
    if error.retry_after_s is not None:
        headers["Retry-After"] = str(error.retry_after_s)
    if STATUS[error.code] == STATUS["MISSING_TOKEN"]:
        headers["WWW-Authenticate"] = "Bearer"
    if request is not None and request.path == logs.PATH:
        return logs.refuse(error, request.content_type, headers)
    return json_response(STATUS[error.code], error.to_wire(), headers)


def answer_failure(request: web.BaseRequest, status: int, kind: str) -> web.Response:
    """Narrate and answer what failed outside of the endpoints; not its text, which may hold a token.

    Args:
        request: as much as there is of it.
        status: HTTP status.
        kind: the exception's name.
    """
    points.http_failed(address=request.remote or "unknown", error_kind=kind)
    if status < STATUS["INTERNAL"]:
        return json_response(
            status, HubError("INVALID_REQUEST", f"this is not a valid HTTP request ({kind})").to_wire()
        )
    return error_response(HubError("INTERNAL", f"unexpected {kind}; the narration says more"))


class Server:
    """The hub's endpoints.

    Args:
        exchange: takes events in and knows the streams.
        tickets: the tickets.
    """

    def __init__(self, exchange: Exchange, tickets: Tickets) -> None:
        self._exchange = exchange
        self._settings = exchange.settings
        self._tickets = tickets
        self._access = Access(self._settings, tickets)
        self._searches = Searches(exchange)
        self._reasons = Reasons(exchange)
        self._looks = Looks(exchange.settings)
        self._closing = False

    def application(self) -> web.Application:
        """Return the aiohttp application."""
        app = web.Application(
            middlewares=[correlation_middleware(Narrator("hub")), self._errors, self._identity],
            client_max_size=MOST_BYTES,
        )
        add = app.router
        add.add_post("/v1/narration", self.narration)
        add.add_post(logs.PATH, self.logs)
        add.add_get("/v1/jobs", self.board)
        add.add_get(f"/v1/jobs/{_NAME}", self.job)
        add.add_get(f"/v1/stories/{_NAME}", self.story)
        for scope, path in (("job", "jobs"), ("story", "stories")):
            add.add_get(f"/v1/{path}/{_NAME}/stream", self._stream_of(scope), allow_head=False)  # type: ignore[arg-type]
            add.add_get(f"/v1/{path}/{_NAME}/why", self._why_of(scope))  # type: ignore[arg-type]
            add.add_post(f"/v1/{path}/{_NAME}/ticket", self._ticket_for(scope))  # type: ignore[arg-type]
            add.add_delete(f"/v1/{path}/{_NAME}/ticket", self._revoke_for(scope))  # type: ignore[arg-type]
        add.add_get("/v1/search", self.search, allow_head=False)
        add.add_get("/v1/operator/events", self.events, allow_head=False)
        add.add_get("/v1/operator/stream", self.operator_stream, allow_head=False)
        add.add_get("/v1/health", self.health)
        add.add_get("/metrics", self.metrics)
        settings = self._settings
        openapi.add_routes(app, needs_token=bool(settings.token or settings.operators or settings.producers))
        panel.add_routes(app)
        app.cleanup_ctx.append(self._looking)
        app.on_shutdown.append(self._close_streams)
        return app

    async def _looking(self, _: web.Application) -> AsyncIterator[None]:
        looking = asyncio.create_task(self._looks.run())
        yield
        looking.cancel()

    async def _close_streams(self, _: web.Application) -> None:
        """End every stream at once, so that a stop does not wait for its readers."""
        self._closing = True
        self._exchange.streams.close("shutdown")

    # -- middlewares ----------------------------------------------------------------------------------

    @web.middleware
    async def _errors(self, request: web.Request, handler: Handler) -> web.StreamResponse:
        """Answer every failure before the first byte in the same format."""
        try:
            return await handler(request)
        except HubError as error:
            return error_response(error, request)
        except AloneError:
            return error_response(_cannot_tell(), request)
        except web.HTTPNotFound:
            return error_response(unknown())
        except web.HTTPRequestEntityTooLarge:
            message = f"the body is longer than {MOST_BYTES} bytes, unpacked"
            return error_response(HubError("TOO_LARGE", message), request)
        except web.HTTPMethodNotAllowed as error:
            allowed = ", ".join(sorted(error.allowed_methods))
            message = f"this path does not take {request.method[:20]}; use {allowed}"
            return json_response(error.status, HubError("INVALID_REQUEST", message).to_wire(), {"Allow": allowed})
        except (web.HTTPException, ConnectionError):
            raise
        except Exception as error:  # noqa: BLE001 - narrated, and answered like every other failure
            # Not the exception's text, which may hold bytes of the request.
            kind = type(error).__name__
            points.endpoint_failed(address=request.remote or "unknown", error_kind=kind, failed_at=raised_at(error))
            return error_response(HubError("INTERNAL", f"unexpected {kind}; the narration says more"), request)

    @web.middleware
    async def _identity(self, request: web.Request, handler: Handler) -> web.StreamResponse:
        """Find out who calls; callers without a token reach only the public endpoints."""
        if request.path in panel.PATHS:  # asked for before there is a token: no failed try
            return await handler(request)
        try:
            caller = self._caller(request)
        except (HubError, ForeignPageError) as error:
            if request.path in _PUBLIC:
                return await handler(request)
            refusal = error if isinstance(error, HubError) else HubError("FORBIDDEN", str(error))
            self._exchange.counts.refused_callers += 1
            kind = refusal.code.lower()
            points.auth_refused(address=request.remote or "unknown", code=refusal.code, error_kind=kind)
            raise refusal from None
        request[_CALLER] = caller
        with bind(identity=caller.identity):
            return await handler(request)

    def _caller(self, request: web.Request) -> Caller:
        """Return who calls.

        Raises:
            HubError: the token is missing, not known, or one of several.
            ForeignPageError: a page of another site asks.
        """
        if len(request.headers.getall("Authorization", ())) > 1:  # a proxy may have checked the other one
            raise HubError("INVALID_REQUEST", "there is more than one Authorization header")
        caller = self._access.caller(request.headers, request.remote)
        if caller.identity == LOCALHOST:
            check_not_a_foreign_page(request.headers, self._settings.host)
        return caller

    # -- taking in ------------------------------------------------------------------------------------

    async def narration(self, request: web.Request) -> web.StreamResponse:
        """POST /v1/narration: take in one event or a batch; an empty one is a sign of life."""
        producer = _producer(request)
        body = await self._body(request)
        if producer.service:
            self._exchange.board.services.hear(producer.service)
        self._note_losses(request, producer)
        answer = self._exchange.take(lines_of(body), producer)
        await self._exchange.engine.settle()
        return json_response(202, answer)

    async def logs(self, request: web.Request) -> web.StreamResponse:
        """POST /v1/logs: take in the log records of an OpenTelemetry SDK or collector."""
        producer = _producer(request)
        body = await self._body(request)
        return await logs.take_in(self._exchange, body, request.content_type, producer)

    def _note_losses(self, request: web.Request, producer: Producer) -> None:
        given = request.headers.get(LOST_HEADER)
        if given:
            try:
                self._exchange.note_losses(producer, _decode_lost(given))
            except (msgspec.MsgspecError, UnicodeError):
                raise HubError("INVALID_REQUEST", f"{LOST_HEADER} is not a JSON object of counts by level") from None

    async def _body(self, request: web.Request) -> bytes:
        """Return a request's body.

        Raises:
            HubError: NO_ROOM, it does not arrive in time; INVALID_REQUEST, it cannot be decompressed; UNSUPPORTED,
                nobody here knows how.
        """
        if request.headers.get("Content-Encoding", "").strip().lower() not in _ENCODINGS:
            raise HubError("UNSUPPORTED", "a body is packed with gzip or deflate, once, or not at all")
        try:
            return await read_body(request)
        except LateBodyError as error:
            raise HubError("NO_ROOM", str(error), _RETRY_S) from None
        except BodyError as error:
            raise HubError("INVALID_REQUEST", str(error)) from None

    # -- reading --------------------------------------------------------------------------------------

    async def board(self, request: web.Request) -> web.StreamResponse:
        """GET /v1/jobs: the board, as far as the caller may see it; `?ended=` only so many jobs that have ended."""
        caller = request[_CALLER]
        exchange = self._exchange
        if caller.kind == "operator":
            found = exchange.board.jobs(ended=_number(request, "ended"))
            jobs = [exchange.shown(job, for_operator=True) for job in found]
            return json_response(200, wire.Board(jobs, exchange.board.services.shown(), exchange.engine.is_alone))
        own = [caller.ticket.name] if caller.ticket is not None and caller.ticket.scope == "job" else []
        shown = [exchange.shown(job, for_operator=False) for job in exchange.board.jobs(own)]
        return json_response(200, wire.Board(shown, [], exchange.engine.is_alone))

    async def job(self, request: web.Request) -> web.StreamResponse:
        """GET /v1/jobs/{job_id}: what a job is doing."""
        name, caller = request.match_info["name"], request[_CALLER]
        job = self._exchange.board.find(name)
        if not caller.may_read("job", name):
            raise unknown()
        if job is None:
            raise _cannot_tell() if self._exchange.engine.is_alone else unknown()
        return json_response(200, self._exchange.shown(job, for_operator=caller.kind == "operator"))

    async def story(self, request: web.Request) -> web.StreamResponse:
        """GET /v1/stories/{correlation_id}: what happened to a request, as JSON or, if asked for, as text."""
        name = request.match_info["name"]
        is_operator = request[_CALLER].kind == "operator"
        if not request[_CALLER].may_read("story", name):
            raise unknown()
        story = await self._exchange.story([name, *request.query.getall("id", [])] if is_operator else [name])
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
            return _cannot_tell()
        stores = engine.stores() if is_operator else None
        return unknown(stores.not_asked if stores is not None else ())

    async def events(self, request: web.Request) -> web.StreamResponse:
        """GET /v1/operator/events: the lines that are kept, oldest first; `?last=` only so many bytes of the end.

        Before that end come the latest lines of other hubs, as far as hubs share them: all then say the same is usual.
        """
        if request[_CALLER].kind != "operator":
            raise unknown()
        last = _number(request, "last")
        response = web.StreamResponse(headers={"Content-Type": "application/x-ndjson", "Cache-Control": "no-store"})
        stores = self._exchange.engine.stores()
        if stores is not None:
            response.headers[NOT_ASKED_HEADER] = ", ".join(stores.not_asked)
        await response.prepare(request)
        blocks = self._exchange.blocks(None) if last is None else await self._exchange.recent(last)
        deadline_s, counts = self._settings.write_deadline_s, self._exchange.counts
        # Read in a thread: others must not wait for the disk.
        while (block := await asyncio.to_thread(next, blocks, None)) is not None:
            if not await deliver(request, response, block, deadline_s, counts):
                return response
        await response.write_eof()
        return response

    async def search(self, request: web.Request) -> web.StreamResponse:
        """GET /v1/search: where a text occurs, newest first; `?most=` so many events are enough."""
        if request[_CALLER].kind != "operator":
            raise unknown()
        return await self._searches.answer(request, request[_CALLER].identity, _number(request, "most"))

    async def _must_be_there(self, request: web.Request, scope: Scope, name: str) -> None:
        """Refuse what is not there and what the caller may not see, in the same time.

        Raises:
            HubError: NOT_FOUND, there is no such stream or the caller may not know whether there is.
            AloneError: it cannot be told whether there is one.
        """
        if not request[_CALLER].may_read(scope, name):
            raise unknown()  # asking the engine takes longer for what this hub does not know
        if not await self._exchange.engine.exists(scope, name):
            raise unknown()

    def _stream_of(self, scope: Scope) -> Handler:
        async def stream(request: web.Request) -> web.StreamResponse:
            """GET .../stream: the events of one job or story, live."""
            name = request.match_info["name"]
            await self._must_be_there(request, scope, name)
            ring = await self._exchange.engine.open(scope, name)
            if ring is None:
                raise unknown()
            return await self._stream(request, ring, f"{scope} {name}")

        return stream

    async def operator_stream(self, request: web.Request) -> web.StreamResponse:
        """GET /v1/operator/stream: every event, live."""
        if request[_CALLER].kind != "operator":
            raise unknown()
        return await self._stream(request, await self._exchange.engine.open_everything(), "everything")

    def _stream(self, request: web.Request, ring: Ring, subject: str) -> Awaitable[web.StreamResponse]:
        """Return what sends a ring to a reader; no coroutine of its own, since every idle reader would hold it.

        Raises:
            HubError: NO_ROOM, too many streams are open.
        """
        exchange = self._exchange
        if exchange.counts.readers >= self._settings.readers:
            raise HubError("NO_ROOM", "too many streams are open", _RETRY_S)
        ticket = request[_CALLER].ticket

        def ends() -> wire.EndReason | None:
            if self._closing:
                return "shutdown"
            if ticket is None or self._tickets.is_valid(ticket):
                return None
            return "expired" if self._tickets.has_expired(ticket) else "revoked"

        settings, looks = self._settings, self._looks
        return Stream(
            request, ring, subject, exchange.counts, settings, looks, ends, is_ticketed=ticket is not None
        ).run()

    def _why_of(self, scope: Scope) -> Handler:
        async def why(request: web.Request) -> web.StreamResponse:
            """GET .../why: what a job or story waits for."""
            name, caller = request.match_info["name"], request[_CALLER]
            if not caller.may_read(scope, name):
                raise unknown()
            is_operator = caller.kind == "operator"
            found = await self._reasons.of(scope, name, for_operator=is_operator)
            if found is None:
                raise self._nothing(is_operator=is_operator)
            if not is_operator:
                found.stores = _nameless(found.stores)
            return json_response(200, found)

        return why

    # -- tickets --------------------------------------------------------------------------------------

    def _ticket_for(self, scope: Scope) -> Handler:
        async def ticket(request: web.Request) -> web.StreamResponse:
            """POST .../ticket: make a read-only, expiring key."""
            name = request.match_info["name"]
            if request[_CALLER].kind != "operator":
                raise unknown()
            await self._must_be_there(request, scope, name)
            wanted = _parsed(await self._body(request), wire.TicketRequest)
            if not 1 <= wanted.seconds <= LONGEST_S:
                raise HubError("INVALID_REQUEST", f"seconds must be 1 to {LONGEST_S}")
            made, expires_ms = self._tickets.issue(scope, name, wanted.seconds)
            points.ticket_issued(subject=f"{scope} {name}")
            return json_response(201, wire.Ticket(made, expires_ms, f"/#{urlencode({scope: name, 'ticket': made})}"))

        return ticket

    def _revoke_for(self, scope: Scope) -> Handler:
        async def revoke(request: web.Request) -> web.StreamResponse:
            """DELETE .../ticket: make every ticket worthless, and close the streams that were opened with one."""
            name = request.match_info["name"]
            if request[_CALLER].kind != "operator":
                raise unknown()
            await self._must_be_there(request, scope, name)
            self._tickets.revoke(scope, name)
            ring = self._exchange.streams.find(scope, name)
            closed = ring.ticketed if ring is not None else 0
            if ring is not None:
                ring.wake()
            points.tickets_revoked(subject=f"{scope} {name}", closed=closed)
            return json_response(200, wire.Revoked(closed))

        return revoke

    # -- the hub itself -------------------------------------------------------------------------------

    async def health(self, request: web.Request) -> web.StreamResponse:
        """GET /v1/health: the state for everybody, the details for operators."""
        status: Literal["healthy", "draining"] = "draining" if self._closing else "healthy"
        caller = request.get(_CALLER)
        if caller is None or caller.kind != "operator":
            return json_response(200, wire.Health(status))
        counts = self._exchange.counts
        store = self._exchange.store
        unread = sorted(store.shut) if store is not None else []
        return json_response(200, wire.Health(status, __version__, len(self._exchange.board), counts.readers, unread))

    async def metrics(self, request: web.Request) -> web.StreamResponse:
        """GET /metrics: the metrics in Prometheus' text format."""
        if request[_CALLER].kind != "operator":
            raise unknown()
        return web.Response(body=metrics.text(self._exchange), headers={"Content-Type": metrics.CONTENT_TYPE})


def _nameless(stores: wire.Stores | None) -> wire.Stores | None:
    """Return the same without names: a ticket says nothing of machines."""
    if stores is None:
        return None
    return wire.Stores(["this hub"], ["another hub"] * len(stores.not_asked), stores.alone)


def _cannot_tell() -> HubError:
    return HubError("CANNOT_TELL", "this hub has nothing of this name, and cannot ask the other hubs now", _RETRY_S)


def _number(request: web.Request, name: str) -> int | None:
    """Return a number of the query; None when there is none.

    Raises:
        HubError: INVALID_REQUEST, it is something else.
    """
    given = request.query.get(name, "")
    if not given:
        return None
    if not (given.isascii() and given.isdigit()) or len(given) > _LONGEST_NUMBER:
        raise HubError("INVALID_REQUEST", f"{name} must be a number of at most {_LONGEST_NUMBER} digits")
    return int(given)


def _producer(request: web.Request) -> Producer:
    """Return who sends: a token that is bound to a service decides, whatever the request says.

    Raises:
        HubError: FORBIDDEN, the caller may not send.
    """
    caller = request[_CALLER]
    if not caller.may_send:
        raise HubError("FORBIDDEN", "a ticket only reads")
    said = request.headers.get(SERVICE_HEADER, "")
    process = request.headers.get(PROCESS_HEADER, "")[:_LONGEST_PROCESS]
    return Producer(caller.identity, caller.service or (said if is_name(said) else ""), process)


def _parsed(body: bytes, kind: type[_Body]) -> _Body:
    try:
        return msgspec.json.decode(body or b"{}", type=kind)
    except (msgspec.MsgspecError, UnicodeError, RecursionError):
        raise HubError("INVALID_REQUEST", f"the body is not a {kind.__name__}") from None
