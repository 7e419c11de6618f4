"""What the services share: who may call, refusals, and calls of each other."""

import asyncio
import os
import signal
import subprocess
import sys
from collections.abc import Awaitable, Callable

import aiohttp
import msgspec
import pytest
from aiohttp import web

from fleet import http_settings
from fleet.http_settings import CallError, Kind, Peer, session, shown
from fleet.service import RefusedError, Settings, application, body_of, json_answer, life_points
from fleet.wire import EngineWanted, Refusal
from narration_core import MemorySink, Narrator, bind

NARRATE = Narrator("greeter")
LIFE = life_points("greeter")
TOKEN = "made-up-token-of-the-fleet"


async def engine(request: web.Request) -> web.Response:
    wanted = await body_of(request, EngineWanted)
    if wanted.device == "gpu":
        raise RefusedError(409, "NO_GPU", "there is no GPU", "ask for the CPU by name", retry_after_s=7)
    return json_answer(wanted)


def served(settings: Settings) -> web.Application:
    app = application(NARRATE, LIFE, settings)
    app.router.add_post("/v1/engines", engine)
    return app


Test = Callable[[str], Awaitable[None]]


def with_server(app: web.Application, test: Test) -> None:
    async def main() -> None:
        runner = web.AppRunner(app, handler_cancellation=True, access_log=None, shutdown_timeout=1)
        await runner.setup()
        await web.TCPSite(runner, "127.0.0.1", 0).start()
        try:
            await test(f"http://127.0.0.1:{runner.addresses[0][1]}")
        finally:
            await runner.cleanup()

    asyncio.run(main())


@pytest.mark.req("AUTH-1001", "AUTH-1008")
def test_only_who_shows_the_token_gets_in(memory: MemorySink) -> None:
    async def test(url: str) -> None:
        async with aiohttp.ClientSession(url) as http:
            for given, status, code in ((None, 401, "MISSING_TOKEN"), ("wrong", 401, "BAD_TOKEN"), (TOKEN, 200, None)):
                headers = {"Authorization": f"Bearer {given}"} if given else {}
                async with http.post("/v1/engines", json={"device": "cpu"}, headers=headers) as answer:
                    assert (answer.status, (await answer.json()).get("code")) == (status, code)

    with_server(served(Settings(token=TOKEN)), test)
    assert [event.get("code") for event in memory.events if event.action == "auth"] == ["MISSING_TOKEN", "BAD_TOKEN"]
    assert TOKEN not in "".join(map(str, memory.events))


@pytest.mark.parametrize(
    ("body", "status", "code"),
    [
        (b"{", 400, "INVALID_REQUEST"),
        (b'{"device": 7}', 400, "INVALID_REQUEST"),
        (b'{"device": "gpu"}', 409, "NO_GPU"),
        (b"x" * (65 << 10), 413, "REQUEST_ENTITY_TOO_LARGE"),
    ],
)
def test_every_refusal_is_json_of_one_form(memory: MemorySink, body: bytes, status: int, code: str) -> None:
    async def test(url: str) -> None:
        async with aiohttp.ClientSession(url) as http, http.post("/v1/engines", data=body) as answer:
            refusal = msgspec.json.decode(await answer.read(), type=Refusal)
            assert (answer.status, refusal.code) == (status, code)
            assert answer.headers.get("Retry-After") == ("7" if code == "NO_GPU" else None)
        async with aiohttp.ClientSession(url) as http, http.get("/v1/nothing") as answer:
            assert (answer.status, (await answer.json())["code"]) == (404, "NOT_FOUND")

    with_server(served(Settings()), test)


@pytest.mark.req("FLEET-01")
def test_a_call_carries_the_ids_and_both_sides_tell_it(memory: MemorySink) -> None:
    async def test(url: str) -> None:
        async with session(Narrator("caller")) as http:
            with bind(correlation_id="req-fleet", job_id="job-1"):
                peer = Peer(http, "greeter", url)
                assert await peer.call("POST", "/v1/engines", EngineWanted("cpu"), answer=EngineWanted)

    with_server(served(Settings()), test)
    told = [(event.actor, event.action, event.get("correlation_id"), event.get("job_id")) for event in memory.events]
    ids = ("req-fleet", "job-1")
    calls = ("caller", "call", *ids)
    assert told == [calls, ("greeter", "request", *ids), ("greeter", "answer", *ids), calls]


