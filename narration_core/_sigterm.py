"""Passes a SIGTERM that comes meanwhile on to child processes."""

import contextlib
import os
import signal
import subprocess
import threading
from collections.abc import Iterator
from types import FrameType
from typing import Any


class Passing:
    """One child, and whether SIGTERM came for it.

    Attributes:
        came: whether it came; a child that starts after it is ended at once.
    """

    def __init__(self) -> None:
        self._child: subprocess.Popen[bytes] | None = None
        self.came = False

    def started(self, child: "subprocess.Popen[bytes]") -> None:
        """Take note of the child, which may be started on another thread."""
        self._child = child
        if self.came:
            child.terminate()

    def end(self) -> None:
        """Send SIGTERM to the child, or see to it that it gets it when it has started."""
        self.came = True
        if self._child is not None:
            self._child.terminate()

    def kill(self) -> None:
        """Send SIGKILL to the child if there is one."""
        if self._child is not None:
            self._child.kill()


class _Handler:
    """The handler of this process while children run; several may run at once, and end in any order."""

    def __init__(self) -> None:
        self._passing: list[Passing] = []
        self._before: Any = None
        self._due = False
        self._later = 0

    def enter(self, passing: Passing, *, later: bool) -> None:
        if not self._passing:
            self._before = signal.getsignal(signal.SIGTERM)
            self._due = False
            signal.signal(signal.SIGTERM, self)
        self._passing.append(passing)
        self._later += later

    def __call__(self, number: int, frame: FrameType | None) -> None:
        for passing in self._passing:
            passing.end()
        if callable(self._before) and not self._later:
            self._before(number, frame)
        else:
            self._due = True

    def leave(self, passing: Passing, *, later: bool) -> None:
        self._passing.remove(passing)
        self._later -= later
        if self._passing:
            return
        in_place: object = signal.getsignal(signal.SIGTERM)
        if in_place is self:  # else somebody has put his own there meanwhile
            signal.signal(signal.SIGTERM, self._before)
        if not self._due:
            return
        if callable(self._before):
            # Not by a second signal: an event loop has heard of the first one already.
            self._before(signal.SIGTERM, None)
        else:
            os.kill(os.getpid(), signal.SIGTERM)


_handler = _Handler()


@contextlib.contextmanager
def sigterm_reaches(passing: Passing, *, later: bool) -> Iterator[None]:
    """Pass SIGTERM on to a child; only the main thread can, elsewhere nothing happens.

    Args:
        passing: the child.
        later: whether a handler that was there before is called only when the child has ended, as where the main
            thread waits for it; else it is called at once. Where there was none, the process ends with the last child.
    """
    if threading.current_thread() is not threading.main_thread() or (
        signal.getsignal(signal.SIGTERM) in (signal.SIG_IGN, None)
    ):
        yield
        return
    _handler.enter(passing, later=later)
    try:
        yield
    finally:
        _handler.leave(passing, later=later)
