"""The scope: what is known about the work at hand, and which scope is the active one.

One ContextVar holds it, so it follows asyncio tasks by itself. A generator has no context of its own: what it binds is
still set in its consumer's context while it is suspended. Therefore a scope that is entered in a generator remembers
the generator's frame, and is active only while that frame runs.
"""

import contextlib
import os
import sys
import threading
from collections.abc import Mapping
from contextvars import ContextVar, Token
from types import FrameType
from typing import Any, Final

from narration_core._clock import SYSTEM, Sources
from narration_core._event import FIELDS, HEAD

_GENERATOR: Final = 0x20 | 0x200  # CO_GENERATOR and CO_ASYNC_GENERATOR of `inspect`, whose import costs milliseconds

_SET_UP: Final = frozenset(("contextlib", "_pytest", "pluggy", "pytest_asyncio", "anyio"))
"""Packages that run a generator up to its `yield` to set something up: there the binding is meant for the consumer."""


class _Unprepared:
    """What `Scope.prepared` is until the fast path replaces it."""

    owner = None


class Scope:
    """The context of the running work: its fields, its clock and ids, and who listens in.

    What a scope says is never changed, only replaced. `listener` is an opaque token by which a tap (a test's
    capture) recognises the events of its own scope. `trace_flags` are those of the `traceparent` that came in.
    `prepared` belongs to the fast path, which keeps there what it derives from the fields. `left_for` is what was set
    before, once the block has ended while another that was begun in it goes on.
    """

    __slots__ = ("fields", "left_for", "listener", "prepared", "sources", "trace_flags")

    def __init__(
        self,
        fields: Mapping[str, Any],
        sources: Sources = SYSTEM,
        listener: object = None,
        trace_flags: str | None = None,
    ) -> None:
        self.fields = fields
        self.sources = sources
        self.listener = listener
        self.trace_flags = trace_flags
        self.prepared: Any = _Unprepared
        self.left_for: Scope | None = None

    def __reduce__(self) -> tuple[Any, ...]:
        # What is elsewhere has its own clock, and no listener of this process.
        return (_scope, (dict(self.fields), self.trace_flags))

    def __deepcopy__(self, _: object) -> "Scope":
        return self


def _scope(fields: Mapping[str, Any], trace_flags: str | None) -> Scope:
    return Scope(fields, trace_flags=trace_flags)


class StackedScope(Scope):
    """A scope that was entered in a generator, or on top of such a scope.

    Attributes:
        frame: the generator's; None when it was entered on top.
        base: the scope that was active when it was entered.
        previous: the scope that was set then; those between it and `base` were suspended.
        place: the thread and task that entered it; elsewhere it was inherited, and is active.
        ended: whether its block was left.
        derived: what the fast path keeps here; not in `prepared`, which it would use without asking `resolved`.
    """

    __slots__ = ("base", "derived", "ended", "frame", "place", "previous")

    frame: FrameType | None
    base: Scope
    previous: Scope
    place: tuple[int, object]
    ended: bool
    derived: Any

    def runs(self) -> bool:
        """Return whether its block runs now, and is neither suspended nor left."""
        return not self.ended and (self.frame is None or self.frame.f_back is not None)


ROOT: Final = Scope({})
current: Final[ContextVar[Scope]] = ContextVar("narration_scope", default=ROOT)
_ORDER: Final = {name: index for index, name in enumerate(FIELDS)}


def _index(item: tuple[str, Any]) -> tuple[int, str]:
    return (_ORDER.get(item[0], len(_ORDER)), item[0])


_OF_ONE_EVENT: Final = HEAD - {"actor"}


def merged(fields: Mapping[str, Any], more: Mapping[str, Any]) -> dict[str, Any]:
    """Return both mappings as one in the taxonomy's order; a None in `more` removes the field."""
    both = {**fields, **more}
    return dict(sorted(((k, v) for k, v in both.items() if v is not None and k not in _OF_ONE_EVENT), key=_index))