@pytest.mark.parametrize(
    ("kind", "status", "tries"),
    [("refused", 409, 1), ("timeout", 504, 1), ("unreachable", 502, 2), ("cut", 502, 2), ("garbled", 502, 1)],
)
def test_every_failure_of_a_call_has_a_kind(memory: MemorySink, kind: Kind, status: int, tries: int) -> None:
    calls = 0

    async def answer(request: web.Request) -> web.StreamResponse:
        nonlocal calls
        calls += 1
        if kind == "timeout":
            await asyncio.Event().wait()  # never
        elif kind == "cut":
            assert request.transport is not None
            request.transport.close()
        elif kind == "refused":
            raise RefusedError(409, "NO_GPU", "there is no GPU")
        return web.Response(text="hello")

    app = application(NARRATE, LIFE, Settings())
    app.router.add_get("/v1/x", answer)

    async def test(url: str) -> None:
        async with session(NARRATE) as http:
            peer = Peer(http, "greeter", "http://127.0.0.1:9" if kind == "unreachable" else url, tries=2)
            with pytest.raises(CallError) as caught:
                await peer.call("GET", "/v1/x", answer=EngineWanted, timeout_s=0.2 if kind == "timeout" else 30)
        assert (caught.value.kind, caught.value.status) == (kind, status)
        assert caught.value.refusal.message

    with_server(app, test)
    tried = sum(event.actor == "greeter" and event.action in {"call", "call_failed"} for event in memory.events) // 2
    assert tried == tries
    assert calls == 0 if kind == "unreachable" else calls >= tries  # aiohttp itself asks again when a connection breaks


def test_pauses_grow_and_are_never_the_same() -> None:
    pauses = [[http_settings.pause_before(attempt) for _ in range(20)] for attempt in (1, 3, 9)]
    assert all(len(set(several)) > 1 for several in pauses)
    assert max(pauses[0]) < min(pauses[1]) <= max(pauses[2]) <= http_settings.LONGEST_WAIT_S


def test_what_is_shown_of_an_address_holds_no_secret() -> None:
    assert shown("https://user:secret@host:8/path?token=secret#secret") == "https://host:8/path"


SERVICE = """
import sys
from fleet.service import application, life_points, parser, run, settings_of
from narration_core import Narrator
LIFE = life_points("greeter")
settings = settings_of(parser("greeter", "Greets").parse_args())
sys.exit(run("greeter", LIFE, settings, application(Narrator("greeter"), LIFE, settings)))
"""


def start(*arguments: str, **environment: str) -> "subprocess.Popen[str]":
    own = {name: value for name, value in os.environ.items() if not name.startswith("NARRATION_")}
    return subprocess.Popen(
        [sys.executable, "-c", SERVICE, *arguments],
        env={**own, "PYTHONPATH": "examples", **environment},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


@pytest.mark.req("AUTH-1002", "FLEET-02")
def test_a_service_starts_and_ends_in_its_own_words_or_says_why_not() -> None:
    with start(AUTH_TOKEN=TOKEN) as process:
        assert process.stdout is not None
        first = process.stdout.readline()
        port = str(msgspec.json.decode(first)["port"])
        with start("--port", port) as second:
            output, errors = second.communicate(timeout=60)
            assert (second.returncode, errors) == (1, "")
            assert "choose another --port" in output
        process.send_signal(signal.SIGTERM)
        rest, errors = process.communicate(timeout=60)
    assert (process.returncode, errors) == (0, "")
    assert "Shut down after SIGTERM" in rest
    assert TOKEN not in first + rest
    with start("--host", "0.0.0.0") as refused:
        assert "without a token" in refused.communicate(timeout=60)[1]
        assert refused.returncode == 2
