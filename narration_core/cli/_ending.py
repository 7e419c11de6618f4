"""The end of the program: as Python ends it, but without the wait for what only later events would have used.

In its first seconds a program may be compiling the fastest engine of redaction, which nothing can stop. Python cannot
end under a thread that does: such a program does here what is done at an exit, and is ended by the system.
"""

import atexit
import contextlib
import os
import sys
import threading
from typing import Any


def leave(code: object) -> None:
    """End the process now when something is being compiled; else return, so that it ends in the usual way.

    Args:
        code: what the process ends with: a number, or None for 0; anything else is left to Python.
    """
    warming: Any = sys.modules.get("narration_core.redaction._warming")
    if warming is None or not isinstance(code, int | None):
        return
    if any(not thread.daemon for thread in threading.enumerate() if thread is not threading.main_thread()):
        return  # which Python waits for
    if not warming.is_compiling():
        return
    try:
        sys.stdout.flush()
    except (OSError, ValueError, AttributeError):  # Python has a message and an exit code of its own for that
        return
    atexit.unregister(warming.wait)
    atexit._run_exitfuncs()  # noqa: SLF001 - as multiprocessing does before it ends a child in this way
    for stream in (sys.stdout, sys.stderr):
        with contextlib.suppress(OSError, ValueError, AttributeError):
            stream.flush()
    os._exit(code or 0)
