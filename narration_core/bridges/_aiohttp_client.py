"""Calls of aiohttp's client: ids sent along, the call and what came of it told."""

from types import SimpleNamespace
from typing import Any

from aiohttp import (
    ClientSession,
    TraceConfig,
    TraceConnectionCreateEndParams,
    TraceConnectionReuseconnParams,
    TraceRequestEndParams,
    TraceRequestExceptionParams,
    TraceRequestRedirectParams,
    TraceRequestStartParams,
)

from narration_core._correlation import Trust, check_trust, outbound_headers
from narration_core._narrator import Narrator
from narration_core.bridges._calling import Call, Calling
from narration_core.bridges._levels import Levels


def client_tracing(
    narrate: Narrator | None = None, *, trust: Trust = "edge", levels: Levels | None = None
) -> TraceConfig:
    """Return a trace configuration for `ClientSession(trace_configs=[...])` that sends the bound ids with every call.

    Args:
        narrate: who tells each call and what came of it; when absent, ids are sent and nothing is told.
        trust: "inside" if only services of the same system are called: they get the job and session id as well.
        levels: levels by point, such as {"call": "mute"}. The points are `call`, `answer`, `bad_answer`, `failure`.

    Raises:
        ValueError: `trust`, a point or a level does not exist.
    """
    trace = TraceConfig()
    if narrate is None:
        check_trust(trust)

        async def carry(_: ClientSession, __: SimpleNamespace, params: TraceRequestStartParams) -> None:
            for name, value in outbound_headers(trust=trust).items():
                params.headers.setdefault(name, value)

        trace.on_request_start.append(carry)
        return trace
    calling = Calling(narrate, trust, levels)

    async def start(_: ClientSession, context: Any, params: TraceRequestStartParams) -> None:
        host = params.url.authority.rpartition("@")[2]  # without user and password
        context.narration_call = call = Call(calling, params.method, f"{host}{params.url.path}")
        params.headers.update(call.missing_in(params.headers))
        context.narration_retries = -1  # the first connection is none

    async def end(_: ClientSession, context: Any, params: TraceRequestEndParams) -> None:
        context.narration_call.answered(params.response.status, max(context.narration_retries, 0))

    async def failure(_: ClientSession, context: Any, params: TraceRequestExceptionParams) -> None:
        context.narration_call.failed(params.exception, max(context.narration_retries, 0))

    # aiohttp says nothing of its retries, but each of them needs a connection, as each redirect does.
    async def connected(
        _: ClientSession, context: Any, __: TraceConnectionCreateEndParams | TraceConnectionReuseconnParams
    ) -> None:
        context.narration_retries += 1

    async def redirected(_: ClientSession, context: Any, __: TraceRequestRedirectParams) -> None:
        context.narration_retries -= 1

    trace.on_connection_create_end.append(connected)
    trace.on_connection_reuseconn.append(connected)
    trace.on_request_redirect.append(redirected)
    trace.on_request_start.append(start)
    trace.on_request_end.append(end)
    trace.on_request_exception.append(failure)
    return trace
