"""A reader that comes while a hub finds the others again: whatever comes in at another hub reaches it."""

import asyncio
import contextlib
import hashlib
from contextlib import asynccontextmanager

import pytest

from narration_hub.redis_engine import _scripts
from support.hub import event, hub
from support.servers import stream_server

JOB = "/v1/jobs/job-1/stream"
SHARE = hashlib.new("sha1", _scripts.SHARE.encode(), usedforsecurity=False).hexdigest().encode()


class Gate:
    """Stands between a hub and its server: it can break every connection, and hold back what goes through it."""

    def __init__(self, port):
        self._port = port
        self._writers = set()
        self._what = b""
        self.open = asyncio.Event()
        self.open.set()
        self.held = asyncio.Event()

    async def serve(self, reader, writer):
        there = await asyncio.open_connection("127.0.0.1", self._port)
        self._writers.update((writer, there[1]))
        with contextlib.suppress(asyncio.CancelledError):
            await asyncio.gather(self._carry(reader, there[1]), self._carry(there[0], writer))

    async def _carry(self, reader, writer):
        with contextlib.suppress(OSError):
            while data := await reader.read(1 << 16):
                if self._what in data and not self.open.is_set():
                    self.held.set()
                    await self.open.wait()
                writer.write(data)
                await writer.drain()
        writer.close()

    def hold(self, what):
        """Hold back what holds these bytes, and what follows it, until `open` is set."""
        self._what = what
        self.open.clear()

    def break_all(self):
        for writer in self._writers:
            writer.transport.abort()
        self._writers.clear()


def has_been_over(job):
    return job["state"] == "ended" and job["quiet_ms"] > 3000


@asynccontextmanager
async def gate_to(port):
    gate = Gate(port)
    server = await asyncio.start_server(gate.serve, "127.0.0.1", 0)
    try:
        yield gate, f"redis://127.0.0.1:{server.sockets[0].getsockname()[1]}/0"
    finally:
        gate.open.set()
        server.close()
        gate.break_all()


@asynccontextmanager
async def two_hubs(folder):
    """A hub, and another one that reaches the server through a gate."""
    with stream_server(folder) as server:
        async with (
            gate_to(server.port) as (gate, address),
            hub("--engine", server.url) as one,
            hub("--engine", address) as other,
        ):
            yield one, other, gate


@pytest.mark.fault
@pytest.mark.req("HUB-05", "SSE-05")
@pytest.mark.parametrize("path", [JOB, "/v1/operator/stream"])
def test_a_reader_that_came_while_its_hub_was_about_to_share_again_gets_what_others_take_in(tmp_path, path):
    async def main():
        async with two_hubs(tmp_path) as (one, other, gate):
            await other.send(event(human="One", event="work_start"))
            gate.hold(SHARE)
            gate.break_all()
            await gate.held.wait()
            # So late that it is told only what this hub has itself.
            async with other.stream(path) as reader:
                assert await reader.sentences(1) == ["One"]
                gate.open.set()
                await one.send(event(human="Two"), event(human="Done", event="work_end"))
                said = []
                while said[-2:] != ["Two", "Done"]:
                    name, data = await reader.next()
                    if name == "narration":
                        said.append(data["event"]["human"])

    asyncio.run(asyncio.wait_for(main(), 60))


@pytest.mark.fault
@pytest.mark.req("HUB-05", "SSE-05")
def test_a_stream_ends_only_when_everything_of_it_was_sent(tmp_path):
    """The board knows of the end before the end itself could be read."""

    async def main():
        async with two_hubs(tmp_path) as (one, other, gate):
            await one.send(event(human="One", event="work_start"))
            async with other.stream(JOB) as reader:
                assert await reader.sentences(1) == ["One"]
                gate.hold(b'"human":"Done late"')
                await one.send(event(human="Done late", event="work_end"))
                while not any(map(has_been_over, (await other.ask("GET", "/v1/jobs"))["jobs"])):
                    pass
                gate.open.set()
                *before, last = await reader.upto("end")
                said = [data["event"]["human"] for name, data in before if name == "narration"]
                assert said[-1:] == ["Done late"]
                assert last == ("end", {"reason": "ended"})

    asyncio.run(asyncio.wait_for(main(), 60))


@pytest.mark.fault
@pytest.mark.req("HUB-05", "HUB-02")
def test_a_hub_that_cannot_ask_the_others_says_so_and_never_that_there_is_nothing(tmp_path):
    token = "a-made-up-operator"

    async def main():
        with stream_server(tmp_path) as server:
            own = {"AUTH_TOKEN": token}
            async with hub("--engine", server.url, **own) as one, hub("--engine", server.url, **own) as other:
                await one.send(event(human="Here"), token=token)
                await other.send(event("job-2", "There"), token=token)
                path = "/v1/jobs/job-1/ticket"
                ticket = (await one.ask("POST", path, token, status=201))["ticket"]
                async with one.stream(JOB, token) as reader:
                    assert await reader.sentences(1) == ["Here"]
                    server.kill()
                    await one.process.wait_for(action="engine", level="error")
                await one.ask("GET", "/v1/jobs/job-1", token)
                for path in ("/v1/jobs/job-3", "/v1/jobs/job-2/stream", "/v1/stories/job-2"):
                    answer = await one.ask("GET", path, token, status=503)
                    assert (answer["code"], answer["retriable"]) == ("CANNOT_TELL", True), path
                refused = await one.ask("POST", "/v1/jobs/job-2/ticket", token, status=503)
                assert refused["code"] == "CANNOT_TELL"
                for path in ("/v1/jobs/job-3", "/v1/jobs/job-2", "/v1/jobs/job-2/stream", "/v1/stories/job-2"):
                    await one.ask("GET", path, ticket, status=404)

    asyncio.run(asyncio.wait_for(main(), 60))
