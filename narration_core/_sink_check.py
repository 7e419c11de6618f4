"""Refuse, with advice, a sink that cannot work."""

import inspect
import io
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any, Final

_PROTOCOL: Final = ("name", "background", "write", "close")


def checked_sinks(sinks: Any) -> Sequence[Any]:
    """Return the sinks as a sequence.

    Args:
        sinks: what `configure` was given.

    Raises:
        TypeError: an object is not a sink, or lacks a part of one.
        ValueError: a sink is there twice.
        OSError: the place that a sink writes to does not exist or may not be written.
    """
    if isinstance(sinks, str | bytes | io.IOBase) or not isinstance(sinks, Iterable):
        raise TypeError(f"sinks must be a list of sinks, not {sinks!r}: write sinks=[...]")
    given = tuple(sinks)
    for number, sink in enumerate(given):
        _check(sink)
        if any(sink is other for other in given[:number]):
            raise ValueError(f"sink {sink.name!r} is in the list twice: every event would be there twice")
    return given


def _check(sink: Any) -> None:
    if isinstance(sink, type):
        raise TypeError(f"{sink.__name__} is a class, not a sink: write {sink.__name__}(...)")
    if isinstance(sink, io.IOBase) or (hasattr(sink, "write") and hasattr(sink, "flush") and not hasattr(sink, "name")):
        raise TypeError(f"{sink!r} is a stream, not a sink: write StreamSink(lambda: stream)")
    if isinstance(sink, str | Path):
        raise TypeError(f"{sink!r} is a path, not a sink: write FileSink({str(sink)!r})")
    missing = [name for name in _PROTOCOL if not hasattr(sink, name)]
    if missing:
        raise TypeError(
            f"{sink!r} is not a sink: it has no {' and no '.join(missing)}; "
            "a sink has a name, background (True or False), write(batch) and close()"
        )
    if not isinstance(sink.name, str) or not sink.name:
        raise TypeError(f"{sink!r}: name must be text that is not empty, not {sink.name!r}")
    if not isinstance(sink.background, bool):
        raise TypeError(
            f"{sink!r}: background must be True (its own thread) or False (called on the emitting thread), "
            f"not {sink.background!r}"
        )
    for method, arguments in (("write", ((),)), ("close", ())):
        _check_method(sink, method, arguments)
    check = getattr(sink, "check", None)
    if callable(check):
        check()


def _check_method(sink: Any, name: str, arguments: tuple[Any, ...]) -> None:
    method = getattr(sink, name)
    if not callable(method):
        raise TypeError(f"{sink!r}: {name} must be a method, not {method!r}")
    if inspect.iscoroutinefunction(method):
        raise TypeError(f"{sink!r}: {name} must be a plain method; an async one would never run")
    try:
        inspect.signature(method).bind(*arguments)
    except TypeError:
        wanted = "write(batch)" if arguments else "close()"
        raise TypeError(f"{sink!r}: {name} cannot be called as {wanted}") from None
    except ValueError:  # a builtin without a signature
        return