def without_actor(fields: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return bound fields without the actor, which is no field of every event but a name for those that have none."""
    return {name: value for name, value in fields.items() if name != "actor"} if "actor" in fields else fields


def active_scope() -> Scope:
    """Return the scope of the code that runs now."""
    scope = current.get()
    return resolved(scope) if type(scope) is StackedScope else scope


def resolved(scope: Scope) -> Scope:
    """Return the active scope where this one is set."""
    here = _place()
    while type(scope) is StackedScope:
        if scope.place != here:
            return scope
        if scope.runs():
            # A generator that was suspended when this scope was entered, and runs now, runs inside of it.
            below = scope.previous
            while type(below) is StackedScope and below is not scope.base:
                if below.frame is not None and below.runs():
                    return below
                below = below.previous
            return scope
        scope = scope.previous
    return scope


def _place() -> tuple[int, object]:
    asyncio = sys.modules.get("asyncio")
    task = None
    if asyncio is not None and asyncio._get_running_loop() is not None:  # noqa: SLF001 - the documented variant raises
        task = asyncio.current_task()
    return (threading.get_ident(), task and id(task))


class Entered:
    """A scope that was entered, and how it is left."""

    __slots__ = ("_token", "scope")

    def __init__(self, scope: Scope, depth: int) -> None:
        """Enter a scope.

        Args:
            scope: what becomes the active scope.
            depth: whose block it is: 1 for the caller of whoever calls this, 2 for the next one, and so on.
        """
        set_before = current.get()
        frame: FrameType | None = sys._getframe(depth + 1)  # noqa: SLF001 - the documented way to a caller's frame
        if frame is not None and (frame.f_code.co_flags & _GENERATOR or frame.f_globals is _CONTEXTLIB):
            frame = _generator_frame(frame)
        else:
            frame = None  # what nearly every call finds
        self._token: Token[Scope] | None = None
        if frame is None and type(set_before) is not StackedScope:
            self.scope = scope
            self._token = current.set(scope)
            return
        stacked = StackedScope(scope.fields, scope.sources, scope.listener, scope.trace_flags)
        stacked.frame = frame
        stacked.place = _place()
        stacked.base = resolved(set_before)
        stacked.ended = False
        stacked.derived = _Unprepared
        if type(set_before) is StackedScope and set_before.place != stacked.place:
            # Inherited: what lies below it will never be active here, and must not be kept for ever.
            set_before = stacked.base = plain_copy(set_before)
        while type(set_before) is StackedScope and set_before.ended and set_before is not stacked.base:
            set_before = set_before.previous
        stacked.previous = set_before
        self.scope = stacked
        current.set(stacked)

    def leave(self) -> None:
        """Leave the scope, wherever this is called; what others entered meanwhile stays."""
        scope = self.scope
        top = current.get()
        if type(scope) is StackedScope:
            scope.ended = True
            scope.frame = None
            while type(top) is StackedScope and top.ended:
                top = top.previous
            if top is not current.get() and scope.place == _place():
                current.set(top)
            return
        above: StackedScope | None = None
        while top is not scope and type(top) is StackedScope:
            above, top = top, top.previous
        if top is scope and above is not None and self._token is not None:
            # Generators that are suspended keep what they bound.
            before = self._token.old_value
            above.previous = ROOT if before is Token.MISSING else before
        elif self._token is not None:
            before = self._token.old_value
            if top is not scope or (before is not Token.MISSING and before.left_for is not None):
                _leave_out_of_order(scope, ROOT if before is Token.MISSING else before)
            else:
                try:  # noqa: SIM105 - a `suppress` would be felt: each request and call comes here
                    current.reset(self._token)
                except ValueError:  # left in another context than it was entered in: nothing to undo
                    pass
        self._token = None


def _leave_out_of_order(scope: Scope, before: Scope) -> None:
    """Leave a scope that is not the last one, or whose outer one was left before.

    Args:
        scope: the scope.
        before: what was set when it was entered.
    """
    while before.left_for is not None:
        before = before.left_for
    if current.get() is scope:
        current.set(before)
    else:
        scope.left_for = before  # what was entered in it goes on


def plain_copy(scope: Scope) -> Scope:
    """Return a scope that says the same and is active wherever it is set."""
    return Scope(scope.fields, scope.sources, scope.listener, scope.trace_flags)


_CONTEXTLIB: Final = vars(contextlib)


def _generator_frame(frame: FrameType | None) -> FrameType | None:
    """Return the frame of the generator that enters the block, or None if it is not a generator.

    Args:
        frame: whose block it is.
    """
    while frame is not None and frame.f_globals is _CONTEXTLIB:  # an ExitStack, `contextmanager`
        frame = frame.f_back
    if frame is None or not frame.f_code.co_flags & _GENERATOR or frame.f_back is None:
        return None
    driver = str(frame.f_back.f_globals.get("__name__"))
    return None if driver.partition(".")[0] in _SET_UP else frame


_POOL_WORKERS: Final = (("concurrent.futures.process", "_process_worker"), ("multiprocessing.pool", "worker"))


def _start_pool_worker_empty(_: object) -> None:
    """Forget, in a worker of a process pool, the scope of the work that happened to start it."""
    process: Any = sys.modules["multiprocessing.process"].current_process()
    target = getattr(process, "_target", None)
    if (getattr(target, "__module__", ""), getattr(target, "__name__", "")) in _POOL_WORKERS:
        current.set(ROOT)


def _watch_for_pool_workers() -> None:
    util: Any = sys.modules.get("multiprocessing.util")
    if util is not None:
        util.register_after_fork(_start_pool_worker_empty, _start_pool_worker_empty)


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_watch_for_pool_workers)
