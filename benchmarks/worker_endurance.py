"""How soon it stops, and what a thousand requests of mixed fate leave behind."""

import asyncio
import random
import re
import time
from pathlib import Path
from typing import NamedTuple

import aiohttp

from benchmarks.worker_speed import PROMPT, QUEUE
from narration_core import Event
from narration_worker.client import WorkerClient
from narration_worker.launch import RunningWorker, launch

FATES = ("finish", "finish", "cancel", "leave", "refuse", "timeout")
LONG = 4000


async def stopping(model: Path, times: int, prompt: str = "x" * 3500) -> dict[str, list[float]]:
    """Return how long cancel and disconnect take to the native stop, in ms, and /health while a prompt is read.

    Args:
        model: the model's file.
        times: how often each is tried.
        prompt: one that takes longer to read than the stop takes to come.
    """
    figures: dict[str, list[float]] = {}
    async with launch(model) as worker, WorkerClient(worker.url) as control:
        for number in range(times):
            for how in ("cancel", "disconnect"):
                for where in ("prompt", "decode"):
                    text = prompt if where == "prompt" else "xxxx"
                    took = await _stop(worker, control, how, text, f"{how}-{where}-{number}", figures)
                    figures.setdefault(f"{how} {where}", []).append(took)
    return figures


async def _stop(
    worker: RunningWorker, control: WorkerClient, how: str, prompt: str, job_id: str, figures: dict[str, list[float]]
) -> float:
    """Stop one job; return how long it took until the worker said so, in ms."""
    wanted = "token" if "decode" in job_id else "narration"
    async with WorkerClient(worker.url) as client:
        stream = client.execute(prompt=prompt, max_tokens=LONG, temperature=0.7, job_id=job_id)
        async for message in stream:
            started = wanted == "token" or message.data.get("event", {}).get("event") == "execute_start"
            if message.name == wanted and started:
                break
        if wanted == "narration":
            await asyncio.sleep(random.uniform(0.01, 0.1))
            began = time.perf_counter()
            await control.health()
            figures.setdefault("health while reading", []).append((time.perf_counter() - began) * 1000)
        asked_ms = time.time() * 1000
        if how == "cancel":
            await control.cancel(job_id)
        await stream.aclose()
    told = await worker.wait_for(job_id=job_id, error_kind="cancelled" if how == "cancel" else "client_gone")
    return max(0.0, (told.emitted_at_ms or 0) - asked_ms)


class Leftovers(NamedTuple):
    """What a soak left behind.

    Attributes:
        streams: streams that were read to their end.
        ended_once: those of them with exactly one end or error, last.
        stories: jobs that were narrated.
        coherent: those with one ending, last, and one correlation id.
        growth: of resident memory, in percent.
        exit_code: of the worker.
    """

    streams: int
    ended_once: int
    stories: int
    coherent: int
    growth: float
    exit_code: int


async def soak(model: Path, count: int) -> Leftovers:
    """Send requests of mixed fate, eight at a time, after as many for warm-up; strict mode."""
    arguments = (*QUEUE, "--inference-timeout-sec", "0.1")
    ended: list[bool] = []
    async with launch(model, arguments=arguments, environment={"NARRATION_STRICT": "1"}) as worker:
        await _crowd(worker.url, range(count), ended)
        before = _resident(worker.pid)
        await _crowd(worker.url, range(count, 2 * count), ended)
        after = _resident(worker.pid)
        exit_code = await worker.stop()
        stories: dict[str, list[Event]] = {}
        for event in worker.events:
            if event.job_id and event.job_id.startswith("soak-"):
                stories.setdefault(event.job_id, []).append(event)
    coherent = sum(map(_coherent, stories.values()))
    growth = (after - before) / before * 100
    return Leftovers(len(ended), sum(ended), len(stories), coherent, growth, exit_code)


async def _crowd(url: str, numbers: range, ended: list[bool]) -> None:
    left = iter(numbers)

    async def client() -> None:
        for number in left:
            names = await _meet_fate(url, FATES[number % len(FATES)], f"soak-{number}")
            if names:
                once = sum(name in {"end", "error"} for name in names) == 1
                ended.append(once and names[-1] in {"end", "error"})

    await asyncio.gather(*(client() for _ in range(8)))


async def _meet_fate(url: str, fate: str, job_id: str) -> list[str]:
    """Send one request and do with it what its fate says; return the messages of a stream that was read to its end."""
    async with WorkerClient(url, tries=1) as client, aiohttp.ClientSession() as web:
        if fate == "refuse":
            async with web.post(f"{url}/execute", json={"prompt": ""}) as answer:
                assert answer.status == 400
            return []
        most = 20 if fate == "finish" else LONG
        stream = client.execute(prompt=PROMPT, max_tokens=most, temperature=0.7, job_id=job_id)
        names: list[str] = []
        async for message in stream:
            names.append(message.name)
            if names.count("token") == 3 and message.name == "token":
                if fate == "leave":
                    await stream.aclose()
                    return []
                if fate == "cancel":
                    await client.cancel(job_id)
        return names


def _coherent(told: list[Event]) -> bool:
    ends = [event for event in told if event.event == "execute_end" or event.error_kind]
    return len(ends) == 1 and ends[0] is told[-1] and len({event.correlation_id for event in told}) == 1


def _resident(pid: int) -> int:
    """Return a process's resident memory in KiB."""
    found = re.search(r"VmRSS:\s+(\d+)", Path(f"/proc/{pid}/status").read_text(encoding="ascii"))
    assert found
    return int(found[1])
