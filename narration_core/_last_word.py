"""The last resort: a line on standard error about what no sink can report, if that is still standard error."""

import contextlib
import fcntl
import os
import stat
import sys

Identity = tuple[int, int, int]


def _identity() -> Identity | None:
    try:
        status = os.fstat(2)
    except OSError:
        return None
    return (status.st_dev, status.st_ino, status.st_rdev)


_at_start = _identity() if sys.__stderr__ is not None else None


def _is_standard_error() -> bool:
    """Return whether descriptor 2 is still the original standard error, or at least suitable for messages.

    A program may close it; the number then belongs to the next file that it opens, data perhaps.
    """
    if sys.__stderr__ is None:
        return False
    now = _identity()
    if now is None:
        return False
    if now == _at_start:
        return True
    mode = os.fstat(2).st_mode
    return stat.S_ISCHR(mode) or (stat.S_ISREG(mode) and bool(fcntl.fcntl(2, fcntl.F_GETFL) & os.O_APPEND))


def say(message: str) -> None:
    """Write a line to standard error, if there is one.

    Args:
        message: what to say, redacted, without a line end.
    """
    with contextlib.suppress(OSError):
        if _is_standard_error():
            os.write(2, f"narration: {message}\n".encode(errors="backslashreplace"))
