"""What generation yields, how it ends, and the switch that stops it from any thread."""

import threading
from collections.abc import Callable
from typing import Literal, NamedTuple

StopCause = Literal["cancelled", "client_gone", "timeout", "shutdown"]


class Stopped(Exception):  # noqa: N818 - an outcome, not an error
    """The request was stopped from outside.

    Args:
        cause: who stopped it.
    """

    def __init__(self, cause: StopCause) -> None:
        super().__init__(cause)
        self.cause: StopCause = cause


class StopSwitch:
    """Stops one request, from any thread: between tokens, between prompt chunks, and inside native evaluation."""

    def __init__(self) -> None:
        self.cause: StopCause | None = None
        self._native: Callable[[], None] | None = None
        self._lock = threading.Lock()

    def stop(self, cause: StopCause) -> bool:
        """Stop the request; False when somebody did so before."""
        with self._lock:
            if self.cause is not None:
                return False
            self.cause = cause
            if self._native is not None:
                self._native()
            return True

    def connect(self, native: Callable[[], None] | None) -> None:
        """Name the native flag while the request is being evaluated; None when it no longer is."""
        with self._lock:
            self._native = native
            if native is not None and self.cause is not None:
                native()

    def check(self) -> None:
        """Raise `Stopped` when the request is to stop."""
        if self.cause is not None:
            raise Stopped(self.cause)


class Token(NamedTuple):
    """One generated token: what may be shown now (often nothing), its place from 0, its id."""

    text: str
    place: int
    token: int


class Result(NamedTuple):
    """How generation ended.

    Attributes:
        tokens_out: tokens generated, the one that ended it not counted.
        decode_time_ms: time from the first token's evaluation to the end, in milliseconds.
        stop_reason: eos, length or stop.
        matched: the stop text that was met, or None.
    """

    tokens_out: int
    decode_time_ms: int
    stop_reason: Literal["eos", "length", "stop"]
    matched: str | None
