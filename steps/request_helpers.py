"""Helpers of steps that send requests to a worker and feed its events to the scenario."""

import asyncio
from collections.abc import Callable
from contextlib import AsyncExitStack
from typing import Any, Final

from narration_capture import NarrationCapture
from narration_core import CORRELATION_HEADER, Event
from steps.harness import Answer, OpenRequest, WorkerProcess, ask

HAIKU: Final = "Write a haiku about GPU computing"
TABLE = list[list[str]]


def ends_the_job(event: Event) -> bool:
    """Whether this is the last event of its request."""
    return (
        event.action in {"cancel", "timeout", "auth"}
        or (event.action == "disconnect" and event.event == "error")
        or (event.action == "execute" and event.event in {"execute_end", "error"})
        or (event.action in {"validate", "queue"} and event.level == "warn")
        or (event.action == "drain" and event.job_id is not None)
    )


def request_body(prompt: str = HAIKU, **more: Any) -> dict[str, Any]:
    return {"prompt": prompt, "max_tokens": 100, "temperature": 0, "seed": 7, **more}


async def ask_and_feed(
    worker: WorkerProcess, narration: NarrationCapture, body: Any, headers: dict[str, str] | None = None
) -> Answer:
    answer = await ask(worker.url, body, headers)
    correlation_id = answer.headers[CORRELATION_HEADER]
    await asyncio.to_thread(feed_request, worker, narration, correlation_id)
    return answer


async def open_request(
    worker: WorkerProcess,
    cleanup: AsyncExitStack,
    correlation_id: str | None = None,
    *,
    until: str = "token",
    **body: Any,
) -> OpenRequest:
    """Send a request and read its stream up to an event; the scenario's end closes it."""
    client = OpenRequest(worker.url)
    cleanup.push_async_callback(client.close)
    await client.open(request_body(**body), {CORRELATION_HEADER: correlation_id} if correlation_id else None)
    await client.until(until)
    return client


def is_independent_of_timing(event: Event) -> bool:
    """Whether the event is emitted whatever the timing: all but the progress of a request."""
    return event.action != "generate"


def feed_request(
    worker: WorkerProcess,
    narration: NarrationCapture,
    correlation_id: str,
    only: Callable[[Event], bool] = lambda _: True,
) -> None:
    """Feed the events of a request, from its first to its last."""

    def own(event: Event) -> bool:
        return event.correlation_id == correlation_id

    worker.feed_until(
        narration, lambda event: own(event) and ends_the_job(event), only=lambda event: own(event) and only(event)
    )


def feed_stopped_request(worker: WorkerProcess, narration: NarrationCapture, correlation_id: str) -> None:
    """Feed the events of a request that was stopped from outside, without its progress: that depends on timing."""
    feed_request(worker, narration, correlation_id, is_independent_of_timing)
