"""What every bridge of a task queue does: carry the ids with a task, tell where it is put in, its start and its end."""

from collections.abc import Callable
from typing import Any, Final

from narration_core import _exceptions as exceptions
from narration_core._catalogue import Catalogue
from narration_core._correlation import accepted, headers_of
from narration_core._narrator import Narrator
from narration_core._scope import Entered, Scope, active_scope
from narration_core._taxonomy import register_field
from narration_core.bridges._levels import Levels, checked, level_of, unless_muted
from narration_core.bridges._request import inbound_scope, outbound_scope

POINTS: Final = frozenset(("enqueue", "start", "end", "failure", "retry"))

register_field("task", str, "the name of a task of a queue")


class Working:
    """How one service treats the tasks of its queue. Whoever puts tasks in is trusted: the queue is inside.

    Args:
        narrate: who tells.
        levels: levels by the name of the point.

    Raises:
        ValueError: a point or a level does not exist.
    """

    def __init__(self, narrate: Narrator, levels: Levels | None = None) -> None:
        told = checked(levels, POINTS)
        queue = Catalogue(narrate.actor)
        enqueue = queue.point(
            "enqueue",
            "enqueue",
            "{task}",
            "Enqueued {task}",
            event="enqueue",
            level=level_of(told, "enqueue", "info"),
            channel="request",
        )
        start = queue.point(
            "start",
            "task",
            "{task}",
            "Working on {task}",
            event="request",
            level=level_of(told, "start", "info"),
            channel="request",
        )
        end = queue.point(
            "end",
            "task",
            "{task}",
            "Finished {task} after {duration_ms} ms",
            event="request",
            level=level_of(told, "end", "info"),
            channel="request",
        )
        failure = queue.point(
            "failure",
            "task_failed",
            "{task}",
            "Could not finish {task}: {error_kind}",
            event="request_failed",
            level=level_of(told, "failure", "error"),
            channel="request",
        )
        retry = queue.point(
            "retry",
            "task",
            "{task}",
            "Trying {task} again later: {error_kind}",
            event="request",
            level=level_of(told, "retry", "warn"),
            channel="request",
        )
        self.enqueue = unless_muted(told, enqueue)
        self.start = unless_muted(told, start)
        self.end = unless_muted(told, end)
        self.failure = unless_muted(told, failure)
        self.retry = unless_muted(told, retry)
        self.has_span = {told.get("start"), told.get("end")} != {"mute"}
        self.calls_have_span = told.get("enqueue") != "mute"

    def enqueued(self, task: str, task_id: str | None) -> dict[str, str]:
        """Tell that a task is put into the queue, and return the headers that carry the ids.

        Args:
            task: its name.
            task_id: its id.
        """
        scope = outbound_scope(has_span=self.calls_have_span, task_id=task_id)
        self.enqueue(scope, {"task": task})
        return headers_of(scope, "inside")

    def begin(self, header: Callable[[str], str | None], task: str, task_id: str | None) -> "Work":
        """Bind the ids of a task that is about to run, and tell that it starts.

        Args:
            header: returns a header by its name in small letters, or None.
            task: its name.
            task_id: its id.
        """
        ids = accepted(header, "inside")
        bound = active_scope().fields.get("correlation_id")
        if header("x-correlation-id") is None and bound:  # called at once, in the scope of whoever called it
            ids = ids._replace(correlation_id=str(bound))
        return Work(self, inbound_scope(ids, has_span=self.has_span, **({"task_id": task_id} if task_id else {})), task)

    def lost(self, header: Callable[[str], str | None], task: str, task_id: str | None) -> None:
        """Tell that a task will never end: the process that ran it died.

        Args:
            header: returns a header by its name in small letters, or None.
            task: its name.
            task_id: its id.
        """
        scope = inbound_scope(accepted(header, "inside"), has_span=False, **({"task_id": task_id} if task_id else {}))
        self.failure(scope, {"task": task, "error_kind": "worker_died"})


class Work:
    """One task that runs. Creating it binds its ids and tells its start."""

    def __init__(self, working: Working, scope: Scope, task: str) -> None:
        self._working = working
        self._task = task
        self._scope = scope
        self._over = False
        self._began = scope.sources.monotonic_ns()
        self._entered = Entered(scope, 2)
        working.start(scope, {"task": task})

    def _duration(self) -> dict[str, Any]:
        return {"task": self._task, "duration_ms": (self._scope.sources.monotonic_ns() - self._began) // 1_000_000}

    def failed(self, error: BaseException) -> None:
        """Tell that the task raised an exception."""
        self._over = True
        exceptions.keep_ids(error, self._scope.fields)
        failure = {"error_kind": exceptions.kind(error), **exceptions.described(error)}
        self._working.failure(self._scope, {**self._duration(), **failure})

    def tried_again(self, error: BaseException | None) -> None:
        """Tell that the task will run again, and why."""
        self._over = True
        kind = "retry" if error is None else exceptions.kind(error)
        self._working.retry(self._scope, {**self._duration(), "error_kind": kind})

    def gave_up(self, kind: str) -> None:
        """Tell that the task will not be tried again, without an exception.

        Args:
            kind: why, as an `error_kind`.
        """
        self._over = True
        self._working.failure(self._scope, {**self._duration(), "error_kind": kind})

    def leave(self) -> None:
        """Tell the end if nothing else was told of it, and unbind the ids."""
        try:
            if not self._over:
                self._working.end(self._scope, self._duration())
        finally:
            self._entered.leave()
