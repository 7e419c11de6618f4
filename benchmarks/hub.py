"""The hub's numbers: from a call to a reader, taking in, a full store, a crowd of readers, a kill, memory, the panel.

How long a browser needs to draw one row is not in here. BENCHMARK_SECONDS says how long load goes on.
"""

import asyncio
import contextlib
import json
import os
import re
import resource
import signal
import statistics
import tempfile
import time
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, Final, NamedTuple

import aiohttp

from benchmarks.environment import machine
from benchmarks.hub_panel import panel
from benchmarks.results import replace_section
from narration_core import Narrator, bind, configure
from narration_core.serving.launch import RunningService
from narration_core.sinks import HubSink
from narration_hub.launch import launch
from narration_hub.stored_line import Mark, marked

SECONDS: Final = int(os.environ.get("BENCHMARK_SECONDS", "60"))
STORE_BYTES: Final = 1 << 30
CROWD: Final = 1000
RATE: Final = 10_000
_SEGMENT: Final = 64 << 20
_LIVES: Final = 3
_LIFE_S: Final = 4.0
_TICKS: Final = os.sysconf("SC_CLK_TCK")
_PAGE: Final = os.sysconf("SC_PAGE_SIZE")


class Row(NamedTuple):
    """A line of the table: what, what was measured, what must be reached."""

    what: str
    measured: str
    must: str


def line(number: int, job: str = "job-1", human: str = "", **more: Any) -> bytes:
    """Return an event of about 400 bytes with its mark."""
    said = {
        "emitted_at_ms": 1_795_900_000_000 + number, "level": "info", "actor": "poold", "action": "spawn",
        "target": f"gpu{number % 8}", "human": human or f"Spawning engine llamacpp-v1 for order {number}",
        "correlation_id": f"req-{number // 10}", "job_id": job, "emitted_by": "poold@1.2.0",
        "span_id": f"{number:016x}", "duration_ms": number % 1000, "model_ref": "tiny.gguf", **more,
    }  # fmt: skip
    return json.dumps(said, separators=(",", ":")).encode()


def cpu_s(pid: int) -> float:
    """Return the CPU seconds that a process has used."""
    fields = Path(f"/proc/{pid}/stat").read_text("ascii").rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / _TICKS


def memory_mib(pid: int) -> float:
    """Return a process's resident memory."""
    return int(Path(f"/proc/{pid}/statm").read_text("ascii").split()[1]) * _PAGE / (1 << 20)


@asynccontextmanager
async def hub(*arguments: str) -> AsyncIterator[tuple[RunningService, aiohttp.ClientSession]]:
    """Run a hub for one measurement."""
    connector = aiohttp.TCPConnector(limit=0)
    async with launch([*arguments], environment={"NARRATION_HUB": ""}) as process:
        timeout = aiohttp.ClientTimeout(total=None)
        async with aiohttp.ClientSession(process.url, connector=connector, timeout=timeout) as session:
            yield process, session


async def post(session: aiohttp.ClientSession, lines: Sequence[bytes]) -> None:
    """Send a batch and wait until it is acknowledged."""
    async with session.post("/v1/narration", data=b"\n".join(lines)) as response:
        response.raise_for_status()


def spread(times_s: Sequence[float]) -> str:
    """Return the median and the 99th percentile, in milliseconds."""
    cuts = statistics.quantiles(times_s, n=100)
    return f"p50 {cuts[49] * 1000:.1f} ms, p99 {cuts[98] * 1000:.1f} ms"


async def emit_to_reader() -> list[Row]:
    """A call in this process, until a reader of its job has the sentence; one every 50 ms."""
    said: dict[str, float] = {}
    took: list[float] = []
    async with hub("--no-data") as (process, session):
        configure(sinks=[HubSink(process.url)])
        narrate = Narrator("bench")

        def tell(number: int) -> None:
            said[f"Step {number}"] = time.perf_counter()
            with bind(job_id="job-1", correlation_id="req-1"):
                narrate("step", "it", f"Step {number}")

        await post(session, [line(0)])
        async with session.get("/v1/jobs/job-1/stream") as response:

            async def read() -> None:
                async for data in response.content:
                    found = re.search(rb'"human":"(Step \d+)"', data)
                    if found is not None:
                        took.append(time.perf_counter() - said[found[1].decode()])
                        if len(took) == 200:
                            return

            reading = asyncio.create_task(read())
            for number in range(200):
                await asyncio.to_thread(tell, number)
                await asyncio.sleep(0.05)
            await reading
        configure(sinks=[])
    return [Row("a call until a reader has it, quiet hub, 200 of them", spread(took), "p50 60 ms, p99 300 ms, drawn")]


