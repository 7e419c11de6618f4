"""Every way in which a request or a start can fail: stable codes with their HTTP status."""

from typing import Final, NamedTuple

from narration_worker.wire import Error, Fault


class Code(NamedTuple):
    """What a code means to a caller.

    Attributes:
        status: HTTP status.
        retriable: whether the same request may work later.
        hint: what to do, when that is always the same.
        number: numeric form of the code, for clients that use it.
    """

    status: int
    retriable: bool
    hint: str | None = None
    number: int | None = None


CODES: Final[dict[str, Code]] = {
    "INVALID_REQUEST": Code(400, retriable=False),
    "MISSING_TOKEN": Code(401, retriable=False, hint="send Authorization: Bearer <token>", number=40101),
    "BAD_TOKEN": Code(401, retriable=False, hint="the token is not this worker's", number=40102),
    "FORBIDDEN": Code(403, retriable=False, hint="call it from a program on this machine, or set AUTH_TOKEN"),
    "NOT_FOUND": Code(404, retriable=False),
    "CONFLICT": Code(409, retriable=False, hint="a job id names one job; choose another"),
    "QUEUE_FULL": Code(429, retriable=True, hint="wait as long as Retry-After says"),
    "CANCELLED": Code(499, retriable=False),
    "MODEL_LOAD_FAILED": Code(500, retriable=False),
    "VRAM_OOM": Code(500, retriable=True, hint="ask for fewer tokens, or wait until the GPU is less busy"),
    "CUDA_ERROR": Code(500, retriable=False),
    "INTERNAL": Code(500, retriable=True),
    "INSUFFICIENT_VRAM": Code(503, retriable=False),
    "INSUFFICIENT_MEMORY": Code(503, retriable=False),
    "SHUTTING_DOWN": Code(503, retriable=True, hint="send the request to another worker"),
    "LOADING": Code(503, retriable=True, hint="wait until GET /health answers 200"),
    "INFERENCE_TIMEOUT": Code(504, retriable=True, hint="ask for fewer tokens or raise --inference-timeout-sec"),
}
REASON_CHARS: Final = 64


class WorkerError(Exception):
    """A failure with a stable code.

    Args:
        code: one of `CODES`.
        message: what failed, on what, and why.
        hint: what to do; the code's own hint when absent.
        reason: the message in at most `REASON_CHARS` characters, for a sentence of narration.
        faults: every fault of an invalid request.
    """

    def __init__(
        self,
        code: str,
        message: str,
        hint: str | None = None,
        reason: str | None = None,
        faults: list[Fault] | None = None,
    ) -> None:
        super().__init__(message)
        short = reason or message
        self.reason = short if len(short) <= REASON_CHARS else f"{short[: REASON_CHARS - 3]}..."
        self.code = code
        self.message = message
        self.hint = hint or CODES[code].hint
        self.faults = faults

    @property
    def status(self) -> int:
        """The HTTP status."""
        return CODES[self.code].status

    def to_wire(self) -> Error:
        """Return the error as it is sent to clients."""
        code = CODES[self.code]
        return Error(self.code, self.message, code.retriable, self.hint, code.number, self.faults)
