"""The worker's settings, from its arguments and environment, checked before anything starts."""

import os
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Final, NamedTuple

from narration_core.serving.addresses import (
    LOOPBACK,
    ConfigError,
    access_settings,
    check_needs_no_token,
    check_url,
)
from narration_worker.model.devices import DeviceKind

BUNDLED: Final = Path(__file__).parent / "models" / "haiku-1m-q8_0.gguf"
BUNDLED_NAME: Final = "bundled"
"""Value of `--model` for the model in this package."""

ID: Final = re.compile(r"[A-Za-z0-9._:-]{1,256}")
"""What `--worker-id`, `--pool-id` and `--replica-id` can be."""


class Settings(NamedTuple):
    """Settings of the worker, fixed at the start.

    Attributes:
        model: the model's file.
        worker_id: id of the worker.
        device: cuda, metal or cpu.
        gpu_device: which GPU, by number.
        host: the address to listen on.
        port: the port to listen on; 0 takes any free one.
        callback_url: where the ready callback is posted.
        max_tokens_in: longest prompt, in tokens; the context's length when None.
        max_tokens_out: longest answer, in tokens.
        inference_timeout_s: longest inference, in seconds.
        context_length: tokens of prompt and answer together.
        kv_cache_mb: largest key-value cache, in MiB; limits the context.
        queue_limit: how many requests may wait.
        micro_batch_ms: time to collect SSE events before sending, in milliseconds; 0 sends at once.
        heartbeat_s: silence after which an SSE comment is sent, in seconds.
        residency_check_s: how often residency is verified, in seconds.
        shutdown_timeout_s: longest drain, in seconds.
        threads: threads that compute; None chooses by affinity, quota and model size.
        pool_id: the pool that this worker belongs to, for narration.
        replica_id: which replica this worker is, for narration.
        heartbeat_narration_s: time between narrated heartbeats, in seconds; 0 narrates none.
        resume_grace_s: time in which a cut stream can be resumed, in seconds; 0 stops the job at once.
        callback_tries: how many times the ready callback is tried; 0 is without limit.
        hub: a hub that gets all narration; NARRATION_HUB when None.
        token: the bearer token; None when no token is needed.
        auth_optional: loopback callers need no token.
        trust_proxy: any bearer token counts as checked by a proxy.
    """

    model: Path
    worker_id: str
    device: DeviceKind = "cuda"
    gpu_device: int = 0
    host: str = LOOPBACK
    port: int = 0
    callback_url: str | None = None
    max_tokens_in: int | None = None
    max_tokens_out: int = 4096
    inference_timeout_s: float = 300.0
    context_length: int | None = None
    kv_cache_mb: int | None = None
    queue_limit: int = 16
    micro_batch_ms: int = 0
    heartbeat_s: float = 15.0
    residency_check_s: float = 60.0
    shutdown_timeout_s: float = 30.0
    threads: int | None = None
    pool_id: str | None = None
    replica_id: str | None = None
    heartbeat_narration_s: float = 0.0
    resume_grace_s: float = 0.0
    callback_tries: int = 0
    hub: str | None = None
    token: str | None = None
    auth_optional: bool = False
    trust_proxy: bool = False

    def check(self) -> None:
        """Check for settings that the worker must not start with.

        Raises:
            ConfigError: an address that other machines reach without a token, an invalid id, or an impossible URL.
        """
        for option, value in (
            ("--worker-id", self.worker_id), ("--pool-id", self.pool_id), ("--replica-id", self.replica_id),
        ):  # fmt: skip
            if value is not None and not ID.fullmatch(value):
                raise ConfigError(f"{option} {value[:80]!r} must be 1 to 256 characters of [A-Za-z0-9._:-]")
        if self.callback_url is not None:
            check_url("--callback-url", self.callback_url)
        if self.hub is not None:
            check_url("--hub", self.hub)
        check_needs_no_token(self.host, self.token, "worker")


def model_path(value: str) -> Path:
    """Return the file of a value of `--model`."""
    return BUNDLED if value == BUNDLED_NAME else Path(value)


def from_environment(environment: Mapping[str, str] | None = None) -> dict[str, object]:
    """Return the settings that come from the environment.

    Raises:
        ConfigError: AUTH_TOKEN is not usable, or another one is neither on nor off.
    """
    return access_settings(os.environ if environment is None else environment)
