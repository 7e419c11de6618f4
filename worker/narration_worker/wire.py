"""The wire format: every JSON body and stream event that the worker sends is one of these types.

OpenAPI is generated from the same types.
"""

from typing import Any, Final, Literal

import msgspec

StopReason = Literal["eos", "length", "stop"]


class Fault(msgspec.Struct, forbid_unknown_fields=True):
    """One fault of a request.

    Attributes:
        field: the field's name; `body` when the whole body is at fault.
        message: what is wrong with it.
    """

    field: str
    message: str


class Error(msgspec.Struct, forbid_unknown_fields=True, omit_defaults=True):
    """A failure: an HTTP response before the stream has begun, the last event of the stream after that.

    Attributes:
        code: stable name of the failure.
        message: what failed, on what, and why.
        retriable: whether the same request may work later.
        hint: what to do about it.
        number: numeric form of the code, for clients that use it.
        faults: every fault of an invalid request.
        narration: the events that explain the refusal.
    """

    code: str
    message: str
    retriable: bool
    hint: str | None = None
    number: int | None = None
    faults: list[Fault] | None = None
    narration: list[dict[str, Any]] | None = None


class Started(msgspec.Struct, forbid_unknown_fields=True):
    """First event of every stream.

    Attributes:
        job_id: the job's id, for `/cancel`.
        model: the model's file name.
        started_at: when the request was accepted, in milliseconds since the epoch.
        seed: the seed in use.
    """

    job_id: str
    model: str
    started_at: int
    seed: int


class Narration(msgspec.Struct, forbid_unknown_fields=True):
    """A narrated event of the job.

    Attributes:
        event: the event; `narration taxonomy` explains its fields.
        formatted: the same event as one console line.
    """

    event: dict[str, Any]
    formatted: str


class Token(msgspec.Struct, forbid_unknown_fields=True):
    """Generated text.

    Attributes:
        t: whole characters, never part of a stop text.
        i: index of the token that completed them, from 0.
    """

    t: str
    i: int


class Metrics(msgspec.Struct, forbid_unknown_fields=True):
    """Progress of the job, at most four times a second.

    Attributes:
        tokens_out: tokens generated so far.
        tokens_per_s: tokens a second so far.
        queue_depth: number of waiting jobs.
    """

    tokens_out: int
    tokens_per_s: float
    queue_depth: int


class Gap(msgspec.Struct, forbid_unknown_fields=True):
    """This client read too slowly, and events were dropped.

    Attributes:
        missed: number of dropped events.
    """

    missed: int


class End(msgspec.Struct, forbid_unknown_fields=True):
    """Last event of a stream that succeeded.

    Attributes:
        tokens_out: tokens generated.
        decode_time_ms: time spent on the prompt and the answer, in milliseconds.
        stop_reason: why generation ended.
        stop_sequence_matched: the stop text that ended it.
        tokens_in: tokens of the prompt.
        seed: the seed in use.
    """

    tokens_out: int
    decode_time_ms: int
    stop_reason: StopReason
    stop_sequence_matched: str | None
    tokens_in: int
    seed: int


class Completion(msgspec.Struct, forbid_unknown_fields=True):
    """The whole answer, for requests with `"stream": false`.

    Attributes:
        job_id: the job's id.
        model: the model's file name.
        text: the generated text.
        tokens_in: tokens of the prompt.
        tokens_out: tokens generated.
        seed: the seed in use.
        decode_time_ms: time spent on the prompt and the answer, in milliseconds.
        stop_reason: why generation ended.
        stop_sequence_matched: the stop text that ended it.
    """

    job_id: str
    model: str
    text: str
    tokens_in: int
    tokens_out: int
    seed: int
    decode_time_ms: int
    stop_reason: StopReason
    stop_sequence_matched: str | None


JobStatus = Literal["waiting", "running", "finished", "cancelled", "timeout", "failed"]


class JobState(msgspec.Struct, forbid_unknown_fields=True, omit_defaults=True):
    """State of a job that waits, runs, or ended not long ago.

    Attributes:
        job_id: the job's id.
        status: whether it waits, runs, or how it ended.
        accepted_at: when the request was accepted, in milliseconds since the epoch.
        tokens_in: tokens of the prompt.
        tokens_out: tokens generated so far.
        seed: the seed in use.
        queue_position: position in the queue, from 0; while it waits.
        stop_reason: why generation ended; when it is finished.
        code: the error code; when it did not finish.
    """

    job_id: str
    status: JobStatus
    accepted_at: int
    tokens_in: int
    tokens_out: int
    seed: int
    queue_position: int | None = None
    stop_reason: StopReason | None = None
    code: str | None = None


CancelStatus = Literal["cancelled", "finished", "timeout"]


class CancelResult(msgspec.Struct, forbid_unknown_fields=True):
    """The state of a job after `/cancel`.

    Attributes:
        job_id: the job.
        status: cancelled; or finished or timeout, when it had already ended that way.
    """

    job_id: str
    status: CancelStatus


class Draining(msgspec.Struct, forbid_unknown_fields=True):
    """The worker finishes accepted jobs and then exits."""

    status: Literal["draining"] = "draining"


HealthStatus = Literal["loading", "healthy", "unhealthy", "draining"]


class Health(msgspec.Struct, forbid_unknown_fields=True, omit_defaults=True):
    """State of the worker: the status for everybody, details for authenticated callers only.

    Attributes:
        status: 200 with healthy or draining, 503 with loading or unhealthy.
        worker_id: id of the worker.
        model: the model's file name.
        device: the device that computes.
        resident: whether the whole model is in GPU memory.
        vram_bytes_used: GPU memory in use, in bytes.
        uptime_seconds: time since the start, in seconds.
        queue_depth: number of waiting jobs.
        sm: the GPU's compute capability.
        cuda_runtime_version: such as 12.8.
        quant_kind: how the weights are stored.
        tokenizer_kind: the tokenizer's family.
        vocab_size: number of tokens in the vocabulary.
        context_length: tokens of prompt and answer together.
        architecture: the model's architecture.
        threads: threads that compute.
    """

    status: HealthStatus
    worker_id: str | None = None
    model: str | None = None
    device: str | None = None
    resident: bool | None = None
    vram_bytes_used: int | None = None
    uptime_seconds: float | None = None
    queue_depth: int | None = None
    sm: str | None = None
    cuda_runtime_version: str | None = None
    quant_kind: str | None = None
    tokenizer_kind: str | None = None
    vocab_size: int | None = None
    context_length: int | None = None
    architecture: str | None = None
    threads: int | None = None


class ReadyCallback(msgspec.Struct, forbid_unknown_fields=True):
    """What the pool manager receives when the worker is ready.

    Attributes:
        worker_id: id of the worker.
        uri: where the worker listens.
        model_ref: the model's file name.
        device: the device that computes.
        vram_bytes: GPU memory in use, in bytes; 0 on a CPU.
    """

    worker_id: str
    uri: str
    model_ref: str
    device: str
    vram_bytes: int


StreamEvent = Started | Narration | Token | Metrics | Gap | End | Error

STREAM_EVENTS: Final[dict[str, type[msgspec.Struct]]] = {
    "started": Started,
    "narration": Narration,
    "token": Token,
    "metrics": Metrics,
    "gap": Gap,
    "end": End,
    "error": Error,
}
"""The type of each stream event's data, by the event's name."""

STREAM_EVENT_NAMES: Final[dict[type[msgspec.Struct], str]] = {kind: name for name, kind in STREAM_EVENTS.items()}
"""The name of each stream event, by the type of its data."""
