"""How jobs end: what is told of it, in the job's story and in its stream, whose last message that is."""

from collections.abc import Callable
from typing import Final, NamedTuple

from narration_worker import points
from narration_worker.errors import WorkerError
from narration_worker.jobs.job import Job
from narration_worker.metrics import Outcome
from narration_worker.model.generation import Result, StopCause, Stopped


class _Stop(NamedTuple):
    """How a stopped job ends: its code, how it is counted, what its client reads, and what is narrated."""

    code: str
    outcome: Outcome
    message: str
    point: Callable[..., None]
    error_kind: str


_STOPS: Final[dict[StopCause, _Stop]] = {
    "cancelled": _Stop("CANCELLED", "cancelled", "the request was cancelled", points.cancelled, "cancelled"),
    "client_gone": _Stop("CANCELLED", "cancelled", "the client went away", points.client_gone, "client_gone"),
    "timeout": _Stop(
        "INFERENCE_TIMEOUT", "timeout", "the request took too long", points.timed_out, "inference_timeout"
    ),
    "shutdown": _Stop("SHUTTING_DOWN", "error", "the worker is shutting down", points.drained, "shutting_down"),
}


def conclude(job: Job, timeout_s: float) -> None:
    """Tell how a job ended, in its own context, and note how it is counted.

    Args:
        job: ended.
        timeout_s: how long it was allowed to take, in seconds.
    """
    how = job.ending
    if isinstance(how, Result):
        job.outcome = _completed(job, how)
    elif isinstance(how, Stopped):
        job.outcome = _stopped(job, how.cause, timeout_s)
    elif how is not None:
        job.outcome = _failed(job, how)


def _completed(job: Job, result: Result) -> Outcome:
    points.inference_complete(
        emitted_at_ms=job.ended_at_ms,
        tokens_in=job.tokens_in,
        tokens_out=result.tokens_out,
        decode_time_ms=result.decode_time_ms,
        stop_reason=result.stop_reason,
        seed=job.seed,
        output_sha256=job.digest.hexdigest(),
        output_chars=job.chars,
    )
    job.send("end", {
        "tokens_out": result.tokens_out,
        "decode_time_ms": result.decode_time_ms,
        "stop_reason": result.stop_reason,
        "stop_sequence_matched": result.matched,
    })  # fmt: skip
    return "success"


def _stopped(job: Job, cause: StopCause, timeout_s: float) -> Outcome:
    stop = _STOPS[cause]
    amount = {"duration_ms": int(timeout_s * 1000)} if cause == "timeout" else {"tokens_out": job.tokens_out}
    stop.point(emitted_at_ms=job.ended_at_ms, error_kind=stop.error_kind, **amount)
    job.send("error", WorkerError(stop.code, stop.message).body())
    return stop.outcome


def _failed(job: Job, why: WorkerError) -> Outcome:
    kind = type(why.__cause__).__name__ if why.__cause__ is not None else why.code.lower()
    points.inference_failed(emitted_at_ms=job.ended_at_ms, code=why.code, reason=why.reason, error_kind=kind)
    job.send("error", why.body())
    return "error"
