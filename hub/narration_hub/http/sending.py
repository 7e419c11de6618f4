"""What producers ask for: events and log records are taken in."""

from typing import Final

import msgspec
from aiohttp import web

from narration_core.contract import is_name
from narration_core.serving.hub_protocol import LOST_HEADER, PROCESS_HEADER, SERVICE_HEADER
from narration_hub.errors import HubError
from narration_hub.exchange import Exchange, Producer
from narration_hub.http import logs
from narration_hub.http.answers import json_response
from narration_hub.http.requests import CALLER, body_of
from narration_hub.intake import lines_of

_LONGEST_PROCESS: Final = 64
_decode_lost: Final = msgspec.json.Decoder(dict[str, int]).decode


class Sending:
    """The endpoints of producers.

    Args:
        exchange: takes events in.
    """

    def __init__(self, exchange: Exchange) -> None:
        self._exchange = exchange

    def add_routes(self, app: web.Application) -> None:
        """Serve them."""
        app.router.add_post("/v1/narration", self.narration)
        app.router.add_post(logs.PATH, self.logs)

    async def narration(self, request: web.Request) -> web.StreamResponse:
        """POST /v1/narration: take in one event or a batch; an empty one is a sign of life."""
        producer = _producer(request)
        body = await body_of(request)
        if producer.service:
            self._exchange.board.services.hear(producer.service)
        self._note_losses(request, producer)
        answer = self._exchange.take(lines_of(body), producer)
        await self._exchange.engine.settle()
        return json_response(202, answer)

    async def logs(self, request: web.Request) -> web.StreamResponse:
        """POST /v1/logs: take in the log records of an OpenTelemetry SDK or collector."""
        producer = _producer(request)
        body = await body_of(request)
        return await logs.take_in(self._exchange, body, request.content_type, producer)

    def _note_losses(self, request: web.Request, producer: Producer) -> None:
        given = request.headers.get(LOST_HEADER)
        if given:
            try:
                self._exchange.note_losses(producer, _decode_lost(given))
            except (msgspec.MsgspecError, UnicodeError):
                raise HubError("INVALID_REQUEST", f"{LOST_HEADER} is not a JSON object of counts by level") from None


def _producer(request: web.Request) -> Producer:
    """Return who sends: a token that is bound to a service decides, whatever the request says.

    Raises:
        HubError: FORBIDDEN, the caller may not send.
    """
    caller = request[CALLER]
    if not caller.may_send:
        raise HubError("FORBIDDEN", "a ticket only reads")
    said = request.headers.get(SERVICE_HEADER, "")
    process = request.headers.get(PROCESS_HEADER, "")[:_LONGEST_PROCESS]
    return Producer(caller.identity, caller.service or (said if is_name(said) else ""), process)
