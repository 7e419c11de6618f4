"""The worker's settings, from its arguments and environment, checked before anything starts."""

import ipaddress
import os
import uuid
from collections.abc import Mapping
from pathlib import Path
from typing import Final, NamedTuple

from narration_worker.model.devices import DeviceKind

BUNDLED: Final = Path(__file__).parent / "models" / "haiku-1m-q8_0.gguf"
BUNDLED_NAME: Final = "bundled"
"""Value of `--model` for the model in this package."""


class ConfigError(ValueError):
    """Settings that the worker must not start with; the message says what to change."""


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
        token: the bearer token; None when no token is needed.
        auth_optional: loopback callers need no token.
        trust_proxy: any bearer token counts as checked by a proxy.
    """

    model: Path
    worker_id: str
    device: DeviceKind = "cuda"
    gpu_device: int = 0
    host: str = "127.0.0.1"
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
    token: str | None = None
    auth_optional: bool = False
    trust_proxy: bool = False

    def check(self) -> None:
        """Check for settings that the worker must not start with.

        Raises:
            ConfigError: an address that other machines reach without a token, or an invalid worker id.
        """
        try:
            uuid.UUID(self.worker_id)
        except ValueError:
            raise ConfigError(f"--worker-id {self.worker_id!r} is not a UUID; leave it out to get a new one") from None
        if not self.token and not is_loopback(self.host):
            raise ConfigError(
                f"refusing to listen on {self.host} without a token: anyone who reaches that address could use the "
                "worker; set AUTH_TOKEN, or listen on 127.0.0.1"
            )


def is_loopback(host: str) -> bool:
    """Return whether an address can only be reached from this machine."""
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host.partition("%")[0]).is_loopback
    except ValueError:
        return False


def model_path(value: str) -> Path:
    """Return the file of a value of `--model`."""
    return BUNDLED if value == BUNDLED_NAME else Path(value)


def from_environment(environment: Mapping[str, str] | None = None) -> dict[str, object]:
    """Return the settings that come from the environment."""
    values = os.environ if environment is None else environment
    return {
        "token": values.get("AUTH_TOKEN") or None,
        "auth_optional": _is_true(values.get("AUTH_OPTIONAL", "")),
        "trust_proxy": _is_true(values.get("TRUST_PROXY_AUTH", "")),
    }


def _is_true(value: str) -> bool:
    return value.strip().lower() in {"1", "true", "yes", "on"}
