"""Why a request is where it is: the hub says the same as `narration why`, and no more than the caller may know."""

import asyncio
import json
import os
import sys
import threading
from concurrent.futures import ThreadPoolExecutor

import aiohttp
import pytest
from aiohttp import web

from narration_hub.config import Settings
from narration_hub.exchange import Exchange, Producer
from narration_hub.http.reading import FEW
from narration_hub.http.server import Server
from narration_hub.store import Store
from narration_hub.tickets import Tickets
from support.hub import event, hub

TOKEN = "operator-token-of-the-test"
NOW_MS = 1_795_900_000_000


def told(human, actor="shop", at=0, number=0, **more):
    ids = {"job": f"job-{number}", "correlation_id": f"req-{number}", "emitted_at_ms": NOW_MS + 10_000 * number + at}
    return event(human=human, actor=actor, **ids, **more)


def order(number):
    """Return what is told of an order until the bank is asked."""
    return [
        told("Taking an order", at=0, number=number, action="order", event="order_start", span_id=f"a{number}"),
        told("Asking the bank", "bank", 5, number, action="charge", event="charge_start", span_id=f"b{number}"),
    ]


def end(number, took):
    """Return what is told of an order once the bank has answered."""
    more = {"event": "charge_end", "span_id": f"b{number}", "duration_ms": took}
    return [
        told("The bank has paid", "bank", 5 + took, number, action="charge", **more),
        told("Packing", at=6 + took, number=number, action="pack", event="pack_start", span_id=f"c{number}"),
        told("Packed", at=7 + took, number=number, action="pack", event="pack_end", span_id=f"c{number}"),
        told("Sold", at=8 + took, number=number, action="order", event="order_end", span_id=f"a{number}"),
    ]


ENDED = [line for number, took in enumerate((20, 30, 40)) for line in order(number) + end(number, took)]
STUCK = order(9)


def run(main):
    return asyncio.run(asyncio.wait_for(main, 60))


async def command(url, name, token=None):
    """Return what `narration why` says, as plain data."""
    environment = {**os.environ, "NARRATION_HUB_TOKEN": token or ""}
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "narration_core.cli", "why", name, "--hub", url, "-o", "json",
        env=environment, stdout=asyncio.subprocess.PIPE,
    )  # fmt: skip
    said, _ = await process.communicate()
    return json.loads(said)


@pytest.mark.req("HUB-01", "HUB-07")
def test_the_hub_says_who_holds_a_request_how_long_that_takes_and_what_follows():
    async def main():
        async with hub() as one:
            await one.send(*ENDED, *STUCK)
            found = await one.ask("GET", "/v1/stories/req-9/why")
            assert (found["state"], found["service"], found["sentence"]) == ("waiting", "bank", "Asking the bank")
            assert found["since_ms"] == NOW_MS + 90_005
            assert found["usual"] == {"measured": 3, "median_ms": 30, "p99_ms": 40}
            assert found["next"] == {
                "service": "bank", "sentence": "The bank has paid", "share": 1, "requests": 3, "after_ms": 30,
            }  # fmt: skip
            assert 0 <= found["heard_ms"] < 60_000
            assert 0 <= found["others_heard_ms"] < 60_000
            assert await one.ask("GET", "/v1/jobs/job-9/why") == {
                **found, "heard_ms": pytest.approx(found["heard_ms"], abs=60_000),
                "others_heard_ms": pytest.approx(found["others_heard_ms"], abs=60_000),
            }  # fmt: skip
            said = await command(one.url, "req-9")
            assert (said["state"], said["held_by"], said["line"]["at_ms"]) == ("waiting", "bank", found["since_ms"])
            assert said["usual"] == {"measured": 3, "median": 30.0, "p99": 40.0}
            assert said["next"]["human"] == found["next"]["sentence"]
            await one.send(*end(9, 700))
            done = await one.ask("GET", "/v1/stories/req-9/why")
            assert (done["state"], done["service"], done["sentence"]) == ("finished", "shop", "Sold")
            await one.ask("GET", "/v1/stories/req-none/why", status=404)

    run(main())


@pytest.mark.req("HUB-01")
def test_a_failure_is_told_with_who_said_it_and_an_old_story_comes_from_the_disk(tmp_path):
    async def main():
        async with hub("--data", str(tmp_path), "--memory-mb", "1") as one:
            failed = told("The bank refused", "bank", 30, 9, level="error", event="charge_error", span_id="b9")
            await one.send(*STUCK, failed)
            last = told("Gave up", at=31, number=9, level="error", event="order_error", span_id="a9", error_kind="bank")
            await one.send(last)
            found = await one.ask("GET", "/v1/stories/req-9/why")
            assert (found["state"], found["errors"]) == ("failed", 2)
            assert found["error"] == {"service": "bank", "sentence": "The bank refused", "at_ms": NOW_MS + 90_030}
            for number in range(30):  # so much that the hub forgets the first one
                await one.send(*(event(f"job-x{number}", "x" * 90, correlation_id=f"x{number}") for _ in range(500)))
            again = await one.ask("GET", "/v1/stories/req-9/why")
            assert (again["state"], again["error"]) == ("failed", found["error"])

    run(main())


@pytest.mark.req("HUB-02")
def test_a_ticket_learns_why_its_own_story_waits_and_nothing_of_others():
    async def main():
        async with hub(AUTH_TOKEN=TOKEN) as one:
            await one.send(*ENDED, *STUCK, token=TOKEN)
            made = await one.ask("POST", "/v1/stories/req-9/ticket", TOKEN, status=201, json={})
            found = await one.ask("GET", "/v1/stories/req-9/why", made["ticket"])
            assert found == {
                "state": "waiting", "service": "bank", "sentence": "Asking the bank", "since_ms": NOW_MS + 90_005,
            }  # fmt: skip
            for path in ("/v1/stories/req-1/why", "/v1/jobs/job-9/why", "/v1/stories/req-none/why"):
                await one.ask("GET", path, made["ticket"], status=404)

    run(main())


class Counted(ThreadPoolExecutor):
    """Notes how many calls ever ran at once."""

    def __init__(self):
        super().__init__(16)
        self.running = self.most = 0
        self._lock = threading.Lock()

    def submit(self, call, /, *arguments, **more):
        return super().submit(self._counted, call, *arguments, **more)

    def _counted(self, call, *arguments, **more):
        with self._lock:
            self.running += 1
            self.most = max(self.most, self.running)
        try:
            return call(*arguments, **more)
        finally:
            with self._lock:
                self.running -= 1


@pytest.mark.req("HUB-01")
def test_whoever_asks_for_stories_all_the_time_takes_no_more_than_a_share(tmp_path):
    async def main():
        asyncio.get_running_loop().set_default_executor(counted := Counted())
        exchange = Exchange(Settings(), Store(tmp_path, 1 << 30, 1))
        exchange.take([*ENDED, *STUCK], Producer("localhost"))
        runner = web.AppRunner(Server(exchange, Tickets()).application())
        await runner.setup()
        await web.TCPSite(runner, "127.0.0.1", 0).start()
        host, port = runner.addresses[0][:2]
        async with aiohttp.ClientSession(f"http://{host}:{port}") as session:

            async def ask(path):
                async with session.get(path) as answer:
                    return answer.status

            paths = [f"/v1/stories/req-9{end}" for end in ("", "/why")] * 20
            assert set(await asyncio.gather(*map(ask, paths))) == {200}
        assert counted.most <= FEW
        await runner.cleanup()
        exchange.close()

    run(main())
