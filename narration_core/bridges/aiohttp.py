"""aiohttp: ids in and out. Import this module only where aiohttp is installed."""

from collections.abc import Awaitable, Callable
from types import SimpleNamespace

from aiohttp import ClientSession, TraceConfig, TraceRequestStartParams, web
from aiohttp.typedefs import Middleware

from narration_core._context import bind
from narration_core._correlation import CORRELATION_HEADER, accept, outbound_headers
from narration_core._narrator import Narrator

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]
_ID = web.RequestKey("narration_correlation_id", str)


def correlate(app: web.Application, narrate: Narrator) -> None:
    """Bind the ids of every request of an application, and echo the correlation id on every response.

    The middleware alone cannot reach a stream that a handler has begun, nor the answer that aiohttp gives
    when a handler fails.

    Args:
        app: the application, before it starts.
        narrate: who tells that an id was refused.
    """
    app.middlewares.insert(0, correlation_middleware(narrate))
    app.on_response_prepare.append(_echo)


async def _echo(request: web.Request, response: web.StreamResponse) -> None:
    if _ID in request:
        response.headers[CORRELATION_HEADER] = request[_ID]


def correlation_middleware(narrate: Narrator) -> Middleware:
    """Return a server middleware that binds a request's ids and echoes the correlation id on the response.

    An id that cannot be accepted is replaced, and the fact is narrated; the refused id is not repeated.

    Args:
        narrate: who tells it.
    """

    @web.middleware
    async def middleware(request: web.Request, handler: Handler) -> web.StreamResponse:
        ids = accept(request.headers)
        request[_ID] = ids.correlation_id
        # The caller's span is the parent of ours: spans opened inside take it as theirs.
        with bind(
            correlation_id=ids.correlation_id,
            trace_id=ids.trace_id,
            parent_span_id=ids.parent_span_id,
            trace_flags=ids.trace_flags,
        ):
            if ids.refused:
                narrate.warn(
                    "correlation_replaced",
                    request.path,
                    "The caller's correlation id is not acceptable; using {correlation_id}",
                    error_kind="invalid_correlation_id",
                )
            try:
                response = await handler(request)
            except web.HTTPException as answer:
                answer.headers[CORRELATION_HEADER] = ids.correlation_id
                raise
            if not response.prepared:
                response.headers[CORRELATION_HEADER] = ids.correlation_id
            return response

    return middleware


def client_tracing() -> TraceConfig:
    """Return a trace configuration that sends the bound ids with every request of a `ClientSession`."""

    async def on_request_start(_: ClientSession, __: SimpleNamespace, params: TraceRequestStartParams) -> None:
        for name, value in outbound_headers().items():
            params.headers.setdefault(name, value)

    trace = TraceConfig()
    trace.on_request_start.append(on_request_start)
    return trace
