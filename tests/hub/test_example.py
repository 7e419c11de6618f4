"""`narration hub --demo`: a newcomer's second command shows a request that is stuck, and leaves nothing behind."""

import asyncio
import os
import signal
from pathlib import Path

import pytest

from support.hub import hub


def run(main):
    asyncio.run(asyncio.wait_for(main, 120))


async def board(one, token=None):
    """Return the jobs of the board once the example is told as far as it goes."""
    async with one.stream("/v1/operator/stream", token) as reader:
        while (await reader.next())[1].get("event", {}).get("human") != "The bank has not answered yet":
            pass
    return {job["job_id"]: job for job in (await one.ask("GET", "/v1/jobs", token))["jobs"]}


@pytest.mark.req("HUB-01")
def test_the_example_shows_what_is_stuck_and_what_is_done():
    async def main():
        async with hub("--demo") as one:
            jobs = await board(one)
            assert jobs["order-1042"]["waits"]["service"] == "payments"
            assert jobs["order-1042"]["counts"]["warn"] == 1
            async with one.stream("/v1/jobs/order-1041/stream") as reader:
                assert (await reader.upto("end"))[-1][1]["reason"] == "ended"
            story = await one.ask("GET", f"/v1/stories/{jobs['order-1041']['correlation_ids'][0]}")
            assert [(line["event"]["actor"], line["event"]["human"]) for line in story["lines"]] == [
                ("shop", "Taking the order of 3 apples"),
                ("stock", "Reserved 3 apples in the cellar"),
                ("payments", "Asking the bank for the money"),
                ("payments", "Finished: Asking the bank for the money"),
                ("shop", "Finished: Taking the order of 3 apples"),
            ]

    run(main())


def test_the_example_knows_the_token_of_its_hub():
    async def main():
        async with hub("--demo", AUTH_TOKEN="a-made-up-token") as one:
            assert "order-1042" in await board(one, "a-made-up-token")

    run(main())


@pytest.mark.fault
@pytest.mark.parametrize("how", ["stop", "kill"])
def test_the_example_ends_with_its_hub(how):
    async def main():
        async with hub("--demo") as one:
            await board(one)
            (child,) = children(one.process.pid)
            watch = os.pidfd_open(child)
            if how == "stop":
                await one.process.stop()
            else:
                os.kill(one.process.pid, signal.SIGKILL)
            ended = asyncio.Event()
            asyncio.get_running_loop().add_reader(watch, ended.set)
            await ended.wait()
            os.close(watch)

    run(main())


def children(pid):
    return [int(child) for child in Path(f"/proc/{pid}/task/{pid}/children").read_text("ascii").split()]
