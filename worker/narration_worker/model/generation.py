"""What generation yields, how it ends, and a switch that stops it from any thread."""

import threading
from collections.abc import Callable
from typing import Literal, NamedTuple

StopCause = Literal["cancelled", "client_gone", "timeout", "shutdown"]


class Stopped(Exception):  # noqa: N818 - an outcome, not an error
    """The request was stopped from outside.

    Args:
        cause: why it was stopped.
    """

    def __init__(self, cause: StopCause) -> None:
        super().__init__(cause)
        self.cause: StopCause = cause


class StopSwitch:
    """Stops one request, from any thread: between tokens, between prompt chunks, and inside native evaluation."""

    def __init__(self) -> None:
        self.cause: StopCause | None = None
        self._abort: Callable[[], None] | None = None
        self._ended = False
        self._lock = threading.Lock()

    def stop(self, cause: StopCause) -> bool:
        """Stop the request; False when it was stopped before or has ended."""
        with self._lock:
            if self.cause is not None or self._ended:
                return False
            self.cause = cause
            if self._abort is not None:
                self._abort()
            return True

    def connect(self, abort: Callable[[], None] | None) -> None:
        """Set the function that aborts native evaluation; None when no evaluation runs."""
        with self._lock:
            self._abort = abort
            if abort is not None and self.cause is not None:
                abort()

    def end(self) -> None:
        """Note that the request has its result: stopping it has no effect from now on.

        Raises:
            Stopped: it was stopped before.
        """
        with self._lock:
            self._ended = self.cause is None
        self.check()

    def check(self) -> None:
        """Raise `Stopped` if the request was stopped."""
        if self.cause is not None:
            raise Stopped(self.cause)


class Token(NamedTuple):
    """One generated token: the text that may be sent now (often none), its position from 0, its id."""

    text: str
    position: int
    token: int


class Result(NamedTuple):
    """The end of a generation.

    Attributes:
        tokens_out: tokens generated, the one that ended it not counted.
        decode_time_ms: time from the first token's evaluation to the end, in milliseconds.
        stop_reason: eos, length or stop.
        matched: the stop text that ended it, or None.
    """

    tokens_out: int
    decode_time_ms: int
    stop_reason: Literal["eos", "length", "stop"]
    matched: str | None
