"""Uncaught exceptions of the main thread, of other threads and of asyncio's tasks, told in the story they belong to."""

import contextlib
import logging
import sys
import threading
from collections.abc import Callable
from types import TracebackType
from typing import Any, Final

from narration_core import _exceptions as exceptions
from narration_core._catalogue import Catalogue
from narration_core._configuration import flush
from narration_core._context import bind, bound
from narration_core._narrator import Narrator
from narration_core._taxonomy import register_field

register_field("thread", str, "the name of a thread")

_DEFAULT_THREAD_HOOK: Final = threading.__excepthook__


def watch(narrate: Narrator) -> Callable[[], None]:
    """Tell every exception that nobody catches, in place of Python's traceback, which would show secrets.

    A hook that somebody else has installed is called as well. An exception that left a `bind` block or a request is
    told with the ids of there. A `KeyboardInterrupt` is left to Python.

    Args:
        narrate: who tells.

    Returns:
        A function that puts everything back.
    """
    watcher = _Watcher(narrate)
    watcher.start()
    return watcher.stop


class _Watcher:
    def __init__(self, narrate: Narrator) -> None:
        uncaught = Catalogue(narrate.actor)
        self._ended = uncaught.point(
            "ended",
            "uncaught",
            "program",
            "The program ends: nobody caught {error_kind}",
            event="uncaught",
            level="fatal",
            channel="request",
        )
        self._thread_ended = uncaught.point(
            "thread_ended",
            "uncaught",
            "{thread}",
            "Thread {thread} ended: nobody caught {error_kind}",
            event="uncaught",
            level="error",
            channel="request",
        )
        self._task_failed = uncaught.point(
            "task_failed",
            "uncaught",
            "asyncio",
            "A task or callback failed: nobody caught {error_kind}",
            event="uncaught",
            level="error",
            channel="request",
        )

    def start(self) -> None:
        self._old = sys.excepthook
        self._old_thread = threading.excepthook
        # Kept, so that they can be recognised: each access makes a new method object.
        self._hook: Any = self._main
        self._thread_hook: Any = self._thread
        sys.excepthook = self._hook
        threading.excepthook = self._thread_hook
        logging.getLogger("asyncio").addFilter(self._asyncio)

    def stop(self) -> None:
        if sys.excepthook is self._hook:
            sys.excepthook = self._old
        if threading.excepthook is self._thread_hook:
            threading.excepthook = self._old_thread
        logging.getLogger("asyncio").removeFilter(self._asyncio)

    def _main(self, kind: type[BaseException], error: BaseException, trace: TracebackType | None) -> None:
        if not isinstance(error, Exception):  # KeyboardInterrupt
            self._old(kind, error, trace)
            return
        _tell(self._ended, error)
        flush()
        if self._old is not sys.__excepthook__:
            self._old(kind, error, trace)

    def _thread(self, args: "threading.ExceptHookArgs") -> None:
        if args.exc_value is not None and not isinstance(args.exc_value, SystemExit):
            _tell(self._thread_ended, args.exc_value, thread=args.thread.name if args.thread else "unknown")
        if self._old_thread is not _DEFAULT_THREAD_HOOK:
            self._old_thread(args)

    def _asyncio(self, record: logging.LogRecord) -> bool:
        """Tell what asyncio logs of a task or callback that failed, in place of its own line."""
        error = record.exc_info[1] if record.exc_info else None
        if error is None:
            return True
        _tell(self._task_failed, error)
        return False


def _tell(point: Callable[..., None], error: BaseException, **fields: Any) -> None:
    ids = exceptions.kept_ids(error)
    with bind(**ids) if ids and "correlation_id" not in bound() else contextlib.nullcontext():
        point(error_kind=exceptions.kind(error), **exceptions.described(error), **fields)
