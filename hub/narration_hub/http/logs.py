"""`POST /v1/logs`: OTLP/HTTP in, from any OpenTelemetry SDK or collector."""

import asyncio
from itertools import islice
from typing import Final

from aiohttp import web

from narration_hub import otlp
from narration_hub.errors import STATUS, HubError
from narration_hub.exchange import Exchange, Producer

PATH: Final = "/v1/logs"
_AT_ONCE: Final = 200  # events between two looks at what else there is to do


async def take_in(exchange: Exchange, body: bytes, media_type: str, producer: Producer) -> web.Response:
    """Take a request's log records in; return the answer.

    Args:
        exchange: takes events in.
        body: the request, unpacked.
        media_type: what it is written in.
        producer: who sends it.

    Raises:
        HubError: none of it was taken in.
    """
    found = await asyncio.to_thread(otlp.batches, body, media_type, producer.service)
    rejected, reason = 0, ""
    for batch in found:
        sender = producer._replace(service=batch.service)
        lines = iter(batch.lines)
        while some := list(islice(lines, _AT_ONCE)):
            taken = exchange.take(some, sender)
            rejected += len(some) - taken.accepted - taken.repeated
            reason = reason or (taken.refused[0].reason if taken.refused else "")
            await asyncio.sleep(0)
    await exchange.engine.settle()
    return _response(200, otlp.success(rejected, reason, media_type), media_type)


def refuse(error: HubError, media_type: str, headers: dict[str, str]) -> web.Response:
    """Return the answer for a request that was refused.

    Args:
        error: why.
        media_type: what the request is written in; JSON answers what is neither.
        headers: of the answer.
    """
    known = otlp.MEDIA_PROTOBUF if media_type == otlp.MEDIA_PROTOBUF else otlp.MEDIA_JSON
    response = _response(STATUS[error.code], otlp.failure(error, known), known)
    response.headers.update(headers)
    return response


def _response(status: int, body: bytes, media_type: str) -> web.Response:
    return web.Response(status=status, body=body, content_type=media_type, headers={"Cache-Control": "no-store"})
