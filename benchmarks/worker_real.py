"""A real model against its raw loop: on a quiet machine, with the cores busy, and on one CPU."""

import asyncio
import os
import statistics
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Final, NamedTuple

from benchmarks.worker_speed import Figure, client_session, ours, over_sse, raw_loops
from narration_worker.model.cpu import available_cpus, thread_count

LEAST: Final = 0.98


class Case(NamedTuple):
    """One situation: its name, the command that starts everything, busy processes beside it, tokens per request."""

    name: str
    prefix: tuple[str, ...]
    busy: int
    tokens: int


CASES: Final = (
    Case("quiet", (), 0, 64),
    Case("cores busy", (), os.cpu_count() or 1, 32),
    Case("one CPU", ("taskset", "-c", "0"), 0, 32),
)


@asynccontextmanager
async def busy_cores(count: int) -> AsyncIterator[None]:
    """Keep so many cores busy."""
    command = (sys.executable, "-c", "while True: pass")
    processes = [await asyncio.create_subprocess_exec(*command) for _ in range(count)]
    try:
        yield
    finally:
        for process in processes:
            process.kill()
            await process.wait()


async def real_model(model: Path, rounds: int) -> dict[str, list[Figure]]:
    """Return the figures of each case: the worker with one client, and the raw loop before and after it."""
    figures: dict[str, list[Figure]] = {}
    size = (await asyncio.to_thread(model.stat)).st_size
    for case in CASES:
        cpus = 1 if case.prefix else available_cpus()
        threads = thread_count(None, size, cpus)
        async with (
            raw_loops(model, threads, case.prefix) as raw,
            ours(model, case.prefix) as server,
            busy_cores(case.busy),
            client_session() as session,
        ):
            before = await raw.measure(1, case.tokens)
            for turn in range(rounds + 1):
                speed, first_ms = await over_sse(session, server, 1, 1, case.tokens)
                after = await raw.measure(1, case.tokens)
                if turn:  # the first turn warms everything up
                    beside = statistics.harmonic_mean((before, after))
                    figures.setdefault(case.name, []).append(Figure(speed, first_ms, beside))
                before = after
        print(f"  {case.name}: {threads} threads", flush=True)
    return figures
