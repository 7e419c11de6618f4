"""Job outcomes: the final event and the final stream message of each ending."""

from collections.abc import Callable
from typing import Final, NamedTuple

from narration_worker import points
from narration_worker.errors import WorkerError
from narration_worker.jobs.job import Job
from narration_worker.metrics import Outcome
from narration_worker.model.generation import Result, StopCause, Stopped
from narration_worker.wire import End


class _StopOutcome(NamedTuple):
    """The outcome of a stopped job: error code, metrics label, message for the client, final event."""

    code: str
    outcome: Outcome
    message: str
    point: Callable[..., None]
    error_kind: str


_STOPS: Final[dict[StopCause, _StopOutcome]] = {
    "cancelled": _StopOutcome("CANCELLED", "cancelled", "the request was cancelled", points.cancelled, "cancelled"),
    "client_gone": _StopOutcome("CANCELLED", "cancelled", "the client went away", points.client_gone, "client_gone"),
    "timeout": _StopOutcome(
        "INFERENCE_TIMEOUT", "timeout", "the request took too long", points.timed_out, "inference_timeout"
    ),
    "shutdown": _StopOutcome("SHUTTING_DOWN", "error", "the worker is shutting down", points.drained, "shutting_down"),
}


def publish_ending(job: Job, timeout_s: float) -> None:
    """Narrate and send how a job ended, in its own context, and set its outcome for the metrics.

    Args:
        job: a job that has ended.
        timeout_s: how long it was allowed to take, in seconds.
    """
    ending = job.ending
    if isinstance(ending, Result):
        job.outcome = _completed(job, ending)
    elif isinstance(ending, Stopped):
        job.outcome = _stopped(job, ending.cause, timeout_s)
    elif ending is not None:
        job.outcome = _failed(job, ending)


def _completed(job: Job, result: Result) -> Outcome:
    points.inference_complete(
        emitted_at_ms=job.ended_at_ms,
        tokens_in=job.tokens_in,
        tokens_out=result.tokens_out,
        decode_time_ms=result.decode_time_ms,
        stop_reason=result.stop_reason,
        seed=job.seed,
        output_sha256=job.output_digest.hexdigest(),
        output_chars=job.output_chars,
    )
    job.send(End(result.tokens_out, result.decode_time_ms, result.stop_reason, result.matched))
    return "success"


def _stopped(job: Job, cause: StopCause, timeout_s: float) -> Outcome:
    stop = _STOPS[cause]
    amount = {"duration_ms": int(timeout_s * 1000)} if cause == "timeout" else {"tokens_out": job.tokens_out}
    stop.point(emitted_at_ms=job.ended_at_ms, error_kind=stop.error_kind, **amount)
    job.send(WorkerError(stop.code, stop.message).to_wire())
    return stop.outcome


def _failed(job: Job, error: WorkerError) -> Outcome:
    kind = type(error.__cause__).__name__ if error.__cause__ is not None else error.code.lower()
    points.inference_failed(emitted_at_ms=job.ended_at_ms, code=error.code, reason=error.reason, error_kind=kind)
    job.send(error.to_wire())
    return "error"
