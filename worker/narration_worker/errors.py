"""Every way a request or a start can fail: stable codes with their HTTP status."""

from typing import Final, NamedTuple


class Code(NamedTuple):
    """What a code means to a caller.

    Attributes:
        status: HTTP status.
        retriable: whether the same request may work later.
        hint: what to do, when that is always the same.
    """

    status: int
    retriable: bool
    hint: str | None = None


CODES: Final[dict[str, Code]] = {
    "INVALID_REQUEST": Code(400, retriable=False),
    "MISSING_TOKEN": Code(401, retriable=False, hint="send Authorization: Bearer <token>"),
    "BAD_TOKEN": Code(401, retriable=False, hint="the token is not this worker's"),
    "NOT_FOUND": Code(404, retriable=False),
    "CONFLICT": Code(409, retriable=False, hint="a job id names one job; choose another"),
    "QUEUE_FULL": Code(429, retriable=True, hint="wait as long as Retry-After says"),
    "CANCELLED": Code(499, retriable=False),
    "MODEL_LOAD_FAILED": Code(500, retriable=False),
    "VRAM_OOM": Code(500, retriable=True, hint="ask for fewer tokens, or wait until the GPU is less busy"),
    "CUDA_ERROR": Code(500, retriable=False),
    "INTERNAL": Code(500, retriable=True),
    "INSUFFICIENT_VRAM": Code(503, retriable=False),
    "SHUTTING_DOWN": Code(503, retriable=True, hint="send the request to another worker"),
    "LOADING": Code(503, retriable=True, hint="wait until GET /health answers 200"),
    "INFERENCE_TIMEOUT": Code(504, retriable=True, hint="ask for fewer tokens or raise --inference-timeout-sec"),
}
REASON_CHARS: Final = 64
NUMBERS: Final[dict[str, int]] = {"MISSING_TOKEN": 40101, "BAD_TOKEN": 40102}


class WorkerError(Exception):
    """A failure with a stable code.

    Args:
        code: one of `CODES`.
        message: what failed, on what, why.
        hint: what to do; the code's own hint when absent.
        reason: the message in at most `REASON_CHARS` characters, for a sentence of narration.
    """

    def __init__(self, code: str, message: str, hint: str | None = None, reason: str | None = None) -> None:
        super().__init__(message)
        short = reason or message
        self.reason = short if len(short) <= REASON_CHARS else f"{short[: REASON_CHARS - 3]}..."
        self.code = code
        self.message = message
        self.hint = hint or CODES[code].hint

    @property
    def status(self) -> int:
        """The HTTP status."""
        return CODES[self.code].status

    def body(self) -> dict[str, object]:
        """Return what a client is told."""
        told: dict[str, object] = {"code": self.code, "message": self.message}
        if self.code in NUMBERS:
            told["number"] = NUMBERS[self.code]
        if self.hint:
            told["hint"] = self.hint
        told["retriable"] = CODES[self.code].retriable
        return told
