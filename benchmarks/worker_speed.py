"""How fast: the worker over SSE, its narration on and off, against the raw loop and llama_cpp.server."""

import asyncio
import os
import random
import socket
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import AsyncIterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager, closing, suppress
from pathlib import Path
from typing import NamedTuple

import aiohttp

from benchmarks.environment import ROOT, python_with
from benchmarks.worker_client import Clients, Server

PROMPT = "Write a haiku about GPU computing"
TOKENS = 64
CLIENTS = (1, 4, 16)
STARTS = 10
WARM_UP = 16
QUEUE = ("--queue-limit", "1000")
PEER = ("fastapi", "uvicorn", "sse-starlette", "starlette-context", "pydantic-settings")


class Figure(NamedTuple):
    """One measurement.

    Attributes:
        speed: tokens per second.
        first_ms: median time to the first token, in milliseconds.
        raw: tokens per second of the raw loop just before and after it.
        start: number of the start that the processes come from.
        cpu_ms: CPU time of the server for each request, in milliseconds.
    """

    speed: float
    first_ms: float
    raw: float
    start: int
    cpu_ms: float


class OnToOff(NamedTuple):
    """The worker with its narration on, compared with it off.

    Attributes:
        speed: ratio of their tokens per second.
        per_cpu: ratio of their tokens per second of CPU time.
        start: number of the start that the processes come from.
    """

    speed: float
    per_cpu: float
    start: int


class Speeds(NamedTuple):
    """All that was measured.

    Attributes:
        figures: by `<candidate> <clients>`, for each turn.
        narration: by the number of clients, for each turn.
    """

    figures: dict[str, list[Figure]]
    narration: dict[int, list[OnToOff]]


class Asked(NamedTuple):
    """How a turn of a server went; see `Figure`."""

    speed: float
    first_ms: float
    cpu_ms: float

    def beside(self, before: float, after: float, start: int) -> Figure:
        """Return it with the speeds of the raw loop just before and after it, and the number of the start."""
        return Figure(self.speed, self.first_ms, statistics.harmonic_mean((before, after)), start, self.cpu_ms)


def raw_loop(model: str, threads: int) -> None:
    """Run the shortest loop over llama.cpp's own functions; print tokens a second.

    Each line of input says how many requests of how many tokens.

    Args:
        model: the model's file.
        threads: threads that compute.
    """
    import llama_cpp as api

    silent = api.llama_log_callback(lambda *_: None)  # kept: the library goes on calling it
    api.llama_log_set(silent, None)
    loaded = api.llama_model_load_from_file(model.encode(), api.llama_model_default_params())
    params = api.llama_context_default_params()
    params.n_ctx, params.n_threads, params.n_threads_batch, params.flash_attn_type = 2048, threads, threads, 0
    context = api.llama_init_from_model(loaded, params)
    vocabulary = api.llama_model_get_vocab(loaded)
    data = PROMPT.encode()
    prompt = (api.llama_token * 256)()
    size = api.llama_tokenize(vocabulary, data, len(data), prompt, 256, True, True)  # noqa: FBT003
    one = (api.llama_token * 1)()
    memory = api.llama_get_memory(context)
    for line in sys.stdin:
        requests, tokens = map(int, line.split())
        began = time.perf_counter()
        for number in range(requests):
            api.llama_memory_clear(memory, False)  # noqa: FBT003
            chain = api.llama_sampler_chain_init(api.llama_sampler_chain_default_params())
            api.llama_sampler_chain_add(chain, api.llama_sampler_init_temp(0.7))
            api.llama_sampler_chain_add(chain, api.llama_sampler_init_dist(number))
            api.llama_decode(context, api.llama_batch_get_one(prompt, size))
            for place in range(tokens):
                one[0] = api.llama_sampler_sample(chain, context, -1)
                if place + 1 < tokens:
                    api.llama_decode(context, api.llama_batch_get_one(one, 1))
            api.llama_sampler_free(chain)
        print(requests * tokens / (time.perf_counter() - began), flush=True)


