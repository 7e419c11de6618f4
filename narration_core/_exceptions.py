"""An exception in short: its kind, its chain, its notes and groups; never a local variable."""

from collections.abc import Callable
from typing import Final

MAX_LINKS: Final = 8
MAX_MEMBERS: Final = 5
MAX_DEPTH: Final = 5
_UNREADABLE: Final = "(its message could not be read)"


def kind(error: BaseException) -> str:
    """Return the exception's name as an `error_kind`: the class, with its module unless it is built in."""
    cls = type(error)
    return cls.__qualname__ if cls.__module__ == "builtins" else f"{cls.__module__}.{cls.__qualname__}"


def _said(what: Callable[[], str]) -> str:
    try:
        return what()
    except Exception:  # noqa: BLE001 - a broken __str__ must not hide the failure being told
        return _UNREADABLE


def _notes(error: BaseException) -> str:
    notes = getattr(error, "__notes__", None)
    return "; ".join(map(str, notes[:MAX_MEMBERS])) if notes else ""


def _one(error: BaseException, depth: int = 0) -> str:
    message = _said(lambda: str(error))
    text = f"{kind(error)}: {message}" if message else kind(error)
    notes = _said(lambda: _notes(error))
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
    told: list[str] = []
    seen: set[int] = set()
    step: BaseException | None = error
    while step is not None and id(step) not in seen:
        if len(told) == MAX_LINKS:
            told.append("...")
            break
        seen.add(id(step))
        told.append(_one(step))
        step = step.__cause__ or (None if step.__suppress_context__ else step.__context__)
    return " <- ".join(told)
