"""Several hubs on one real server: one board, one story, one set of tickets, whichever hub is asked."""

import asyncio
import signal

import pytest

from support.hub import event, hub
from support.servers import stream_server

OPERATOR = "a-made-up-operator"


def run(main):
    asyncio.run(asyncio.wait_for(main, 120))


@pytest.fixture
def server(tmp_path):
    with stream_server(tmp_path) as server:
        yield server


async def until(ask, is_so):
    """Ask until an answer is as wanted, and return it."""
    async with asyncio.timeout(60):
        while not is_so(answer := await ask()):  # noqa: ASYNC110 - hubs in other processes: they must be asked
            await asyncio.sleep(0.02)
    return answer


def job_on(one, token=None):
    async def ask():
        board = await one.ask("GET", "/v1/jobs", token)
        return next((job for job in board["jobs"] if job["job_id"] == "job-1"), None)

    return ask


@pytest.mark.req("HUB-05", "HUB-04")
def test_every_hub_shows_every_job_and_what_it_waits_for(server):
    async def main():
        async with hub("--engine", server.url) as one, hub("--engine", server.url) as other:
            start = {"event": "build_start", "action": "build", "correlation_id": "req-1"}
            await one.send(event(human="Building an engine", **start))
            shown = await until(job_on(other), lambda job: job is not None)
            assert shown["waits"]["sentence"] == "Building an engine"
            assert (shown["service"], shown["state"], shown["counts"]) == ("poold", "running", {"info": 1})
            assert shown["correlation_ids"] == ["req-1"]
            await other.send(event(human="Half of it is built", percent=50))
            shown = await until(job_on(one), lambda job: job["counts"] == {"info": 2})
            assert (shown["waits"]["sentence"], shown["waits"]["percent"]) == ("Half of it is built", 50)
            assert (await job_on(other)())["waits"] == shown["waits"]
            assert await one.ask("GET", "/v1/jobs/job-1")
            services = (await other.ask("GET", "/v1/jobs"))["services"]
            assert "poold" in [service["service"] for service in services]

    run(main())


@pytest.mark.req("HUB-05", "HUB-04")
def test_an_end_that_comes_to_another_hub_than_its_start_ends_the_job_on_both(server):
    async def main():
        async with hub("--engine", server.url) as one, hub("--engine", server.url) as other:
            await one.send(event(human="Building", event="build_start", action="build"))
            async with one.stream("/v1/jobs/job-1/stream") as reader:
                await other.send(event(human="Built", event="build_end", action="build"))
                assert await reader.sentences(2) == ["Building", "Built"]
                assert await reader.next() == ("end", {"reason": "ended"})
            for each in (one, other):
                shown = await until(job_on(each), lambda job: job is not None and job["state"] == "ended")
                assert "waits" not in shown
                assert (shown.get("left_open", []), shown.get("ends_unopened", 0)) == ([], 0)
            async with other.stream("/v1/jobs/job-1/stream") as late:
                assert await late.sentences(2) == ["Building", "Built"]
                assert await late.next() == ("end", {"reason": "ended"})

    run(main())


@pytest.mark.req("HUB-05", "HUB-04")
def test_a_stalled_job_is_told_by_the_hub_that_heard_it_last(server):
    async def main():
        few = ("--engine", server.url, "--stall", "1.5")
        async with hub(*few) as one, hub(*few) as other:
            await one.send(event(human="Building", event="build_start", action="build"))
            await until(job_on(other), lambda job: job is not None)
            await other.send(event(human="Still building"))
            said = await other.process.wait_for(action="stall")
            assert (said.get("subject"), said.get("holder")) == ("job-1", "poold")
            await until(job_on(one), lambda job: job["state"] == "stalled" and job["quiet_ms"] > 3000)
            assert one.process.find(action="stall") is None

    run(main())


@pytest.mark.req("HUB-05")
def test_a_story_holds_what_came_to_any_hub(server, tmp_path):
    async def main():
        first, second = ("--data", str(tmp_path / "one")), ("--data", str(tmp_path / "other"))
        async with hub("--engine", server.url, *first) as one, hub("--engine", server.url, *second) as other:
            for number, each in enumerate([one, other, one, other]):
                await each.send(
                    event(human=f"Step {number}", correlation_id="req-1", event_id=f"p{number % 2}-{number}")
                )
            await other.send(event(human="Step 2", correlation_id="req-1", event_id="p0-2"))  # a retry
            for each in (one, other):
                for name in ("req-1", "job-1"):
                    story = await each.ask("GET", f"/v1/stories/{name}")
                    assert [line["event"]["human"] for line in story["lines"]] == [f"Step {n}" for n in range(4)]
            server.kill()
            async with asyncio.timeout(60):
                await one.process.wait_for(action="engine", level="error")
            story = await one.ask("GET", "/v1/stories/req-1")
            assert [line["event"]["human"] for line in story["lines"]] == ["Step 0", "Step 2"]

    run(main())


@pytest.mark.req("HUB-05", "SSE-06")
def test_a_ticket_opens_its_job_at_any_hub_and_is_revoked_at_any(server):
    async def main():
        own = {"AUTH_TOKEN": OPERATOR}
        async with hub("--engine", server.url, **own) as one, hub("--engine", server.url, **own) as other:
            await one.send(event(human="One"), event(job="job-2"), token=OPERATOR)
            made = (await one.ask("POST", "/v1/jobs/job-1/ticket", OPERATOR, status=201))["ticket"]

            async def can_open():
                async with other.session.get("/v1/jobs/job-1/stream", headers={"Authorization": f"Bearer {made}"}) as r:
                    return r.status == 200

            await until(can_open, bool)
            await other.ask("GET", "/v1/jobs/job-2/stream", made, status=404)
            async with other.stream("/v1/jobs/job-1/stream", made) as reader:
                assert await reader.sentences(1) == ["One"]
                await one.ask("DELETE", "/v1/jobs/job-1/ticket", OPERATOR)
                assert await reader.next() == ("end", {"reason": "revoked"})
            await other.ask("GET", "/v1/jobs/job-1", made, status=401)
            again = (await other.ask("POST", "/v1/jobs/job-1/ticket", OPERATOR, status=201))["ticket"]
            await one.ask("GET", "/v1/jobs/job-1", again)

    run(main())


@pytest.mark.fault
@pytest.mark.req("HUB-05", "HUB-04")
def test_the_board_is_whole_again_after_the_server_lost_it_and_a_hub_was_killed(server, tmp_path):
    async def main():
        own = ("--engine", server.url, "--data", str(tmp_path / "one"))
        async with hub("--engine", server.url) as other:
            async with hub(*own) as one:
                await one.send(event(human="Building", event="build_start", action="build"))
                await until(job_on(other), lambda job: job is not None)
                server.kill()
                await other.process.wait_for(action="engine", level="error")
                await other.send(event(human="Waiting"))
                await one.send(event(human="Building on"))
                server.start()
                await until(job_on(other), lambda job: job["counts"] == {"info": 3})
                one.process.signal(signal.SIGKILL)
                await one.process.wait()
            shown = await job_on(other)()
            assert shown["waits"]["sentence"] in {"Building on", "Waiting"}
            async with hub(*own) as one:
                shown = await until(job_on(one), lambda job: job is not None and job["counts"] == {"info": 3})
                assert (await job_on(other)())["counts"] == {"info": 3}

    run(main())