class RawLoop:
    """The raw loop in a process of its own, which waits between measurements."""

    def __init__(self, process: asyncio.subprocess.Process) -> None:
        self._process = process

    async def measure(self, requests: int, tokens: int = TOKENS) -> float:
        """Return its tokens per second in so many requests of so many tokens."""
        assert self._process.stdin
        assert self._process.stdout
        self._process.stdin.write(b"%d %d\n" % (requests, tokens))
        return float(await self._process.stdout.readline())


@asynccontextmanager
async def raw_loops(model: Path, threads: int = 1, prefix: Sequence[str] = ()) -> AsyncIterator[RawLoop]:
    """Start the raw loop.

    Args:
        model: the model's file.
        threads: threads that compute.
        prefix: a command that starts it, such as taskset with its arguments.
    """
    process = await asyncio.create_subprocess_exec(
        *(*prefix, sys.executable, "-m", "benchmarks.worker", "--raw", str(model), "--raw-threads", str(threads)),
        cwd=ROOT,
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
    )
    try:
        yield RawLoop(process)
    finally:
        process.kill()
        await process.wait()


async def over_sse(clients: Clients, count: int, requests: int, tokens: int = TOKENS) -> Asked:
    """Have some clients ask in turn, and return how that went.

    Args:
        clients: of one server.
        count: how many of them ask at the same time.
        requests: how many they ask for together.
        tokens: how many each request asks for.
    """
    before = cpu_ms(clients.server.pid)
    speed, first_ms = await asyncio.to_thread(clients.ask, count, requests, tokens)
    return Asked(speed, first_ms, (cpu_ms(clients.server.pid) - before) / requests)


def cpu_ms(pid: int) -> float:
    """Return the CPU time of a process's threads so far, in milliseconds; 0 where the system does not tell."""
    spent = 0
    for thread in Path(f"/proc/{pid}/task").glob("*/schedstat"):
        with suppress(OSError):  # it has just ended
            spent += int(thread.read_text("ascii").split()[0])
    return spent / 1e6


