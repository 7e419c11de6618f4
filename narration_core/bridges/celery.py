"""Celery: ids with every task, its start and its end told, and log lines as narration.

Import this module only where Celery is installed. Workers started by `celery worker` then log through narration, and
leave standard output alone: Celery would turn each line of narration into a log line, and that into narration again.
"""

import logging
from collections.abc import Callable, Mapping
from typing import Any, Final

from celery import signals

from narration_core._configuration import flush
from narration_core._narrator import Narrator
from narration_core.bridges._levels import Levels
from narration_core.bridges._working import Work, Working
from narration_core.bridges.stdlib import NarrationHandler

_HEADERS: Final = {"x-correlation-id": "X-Correlation-Id", "traceparent": "traceparent", "baggage": "baggage"}
_WORK: Final = "narration_work"


def correlate(narrate: Narrator, *, levels: Levels | None = None) -> Callable[[], None]:
    """Carry the ids with every task of this process, and tell where it is enqueued, its start and its end.

    Call it once, in the module of the Celery application, which callers and workers both import.

    Args:
        narrate: who tells.
        levels: levels by point, such as {"enqueue": "mute"}. The points are `enqueue`, `start`, `end`, `failure` and
            `retry`.

    Returns:
        A function that takes it back.

    Raises:
        ValueError: a point or a level does not exist.
    """
    tasks = _Tasks(Working(narrate, levels))
    receivers: dict[Any, Callable[..., None]] = {
        signals.before_task_publish: tasks.publish,
        signals.task_prerun: tasks.begin,
        signals.task_failure: tasks.fail,
        signals.task_retry: tasks.retry,
        signals.task_postrun: tasks.end,
        signals.setup_logging: _log,
        signals.worker_process_shutdown: _flush,
        signals.worker_shutdown: _flush,
    }
    for signal, receiver in receivers.items():
        signal.connect(receiver, weak=False)

    def stop() -> None:
        for signal, receiver in receivers.items():
            signal.disconnect(receiver)

    return stop


class _Tasks:
    def __init__(self, working: Working) -> None:
        self._working = working

    def publish(self, sender: Any = None, headers: dict[str, Any] | None = None, **_: Any) -> None:
        if headers is None:
            return
        # A task that is tried again is published from inside its own run, and stays in its story.
        carried = self._working.enqueued(str(sender), headers.get("id"))
        headers.update(carried)

    def begin(self, task_id: str | None = None, task: Any = None, **_: Any) -> None:
        request = task.request

        def header(name: str) -> str | None:
            value = request.get(_HEADERS[name])
            return value if isinstance(value, str) else None

        setattr(request, _WORK, self._working.begin(header, task.name, task_id))

    def fail(self, sender: Any = None, exception: BaseException | None = None, **_: Any) -> None:
        work = _work_of(sender)
        if work is not None and exception is not None:
            work.failed(exception)

    def retry(self, sender: Any = None, reason: Any = None, **_: Any) -> None:
        work = _work_of(sender)
        if work is not None:
            cause = getattr(reason, "exc", None) or reason
            work.tried_again(cause if isinstance(cause, BaseException) else None)

    def end(self, task: Any = None, **_: Any) -> None:
        work = _work_of(task)
        if work is not None:
            delattr(task.request, _WORK)
            work.leave()


def _work_of(task: Any) -> Work | None:
    work = getattr(getattr(task, "request", None), _WORK, None)
    return work if isinstance(work, Work) else None


def _log(loglevel: int | str | None = None, **_: Mapping[str, Any]) -> None:
    """Send the worker's log lines to narration, in place of Celery's own set-up."""
    root = logging.getLogger()
    root.handlers = [NarrationHandler()]
    root.setLevel(loglevel or logging.INFO)


def _flush(**_: Any) -> None:
    flush()