async def taking_in(folder: Path) -> list[Row]:
    """CPU of the hub for each event that it takes in and keeps."""
    rows = []
    for batch in (100, 400):
        async with hub("--data", str(folder / f"in-{batch}")) as (process, session):
            bodies = [[line(n + i) for i in range(batch)] for n in range(0, 40_000, batch)]
            await post(session, bodies[0])
            before, began = cpu_s(process.pid), time.perf_counter()
            for body in bodies[1:]:
                await post(session, body)
            count = sum(map(len, bodies[1:]))
            per_core = count / (cpu_s(process.pid) - before)
            wall = count / (time.perf_counter() - began)
        said = f"{per_core:,.0f} events per core-second, {wall:,.0f}/s from one sender"
        rows.append(Row(f"taking in with disk, batches of {batch}", said, "40,000 per core-second"))
    return rows


def fill(folder: Path) -> int:
    """Write a full store; return how many events it has."""
    folder.mkdir()
    number = segment = 0
    while segment < STORE_BYTES // _SEGMENT:
        segment += 1
        with (folder / f"events-{segment:08d}.jsonl").open("wb") as file:
            while file.tell() < _SEGMENT:
                lines = []
                for _ in range(2000):
                    more = {"human": "The zebra crossing is closed"} if number == 5 else {}
                    mark = Mark(1_795_900_000_000 + number, "localhost", "poold", f"a1b2c3d4-{number}", f"e-{number}")
                    lines.append(marked(line(number, f"job-{number // 50}", **more), mark))
                    number += 1
                file.write(b"".join(lines))
    return number


async def timed(session: aiohttp.ClientSession, path: str, needle: bytes = b"") -> float:
    """Return how long it takes until an answer holds some bytes, or is whole."""
    began = time.perf_counter()
    async with session.get(path) as response:
        async for data in response.content:
            if needle and needle in data:
                break
    return time.perf_counter() - began


async def full_store(folder: Path) -> list[Row]:
    """Stories and texts in 1 GiB, and how soon a killed hub is ready again."""
    count = await asyncio.to_thread(fill, folder)
    arguments = ("--data", str(folder), "--keep", "4GiB")
    rows = []
    async with hub(*arguments) as (process, session):
        await timed(session, "/v1/search?q=xylophone")
        texts = {"zebra crossing": "in the oldest events", "xylophone": "nowhere", "connection refused": "nowhere"}
        for text, where in texts.items():
            best = min([await timed(session, f"/v1/search?q={text}", b'"hits":[{') for _ in range(5)])
            rows.append(Row(f"search for “{text}”, {where}, 1 GiB", f"{best * 1000:.0f} ms", "200 ms; 1.5 s in all"))
        began = time.perf_counter()
        for _ in range(300):
            if await timed(session, "/v1/stories/req-7") < 0.02:
                break
            await asyncio.sleep(1)
        indexed = time.perf_counter() - began
        asked = [f"/v1/stories/req-{number * 997 % (count // 10)}" for number in range(300)]
        story = spread([await timed(session, path) for path in asked])
        rows.append(
            Row(f"story by id, 1 GiB, {count:,} events (indexed {indexed:.0f} s after the start)", story, "p99 30 ms")
        )
        process.signal(signal.SIGKILL)
        await process.wait()
    began = time.perf_counter()
    async with hub(*arguments):
        ready = time.perf_counter() - began
    return [*rows, Row("ready after kill -9, 1 GiB kept", f"{ready:.2f} s with the interpreter's start", "2 s")]


