"""Every way in which a request to the hub can fail: stable codes with their HTTP status."""

from collections.abc import Sequence
from typing import Final, NamedTuple

from narration_hub.wire import Error


class Code(NamedTuple):
    """What a code means to a caller.

    Attributes:
        status: HTTP status.
        retriable: whether the same request may work later.
        hint: what to do.
    """

    status: int
    retriable: bool
    hint: str | None = None


CODES: Final[dict[str, Code]] = {
    "INVALID_REQUEST": Code(400, retriable=False),
    "MISSING_TOKEN": Code(401, retriable=False, hint="send Authorization: Bearer <token>"),
    "BAD_TOKEN": Code(401, retriable=False, hint="the token is not known here, or it has expired"),
    "FORBIDDEN": Code(403, retriable=False, hint="this token is for something else"),
    "NOT_FOUND": Code(404, retriable=False),
    "TOO_LARGE": Code(413, retriable=False, hint="send at most 500 events and 1 MiB at once"),
    "UNSUPPORTED": Code(415, retriable=False),
    "TOO_MANY": Code(429, retriable=True, hint="wait as long as Retry-After says"),
    "INTERNAL": Code(500, retriable=True),
    "CANNOT_TELL": Code(503, retriable=True, hint="wait as long as Retry-After says, or ask another hub"),
    "NO_ROOM": Code(503, retriable=True, hint="wait as long as Retry-After says"),
}
STATUS: Final = {name: code.status for name, code in CODES.items()}


class HubError(Exception):
    """A failure with a stable code.

    Args:
        code: one of `CODES`.
        message: what failed, on what, and why.
        retry_after_s: when the same request may work, in seconds from now.
    """

    def __init__(self, code: str, message: str, retry_after_s: int | None = None) -> None:
        super().__init__(message)
        self.code = code
        self.message = message
        self.retry_after_s = retry_after_s

    def to_wire(self) -> Error:
        """Return the error as it is sent to clients."""
        code = CODES[self.code]
        return Error(self.code, self.message, code.retriable, code.hint)


def unknown(elsewhere: Sequence[str] = ()) -> HubError:
    """Return the one answer for what is not there and for what the caller may not see.

    Args:
        elsewhere: hubs that may have it, for callers who may see everything.
    """
    where = f"; hubs that were not asked: {', '.join(elsewhere)}" if elsewhere else ""
    return HubError("NOT_FOUND", f"there is nothing of this name that you may see{where}")
