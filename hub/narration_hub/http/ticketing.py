"""Tickets are made and revoked: read-only, expiring keys to one job or story."""

from urllib.parse import urlencode

from aiohttp import web

from narration_hub import points, wire
from narration_hub.errors import HubError, unknown
from narration_hub.exchange import Exchange
from narration_hub.http.answers import json_response
from narration_hub.http.requests import CALLER, NAME, Handler, body_of, must_be_there, parsed
from narration_hub.streams import Scope
from narration_hub.tickets import LONGEST_S, Tickets


class Ticketing:
    """The endpoints of tickets.

    Args:
        exchange: knows the streams.
        tickets: the tickets.
    """

    def __init__(self, exchange: Exchange, tickets: Tickets) -> None:
        self._exchange = exchange
        self._tickets = tickets

    def add_routes(self, app: web.Application) -> None:
        """Serve them."""
        scopes: tuple[tuple[Scope, str], ...] = (("job", "jobs"), ("story", "stories"))
        for scope, path in scopes:
            app.router.add_post(f"/v1/{path}/{NAME}/ticket", self._ticket_for(scope))
            app.router.add_delete(f"/v1/{path}/{NAME}/ticket", self._revoke_for(scope))

    def _ticket_for(self, scope: Scope) -> Handler:
        async def ticket(request: web.Request) -> web.StreamResponse:
            """POST .../ticket: make a read-only, expiring key."""
            name = request.match_info["name"]
            if request[CALLER].kind != "operator":
                raise unknown()
            await must_be_there(self._exchange, request, scope, name)
            wanted = parsed(await body_of(request), wire.TicketRequest)
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
            if request[CALLER].kind != "operator":
                raise unknown()
            await must_be_there(self._exchange, request, scope, name)
            self._tickets.revoke(scope, name)
            ring = self._exchange.streams.find(scope, name)
            closed = ring.ticketed if ring is not None else 0
            if ring is not None:
                ring.wake()
            points.tickets_revoked(subject=f"{scope} {name}", closed=closed)
            return json_response(200, wire.Revoked(closed))

        return revoke
