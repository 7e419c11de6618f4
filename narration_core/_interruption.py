"""Exceptions from outside: what a signal handler raises, Ctrl-C, what another thread or a greenlet sends.

They happen to arrive while an event is built or written, but they are meant for the program: its timeout, its end.
Everything else that is raised there comes from a value, a sink or a fault of ours, and never reaches the program.
"""

from opcode import opname
from types import FrameType, TracebackType
from typing import Any, Final

_VARARGS: Final = 0x04  # CO_VARARGS of `inspect`, whose import costs milliseconds
_OURS: Final = __name__.partition(".")[0]
_GREENLETS: Final = frozenset(("gevent", "greenlet", "eventlet"))


def pass_on(error: BaseException, *, of_value: bool = False) -> None:
    """Raise an exception again if it comes from outside.

    Args:
        error: what was caught.
        of_value: whether nothing but a foreign value's own code ran in between.

    Raises:
        BaseException: the exception itself.
    """
    if is_from_outside(error, of_value=of_value):
        raise error


def is_from_outside(error: BaseException, *, of_value: bool = False) -> bool:
    """Return whether an exception comes from a signal handler, a debugger, another thread or a greenlet.

    Python does not say so. But a handler, unlike other functions, is given the frame that it interrupted, which is its
    caller's; Ctrl-C without a handler of the program's own is raised by no `raise`; and what another thread sends
    appears at an instruction that raises nothing.

    Args:
        error: what was caught.
        of_value: as in `pass_on`.
    """
    step = error.__traceback__
    last: TracebackType | None = None
    while step is not None:
        if _is_handler(step.tb_frame):
            return True
        last, step = step, step.tb_next
    if last is None:
        return False
    code = last.tb_frame.f_code.co_code
    instruction = opname[code[last.tb_lasti]] if 0 <= last.tb_lasti < len(code) else ""
    if instruction in ("RAISE_VARARGS", "RERAISE"):
        return False
    if isinstance(error, KeyboardInterrupt) or instruction == "RESUME" or "BACKWARD" in instruction:
        return True
    if any(cls.__module__.partition(".")[0] in _GREENLETS for cls in type(error).__mro__):
        return True
    where = str(last.tb_frame.f_globals.get("__name__")).partition(".")[0]
    return not of_value and isinstance(error, SystemExit) and where == _OURS


def _is_handler(frame: FrameType) -> bool:
    """Return whether a function was given its caller's frame, as signal handlers and trace functions are."""
    code = frame.f_code
    named = code.co_argcount + code.co_kwonlyargcount
    has_more = bool(code.co_flags & _VARARGS)
    caller = frame.f_back
    if caller is None or (code.co_argcount < 2 and not has_more):  # noqa: PLR2004 - the signal's number and the frame
        return False
    values = frame.f_locals
    given: list[Any] = [values.get(name) for name in code.co_varnames[: code.co_argcount]]
    if has_more:
        more = values.get(code.co_varnames[named])
        given += more if isinstance(more, tuple) else ()
    return any(value is caller for value in given)
