"""The ready callback: what the pool manager is sent, and that both sides can tell that it is one story."""

import asyncio
from contextlib import asynccontextmanager

import pytest
from aiohttp import web

from narration_core import bind, is_correlation_id
from narration_worker.http import callback
from narration_worker.launch import launch
from narration_worker.wire import ReadyCallback

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


@pytest.mark.req("AUTH-1003")
@pytest.mark.parametrize(
    ("statuses", "tries", "accepted"),
    [((307, 404, 500, 204), 0, True), ((503, 410), 0, False), ((503, 503), 2, False)],
    ids=["until it is accepted", "until it is gone", "as often as asked for"],
)
def test_it_is_tried_until_it_is_accepted_or_not_wanted(strict, monkeypatch, statuses, tries, accepted):
    """A redirect is no acceptance, and is not followed: the token is meant for one address."""
    monkeypatch.setattr(callback, "FIRST_WAIT_S", 0.001)

    async def run():
        async with pool_manager(*statuses) as (url, calls):
            body = ReadyCallback("w-1", "http://127.0.0.1:1", "haiku.gguf", "cpu", 0)
            return await callback.announce(url, body, TOKEN, tries), len(calls)

    with bind(worker_id="w-1", model_ref="haiku.gguf"):
        assert asyncio.run(run()) == (accepted, len(statuses))
    failed = [event for event in strict.events if event.action == "callback_failed"]
    assert len(failed) == len(statuses) - accepted
    assert [event.backoff_ms is None for event in failed[:-1]] == [False] * (len(failed) - 1)
    refused = [status for status in statuses if not accepted or status != statuses[-1]]
    assert [event.human.partition(": ")[2] for event in failed] == [f"it answered {status}" for status in refused]


@pytest.mark.req("M0-W-1902")
def test_what_an_address_may_hold_of_secrets_is_not_narrated(strict):
    """A word with a number is what redaction lets pass, and what people choose as passwords."""

    async def run():
        async with pool_manager(503) as (url, _):
            secret = url.replace("//", "//user:hunter2@") + "?token=hunter2#hunter2"
            body = ReadyCallback("w-1", "http://127.0.0.1:1", "haiku.gguf", "cpu", 0)
            await callback.announce(secret, body, None, tries=1)
            return url

    with bind(worker_id="w-1", model_ref="haiku.gguf"):
        url = asyncio.run(run())
    told = [event for event in strict.events if event.action.startswith("callback_")]
    assert [event.target for event in told] == [url] * 3
    assert "hunter2" not in repr(strict.events)
