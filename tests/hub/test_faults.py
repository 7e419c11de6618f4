"""A real hub under what happens to hubs: killed under load, a crowd that comes back, clocks, what is in its folder."""

import asyncio
import json
import os
import random
import resource
import signal

import aiohttp
import pytest

from narration_core.cli._watch import _Place
from support.hub import event, hub

pytestmark = pytest.mark.fault
JOB = "/v1/jobs/job-1/stream"
HOUR_MS = 3_600_000


def run(main, seconds=170):
    asyncio.run(asyncio.wait_for(main, seconds))


# -- killed under load -------------------------------------------------------------------------------


class Sender:
    """A producer that repeats a batch until it is acknowledged, in the hub's next life if need be."""

    def __init__(self, name):
        self.name = name
        self.acknowledged = 0

    async def send(self, one, batch=500):
        numbers = range(self.acknowledged, self.acknowledged + batch)
        name = self.name
        ids = {"correlation_id": "req-1"}
        await one.send(*[event(human=f"{name} {n}", event_id=f"{name}-{n}", **ids) for n in numbers])
        self.acknowledged += batch

    async def repeat(self, one, batch=500):
        """Send again what was acknowledged last, as if the answer had been lost with the hub."""
        self.acknowledged -= batch
        await self.send(one, batch)


def known(seen):
    return sum(map(len, seen["told"].values())) + seen["missed"]


async def read_on(one, place, seen, until=None):
    """Read a job's stream from a place until it breaks, or so much is known; return the place."""
    try:
        async with one.stream(JOB, after=place) as reader:
            while until is None or known(seen) < until:
                found = await reader.next()
                if found is None:
                    break
                name, data = found
                if name == "gap":
                    seen["missed"] += data["missed"]
                    continue
                assert name == "narration", found
                sender, _, number = data["event"]["human"].partition(" ")
                seen["told"].setdefault(sender, []).append(int(number))
                place = reader.last_id
    except aiohttp.ClientError:
        pass
    return place


async def live(one, senders, place, seen):
    """Send and read until twenty batches are acknowledged and the hub is killed amid the next; return the place."""
    left = [20]

    async def push(sender):
        while True:
            await sender.send(one)
            left[0] -= 1
            if left[0] == 0:
                one.process.signal(signal.SIGKILL)

    reading = asyncio.create_task(read_on(one, place, seen))
    results = await asyncio.gather(*map(push, senders), return_exceptions=True)
    assert all(isinstance(result, aiohttp.ClientError) for result in results), results
    return await reading


@pytest.mark.req("HUB-03", "SSE-05")
def test_a_hub_killed_under_load_loses_nothing_acknowledged_and_counts_what_readers_missed(tmp_path):
    """Rings are short, so that readers fall behind: what they see and what they are told to have missed is all."""
    senders = [Sender("a"), Sender("b"), Sender("c")]
    seen, late = {"told": {}, "missed": 0}, {"told": {}, "missed": 0}
    arguments = ("--data", str(tmp_path), "--ring-events", "2000")

    async def main():
        place = None
        for _ in range(3):
            async with hub(*arguments) as one:
                if place is None:
                    for sender in senders:
                        await sender.send(one)
                    async with one.stream(JOB) as reader:
                        await reader.sentences(1)
                        first = reader.last_id
                for sender in senders:
                    await sender.repeat(one)
                place = await live(one, senders, place, seen)
        async with hub(*arguments) as one:
            for sender in senders:
                await sender.send(one)
            total = sum(sender.acknowledged for sender in senders)
            await read_on(one, place, seen, until=total)
            await read_on(one, first, late, until=total - 1)
            lines = await (await one.session.get("/v1/operator/events")).text()
            return total, lines, await one.ask("GET", "/v1/jobs/job-1")

    total, lines, shown = asyncio.run(asyncio.wait_for(main(), 170))
    assert total >= 60 * 500
    assert late["missed"] == total - 1 - 2000
    for reader in (seen, late):
        for sender in senders:
            numbers = reader["told"][sender.name]
            assert numbers == sorted(set(numbers))  # in order, and none twice
            assert numbers[-1] == sender.acknowledged - 1
    kept = [json.loads(line)["human"] for line in lines.splitlines()]
    wanted = [f"{sender.name} {n}" for sender in senders for n in range(sender.acknowledged)]
    assert sorted(kept) == sorted(wanted)  # on the disk: each once, and no other
    assert shown["counts"]["info"] == total


