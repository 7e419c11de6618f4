"""Several hubs on one real Redis or Valkey: what goes in at one comes out at each, whatever becomes of the server."""

import asyncio
import json
import signal
import subprocess
import sys

import pytest

from support.hub import event, hub
from support.servers import stream_server

JOB = "/v1/jobs/job-1/stream"


def run(main):
    asyncio.run(asyncio.wait_for(main, 120))


@pytest.fixture(params=["redis", "valkey"])
def any_server(request, tmp_path):
    with stream_server(tmp_path, request.param) as server:
        yield server


@pytest.fixture
def server(tmp_path):
    with stream_server(tmp_path) as server:
        yield server


async def engine_told(one, level, times=1):
    """Wait until a hub has said so often that it lost the server (error) or has it (info)."""
    process = one.process
    async with asyncio.timeout(60), process._changed:
        while sum(said.action == "engine" and said.level == level for said in process.events) < times:
            await process._changed.wait()


async def view(reader, wanted):
    """Read until what a page would show is all that is wanted, each sentence once; return how often it began anew."""
    shown, resets = [], 0
    while set(shown) != set(wanted):
        name, data = await reader.next()
        if name == "reset":
            shown.clear()
            resets += 1
        else:
            assert name == "narration", (name, data)
            shown.append(data["event"]["human"])
        assert len(shown) == len(set(shown)), f"shown twice: {shown}"
    return resets


def epoch(reader):
    return reader.last_id.partition("-")[0]


@pytest.mark.req("HUB-05", "SSE-05")
def test_what_goes_in_at_one_hub_is_read_and_resumed_at_another(any_server):
    async def main():
        async with hub("--engine", any_server.url) as one, hub("--engine", any_server.url) as other:
            await one.send(event(human="One", correlation_id="req-1"), event(human="Two", correlation_id="req-1"))
            async with other.stream(JOB) as reader:
                assert await reader.sentences(2) == ["One", "Two"]
                await other.send(event(human="Three", correlation_id="req-1"))
                await one.send(event(human="Four", correlation_id="req-1"), event(job="job-2", human="Foreign"))
                assert await reader.sentences(2) == ["Three", "Four"]
                place = reader.last_id
            await other.send(event(human="Five", correlation_id="req-1"))
            async with one.stream(JOB, after=place) as again:
                assert await again.sentences(1) == ["Five"]
            five = ["One", "Two", "Three", "Four", "Five"]
            async with one.stream("/v1/stories/req-1/stream") as story:
                assert await story.sentences(5) == five
            for each in (one, other):
                async with each.stream("/v1/operator/stream") as everything:
                    assert await everything.sentences(6) == [*five[:4], "Foreign", "Five"]
                async with each.stream("/v1/jobs/job-2/stream", after=place) as foreign:
                    assert (await foreign.next())[0] == "reset"
                    assert await foreign.sentences(1) == ["Foreign"]
                    assert foreign.last_id.endswith("-1")

    run(main())


@pytest.mark.req("HUB-05", "SSE-07")
def test_a_batch_that_is_sent_again_to_another_hub_is_shown_once(any_server):
    async def main():
        async with hub("--engine", any_server.url) as one, hub("--engine", any_server.url) as other:
            lines = [event(human=f"Step {n}", event_id=f"process-{n}") for n in range(3)]
            named = event(human="Named", event_id="of another form")
            await one.send(*lines, named)
            async with one.stream(JOB) as reader:
                await other.send(*lines, named, event(human="New", event_id="process-3"))
                assert await reader.sentences(5) == ["Step 0", "Step 1", "Step 2", "Named", "New"]

    run(main())


@pytest.mark.req("HUB-05", "SSE-05")
def test_what_went_before_it_could_be_read_is_a_gap_with_its_number(any_server):
    async def main():
        few = ("--engine", any_server.url, "--ring-events", "5")
        async with hub(*few) as one, hub(*few) as other:
            await one.send(*[event(human=f"Step {n}") for n in range(12)])
            async with other.stream(JOB) as reader:
                assert await reader.next() == ("gap", {"missed": 7})
                assert await reader.sentences(5) == [f"Step {n}" for n in range(7, 12)]

    run(main())


