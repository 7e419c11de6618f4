"""The ready callback: what the pool manager is sent, and that both sides can tell that it is one story."""

import asyncio
from contextlib import asynccontextmanager

import pytest
from aiohttp import web

from narration_core import is_correlation_id
from narration_worker.launch import launch

TOKEN = "a-made-up-token-of-a-test"


@asynccontextmanager
async def pool_manager(*statuses):
    """Run a pool manager that answers with these statuses, one after the other; yield its address and what it gets."""
    calls, left = [], list(statuses)

    async def take(request):
        calls.append((request.headers, await request.json()))
        return web.Response(status=left.pop(0))

    app = web.Application()
    app.router.add_post("/ready", take)
    runner = web.AppRunner(app)
    await runner.setup()
    try:
        await web.TCPSite(runner, "127.0.0.1", 0).start()
        yield f"http://127.0.0.1:{runner.addresses[0][1]}/ready", calls
    finally:
        await runner.cleanup()


@pytest.mark.req("AUTH-1003", "NARR-2003")
def test_every_try_carries_the_token_and_the_correlation_id_of_its_story():
    async def run():
        async with pool_manager(503, 200) as (url, calls):
            environment = {"NARRATION_STRICT": "1", "AUTH_TOKEN": TOKEN}
            async with launch(arguments=("--callback-url", url), environment=environment) as worker:
                await worker.wait_for(action="callback_attempt", attempt=2)
                await worker.stop()
                return worker.url, calls, worker.events

    url, calls, events = asyncio.run(run())
    headers, bodies = zip(*calls, strict=True)
    assert {sent["Authorization"] for sent in headers} == {f"Bearer {TOKEN}"}
    (correlation_id,) = {sent["X-Correlation-Id"] for sent in headers}
    assert is_correlation_id(correlation_id)
    told = [event for event in events if event.action.startswith("callback_")]
    assert [event.action for event in told] == [
        *("callback_ready", "callback_attempt", "callback_failed", "callback_attempt"),
    ]
    assert {event.correlation_id for event in told} == {correlation_id}
    assert {event.correlation_id for event in events if event not in told} == {None}
    assert bodies[0] == bodies[1]
    assert bodies[0]["uri"] == url
    assert bodies[0]["worker_id"] == told[0].worker_id
