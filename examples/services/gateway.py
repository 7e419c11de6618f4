"""The gateway, FastAPI: anybody may call it. It asks the scheduler to plan an order."""

import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import httpx
from fastapi import FastAPI, Response

from narration_core import Narrator, bind
from narration_core.bridges.asgi import NarrationMiddleware
from narration_core.bridges.httpx import AsyncNarrationTransport

SCHEDULER = os.environ.get("SCHEDULER", "http://127.0.0.1:8081")
narrate = Narrator("gateway")


@asynccontextmanager
async def life(app: FastAPI) -> AsyncIterator[None]:
    """Hold one client open for as long as the gateway runs."""
    async with httpx.AsyncClient(transport=AsyncNarrationTransport(narrate, trust="inside"), timeout=60) as client:
        app.state.client = client
        yield


app = FastAPI(lifespan=life)
app.add_middleware(NarrationMiddleware, narrate=narrate)


@app.get("/order/{article}")
async def order(article: str) -> Response:
    """Take an order."""
    with bind(session_id="s-7"):
        narrate("order", "article", "Taking an order")
        answer = await app.state.client.get(f"{SCHEDULER}/plan/{article}")
    return Response(answer.text, status_code=200 if answer.is_success else 502)
