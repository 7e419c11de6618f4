"""The end of the process: what is queued is written, sinks are closed, and what was abandoned is reported."""

import atexit
import os
import sys
import time
from typing import Any, Final

from narration_core._interruption import pass_on
from narration_core._last_word import say
from narration_core._pipeline import PIPELINE
from narration_core.nouns import counted

EXIT_DEADLINE_S: Final = 2.0
"""How long all sinks together may take at exit, in seconds."""


def finish() -> None:
    """Write what is left and close every sink, all of them within one deadline."""
    outputs = PIPELINE.outputs
    PIPELINE.narrate_skipped()
    outputs.release()
    until = time.monotonic() + EXIT_DEADLINE_S
    for writer in outputs.writers:
        abandoned = writer.flush(max(until - time.monotonic(), 0.0))
        if not abandoned:
            writer.close(max(until - time.monotonic(), 0.0))
        elif not writer.gone:  # nobody reads there any more, which was reported when it failed
            say(
                f"gave up on {counted(abandoned, 'event')} after {EXIT_DEADLINE_S} s: "
                f"sink {writer.sink.name} did not take them"
            )
    for sink in outputs.inline:
        try:
            sink.close()
        except BaseException as error:  # noqa: BLE001 - one sink that cannot be closed keeps no other open
            pass_on(error)
            outputs.failed(sink, error, 0.0)


_followed = False


def _follow_multiprocessing() -> None:
    """Make children of multiprocessing finish too: they end with `os._exit`, past everything of `atexit`.

    A child forgets what was to be done at its end when it begins, and then asks those who are registered here. That
    holds for a child of a fork server as well, which imports narration before it begins.
    """
    global _followed  # noqa: PLW0603 - a module's state
    util: Any = sys.modules.get("multiprocessing.util")
    if util is None or _followed:
        return
    _followed = True
    util.register_after_fork(PIPELINE, lambda _: util.Finalize(None, finish, exitpriority=-100))


def install() -> None:
    """Finish at exit: of the interpreter, and of a child of multiprocessing that imports narration late."""
    atexit.register(finish)
    if hasattr(os, "register_at_fork"):
        os.register_at_fork(after_in_child=_follow_multiprocessing)
        os.register_at_fork(after_in_child=PIPELINE.outputs.forget_held)
    _follow_multiprocessing()
    process: Any = sys.modules.get("multiprocessing.process")
    util: Any = sys.modules.get("multiprocessing.util")
    if process is not None and util is not None and process.parent_process() is not None:  # it has begun already
        util.Finalize(None, finish, exitpriority=-100)
