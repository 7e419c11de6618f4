"""Start a worker as a process and read its narration: for the demo, tests, features and pool managers."""

import sys
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from pathlib import Path

from narration_core import Event
from narration_core.serving.launch import RunningService as RunningWorker
from narration_core.serving.launch import ServiceEndedError as WorkerEndedError
from narration_core.serving.launch import running


@asynccontextmanager
async def launch(
    model: str | Path = "bundled",
    *,
    device: str | None = "cpu",
    arguments: Sequence[str] = (),
    environment: Mapping[str, str] | None = None,
    on_event: Callable[[Event], None] | None = None,
    wait_until: str | None = "ready",
) -> AsyncIterator[RunningWorker]:
    """Start a worker, yield it, and stop it at the end.

    Args:
        model: a GGUF file, or "bundled".
        device: cpu, cuda or metal; None leaves the argument out.
        arguments: more arguments of `narration worker`.
        environment: added to this process's own.
        on_event: called with each event as it arrives.
        wait_until: yield when this action is narrated; None yields at once.

    Raises:
        WorkerEndedError: it ended before that.
    """
    command = [
        sys.executable,
        "-m",
        "narration_worker",
        "--model",
        str(model),
        *(["--device", device] if device else []),
        *arguments,
    ]
    async with running(
        command, name="worker", environment=environment, on_event=on_event, wait_until=wait_until
    ) as worker:
        yield worker


__all__ = ["RunningWorker", "WorkerEndedError", "launch"]
