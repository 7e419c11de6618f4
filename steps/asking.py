"""How steps ask a worker, and feed what it tells of the request."""

import asyncio
from collections.abc import Callable
from typing import Any, Final

from narration_capture import NarrationCapture
from narration_core import CORRELATION_HEADER, Event
from steps.harness import Answer, WorkerProcess, ask

HAIKU: Final = "Write a haiku about GPU computing"
TABLE = list[list[str]]


def ends_the_job(event: Event) -> bool:
    """Whether nothing more is told of the event's request."""
    return (
        event.action in {"cancel", "disconnect", "timeout", "auth"}
        or (event.action == "execute" and event.event in {"execute_end", "error"})
        or (event.action in {"validate", "queue"} and event.level == "warn")
        or (event.action == "drain" and event.job_id is not None)
    )


def request_of(prompt: str = HAIKU, **more: Any) -> dict[str, Any]:
    return {"prompt": prompt, "max_tokens": 100, "temperature": 0, "seed": 7, **more}


async def asked(
    worker: WorkerProcess, narration: NarrationCapture, body: Any, headers: dict[str, str] | None = None
) -> Answer:
    answer = await ask(worker.url, body, headers)
    correlation_id = answer.headers[CORRELATION_HEADER]
    await asyncio.to_thread(hear_request, worker, narration, correlation_id)
    return answer


def is_steady(event: Event) -> bool:
    """Whether the event is told whatever the timing: all but the progress of a request."""
    return event.action != "generate"


def hear_request(
    worker: WorkerProcess,
    narration: NarrationCapture,
    correlation_id: str,
    only: Callable[[Event], bool] = lambda _: True,
) -> None:
    """Feed what was told of a request, from its first event to its last."""

    def own(event: Event) -> bool:
        return event.correlation_id == correlation_id

    worker.hear(
        narration, lambda event: own(event) and ends_the_job(event), only=lambda event: own(event) and only(event)
    )


def hear_stopped(worker: WorkerProcess, narration: NarrationCapture, correlation_id: str) -> None:
    """Feed what was told of a request that was stopped from outside; how far it had come is a matter of timing."""
    hear_request(worker, narration, correlation_id, is_steady)
