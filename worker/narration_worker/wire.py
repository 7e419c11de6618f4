"""What the worker answers, as types: the source of the OpenAPI description, and what its tests hold answers against."""

from typing import Any, Final, Literal

import msgspec


class Fault(msgspec.Struct, forbid_unknown_fields=True):
    """One thing that is wrong with a request.

    Attributes:
        field: where; `body` for the whole of it.
        message: what.
    """

    field: str
    message: str


class Error(msgspec.Struct, forbid_unknown_fields=True, omit_defaults=True):
    """A failure, before the stream as a response and inside it as its last event.

    Attributes:
        code: stable name of the failure.
        message: what failed, on what, why.
        retriable: whether the same request may work later.
        hint: what to do.
        number: the number that some clients know the code by.
        faults: every fault of an invalid request.
        narration: the events that tell why the request was refused.
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
        job_id: the job's name, for `/cancel`.
        model: the model's file name.
        started_at: when the request was accepted, in milliseconds since the epoch.
        seed: the seed that is used.
    """

    job_id: str
    model: str
    started_at: int
    seed: int


class Narration(msgspec.Struct, forbid_unknown_fields=True):
    """What the worker tells about the job.

    Attributes:
        event: the narration event; `narration taxonomy` explains its fields.
        formatted: the same as one console line.
    """

    event: dict[str, Any]
    formatted: str


class Token(msgspec.Struct, forbid_unknown_fields=True):
    """Text as it is generated.

    Attributes:
        t: whole characters, never part of a stop text.
        i: place of the token that completed it, from 0.
    """

    t: str
    i: int


class Metrics(msgspec.Struct, forbid_unknown_fields=True):
    """How it goes, at most four times a second.

    Attributes:
        tokens_out: tokens generated so far.
        tokens_per_s: tokens a second so far.
        queue_depth: jobs that wait.
    """

    tokens_out: int
    tokens_per_s: float
    queue_depth: int


class Gap(msgspec.Struct, forbid_unknown_fields=True):
    """Events were lost for this reader, who was too slow.

    Attributes:
        missed: how many.
    """

    missed: int


class End(msgspec.Struct, forbid_unknown_fields=True):
    """Last event of a stream that went well.

    Attributes:
        tokens_out: tokens generated.
        decode_time_ms: time spent on prompt and answer, in milliseconds.
        stop_reason: what ended the answer.
        stop_sequence_matched: the stop text that was met.
    """

    tokens_out: int
    decode_time_ms: int
    stop_reason: Literal["eos", "length", "stop"]
    stop_sequence_matched: str | None


class Accepted(msgspec.Struct, forbid_unknown_fields=True):
    """What became of a job that was to be cancelled.

    Attributes:
        job_id: the job.
        status: cancelled; finished or timeout when it had ended so before.
    """

    job_id: str
    status: Literal["cancelled", "finished", "timeout"]


class Draining(msgspec.Struct, forbid_unknown_fields=True):
    """The worker finishes what is under way and ends."""

    status: Literal["draining"]


class Health(msgspec.Struct, forbid_unknown_fields=True, omit_defaults=True):
    """How the worker is: the status for anyone, the rest for authenticated callers.

    Attributes:
        status: 200 with healthy or draining, 503 with loading or unhealthy.
        worker_id: UUID of the worker.
        model: the model's file name.
        device: what computes.
        resident: whether all of the model is in GPU memory.
        vram_bytes_used: GPU memory in use, in bytes.
        uptime_seconds: since the start, in seconds.
        queue_depth: jobs that wait.
        sm: the GPU's compute capability.
        cuda_runtime_version: such as 12.8.
        quant_kind: how the weights are stored.
        tokenizer_kind: the tokenizer's family.
        vocab_size: tokens that the model knows.
        context_length: tokens of prompt and answer together.
        architecture: of the model.
    """

    status: Literal["loading", "healthy", "unhealthy", "draining"]
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


EVENTS: Final[dict[str, type[msgspec.Struct]]] = {
    "started": Started,
    "narration": Narration,
    "token": Token,
    "metrics": Metrics,
    "gap": Gap,
    "end": End,
    "error": Error,
}
"""The type of each event's data in a stream, by the event's name."""