@pytest.mark.fault
@pytest.mark.req("HUB-05", "HUB-03")
def test_a_server_that_is_killed_and_comes_back_empty_stops_nothing(any_server):
    async def main():
        async with hub("--engine", any_server.url) as one, hub("--engine", any_server.url) as other:
            await one.send(event(human="One"))
            await other.send(event(human="Two"))
            async with one.stream(JOB) as reader, other.stream(JOB) as elsewhere:
                assert await reader.sentences(2) == ["One", "Two"]
                assert await elsewhere.sentences(2) == ["One", "Two"]
                before, place = epoch(reader), reader.last_id
                any_server.kill()
                await engine_told(one, "error")
                await engine_told(other, "error")
                await one.send(event(human="Three"))
                assert await reader.sentences(1) == ["Three"]  # no reset: it has everything until here
                assert epoch(reader) != before
                async with one.stream(JOB, after=place) as resumed:
                    assert await resumed.sentences(1) == ["Three"]
                await other.send(event(human="Four"))
                assert await elsewhere.sentences(1) == ["Four"]
                any_server.start()
                all_four = ["One", "Two", "Three", "Four"]
                assert await view(reader, all_four) >= 1
                assert await view(elsewhere, all_four) >= 1
                assert epoch(reader) == epoch(elsewhere) != before
                await one.send(event(human="Five"))
                assert await reader.sentences(1) == await elsewhere.sentences(1) == ["Five"]
                assert reader.last_id == elsewhere.last_id
            async with other.stream(JOB, after=place) as late:
                assert (await late.next())[0] == "reset"

    run(main())


@pytest.mark.fault
@pytest.mark.req("HUB-05", "HUB-03")
def test_a_server_that_comes_back_as_a_stale_copy_is_noticed(any_server):
    async def main():
        async with hub("--engine", any_server.url) as one, hub("--engine", any_server.url) as other:
            await one.send(event(human="One"))
            assert any_server.ask("SAVE") == "+OK"
            await other.send(event(human="Two"))
            await one.send(event(human="Three"))
            async with one.stream(JOB) as reader:
                assert await reader.sentences(3) == ["One", "Two", "Three"]
                place = reader.last_id
                any_server.kill()
                any_server.start()  # knows nothing of Two and Three, and would give their numbers away again
                assert await view(reader, ["One", "Two", "Three"]) >= 1
            async with other.stream(JOB, after=place) as late:
                assert (await late.next())[0] == "reset"
                await view(late, ["One", "Two", "Three"])

    run(main())


@pytest.mark.fault
@pytest.mark.req("HUB-05")
def test_a_full_server_stops_nothing_and_gets_everything_when_there_is_room(any_server):
    async def main():
        async with hub("--engine", any_server.url) as one, hub("--engine", any_server.url) as other:
            await one.send(event(human="One"))
            async with one.stream(JOB) as reader, other.stream(JOB) as elsewhere:
                assert await reader.sentences(1) == await elsewhere.sentences(1) == ["One"]
                assert any_server.ask("CONFIG", "SET", "maxmemory", "1") == "+OK"
                await one.send(event(human="Two"))
                assert await reader.sentences(1) == ["Two"]
                await engine_told(one, "error")
                assert one.process.find(action="engine", level="error").get("reason") == "its memory is full"
                assert any_server.ask("CONFIG", "SET", "maxmemory", "0") == "+OK"
                await view(elsewhere, ["Two"])
                await view(reader, ["One", "Two"])

    run(main())


@pytest.mark.fault
@pytest.mark.req("HUB-05")
def test_a_connection_that_breaks_costs_readers_nothing(any_server):
    async def main():
        async with hub("--engine", any_server.url) as one, hub("--engine", any_server.url) as other:
            await one.send(event(human="One"))
            async with one.stream(JOB) as reader:
                assert await reader.sentences(1) == ["One"]
                before = epoch(reader)
                any_server.ask("CLIENT", "KILL", "TYPE", "normal")
                await engine_told(one, "info", 2)
                await engine_told(other, "info", 2)
                await other.send(event(human="Two"))
                assert await reader.sentences(1) == ["Two"]
                assert epoch(reader) == before

    run(main())


@pytest.mark.fault
@pytest.mark.req("HUB-05")
def test_a_server_that_stands_still_holds_nobody_up(server):
    async def main():
        async with hub("--engine", server.url) as one:
            await one.send(event(human="One"))
            async with one.stream(JOB) as reader:
                assert await reader.sentences(1) == ["One"]
                server.signal(signal.SIGSTOP)
                await one.send(event(human="Two"))
                assert await reader.sentences(1) == ["Two"]
                async with one.stream(JOB) as late:
                    assert await late.sentences(2) == ["One", "Two"]
                await one.send(event(human="Three"))
                assert await reader.sentences(1) == ["Three"]
                server.signal(signal.SIGCONT)
                await view(reader, ["One", "Two", "Three"])

    run(main())


@pytest.mark.fault
@pytest.mark.req("HUB-05")
def test_a_server_that_becomes_a_replica_is_as_good_as_away(server):
    async def main():
        async with hub("--engine", server.url) as one:
            await one.send(event(human="One"))
            async with one.stream(JOB) as reader:
                assert await reader.sentences(1) == ["One"]
                assert server.ask("REPLICAOF", "127.0.0.1", "1") == "+OK"
                await engine_told(one, "error")
                await one.send(event(human="Two"))
                assert await reader.sentences(1) == ["Two"]
                assert server.ask("REPLICAOF", "NO", "ONE") == "+OK"
                await view(reader, ["One", "Two"])
                await engine_told(one, "info", 2)

    run(main())


