"""How an event loop is woken from any thread, as seldom as possible: waking a loop costs a system call."""

import contextvars
import threading
from collections.abc import Callable
from functools import partial
from typing import Final, TypeVar

T = TypeVar("T")

_AWAKE: Final[set[int]] = set()
"""Threads whose event loop runs the function of a `Pulse` right now."""


class Wakeup:
    """Wakes one reader; make it inside the running event loop of that reader."""

    def __init__(self) -> None:
        import asyncio  # noqa: PLC0415 - costs more than the whole facade; only readers need it

        self._loop = asyncio.get_running_loop()
        self._thread = threading.get_ident()
        self._current_task = partial(asyncio.current_task, self._loop)
        self._ready = asyncio.Event()
        self._called = False

    def call(self) -> bool:
        """Have the reader look; once is enough for all that comes until it does. False when its loop is gone."""
        if self._called:
            return True
        self._called = True
        # A loop that runs a task right now is awake, and waking it would cost a system call. Outside of tasks it may
        # be a signal handler that narrates, while the loop sleeps.
        if threading.get_ident() == self._thread and (self._current_task() is not None or self._thread in _AWAKE):
            self._ready.set()
            return True
        try:
            self._loop.call_soon_threadsafe(self._ready.set)
        except RuntimeError:
            return False
        return True

    async def find(self, look: Callable[[], T]) -> T:
        """Return the first true result of `look`; sleep between calls."""
        while True:
            found = look()
            if not found:
                self._ready.clear()
                self._called = False
                found = look()  # what came just before would wake nobody
            if found:
                return found
            await self._ready.wait()


class Pulse:
    """Has a function called on the event loop for what other threads put somewhere; make it inside the running loop.

    The function says when it looks again; what comes meanwhile wakes nobody. It is called in the context in which this
    was made. A task that waits would do the same, and cost the loop one turn more each time.

    Args:
        look: takes what is there; returns seconds until it is called again, 0 when there was nothing.
    """

    def __init__(self, look: Callable[[], float]) -> None:
        import asyncio  # noqa: PLC0415 - as above

        self._loop = asyncio.get_running_loop()
        self._context = contextvars.copy_context()  # not that of whoever calls
        self._look = look
        self._called = self._closed = False
        self._timer: asyncio.TimerHandle | None = None

    def call(self, *, at_once: bool = False) -> bool:
        """Have the function called, from any thread; once is enough for all that comes until then.

        Args:
            at_once: do not wait for the time that the function said.

        Returns:
            False when the loop is gone.
        """
        if self._called and not at_once:
            return True
        self._called = True
        try:
            self._loop.call_soon_threadsafe(self._run, context=self._context)
        except RuntimeError:
            return False
        return True

    def close(self) -> None:
        """Have the function called no more."""
        self._closed = True

    def _run(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        if self._closed:
            return
        thread = threading.get_ident()
        _AWAKE.add(thread)
        pause_s = 0.0
        try:
            pause_s = self._look()
            if not pause_s:
                self._called = False
                pause_s = self._look()  # what came just before would wake nobody
        finally:
            _AWAKE.discard(thread)
            self._called = bool(pause_s)
            if pause_s:
                self._timer = self._loop.call_later(pause_s, self._run, context=self._context)
