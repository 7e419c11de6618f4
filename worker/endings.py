"""How jobs end: what is told of it, in the job's story and in its stream, whose last message that is."""

from collections.abc import Callable
from typing import Final, NamedTuple

from worker import points
from worker.engine import Result, StopCause, Stopped
from worker.errors import WorkerError
from worker.job import Job
from worker.metrics import Outcome


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


def conclude(job: Job, timeout_s: float) -> Outcome:
    """Tell how a job ended, in its own context; returns how it is counted.

    Args:
        job: with its ending; one without it has failed.
        timeout_s: how long it was allowed to take, in seconds.
    """
    how = job.ending
    if isinstance(how, Result):
        return _completed(job, how)
    if isinstance(how, Stopped):
        return _stopped(job, how.cause, timeout_s)
    return _failed(job, how or WorkerError("INTERNAL", "the request ended without a result"))


def _completed(job: Job, result: Result) -> Outcome:
    points.inference_complete(
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
    stop.point(error_kind=stop.error_kind, **amount)
    job.send("error", WorkerError(stop.code, stop.message).body())
    return stop.outcome


def _failed(job: Job, why: WorkerError) -> Outcome:
    kind = type(why.__cause__).__name__ if why.__cause__ is not None else why.code.lower()
    points.inference_failed(code=why.code, reason=why.reason, error_kind=kind)
    job.send("error", why.body())
    return "error"
