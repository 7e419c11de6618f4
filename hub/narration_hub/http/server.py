"""The HTTP interface: which endpoints there are, who may ask, and how failures are answered."""

from typing import Final, Literal

from aiohttp import web

from narration_core import Narrator, __version__, bind
from narration_core.bridges.aiohttp import correlation_middleware
from narration_core.serving.auth import LOCALHOST
from narration_core.serving.requests import raised_at
from narration_core.serving.web_guard import ForeignPageError, check_not_a_foreign_page
from narration_hub import metrics, points, wire
from narration_hub.access import Access, Caller
from narration_hub.engine import AloneError
from narration_hub.errors import HubError, unknown
from narration_hub.exchange import Exchange
from narration_hub.http import openapi, panel
from narration_hub.http.answers import cannot_tell, error_response, json_response
from narration_hub.http.following import Following
from narration_hub.http.reading import Reading
from narration_hub.http.requests import CALLER, Handler
from narration_hub.http.sending import Sending
from narration_hub.http.ticketing import Ticketing
from narration_hub.intake import MOST_BYTES
from narration_hub.tickets import Tickets

_PUBLIC: Final = frozenset(("/v1/health", "/openapi.json", "/docs"))


class Server:
    """The hub's endpoints.

    Args:
        exchange: takes events in and knows the streams.
        tickets: the tickets.
    """

    def __init__(self, exchange: Exchange, tickets: Tickets) -> None:
        self._exchange = exchange
        self._settings = exchange.settings
        self._access = Access(self._settings, tickets)
        self._following = Following(exchange, tickets)
        self._others = (Sending(exchange), Reading(exchange), Ticketing(exchange, tickets))

    def application(self) -> web.Application:
        """Return the aiohttp application."""
        app = web.Application(
            middlewares=[correlation_middleware(Narrator("hub")), self._errors, self._identity],
            client_max_size=MOST_BYTES,
        )
        for endpoints in (self._following, *self._others):
            endpoints.add_routes(app)
        app.router.add_get("/v1/health", self.health)
        app.router.add_get("/metrics", self.metrics)
        settings = self._settings
        openapi.add_routes(app, needs_token=bool(settings.token or settings.operators or settings.producers))
        panel.add_routes(app)
        return app

    # -- middlewares ----------------------------------------------------------------------------------

    @web.middleware
    async def _errors(self, request: web.Request, handler: Handler) -> web.StreamResponse:
        """Answer every failure before the first byte in the same format."""
        try:
            return await handler(request)
        except HubError as error:
            return error_response(error, request)
        except AloneError:
            return error_response(cannot_tell(), request)
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
        request[CALLER] = caller
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

    # -- the hub itself -------------------------------------------------------------------------------

    async def health(self, request: web.Request) -> web.StreamResponse:
        """GET /v1/health: the state for everybody, the details for operators."""
        status: Literal["healthy", "draining"] = "draining" if self._following.is_closing else "healthy"
        caller = request.get(CALLER)
        if caller is None or caller.kind != "operator":
            return json_response(200, wire.Health(status))
        counts = self._exchange.counts
        store = self._exchange.store
        unread = sorted(store.shut) if store is not None else []
        return json_response(200, wire.Health(status, __version__, len(self._exchange.board), counts.readers, unread))

    async def metrics(self, request: web.Request) -> web.StreamResponse:
        """GET /metrics: the metrics in Prometheus' text format."""
        if request[CALLER].kind != "operator":
            raise unknown()
        return web.Response(body=metrics.text(self._exchange), headers={"Content-Type": metrics.CONTENT_TYPE})
