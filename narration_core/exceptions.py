"""An exception in short: its kind, its chain, its notes and groups; never a local variable."""

from typing import Final

MAX_LINKS: Final = 8
MAX_MEMBERS: Final = 5


def kind(error: BaseException) -> str:
    """Return the exception's name as an `error_kind`: the class, with its module unless it is built in."""
    cls = type(error)
    return cls.__qualname__ if cls.__module__ == "builtins" else f"{cls.__module__}.{cls.__qualname__}"


def _one(error: BaseException) -> str:
    try:
        message = str(error)
    except Exception:  # noqa: BLE001 - a broken __str__ must not hide the failure being told
        message = "(its message could not be read)"
    text = f"{kind(error)}: {message}" if message else kind(error)
    notes = [str(note) for note in getattr(error, "__notes__", ())]
    if notes:
        text += f" ({'; '.join(notes[:MAX_MEMBERS])})"
    if isinstance(error, BaseExceptionGroup):
        members = [_one(member) for member in error.exceptions[:MAX_MEMBERS]]
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
