"""Refused requests: narrated under the caller's own job id, and answered with that narration."""

import secrets
from typing import Any

import msgspec

from narration_core import bind, close_job, open_job, subscribe
from narration_worker import points
from narration_worker.errors import REASON_CHARS, WorkerError
from narration_worker.requests import UNKNOWN_FIELD
from narration_worker.wire import Fault


def invalid(faults: list[Fault], hint: str | None = None) -> WorkerError:
    """Return the error for an invalid request.

    Args:
        faults: every fault, at least one.
        hint: what to do; the usual advice when None.
    """
    message = "; ".join(f"{fault.field} {fault.message}" for fault in faults)
    return WorkerError("INVALID_REQUEST", message, hint or "correct every fault that is listed", faults=faults)


def narrate_refusal(error: WorkerError, job_id: str | None, *, known: bool, duration_ms: int) -> list[bytes]:
    """Narrate a refused request; return the JSON lines of its events.

    Args:
        error: why it is refused.
        job_id: the id that the caller sent, when it is a valid one.
        known: whether that id names another job, whose story this is not.
        duration_ms: time since the request came, in milliseconds.
    """
    own = job_id is not None and not known
    name = job_id if job_id is not None and own else f"refused-{secrets.token_hex(8)}"
    open_job(name)
    try:
        subscription = subscribe(name)
        with bind(job_id=name):
            more = {} if own or job_id is None else {"callers_job_id": job_id}
            _narrate(error, {"duration_ms": duration_ms, **more})
        return [delivery.record.line for delivery in subscription.waiting() if delivery.record is not None]
    finally:
        close_job(name)


def _narrate(error: WorkerError, more: dict[str, Any]) -> None:
    kind = error.code.lower()
    if error.code == "QUEUE_FULL":
        points.queue_full(error_kind=kind, code=error.code, **more)
    elif error.faults:
        # The names of unknown fields are the caller's text, and stay out of the narration.
        faults = [
            Fault("(unknown)", fault.message) if fault.message == UNKNOWN_FIELD else fault for fault in error.faults
        ]
        points.validation_failed(
            reason=_summary(faults),
            fault_count=len(faults),
            faults=msgspec.to_builtins(faults),
            error_kind=kind,
            code=error.code,
            **more,
        )
    else:
        points.request_refused(reason=error.reason, error_kind=kind, code=error.code, **more)


def _summary(faults: list[Fault]) -> str:
    if len(faults) == 1:
        text = f"{faults[0].field} {faults[0].message}"
    else:
        text = f"{len(faults)} faults: " + ", ".join(dict.fromkeys(fault.field for fault in faults))
    return text if len(text) <= REASON_CHARS else f"{text[: REASON_CHARS - 3]}..."
