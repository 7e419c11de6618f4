"""Locks that the child of a fork finds open, and that a signal handler or a finaliser may take a second time."""

import contextlib
import os
import threading
import weakref
from contextlib import AbstractContextManager
from typing import Any

_locks: "weakref.WeakSet[Any]" = weakref.WeakSet()


def new_lock() -> AbstractContextManager[Any]:
    """Return a lock for state that emitting uses; after a fork, a thread that no longer exists may hold it."""
    lock = threading.RLock()
    _locks.add(lock)
    return lock


def new_setup_lock() -> AbstractContextManager[Any]:
    """Return a lock for setting up that a fork waits for: a child could not finish what another thread has begun.

    Setting up imports modules, and Python's own locks of imports under way stay shut in a child for ever.
    """
    lock = threading.RLock()

    def release() -> None:
        with contextlib.suppress(RuntimeError):  # this lock was made in the middle of the fork
            lock.release()

    if hasattr(os, "register_at_fork"):
        os.register_at_fork(before=lock.acquire, after_in_parent=release, after_in_child=release)
    return lock


def _open_in_child() -> None:
    for lock in list(_locks):
        lock._at_fork_reinit()  # noqa: SLF001 - what the standard library uses for its own


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_open_in_child)