async def crowd() -> list[Row]:
    """Memory of idle readers, and what it costs to send a burst to each."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (min(hard, max(soft, 4 * CROWD)), hard))
    async with hub("--no-data") as (process, session):
        port = int(process.url.rpartition(":")[2])
        await post(session, [line(0)])
        before = memory_mib(process.pid)
        readers = []
        for _ in range(CROWD):
            reader, writer = await asyncio.open_connection("127.0.0.1", port, limit=1 << 20)
            writer.write(b"GET /v1/jobs/job-1/stream HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n")
            await reader.readuntil(b"order 0")
            readers.append((reader, writer))
        idle = (memory_mib(process.pid) - before) * 1024 / CROWD
        bursts, used = 20, cpu_s(process.pid)
        for number in range(1, bursts + 1):
            last = number * 50 + 49
            await post(session, [line(number * 50 + i) for i in range(50)])
            await asyncio.gather(*(reader.readuntil(b"order %d" % last) for reader, _ in readers))
        each = (cpu_s(process.pid) - used) / (bursts * 50 * CROWD) * 1e6
        for _, writer in readers:
            writer.close()
    return [
        Row("memory of an idle reader", f"{idle:.1f} KiB", "15 KiB"),
        Row(
            f"bursts of 50 to {CROWD} readers, CPU for each delivery", f"{each:.2f} µs", "half of sse-starlette's 1.82"
        ),
    ]


class _Watcher:
    """A reader that resumes: the numbers of the events that it saw, and how many it was told that it missed."""

    def __init__(self) -> None:
        self.seen: list[int] = []
        self.missed = 0
        self._place = ""

    async def read(self, session: aiohttp.ClientSession, last: int | None = None) -> None:
        """Read until the hub is gone, or until an event comes."""
        headers = {"Last-Event-ID": self._place} if self._place else {}
        with contextlib.suppress(aiohttp.ClientError):
            async with session.get("/v1/jobs/job-1/stream", headers=headers) as response:
                async for data in response.content:
                    if data.startswith(b"id: "):
                        self._place = data[4:].decode().strip()
                    elif data.startswith(b'data: {"missed"'):
                        self.missed += json.loads(data[6:])["missed"]
                    elif (found := re.search(rb"for order (\d+)", data)) is not None:
                        self.seen.append(int(found[1]))
                        if self.seen[-1] == last:
                            return


async def load_until_gone(session: aiohttp.ClientSession, number: int) -> tuple[int, float]:
    """Send at the full rate until the hub is gone; return the first number that is not acknowledged, and the rate."""
    began, first = time.perf_counter(), number
    with contextlib.suppress(aiohttp.ClientError):
        while True:
            await post(session, [line(n, event_id=f"bench-{n}") for n in range(number, number + 100)])
            number += 100
            await asyncio.sleep(max(0.0, began + (number - first) / RATE - time.perf_counter()))
    return number, (number - first) / (time.perf_counter() - began)


async def killed(folder: Path) -> list[Row]:
    """A hub that is killed while so many events come, three times; what its producer and a reader make of it."""
    watcher = _Watcher()
    ready, rates = [], []
    number = 0
    for _ in range(_LIVES):
        began = time.perf_counter()
        async with hub("--data", str(folder), "--ring-events", "200000") as (process, session):
            ready.append(time.perf_counter() - began)
            if not number:
                await post(session, [line(0, event_id="bench-0")])
                number = 1
            reading = asyncio.create_task(watcher.read(session))
            asyncio.get_running_loop().call_later(_LIFE_S, process.signal, signal.SIGKILL)
            number, rate = await load_until_gone(session, number)
            rates.append(rate)
            await reading
    began = time.perf_counter()
    async with hub("--data", str(folder), "--ring-events", "200000") as (process, session):
        ready.append(time.perf_counter() - began)
        # The batch that was under way again: some of it may be here already.
        await post(session, [line(n, event_id=f"bench-{n}") for n in range(number, number + 100)])
        await watcher.read(session, number + 99)
    lost = number + 100 - len(set(watcher.seen)) - watcher.missed
    twice = len(watcher.seen) - len(set(watcher.seen))
    return [
        Row(
            f"killed {_LIVES} times at {min(rates):,.0f} to {max(rates):,.0f} events/s, {number:,} acknowledged",
            f"{lost} lost, {twice} shown twice, {watcher.missed:,} told as missed; ready in {max(ready[1:]):.2f} s",
            "0 lost, 0 twice; 2 s",
        )
    ]


async def over_time(folder: Path) -> list[Row]:
    """Memory while events come and readers read, and whether so many can come."""
    memory: list[float] = []
    async with hub("--data", str(folder), "--keep", "500MiB") as (process, session):

        async def read(job: str) -> None:
            async with session.get(f"/v1/jobs/{job}/stream") as response:
                while await response.content.readany():
                    pass

        jobs = [f"job-{number}" for number in range(10)]
        await post(session, [line(0, job) for job in jobs])
        reading = [asyncio.create_task(read(job)) for job in jobs]
        bodies = [
            [line(number, f"job-{number % 10}", span_id=f"{index}-{number}") for number in range(400)]
            for index in range(25)
        ]
        began, sent = time.perf_counter(), 0
        while time.perf_counter() - began < SECONDS:
            await asyncio.gather(*(post(session, body) for body in bodies))
            sent += 400 * len(bodies)
            memory.append(memory_mib(process.pid))
            await asyncio.sleep(max(0.0, began + sent / RATE - time.perf_counter()))
        rate = sent / (time.perf_counter() - began)
        for task in reading:
            task.cancel()
        await asyncio.gather(*reading, return_exceptions=True)
    half = len(memory) // 2
    said = f"{max(memory[:half]):.0f} MiB in the first half, {max(memory[half:]):.0f} MiB in the second"
    return [Row(f"{rate:,.0f} events/s for {SECONDS} s, 10 readers: memory", said, "flat at 10,000/s")]


async def in_a_browser() -> list[Row]:
    """What the panel costs a browser."""
    return [Row(*await panel())]


def main() -> None:
    """Measure, print, and write `RESULTS.md`."""
    rows: list[Row] = []
    load = os.getloadavg()[0]
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        steps: Sequence[Callable[[], Any]] = (
            emit_to_reader, lambda: taking_in(folder), crowd, lambda: killed(folder / "killed"),
            lambda: over_time(folder / "time"), in_a_browser,
            lambda: full_store(folder / "full"),
        )  # fmt: skip
        for step in steps:
            for row in asyncio.run(step()):
                rows.append(row)
                print(f"{row.what}: {row.measured} (must: {row.must})", flush=True)
    table = [f"| {row.what} | {row.measured} | {row.must} |" for row in rows]
    replace_section(
        "hub",
        [
            f"On {machine()}; the load was {load:.1f} when it began.",
            "",
            "| | measured | must reach |",
            "|---|---|---|",
            *table,
        ],
    )
