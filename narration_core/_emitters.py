"""The methods behind `narrate.info` and its siblings and behind a declared point: fast path first, else slow path."""

from collections.abc import Callable
from types import CodeType, FunctionType
from typing import Any, Final, Protocol, cast

from narration_core._fast_path_source import Declared
from narration_core._interruption import pass_on
from narration_core._pipeline import PIPELINE
from narration_core._scope import Scope, current


class Actor(Protocol):
    """Who emits.

    Attributes:
        valid_actor: the actor's name for the fast path; None when only the slow path can make it a name.
    """

    valid_actor: str | None


SlowPath = Callable[[Any, str, str, str, dict[str, Any]], None]


def level_method(rank: int, slow: SlowPath, *, fast: bool) -> FunctionType:
    """Return the method that emits at a level; `switch` makes it follow the threshold.

    It belongs to a class, not to an object: a look-up on the class is what a call costs least with, and a method that
    a caller keeps can be pickled.

    Args:
        rank: the level's index in `EMITTING`.
        slow: emits what the fast path does not take; called with the object, action, target, human and fields.
        fast: whether to try the fast path at all.
    """
    pipeline = PIPELINE
    counts = pipeline.counts
    emitted = counts.emitted
    outputs = pipeline.outputs

    # Few calls on purpose: an event costs about a microsecond, so each call would be noticed.
    def emit(self: Actor, action: str = "", target: str = "", human: str = "", /, **fields: Any) -> None:
        try:
            path = pipeline.fast_path
            actor = self.valid_actor
            if path is None or actor is None or not fast:
                slow(self, action, target, human, fields)
                return
            try:
                scope = current.get()
                bound = scope.prepared
                if bound.owner is not path:
                    bound = path.prepare(scope)
                if bound.others:
                    fields = {**bound.others, **fields}
                names = tuple(fields)
                compose = path.composers.get(names) or path.composer(names)
                record = compose(rank, actor, action, target, human, bound, fields)
            except Exception as error:  # noqa: BLE001 - counted; raised in strict mode
                pass_on(error)
                path.failed(error)
                record = None
            if record is None:
                counts.missed += 1
                slow(self, action, target, human, fields)
                return
            emitted[rank] += 1
            for put in outputs.puts:
                put(record)
        except RecursionError:
            counts.internal_errors += 1  # no call, for which there is no room on the stack

    return cast("FunctionType", emit)


def _do_nothing(self: Actor, action: str = "", target: str = "", human: str = "", /, **fields: Any) -> None:
    pass


def _ignore(*_: Any) -> None:
    pass


_ON: Final[CodeType] = level_method(0, _ignore, fast=False).__code__
# A function takes only code with as many free variables as it has.
_OFF: Final[CodeType] = _do_nothing.__code__.replace(co_freevars=_ON.co_freevars)


def switch(method: FunctionType, *, on: bool) -> None:
    """Make a level's method emit, or do nothing at no more cost than a call.

    The code is exchanged, not the function, so a kept `debug = narrate.debug` follows the threshold too.
    """
    method.__code__ = _ON if on else _OFF


PointEmitter = Callable[[dict[str, Any], Scope | None], bool]


def point_emitter(point: Declared, *, lifecycle: bool) -> PointEmitter:
    """Return the function that emits a declared point; it returns False for the slow path, having done nothing.

    It is called with the fields, and with the scope to emit in, None for the one that is set here.

    Args:
        point: what every call of it has in common.
        lifecycle: whether its events leave a bound job out.
    """
    pipeline = PIPELINE
    counts = pipeline.counts
    emitted = counts.emitted
    outputs = pipeline.outputs
    rank = point.rank

    def emit(fields: dict[str, Any], scope: Scope | None) -> bool:
        path = pipeline.fast_path
        if path is None:
            return False
        try:
            if scope is None:
                scope = current.get()
            bound = scope.prepared
            if bound.owner is not path:
                bound = path.prepare(scope)
            if lifecycle:
                bound = bound.lifecycle or path.without_job(bound)
            if bound.others:
                fields = {**bound.others, **fields}
            names = tuple(fields)
            compose = path.composers.get((point, names)) or path.composer(names, point)
            record = compose(bound, fields)
        except Exception as error:  # noqa: BLE001 - as above
            pass_on(error)
            path.failed(error)
            record = None
        if record is None:
            counts.missed += 1
            return False
        emitted[rank] += 1
        for put in outputs.puts:
            put(record)
        return True

    return emit
