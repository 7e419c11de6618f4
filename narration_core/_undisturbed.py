"""Work that no signal handler, finaliser or collection may meet half done: it runs on a thread of its own.

Importing and compiling are such work. A handler that narrates in the middle of an import would find modules half
loaded, and one that comes again before it is done would start the same work over and over; here it waits, since the
interrupted thread holds nothing that the work needs.
"""

import atexit
import contextlib
import gc
import os
import time
from _thread import allocate_lock, get_ident, start_new_thread
from collections.abc import Callable
from functools import cache
from importlib import import_module
from typing import Any, Final, TypeVar

from narration_core._interruption import pass_on
from narration_core._locks import new_setup_lock

T = TypeVar("T")

_at_work: set[int] = set()
_one_at_a_time = new_setup_lock()
_in_native: list[int] = []
_ending_thread = 0
_NATIVE_S: Final = 1.0
_BEGIN_S: Final = 5.0


def enters_native() -> bool:
    """Note that this thread calls native code that gives up the interpreter's lock; call `leaves_native` after it.

    Returns:
        False when it must not: the interpreter is ending, and ends threads as they come back. In code written in Rust
        or C++ that aborts the process.
    """
    _in_native.append(get_ident())
    if _ending_thread in (0, get_ident()):
        return True
    leaves_native()
    return False


def leaves_native() -> None:
    """Note that the native code that was entered last has returned."""
    with contextlib.suppress(IndexError):  # forked meanwhile
        _in_native.pop()


@atexit.register
def _let_nobody_enter() -> None:
    """Wait for what is under way, and let no other thread begin: the interpreter is about to end them."""
    global _ending_thread  # noqa: PLW0603 - a module's state
    _one_at_a_time.acquire()  # type: ignore[attr-defined]  # for ever
    _ending_thread = get_ident()
    until = time.monotonic() + _NATIVE_S
    while _in_native and time.monotonic() < until:
        time.sleep(0.001)


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_in_native.clear)


def undisturbed(work: Callable[[], T]) -> T:
    """Return what a function returns, run where signal handlers and collections never run, one work at a time.

    Args:
        work: takes no argument; sees first whether another thread has done it meanwhile.

    Raises:
        Exception: whatever the function raised.
    """
    if get_ident() in _at_work:
        return work()  # part of other such work
    if _ending_thread:
        with _one_at_a_time:  # the thread that ends the interpreter has it
            return work()
    results: list[T] = []
    errors: list[BaseException] = []
    begun: list[bool] = []
    done = allocate_lock()
    done.acquire()

    def run() -> None:
        try:
            begun.append(True)
            _at_work.add(get_ident())
            collecting = gc.isenabled()
            gc.disable()
            try:
                with _one_at_a_time:
                    results.append(work())
            finally:
                if collecting:
                    gc.enable()
                _at_work.discard(get_ident())
        except BaseException as error:  # noqa: BLE001 - raised again where it was asked for
            errors.append(error)
        finally:
            done.release()

    try:
        # Not `threading.Thread`: its own lock would be taken twice when a handler interrupts its start.
        start_new_thread(run, ())
    except RuntimeError as refused:  # no more threads, or the interpreter is ending
        pass_on(refused)
        with _one_at_a_time:
            return work()
    while not done.acquire(timeout=_BEGIN_S):
        if not begun:  # without memory the thread ended before it did anything
            with _one_at_a_time:
                return work()
    for error in errors:
        raise error
    return results[0]


def made_once(make: Callable[[], T]) -> Callable[[], T]:
    """Return a function that returns what another makes, made undisturbed when it is first asked for.

    Args:
        make: makes it.
    """
    made: list[T] = []

    def work() -> T:
        if not made:
            made.append(make())
        return made[0]

    return lambda: made[0] if made else undisturbed(work)


@cache
def loaded(module: str) -> Any:
    """Return a module that is imported when it is first needed.

    Args:
        module: its full name.

    Raises:
        ImportError: there is no such module.
    """
    return undisturbed(lambda: import_module(module))
