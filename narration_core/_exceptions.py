"""An exception in short: its kind, its chain, its notes and groups; never a local variable."""

from collections.abc import Callable
from typing import Final

MAX_LINKS: Final = 8
MAX_MEMBERS: Final = 5
MAX_DEPTH: Final = 5
_CANCELLING: Final = frozenset(("asyncio", "concurrent", "trio"))
_UNREADABLE: Final = "(its message could not be read)"


def kind(error: BaseException) -> str:
    """Return the exception's name as an `error_kind`: the class, with its module unless it is built in."""
    cls = type(error)
    return cls.__qualname__ if cls.__module__ == "builtins" else f"{cls.__module__}.{cls.__qualname__}"


def is_orderly_exit(error: BaseException) -> bool:
    """Return whether work that raises this has ended in order: a closed generator, `sys.exit()` without an error."""
    return isinstance(error, GeneratorExit) or (isinstance(error, SystemExit) and error.code in (None, 0))


def is_cancellation(error: BaseException) -> bool:
    """Return whether this is how asyncio, concurrent.futures, Trio or AnyIO cancel work."""
    return any(
        cls.__name__ in ("CancelledError", "Cancelled") and cls.__module__.partition(".")[0] in _CANCELLING
        for cls in type(error).__mro__
    )


def _text(read: Callable[[], str]) -> str:
    try:
        return read()
    except Exception:  # noqa: BLE001 - a broken __str__ must not hide the failure itself
        return _UNREADABLE


def _notes(error: BaseException) -> str:
    notes = getattr(error, "__notes__", None)
    return "; ".join(map(str, notes[:MAX_MEMBERS])) if notes else ""


def _one(error: BaseException, depth: int = 0) -> str:
    message = _text(lambda: str(error))
    text = f"{kind(error)}: {message}" if message else kind(error)
    notes = _text(lambda: _notes(error))
    if notes:
        text += f" ({notes})"
    if isinstance(error, BaseExceptionGroup):
        if depth == MAX_DEPTH:
            return f"{text} [...]"
        members = [_one(member, depth + 1) for member in error.exceptions[:MAX_MEMBERS]]
        more = len(error.exceptions) - MAX_MEMBERS
        text += f" [{', '.join(members)}{f', and {more} more' if more > 0 else ''}]"
    return text


def chain(error: BaseException) -> str:
    """Return the exception and what led to it, newest first, joined by " <- "; bounded in length and depth."""
    texts: list[str] = []
    seen: set[int] = set()
    step: BaseException | None = error
    while step is not None and id(step) not in seen:
        if len(texts) == MAX_LINKS:
            texts.append("...")
            break
        seen.add(id(step))
        texts.append(_one(step))
        step = step.__cause__ or (None if step.__suppress_context__ else step.__context__)
    return " <- ".join(texts)
