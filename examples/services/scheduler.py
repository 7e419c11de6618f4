"""The scheduler, aiohttp: plans in a process pool, and asks the till for the price."""

import asyncio
import os
import sys
from collections.abc import AsyncIterator
from functools import partial
from multiprocessing import get_context

from aiohttp import ClientSession, web

from narration_core import Narrator
from narration_core.bridges.aiohttp import client_tracing, correlate
from narration_core.bridges.processes import NarratingProcessPool

TILL = os.environ.get("TILL", "http://127.0.0.1:8082")
narrate = Narrator("scheduler")
POOL: web.AppKey[NarratingProcessPool] = web.AppKey("pool", NarratingProcessPool)
CLIENT: web.AppKey[ClientSession] = web.AppKey("client", ClientSession)


def days_needed(article: str) -> int:
    """Compute in another process how many days an order takes."""
    narrate("compute", "days", "Computing how long it takes")
    return len(article)


async def plan(request: web.Request) -> web.Response:
    """Plan an order."""
    article = request.match_info["article"]
    work = partial(request.app[POOL].submit, days_needed, article)
    days = await asyncio.wrap_future(work())
    async with request.app[CLIENT].get(f"{TILL}/price/{article}") as answer:
        if answer.status != web.HTTPOk.status_code:
            raise web.HTTPBadGateway
        price = await answer.text()
    return web.Response(text=f"{days} days, {price}")


async def life(app: web.Application) -> AsyncIterator[None]:
    """Hold the pool and the client open for as long as the scheduler runs."""
    with NarratingProcessPool(2, mp_context=get_context("spawn")) as pool:
        async with ClientSession(trace_configs=[client_tracing(narrate, trust="inside")]) as client:
            app[POOL], app[CLIENT] = pool, client
            yield


def application() -> web.Application:
    """Return the service."""
    app = web.Application()
    correlate(app, narrate, trust="inside")
    app.router.add_post("/plan/{article}", plan)
    app.cleanup_ctx.append(life)
    return app


if __name__ == "__main__":
    web.run_app(application(), host="127.0.0.1", port=int(sys.argv[1]), print=None, access_log=None)
