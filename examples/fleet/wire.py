"""What the services of the fleet send each other: one type for each request and answer, all of them JSON."""

from typing import Annotated, Final, Literal

import msgspec
from msgspec import Meta

Device = Literal["gpu", "cpu"]
ReplicaState = Literal["starting", "ready", "draining", "crashed", "broken"]
"""`crashed`: it is started again after a pause; `broken`: it crashed so often that nobody tries any more."""

NAME_PATTERN: Final = r"^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$"
SHA256_PATTERN: Final = r"^[0-9a-f]{64}$"
Name = Annotated[str, Meta(pattern=NAME_PATTERN)]


class Refusal(msgspec.Struct, frozen=True):
    """Why a service did not do what it was asked: the body of every answer of 400 and above.

    Attributes:
        code: for programs, such as `NO_GPU`.
        message: for people.
        hint: what they can do about it.
    """

    code: str
    message: str
    hint: str = ""


class ModelRequirements(msgspec.Struct, frozen=True):
    """What a model needs of the place where it runs.

    Attributes:
        memory_bytes: weights and context together.
        context_tokens: the longest prompt and answer together.
        quantisation: as GGUF names it, such as `Q8_0`.
    """

    memory_bytes: int
    context_tokens: int
    quantisation: str


class Model(msgspec.Struct, frozen=True):
    """A model of the catalogue.

    Attributes:
        model_ref: its name in the catalogue.
        sha256: of the file, 64 hexadecimal digits.
    """

    model_ref: Name
    sha256: str
    requirements: ModelRequirements


class Models(msgspec.Struct, frozen=True):
    """Every model whose file can be used: GET /v1/models."""

    models: list[Model]


class StagedModel(msgspec.Struct, frozen=True):
    """A model that was checked and lies ready on this machine."""

    model_ref: Name
    path: str
    sha256: str
    requirements: ModelRequirements


class EngineWanted(msgspec.Struct, frozen=True):
    """What an engine is asked for; the CPU is only used where it is asked for by name."""

    device: Device = "gpu"


class PreparedEngine(msgspec.Struct, frozen=True):
    """An engine that can be started.

    Attributes:
        name: such as `llama.cpp`.
        build: what it was built with.
        digest: SHA-256 of the native library.
        flags: arguments that a worker is started with.
        mode: what it computes on.
        path: of the native library.
    """

    name: str
    version: str
    build: str
    digest: str
    flags: tuple[str, ...]
    mode: Device
    path: str


class ReplicaWanted(msgspec.Struct, frozen=True):
    """A worker that is asked for: POST /v1/pools/{pool_id}/replicas."""

    model_ref: Name
    device: Device = "gpu"


class Replica(msgspec.Struct, frozen=True):
    """A worker of a pool.

    Attributes:
        url: where it answers; empty as long as it does not.
        crashes: how often it has crashed since it was last ready for long.
        retry_in_ms: when it is started again; only while it has crashed.
    """

    pool_id: Name
    replica_id: Name
    model_ref: Name
    device: Device
    state: ReplicaState
    url: str = ""
    crashes: int = 0
    retry_in_ms: int = 0


class Replicas(msgspec.Struct, frozen=True):
    """All workers that a pool manager looks after: GET /v1/replicas."""

    replicas: list[Replica]


class TaskWanted(msgspec.Struct, frozen=True):
    """What a user asks for: POST /v1/tasks."""

    prompt: Annotated[str, Meta(min_length=1, max_length=20_000)]
    model_ref: Name = "haiku"
    device: Device = "gpu"
    max_tokens: Annotated[int, Meta(ge=1, le=4096)] = 64
    seed: Annotated[int, Meta(ge=0, le=2**32 - 1)] = 0


class Task(msgspec.Struct, frozen=True):
    """A task that was admitted.

    Attributes:
        queue_position: how many tasks are served before it.
        predicted_start_ms: how long it will probably wait.
    """

    job_id: str
    correlation_id: str
    queue_position: int
    predicted_start_ms: int


TaskStatus = Literal["queued", "placing", "running", "finished", "failed", "cancelled"]


class TaskState(msgspec.Struct, frozen=True):
    """How far a task is: GET /v1/tasks/{job_id}.

    Attributes:
        replica_id: where it runs, or ran last.
        attempts: on how many replicas it was tried.
        refusal: why there is no answer; only when it has failed or was cancelled.
    """

    job_id: str
    correlation_id: str
    status: TaskStatus
    replica_id: str = ""
    attempts: int = 0
    refusal: Refusal | None = None
