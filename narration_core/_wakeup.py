"""How a reader on an event loop is woken from any thread, as seldom as possible: waking a loop costs a system call."""

import threading
from collections.abc import Callable
from functools import partial
from typing import TypeVar

T = TypeVar("T")


class Wakeup:
    """Wakes one reader; make it inside the running event loop of that reader."""

    def __init__(self) -> None:
        import asyncio  # noqa: PLC0415 - costs more than the whole facade; only readers need it

        self._loop = asyncio.get_running_loop()
        self._thread = threading.get_ident()
        self._current_task = partial(asyncio.current_task, self._loop)
        self._ready = asyncio.Event()
        self._called = False

    def call(self, *, at_once: bool = False) -> bool:
        """Have the reader look; once is enough for all that comes until it does. False when its loop is gone.

        Args:
            at_once: also a reader that takes its time.
        """
        if self._called and not at_once:
            return True
        self._called = True
        # A loop that runs a task right now is awake, and waking it would cost a system call. Outside of tasks it may
        # be a signal handler that narrates, while the loop sleeps.
        if threading.get_ident() == self._thread and self._current_task() is not None:
            self._ready.set()
            return True
        try:
            self._loop.call_soon_threadsafe(self._ready.set)
        except RuntimeError:
            return False
        return True

    async def pause(self, until: float) -> None:
        """Wait for a time of the loop, or for a call that cannot wait; what comes meanwhile wakes nobody."""
        if until <= self._loop.time():
            return
        self._ready.clear()
        self._called = True
        timer = self._loop.call_at(until, self._ready.set)
        try:
            await self._ready.wait()
        finally:
            timer.cancel()

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