def free_port() -> int:
    """Return a port that nobody listens on."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return int(free.getsockname()[1])


async def answers(url: str) -> None:
    """Wait until a server answers there with 200."""
    async with aiohttp.ClientSession() as session, asyncio.timeout(120):
        while True:
            try:
                async with session.get(url) as answer:
                    if answer.status == 200:
                        return
            except aiohttp.ClientConnectionError:
                pass
            await asyncio.sleep(0.1)


def peer_python() -> Path:
    """Return an interpreter that has llama_cpp.server, with the same library as the worker."""
    command = [sys.executable, "tools/build_llama.py"]
    built = subprocess.run(command, cwd=ROOT, check=True, capture_output=True, text=True)
    wheel = next(Path(built.stdout.strip().splitlines()[-1]).glob("*.whl"))
    return python_with([str(wheel), *PEER])


@asynccontextmanager
async def ours(model: Path, prefix: Sequence[str] = (), **environment: str) -> AsyncIterator[Server]:
    """Start a worker whose narration goes to a file, as a container's does: reading it is nobody's work here.

    Args:
        model: the model's file.
        prefix: a command that starts it, such as taskset with its arguments.
        environment: added to this process's own.
    """
    port = free_port()
    with tempfile.TemporaryFile() as out:
        process = await asyncio.create_subprocess_exec(
            *(
                *prefix,
                sys.executable,
                "-m",
                "narration_worker",
                "--model",
                str(model),
                "--device",
                "cpu",
                "--port",
                str(port),
                *QUEUE,
            ),
            stdout=out,
            stderr=out,
            env=os.environ | environment,
        )
        try:
            await answers(f"http://127.0.0.1:{port}/health")
            yield Server(port, "/execute", _asked(), b"event: token", process.pid)
        finally:
            process.terminate()
            await process.wait()


@asynccontextmanager
async def peer(model: Path) -> AsyncIterator[Server]:
    """Start llama_cpp.server, told not to cut one answer for the next."""
    python, port = await asyncio.to_thread(peer_python), free_port()
    process = await asyncio.create_subprocess_exec(
        *(str(python), "-m", "llama_cpp.server", "--model", str(model), "--host", "127.0.0.1", "--port", str(port)),
        *("--n_ctx", "2048", "--n_threads", "1", "--n_threads_batch", "1", "--interrupt_requests", "false"),
        *("--logits_all", "false", "--verbose", "false"),
        stdout=asyncio.subprocess.DEVNULL,
        stderr=asyncio.subprocess.DEVNULL,
    )
    try:
        await answers(f"http://127.0.0.1:{port}/v1/models")
        same = {"top_k": 0, "top_p": 1.0, "min_p": 0.0, "repeat_penalty": 1.0, "stream": True}
        yield Server(port, "/v1/completions", {**_asked(), **same}, b'"text"', process.pid, slower=3)
    finally:
        process.kill()
        await process.wait()


def _asked() -> dict[str, object]:
    return {"prompt": PROMPT, "max_tokens": TOKENS, "temperature": 0.7}


async def on_to_off(told: Clients, mute: Clients, count: int, requests: int, start: int) -> OnToOff:
    """Return how the worker with its narration compares with the one without.

    One is asked before and after the other has been asked twice: a processor that grows slower meets both alike.

    Args:
        told: clients of the worker that narrates.
        mute: clients of the one that does not.
        count: how many clients ask at the same time.
        requests: how many they ask for together, each time.
        start: number of the start that the workers come from.
    """
    first, second = random.sample((told, mute), 2)
    asked: dict[Clients, list[Asked]] = {told: [], mute: []}
    for asking in (first, second, second, first):
        asked[asking].append(await over_sse(asking, count, requests))
    on, off = (statistics.harmonic_mean([turn.speed for turn in asked[asking]]) for asking in (told, mute))
    on_ms, off_ms = (sum(turn.cpu_ms for turn in asked[asking]) for asking in (told, mute))
    return OnToOff(on / off, off_ms / on_ms, start)


async def throughput(model: Path, rounds: int, turn_s: float, *, with_peer: bool) -> Speeds:
    """Return the figures of every round.

    Candidates that are compared take turns within a second, and the raw loop runs between them: the processor of a
    shared machine may change its speed by half from one second to the next. All are started anew several times, since
    the same process runs some per cent faster or slower by where its memory happens to lie.

    Args:
        model: the model's file.
        rounds: how often each candidate is measured with each number of clients.
        turn_s: how long a turn takes, about, in seconds; each client has one request at least.
        with_peer: whether llama_cpp.server is measured too.
    """
    speeds = Speeds({}, {})
    starts = min(STARTS, rounds)
    for start in range(starts):
        turns = rounds * (start + 1) // starts - rounds * start // starts
        await _take_turns(speeds, model, turns, turn_s, start, with_peer=with_peer)
        print(f"  start {start + 1} of {starts}, {turns} turns", flush=True)
    return speeds


async def _take_turns(speeds: Speeds, model: Path, turns: int, turn_s: float, start: int, *, with_peer: bool) -> None:
    async with AsyncExitStack() as stack:
        raw = await stack.enter_async_context(raw_loops(model))
        servers = {"worker": await stack.enter_async_context(ours(model))}
        if with_peer:
            servers["llama_cpp.server"] = await stack.enter_async_context(peer(model))
        candidates = {name: stack.enter_context(closing(Clients(server))) for name, server in servers.items()}
        quiet = await stack.enter_async_context(ours(model, NARRATION_LEVEL="mute"))
        mute = stack.enter_context(closing(Clients(quiet)))
        await raw.measure(WARM_UP)
        fitting = round(await raw.measure(WARM_UP) * turn_s / TOKENS)
        for turn in range(turns + 1):
            for clients in random.sample(CLIENTS, len(CLIENTS)):
                requests = max(clients, fitting)
                before = await raw.measure(requests)
                for name, asking in random.sample(list(candidates.items()), len(candidates)):
                    asked = await over_sse(asking, clients, max(clients, requests // asking.server.slower))
                    after = await raw.measure(requests)
                    if turn:  # the first turn warms everything up
                        figure = asked.beside(before, after, start)
                        speeds.figures.setdefault(f"{name} {clients}", []).append(figure)
                    before = after
                compared = await on_to_off(candidates["worker"], mute, clients, requests, start)
                if turn:
                    speeds.narration.setdefault(clients, []).append(compared)
