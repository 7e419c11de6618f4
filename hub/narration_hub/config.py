"""The hub's settings, checked before anything starts."""

import os
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Final, NamedTuple
from urllib.parse import urlsplit

from narration_core.contract import is_name
from narration_core.serving.addresses import LOOPBACK, ConfigError, check_needs_no_token, usable_token
from narration_core.serving.collector import OtlpSink
from narration_hub.streams import Limits

PORT: Final = 7380
HUB_NAME: Final = "^[A-Za-z0-9._:-]{1,64}$"
"""What a hub may be called; names stand in answers and in a header."""

_ENGINES: Final = ("redis", "rediss", "unix")
_UNITS: Final = {"KiB": 1 << 10, "MiB": 1 << 20, "GiB": 1 << 30, "TiB": 1 << 40}


class Settings(NamedTuple):
    """Settings of the hub, fixed at the start.

    Attributes:
        host: the address to listen on.
        port: the port to listen on; 0 takes any free one.
        token: operator's and producer's bearer token; None when no token is needed.
        producers: tokens that may only send, each with its service; "" is bound to none.
        operators: tokens that may read everything.
        auth_optional: loopback callers need no token.
        trust_proxy: any bearer token counts as checked by a proxy.
        stall_s: a job that is quiet for longer is called stalled, in seconds.
        heartbeat_s: silence after which a stream gets a comment, in seconds.
        write_deadline_s: a reader that takes nothing for so long is given up, in seconds.
        readers: most open streams.
        limits: how much is kept in memory.
        data: folder of the store; None keeps everything in memory.
        keep_bytes: how much the store may take, in bytes.
        keep_days: how long the store keeps events, in days.
        engine: address of the Redis or Valkey that hubs share; None for a single hub.
        name: what this hub is called where there are several; None for its machine and port.
        otlp: address of the OpenTelemetry collector that events go on to; None for none.
        otlp_headers: for that collector.
    """

    host: str = LOOPBACK
    port: int = PORT
    token: str | None = None
    producers: Mapping[str, str] = {}
    operators: frozenset[str] = frozenset()
    auth_optional: bool = False
    trust_proxy: bool = False
    stall_s: float = 10.0
    heartbeat_s: float = 15.0
    write_deadline_s: float = 10.0
    readers: int = 4096
    limits: Limits = Limits()
    data: Path | None = None
    keep_bytes: int = 2 << 30
    keep_days: float = 14.0
    engine: str | None = None
    name: str | None = None
    otlp: str | None = None
    otlp_headers: Mapping[str, str] = {}

    def check(self) -> None:
        """Check for settings that the hub must not start with.

        Raises:
            ConfigError: an address that other machines reach without a token, or tokens without an operator.
        """
        check_needs_no_token(self.host, self.token or next(iter(self.operators), None), "hub")
        if self.producers and not (self.token or self.operators):
            raise ConfigError("--producer-token-file without AUTH_TOKEN or --operator-token-file: nobody could read")
        if self.engine is not None and urlsplit(self.engine).scheme not in _ENGINES:
            raise ConfigError("--engine must begin with redis://, rediss:// or unix://")
        if self.otlp is not None:
            try:
                OtlpSink(self.otlp, self.otlp_headers)
            except ValueError as error:
                raise ConfigError(f"--otlp: {error}") from None
        if self.name is not None and not re.fullmatch(HUB_NAME, self.name):
            raise ConfigError("--name must be 1 to 64 of A-Z a-z 0-9 . _ : -")


def tokens_in(path: Path) -> dict[str, str]:
    """Return the tokens of a file and the service of each, "" where none is named.

    Args:
        path: a file with one token a line, the service after a space; `#` begins a comment.

    Raises:
        ConfigError: it cannot be read, or a line is not a token.
    """
    try:
        lines = path.read_text("utf-8").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigError(f"{path}: the tokens cannot be read: {type(error).__name__}") from None
    found = {}
    for number, line in enumerate(lines, 1):
        words = line.partition("#")[0].split()
        if not words:
            continue
        token, *service = words
        if len(service) > 1 or not all(map(is_name, service)):
            raise ConfigError(f"{path}:{number}: write a token and, after a space, its service, of [a-z0-9_.-]")
        found[usable_token(token, f"{path}:{number}") or ""] = "".join(service)
    return found


def size_of(text: str) -> int:
    """Return a size such as 500MiB or 2GiB in bytes.

    Raises:
        ConfigError: it is none, or less than 1 MiB.
    """
    found = re.fullmatch(r"(\d{1,9}(?:\.\d+)?)\s*(KiB|MiB|GiB|TiB)", text.strip())
    size = int(float(found[1]) * _UNITS[found[2]]) if found else 0
    if size < _UNITS["MiB"]:
        raise ConfigError(f"--keep {text[:40]!r} must be a size of at least 1 MiB: write it like 500MiB or 2GiB")
    return size


def default_data(environment: Mapping[str, str] | None = None) -> Path:
    """Return the folder of the store below the user's state folder."""
    values = os.environ if environment is None else environment
    state = values.get("XDG_STATE_HOME") or str(Path.home() / ".local" / "state")
    return Path(state) / "narration" / "hub"
