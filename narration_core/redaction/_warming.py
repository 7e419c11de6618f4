"""The fastest engine, without the wait for it: the portable one answers until the other is compiled.

Hyperscan loads what an earlier process compiled, or takes seconds to compile; the portable engine is ready in some ten
milliseconds, and both give the same redaction. A thread compiles, without holding up the others, once the process has
lived for a moment: a command that ends at once never pays for it.
"""

import _thread
import atexit
import contextlib
import os
import sys
import weakref
from collections.abc import Callable
from typing import Any, Final

from narration_core._locks import new_setup_lock
from narration_core.redaction._engines import AhoCorasick, Engine, Entry, Hyperscan

DELAY_S: Final = 0.25
"""How long a process lives before the faster engine is compiled."""

_STOPS_WITHIN_S: Final = 0.05
"""How soon a thread that does not compile yet has stopped."""

Hits = Callable[[str], list[int]]

_engines: "weakref.WeakSet[WarmingEngine]" = weakref.WeakSet()

_ending = False

# A fork waits for it: a child could not finish an import that another thread has begun.
_import_lock = new_setup_lock()


def _true(name: str) -> Any:
    """Return what `_thread` has of a name, whatever gevent put there: this may run on a thread without greenlets.

    A greenlet that is begun on such a thread never runs, and ends the process when the thread ends.
    """
    monkey = sys.modules.get("gevent.monkey")
    return monkey.get_original("_thread", name) if monkey is not None else getattr(_thread, name)


_allocate_lock: Final = _true("allocate_lock")
_start_new_thread: Final = _true("start_new_thread")


class WarmingEngine:
    """The portable engine first, hyperscan as soon as it is ready.

    Args:
        entries: what to look for.
    """

    def __init__(self, entries: list[Entry]) -> None:
        self._entries = entries
        self.hits: Hits = AhoCorasick(entries).hits
        self._users: list[weakref.WeakMethod[Callable[[Hits], None]]] = []
        self._done = False
        self._begin()
        _engines.add(self)

    def follow(self, use: Callable[[Hits], None]) -> None:
        """Have a method called with `hits` now, and once more when a faster one is ready.

        Args:
            use: a bound method; its object is not kept alive.
        """
        if not self._done:
            self._users.append(weakref.WeakMethod(use))
        use(self.hits)

    def warm_up(self) -> None:
        """Compile now and return when the fastest engine answers."""
        with self._lock:
            if self._done:
                return
            engine = self._fastest()
            if engine is not None:
                self.hits = engine.hits
                for user in list(self._users):
                    use = user()
                    if use is not None:
                        use(engine.hits)
            self._done = True
            self._users.clear()

    def _fastest(self) -> Engine | None:
        try:
            with _import_lock:
                import hyperscan  # noqa: F401, PLC0415 - 30 ms, and not on every platform
            return Hyperscan(self._entries)
        except Exception:  # noqa: BLE001 - no wheel, an old processor: whatever it is, the portable engine stays
            return None

    def _begin(self) -> None:
        """Start the thread; also in the child of a fork, where the parent's is missing."""
        self._lock = _allocate_lock()
        self._go_on = _allocate_lock()  # held until the thread is to stop
        self._go_on.acquire()
        self._at_work = _allocate_lock()  # held while there is a thread
        if self._done or _ending:
            return
        self._at_work.acquire()
        try:
            _start_new_thread(self._run, (self._at_work,))
        except RuntimeError:  # no more threads, or the interpreter is ending: the portable engine stays
            self._at_work.release()

    def _run(self, at_work: _thread.LockType) -> None:
        try:
            if not self._go_on.acquire(timeout=DELAY_S):
                self.warm_up()
        finally:
            at_work.release()

    def _end(self, timeout_s: float = -1) -> bool:
        """Have the thread stop before it compiles, or wait for it; whether it has ended."""
        with contextlib.suppress(RuntimeError):  # told before
            self._go_on.release()
        ended: bool = self._at_work.acquire(timeout=timeout_s)
        if ended:
            self._at_work.release()
        return ended


def _begin_in_child() -> None:
    for engine in list(_engines):
        engine._begin()  # noqa: SLF001 - same module


@atexit.register
def wait() -> None:
    """Begin no other engine, and wait as long as it takes: an interpreter that ends under one would be aborted."""
    _end_all(-1)


def is_compiling() -> bool:
    """Begin no other engine; return whether one is being compiled, which nothing can stop."""
    return not _end_all(_STOPS_WITHIN_S)


def _end_all(timeout_s: float) -> bool:
    global _ending  # noqa: PLW0603 - a module's state
    _ending = True
    return all([engine._end(timeout_s) for engine in list(_engines)])  # noqa: SLF001, C419 - every one is told


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_begin_in_child)