@pytest.mark.fault
@pytest.mark.req("HUB-05", "HUB-03")
def test_what_a_killed_hub_acknowledged_reaches_the_others_once_it_is_started_again(server, tmp_path):
    """The server is away, so that the hub acknowledges what it cannot share; then the hub is killed."""
    own = ("--engine", server.url, "--data", str(tmp_path / "data"))

    async def main():
        async with hub("--engine", server.url) as other:
            async with hub(*own) as one:
                await one.send(event(human="One"), event(human="Two", event_id="producer-1"))
                async with other.stream(JOB) as reader:
                    assert await reader.sentences(2) == ["One", "Two"]
                server.kill()
                await one.send(event(human="Three"), event(human="Four", event_id="producer-2"))
                one.process.signal(signal.SIGKILL)
                await one.process.wait()
                server.start()
                await engine_told(other, "info", 2)
            async with hub(*own) as one, other.stream(JOB) as reader:
                await view(reader, ["One", "Two", "Three", "Four"])
                await one.send(event(human="Four", event_id="producer-2"), event(human="Five"))
                assert await reader.sentences(1) == ["Five"]

    run(main())


@pytest.mark.fault
@pytest.mark.req("HUB-05")
def test_a_hub_starts_and_works_without_the_server_and_shares_when_it_comes(server):
    async def main():
        server.kill()
        async with hub("--engine", server.url) as one:
            await engine_told(one, "error")
            await one.send(event(human="One"))
            async with one.session.get("/metrics") as metrics:
                counted = await metrics.text()
            assert "\nnarration_hub_engine_up 0\n" in counted
            assert "\nnarration_hub_unshared 1\n" in counted
            async with one.stream(JOB) as reader:
                assert await reader.sentences(1) == ["One"]
                server.start()
                async with hub("--engine", server.url) as other:
                    await engine_told(one, "info")
                    async with other.stream(JOB) as elsewhere:
                        assert await elsewhere.sentences(1) == ["One"]
                await view(reader, ["One"])

    run(main())


@pytest.mark.req("HUB-05")
def test_a_server_that_throws_streams_away_is_refused(server, narration):
    async def main():
        from narration_hub.launch import launch

        server.ask("CONFIG", "SET", "maxmemory-policy", "allkeys-lru")
        own = {"NARRATION_SOURCE_LOCATION": "1"}
        async with launch(["--no-data", "--engine", server.url], environment=own, wait_until=None) as one:
            assert await one.wait() == 1
            assert any("allkeys-lru" in line and "noeviction" in line for line in one.other_output)
        narration.feed(*one.lines)

    run(main())
    narration.assert_event(action="start_failed", code="ENGINE")


@pytest.mark.req("HUB-05")
def test_the_password_in_the_address_is_shown_nowhere(tmp_path):
    password = "a-made-up-password"

    async def main():
        with stream_server(tmp_path, "redis", "--requirepass", password) as server:
            address = server.url.removeprefix("redis://")
            async with hub("--engine", f"redis://:{password}@{address}") as one:
                await engine_told(one, "info")
                await one.send(event())
                server.kill()
                await engine_told(one, "error")
                said = [*one.process.lines, *(line.encode() for line in one.process.other_output)]
            async with hub("--engine", f"redis://:not-{password}@{address}") as other:
                await engine_told(other, "error")
                said += [*other.process.lines, *(line.encode() for line in other.process.other_output)]
        assert said
        assert not any(password.encode() in line for line in said)

    run(main())


@pytest.mark.req("HUB-05")
def test_one_line_names_the_extra_that_the_engine_needs():
    code = """
import sys
sys.modules["redis"] = sys.modules["redis.asyncio"] = None
from narration_core.cli import main
sys.argv = ["narration", "hub", "--no-data", "--engine", "redis://127.0.0.1:1"]
main()
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False, timeout=60)
    assert done.returncode == 2
    assert done.stderr.splitlines()[-1] == (
        "Error: `narration hub` needs redis, which is not installed: pip install 'narration-core[redis]'"
    )


@pytest.mark.req("HUB-05")
def test_an_address_of_another_kind_is_refused():
    async def main():
        from narration_hub.launch import launch

        async with launch(["--no-data", "--engine", "http://127.0.0.1:1"], wait_until=None) as one:
            assert await one.wait() == 1
            assert json.loads(one.lines[-1])["action"] == "start_failed"

    run(main())
