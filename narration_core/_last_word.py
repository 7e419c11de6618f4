"""The last resort: a line on standard error about what no sink can report, if that is still standard error."""

import contextlib
import os
import sys

from narration_core._standard import check_standard


def say(message: str) -> None:
    """Write a line to standard error, if there is one.

    Args:
        message: what to say, redacted, without a line end.
    """
    with contextlib.suppress(OSError):
        if sys.__stderr__ is not None:
            check_standard(2)
            os.write(2, f"narration: {message}\n".encode(errors="backslashreplace"))
