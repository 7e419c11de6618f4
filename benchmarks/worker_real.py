"""A real model against its raw loop: on a quiet machine, with the cores busy, and on one CPU."""

import asyncio
import os
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, closing
from pathlib import Path
from typing import Final, NamedTuple

from benchmarks.worker_client import Clients
from benchmarks.worker_speed import Figure, ours, over_sse, raw_loops
from narration_worker.model.cpu import available_cpus, thread_count

LEAST: Final = 0.98
STARTS: Final = 5
TOKENS: Final = 32
"""Tokens of a request: more and shorter turns say more than few and long ones."""


class Case(NamedTuple):
    """One situation: its name, the command that starts everything, busy processes beside it."""

    name: str
    prefix: tuple[str, ...]
    busy: int


CASES: Final = (
    Case("quiet", (), 0),
    Case("cores busy", (), os.cpu_count() or 1),
    Case("one CPU", ("taskset", "-c", "0"), 0),
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
    """Return the figures of each case: the worker with one client, and the raw loop before and after it.

    Args:
        model: the model's file.
        rounds: how often the worker is measured in each case, over all starts.
    """
    figures: dict[str, list[Figure]] = {}
    size = (await asyncio.to_thread(model.stat)).st_size
    starts = min(STARTS, rounds)
    for case in CASES:
        threads = thread_count(None, size, 1 if case.prefix else available_cpus())
        for start in range(starts):
            turns = rounds * (start + 1) // starts - rounds * start // starts
            figures.setdefault(case.name, []).extend(await _take_turns(case, model, threads, turns, start))
        print(f"  {case.name}: {starts} starts, {rounds} turns", flush=True)
    return figures


async def _take_turns(case: Case, model: Path, threads: int, turns: int, start: int) -> list[Figure]:
    figures = []
    async with (
        raw_loops(model, threads, case.prefix) as raw,
        ours(model, case.prefix) as server,
        busy_cores(case.busy),
    ):
        with closing(Clients(server)) as clients:
            before = await raw.measure(1, TOKENS)
            for turn in range(turns + 1):
                asked = await over_sse(clients, 1, 1, TOKENS)
                after = await raw.measure(1, TOKENS)
                if turn:  # the first turn warms everything up
                    figures.append(asked.beside(before, after, start))
                before = after
    return figures
