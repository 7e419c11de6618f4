"""A real model of 253 MB: it starts, answers and stops within its memory estimate. Run by `make real`."""

import asyncio
from pathlib import Path

import pytest

from narration_worker.client import WorkerClient
from narration_worker.launch import launch
from tools.fetch_real_model import path

MEGABYTE = 1_000_000


@pytest.fixture(scope="module")
def real():
    if not path().is_file():
        pytest.skip("the real model is not here; `make real` fetches it (253 MB)")
    return path()


def peak_bytes(pid):
    """Return the most memory that a process ever had, in bytes."""
    status = Path(f"/proc/{pid}/status")
    if not status.is_file():
        pytest.skip("this operating system has no /proc/<pid>/status")
    (line,) = (line for line in status.read_text("utf-8").splitlines() if line.startswith("VmHWM:"))
    return int(line.split()[1]) * 1024


@pytest.mark.req("M0-W-1823")
def test_a_real_model_starts_answers_and_stops_within_its_memory_estimate(real):
    async def run(model):
        async with launch(model) as worker, WorkerClient(worker.url) as client:
            haiku = {"prompt": "Write a haiku about GPU computing", "max_tokens": 40, "temperature": 0.0}
            texts = [await client.text(**haiku) for _ in range(2)]
            text = await client.text(prompt="The capital of France is", max_tokens=8, temperature=0.0)
            state = await client.health()
            peak = peak_bytes(worker.pid)
            code = await worker.stop()
            return texts, text, state, peak, code, worker.events

    async def bundled():
        async with launch() as worker, WorkerClient(worker.url) as client:
            await client.text(prompt="a", max_tokens=8)
            return peak_bytes(worker.pid)

    texts, text, state, peak, code, events = asyncio.run(run(real))
    (loading,) = [event for event in events if event.event == "model_load_complete"]
    own = asyncio.run(bundled())  # what a worker takes with next to no model
    assert texts[0] == texts[1]
    assert texts[0].strip()
    assert "France" in text  # a small base model: it stays with the subject
    assert state["vocab_size"] > 200_000
    assert code == 0
    assert peak - own < loading.get("required_bytes"), (peak, own, loading.get("required_bytes"))
