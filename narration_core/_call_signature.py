"""How every level of a Narrator is called, field by field, for type checkers and editors."""

from typing import Any, Protocol


class Emit(Protocol):
    """The signature of `Narrator` itself and of its levels."""

    def __call__(  # noqa: D417 - the meaning of the other fields is in the taxonomy
        self,
        action: str,
        target: str,
        human: str,
        /,
        *,
        cute: str | None = None,
        story: str | None = None,
        correlation_id: str | None = None,
        trace_id: str | None = None,
        span_id: str | None = None,
        parent_span_id: str | None = None,
        job_id: str | None = None,
        session_id: str | None = None,
        task_id: str | None = None,
        pool_id: str | None = None,
        replica_id: str | None = None,
        worker_id: str | None = None,
        hive_id: str | None = None,
        engine: str | None = None,
        engine_version: str | None = None,
        model_ref: str | None = None,
        device: str | None = None,
        gpu_device: str | None = None,
        event: str | None = None,
        percent: float | None = None,
        error_kind: str | None = None,
        retry_after_ms: int | None = None,
        backoff_ms: int | None = None,
        duration_ms: float | None = None,
        queue_position: int | None = None,
        predicted_start_ms: int | None = None,
        tokens_in: int | None = None,
        tokens_out: int | None = None,
        decode_time_ms: float | None = None,
        identity: str | None = None,
        emitted_by: str | None = None,
        source_location: str | None = None,
        **extra: Any,
    ) -> None:
        """Emit one event.

        Args:
            action: what was done, `[a-z0-9_.-]`.
            target: to what.
            human: one sentence, a template over the event's own fields, at most about 100 characters.
            cute: the same in a warm tone, at most 150 characters.
            story: the same as dialogue, at most 200 characters.
            extra: fields added with `register_field`; the others are those of the taxonomy.

        Raises:
            NarrationMistake: in strict mode only, when the call breaks the contract.
        """


class Levels(Protocol):
    """What has a function for each level, as a Narrator does."""

    trace: Emit
    debug: Emit
    info: Emit
    warn: Emit
    error: Emit
    fatal: Emit
