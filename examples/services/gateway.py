"""The gateway, FastAPI: anybody may call it. It asks the scheduler to plan an order."""

import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import httpx
from fastapi import FastAPI, Request, Response

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


@app.post("/order/{article}")
async def order(article: str, request: Request) -> Response:
    """Take an order; its body says how the customer pays, and is nobody else's business."""
    payment = await request.body()
    with bind(session_id="s-7"):
        narrate("order", "article", "Taking an order")
        answer = await app.state.client.post(f"{SCHEDULER}/plan/{article}", content=payment)
    return Response(answer.text, status_code=200 if answer.is_success else 502)