# -- a crowd -----------------------------------------------------------------------------------------

CROWD = 1000


@pytest.fixture
def many_files():
    """Allow this process, and the hub that it starts, a file for each reader."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if hard != resource.RLIM_INFINITY and hard < 4 * CROWD:
        pytest.skip(f"this system allows {hard} open files, and {4 * CROWD} are needed")
    resource.setrlimit(resource.RLIMIT_NOFILE, (max(soft, 4 * CROWD), hard))
    yield
    resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))


class OneOfMany:
    """A reader over a bare connection: a thousand of them cost this process little."""

    def __init__(self, number):
        self.job = f"job-{number % 10}"
        self.last_id = None
        self.told = []

    async def open(self, port):
        self.reader, self.writer = await asyncio.open_connection("127.0.0.1", port)
        after = f"Last-Event-ID: {self.last_id}\r\n" if self.last_id else ""
        self.writer.write(f"GET /v1/jobs/{self.job}/stream HTTP/1.1\r\nHost: 127.0.0.1\r\n{after}\r\n".encode())

    async def read(self, count):
        """Read until so many sentences are known in all."""
        while len(self.told) < count:
            line = await self.reader.readline()
            assert line, f"the stream ended after {self.told}"
            if line.startswith(b"id: "):
                self.last_id = line[4:].strip().decode()
            elif line.startswith(b'data: {"event"'):
                self.told.append(json.loads(line[6:])["event"]["human"])
            assert not line.startswith((b"event: gap", b"event: reset")), line

    async def until_it_breaks(self):
        try:
            while await self.reader.read(65536):
                pass
        except ConnectionError:
            pass
        self.writer.close()


@pytest.mark.req("SSE-05", "HUB-01", "HUB-03")
def test_a_thousand_readers_come_back_at_once_and_each_gets_what_it_missed(tmp_path, many_files):
    crowd = [OneOfMany(number) for number in range(CROWD)]

    async def all_read(count):
        await asyncio.gather(*(one.read(count) for one in crowd))

    async def tell(one, *steps):
        await one.send(*[event(job=f"job-{job}", human=f"{job}: {step}") for step in steps for job in range(10)])

    async def main():
        async with hub("--data", str(tmp_path)) as one:
            port = int(one.url.rpartition(":")[2])
            await tell(one, "One")
            await asyncio.gather(*(each.open(port) for each in crowd))
            await all_read(1)
            assert (await one.ask("GET", "/v1/health"))["readers"] == CROWD
            await tell(one, "Two", "Three")
            await all_read(3)
            one.process.signal(signal.SIGKILL)
            await asyncio.gather(*(each.until_it_breaks() for each in crowd))
        async with hub("--data", str(tmp_path), "--port", str(port)) as one:
            await tell(one, "Four")
            await asyncio.gather(*(each.open(port) for each in crowd))
            await all_read(4)
            await tell(one, "Five")
            await all_read(5)
            assert (await one.ask("GET", "/v1/health"))["readers"] == CROWD
            for each in crowd:
                each.writer.close()
        for each in crowd:
            number = each.job.removeprefix("job-")
            assert each.told == [f"{number}: {step}" for step in ("One", "Two", "Three", "Four", "Five")]

    run(main())


@pytest.mark.req("SSE-08")
def test_a_thousand_watchers_do_not_try_again_in_the_same_moment():
    random.seed(7)
    watchers = [_Place(None) for _ in range(CROWD)]
    first = sorted(watcher.pause_s() for watcher in watchers)
    for start in first:
        assert sum(start <= pause < start + 0.1 for pause in first) <= CROWD * 0.05
    second = [pause + watcher.pause_s() for pause, watcher in zip(first, watchers, strict=True)]
    assert max(second) <= 10  # a hub that starts needs two of them


# -- clocks ------------------------------------------------------------------------------------------


@pytest.mark.req("HUB-01", "HUB-04")
def test_a_producer_whose_clock_goes_back_is_read_in_the_order_of_arrival(tmp_path):
    now = 1_795_900_000_000
    told = [
        ("Accepting the order", now, {"event": "order_start", "span_id": "a" * 16}),
        ("Asking the bank", now - HOUR_MS, {"event": "bank_start", "span_id": "b" * 16, "parent_span_id": "a" * 16}),
        ("The bank has not answered yet", now - 2 * HOUR_MS, {}),
    ]
    over = [
        ("The bank has answered", now - 3 * HOUR_MS, {"event": "bank_end", "span_id": "b" * 16}),
        ("Done", 0, {"event": "order_end", "span_id": "a" * 16}),
    ]

    def lines(events):
        return [event(human=human, emitted_at_ms=at, correlation_id="req-1", **more) for human, at, more in events]

    async def main():
        async with hub("--data", str(tmp_path)) as one:
            await one.send(*lines(told))
            async with one.stream(JOB) as reader:
                assert await reader.sentences(3) == [human for human, _, _ in told]
                (job,) = (await one.ask("GET", "/v1/jobs"))["jobs"]
                assert (job["state"], job["sentence"]) == ("running", "The bank has not answered yet")
                assert 0 <= job["quiet_ms"] < HOUR_MS
                assert 0 <= job["age_ms"] < HOUR_MS
                assert job["waits"]["since_ms"] == now - HOUR_MS
                await one.send(*lines(over))
                assert await reader.sentences(2) == ["The bank has answered", "Done"]
            story = await one.ask("GET", "/v1/stories/req-1")
            assert [line["event"]["human"] for line in story["lines"]] == [human for human, _, _ in told + over]
            (job,) = (await one.ask("GET", "/v1/jobs"))["jobs"]
            assert "waits" not in job

    run(main())


@pytest.mark.req("HUB-03", "HUB-04")
@pytest.mark.parametrize("by_ms", [HOUR_MS, -HOUR_MS, 400 * 24 * HOUR_MS], ids=["back", "on", "back by a year"])
def test_a_hub_whose_own_clock_was_changed_goes_on_with_ids_order_and_age(tmp_path, by_ms):
    """What it wrote down before says another time than its clock does now."""

    async def main():
        async with hub("--data", str(tmp_path)) as one:
            open_work = {"event": "x_start", "span_id": "a" * 16}
            await one.send(event(human="One", event_id="p-1", **open_work), event(human="Two", event_id="p-2"))
            async with one.stream(JOB) as reader:
                await reader.sentences(2)
                place = reader.last_id
        (path,) = tmp_path.glob("events-*.jsonl")
        kept = [json.loads(line) for line in path.read_bytes().splitlines()]
        for line in kept:
            line["hub"]["at_ms"] += by_ms
        path.write_text("".join(json.dumps(line, separators=(",", ":")) + "\n" for line in kept))
        async with hub("--data", str(tmp_path), "--stall", "600") as one:
            (job,) = (await one.ask("GET", "/v1/jobs"))["jobs"]
            assert job["sentence"] == "Two"
            assert job["state"] == ("stalled" if by_ms < 0 else "running")
            assert job["quiet_ms"] >= 0
            repeated = await one.send(event(human="Two", event_id="p-2"), event(human="Three", event_id="p-3"))
            assert (repeated["accepted"], repeated["repeated"]) == (1, 1)
            async with one.stream(JOB, after=place) as reader:
                assert await reader.sentences(1) == ["Three"]
            (job,) = (await one.ask("GET", "/v1/jobs"))["jobs"]
            assert (job["state"], job["sentence"]) == ("running", "Three")
            lines = (await one.ask("GET", "/v1/stories/job-1"))["lines"]
            assert [line["event"]["human"] for line in lines] == ["One", "Two", "Three"]
        assert len(list(tmp_path.glob("events-*"))) == 1

    run(main())


# -- its folder --------------------------------------------------------------------------------------


@pytest.mark.req("HUB-03")
@pytest.mark.parametrize(
    "harm",
    [
        lambda folder: (folder / "index.sqlite3").unlink(),
        lambda folder: (folder / "index.sqlite3").write_bytes(os.urandom(5000)),
        lambda folder: (folder / "known.json").write_bytes(b'{"half'),
        lambda folder: (folder / "tickets.json").write_bytes(os.urandom(99)),
        lambda folder: (folder / "events-00000009.jsonl").mkdir(),
        lambda folder: (folder / "events-nonsense.jsonl").write_text("nonsense\n"),
        lambda folder: (folder / "events-00000009.jsonl").write_bytes(os.urandom(5000)),
        lambda folder: (folder / "events-00000009.jsonl").symlink_to("nowhere"),
    ],
    ids=["no index", "bad index", "known", "tickets", "folder", "name", "bad segment", "broken link"],
)
def test_a_hub_starts_with_whatever_is_in_its_folder(tmp_path, harm):
    async def main():
        async with hub("--data", str(tmp_path)) as one:
            await one.send(event(human="One", correlation_id="req-1"))
        harm(tmp_path)
        async with hub("--data", str(tmp_path)) as one:
            await one.send(event(human="Two", correlation_id="req-1"))
            lines = (await one.ask("GET", "/v1/stories/req-1"))["lines"]
            assert [line["event"]["human"] for line in lines] == ["One", "Two"]

    run(main())


@pytest.mark.req("HUB-03")
def test_a_disk_that_is_full_for_a_while_stops_no_stream_and_is_counted(tmp_path, narration):
    """The process may write no file longer than its segment is: to it, that is a full disk."""

    async def main():
        async with hub("--data", str(tmp_path)) as one:
            await one.send(event(human="Kept"))
            (path,) = tmp_path.glob("events-*.jsonl")
            _, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
            resource.prlimit(one.process.pid, resource.RLIMIT_FSIZE, (path.stat().st_size + 10, hard))
            async with one.stream(JOB) as reader:
                assert await reader.sentences(1) == ["Kept"]
                await one.send(event(human="Shown"))
                await one.send(event(human="Shown too"))
                assert await reader.sentences(2) == ["Shown", "Shown too"]
                text = await (await one.session.get("/metrics")).text()
                assert "narration_hub_unsaved_total 2" in text
                assert path.read_bytes().count(b"\n") == 1
                resource.prlimit(one.process.pid, resource.RLIMIT_FSIZE, (hard, hard))
                sent = 0
                while path.read_bytes().count(b"\n") == 1:  # it is tried again after 5 s
                    await one.send(event(human=f"Again {sent}"))
                    assert await reader.sentences(1) == [f"Again {sent}"]
                    sent += 1
                place = reader.last_id
        narration.feed(*one.process.lines)
        kept = [json.loads(line)["human"] for line in path.read_bytes().splitlines()]
        assert kept == ["Kept", f"Again {sent - 1}"]
        async with hub("--data", str(tmp_path)) as one:
            await one.send(event(human="Later"))
            async with one.stream(JOB, after=place) as reader:
                assert await reader.sentences(1) == ["Later"]

    run(main())
    narration.assert_event(action="store", level="error")
    narration.assert_event(action="store", level="info")
    assert sum(told.action == "store" for told in narration.events) == 2


@pytest.mark.req("HUB-03")
def test_an_index_that_is_deleted_while_the_hub_runs_is_not_missed(tmp_path):
    async def main():
        async with hub("--data", str(tmp_path)) as one:
            await one.send(event(human="One", correlation_id="req-1"))
            for path in tmp_path.glob("index.sqlite3*"):
                path.unlink()
            await one.send(event(human="Two", correlation_id="req-1"))
            lines = (await one.ask("GET", "/v1/stories/req-1"))["lines"]
            assert [line["event"]["human"] for line in lines] == ["One", "Two"]

    run(main())


@pytest.mark.req("HUB-01")
def test_connections_that_say_nothing_or_little_keep_nobody_out(many_files):
    """Half requests, a byte at a time, and bodies that never end: a hub serves others meanwhile, and closes them."""

    async def main():
        async with hub() as one:
            port = int(one.url.rpartition(":")[2])
            slow = []
            for number in range(300):
                reader, writer = await asyncio.open_connection("127.0.0.1", port)
                slow.append((reader, writer))
                writer.write([b"", b"GET /v1/jo", b"POST /v1/narration HTTP/1.1\r\nHost: x\r\n"][number % 3])
            await one.send(event(human="Here"))
            async with one.stream(JOB) as stream:
                assert await stream.sentences(1) == ["Here"]
                for reader, writer in slow:
                    while await reader.read(65536):  # the hub gives them up
                        pass
                    writer.close()
                await one.send(event(human="Still here"))
                assert await stream.sentences(1) == ["Still here"]

    run(main())
