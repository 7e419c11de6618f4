"""Job outcomes: the final event and the final stream message of each ending."""

from collections.abc import Callable
from typing import Final, NamedTuple

from narration_worker import points
from narration_worker.errors import WorkerError
from narration_worker.jobs.job import Job
from narration_worker.metrics import Outcome
from narration_worker.model.generation import Result, StopCause, Stopped
from narration_worker.wire import CancelStatus, End, JobState, JobStatus


class StopOutcome(NamedTuple):
    """The outcome of a stopped job: error code, metrics label, message for the client (a template), final event."""

    code: str
    outcome: Outcome
    message: str
    point: Callable[..., None]
    error_kind: str


STOPS: Final[dict[StopCause, StopOutcome]] = {
    "cancelled": StopOutcome("CANCELLED", "cancelled", "the request was cancelled", points.cancelled, "cancelled"),
    "client_gone": StopOutcome("CANCELLED", "cancelled", "the client went away", points.client_gone, "client_gone"),
    "timeout": StopOutcome(
        "INFERENCE_TIMEOUT",
        "timeout",
        "the request took longer than {limit_s:g} s",
        points.timed_out,
        "inference_timeout",
    ),
    "shutdown": StopOutcome("SHUTTING_DOWN", "error", "the worker is shutting down", points.drained, "shutting_down"),
}

# What /jobs and /cancel answer about a job that has ended.
_STATUS: Final[dict[Outcome, JobStatus]] = {
    "success": "finished", "cancelled": "cancelled", "timeout": "timeout", "error": "failed",
}  # fmt: skip
CANCEL_STATUS: Final[dict[JobStatus, CancelStatus]] = {"cancelled": "cancelled", "timeout": "timeout"}
# What /cancel answers while the ending is not published yet.
STOPPED_STATUS: Final[dict[StopCause | None, CancelStatus]] = {
    "cancelled": "cancelled", "client_gone": "cancelled", "timeout": "timeout",
}  # fmt: skip


def final_state(job: Job) -> JobState:
    """Return the state of a job whose ending is published."""
    state = job.state(_STATUS[job.outcome])
    if isinstance(job.ending, Result):
        state.stop_reason = job.ending.stop_reason
    elif isinstance(job.ending, Stopped):
        state.code = STOPS[job.ending.cause].code
    elif job.ending is not None:
        state.code = job.ending.code
    return state


def publish_ending(job: Job, timeout_s: float) -> None:
    """Narrate and send how a job ended, in its own context, and set its outcome for the metrics.

    The client gets its final message even when narrating fails.

    Args:
        job: a job that has ended.
        timeout_s: how long it was allowed to take, in seconds.
    """
    ending = job.ending
    if isinstance(ending, Result):
        _completed(job, ending)
    elif isinstance(ending, Stopped):
        _stopped(job, ending.cause, timeout_s)
    elif ending is not None:
        _failed(job, ending)


def _completed(job: Job, result: Result) -> None:
    job.outcome = "success"
    try:
        points.inference_complete(
            emitted_at_ms=job.ended_at_ms,
            tokens_in=job.tokens_in,
            tokens_out=result.tokens_out,
            decode_time_ms=result.decode_time_ms,
            duration_ms=job.age_ms,
            stop_reason=result.stop_reason,
            seed=job.seed,
            output_sha256=job.output_digest.hexdigest(),
            output_chars=job.output_chars,
        )
    finally:
        job.send(
            End(
                result.tokens_out,
                result.decode_time_ms,
                result.stop_reason,
                result.matched,
                job.tokens_in,
                job.seed,
            )
        )


def _stopped(job: Job, cause: StopCause, timeout_s: float) -> None:
    stop = STOPS[cause]
    job.outcome = stop.outcome
    limit = {"limit_ms": int(timeout_s * 1000)} if cause == "timeout" else {}
    try:
        stop.point(
            emitted_at_ms=job.ended_at_ms,
            error_kind=stop.error_kind,
            code=stop.code,
            tokens_out=job.tokens_out,
            duration_ms=job.age_ms,
            **limit,
        )
    finally:
        job.send(WorkerError(stop.code, stop.message.format(limit_s=timeout_s)).to_wire())


def _failed(job: Job, error: WorkerError) -> None:
    kind = type(error.__cause__).__name__ if error.__cause__ is not None else error.code.lower()
    job.outcome = "error"
    try:
        points.inference_failed(
            emitted_at_ms=job.ended_at_ms,
            code=error.code,
            reason=error.reason,
            error_kind=kind,
            tokens_out=job.tokens_out,
            duration_ms=job.age_ms,
        )
    finally:
        job.send(error.to_wire())
