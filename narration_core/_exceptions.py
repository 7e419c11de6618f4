"""An exception in short: its kind, its chain, its notes and groups; never a local variable."""

import contextlib
import os
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, Final

from narration_core._interruption import pass_on
from narration_core._known_secrets import without_named

MAX_LINKS: Final = 8
MAX_FRAMES: Final = 20
MAX_MEMBERS: Final = 5
MAX_DEPTH: Final = 5
_IDS: Final = "__narration_ids__"
_CANCELLING: Final = frozenset(("asyncio", "concurrent", "trio"))
_UNREADABLE: Final = "(its message could not be read)"


def kind(error: BaseException) -> str:
    """Return the exception's name as an `error_kind`: the class, with its module unless it is built in."""
    cls = type(error)
    return cls.__qualname__ if cls.__module__ == "builtins" else f"{cls.__module__}.{cls.__qualname__}"


def is_orderly_exit(error: BaseException) -> bool:
    """Return whether work that raises this has ended in order: a closed generator, `sys.exit()` without an error."""
    return _holds_of_all(error, _is_orderly_exit)


def _is_orderly_exit(error: BaseException) -> bool:
    if isinstance(error, SystemExit):
        return error.code is None or (isinstance(error.code, int) and error.code == 0)
    return isinstance(error, GeneratorExit)


def is_cancellation(error: BaseException) -> bool:
    """Return whether this is how asyncio, concurrent.futures, Trio or AnyIO cancel work: one task or a group."""
    return _holds_of_all(error, _is_cancellation)


def _is_cancellation(error: BaseException) -> bool:
    return any(
        cls.__name__ in ("CancelledError", "Cancelled") and cls.__module__.partition(".")[0] in _CANCELLING
        for cls in type(error).__mro__
    )


def _holds_of_all(error: BaseException, holds: Callable[[BaseException], bool]) -> bool:
    """Return whether something holds of an exception; of a group, whether it holds of every member."""
    todo = [error]
    while todo:
        one = todo.pop()
        if isinstance(one, BaseExceptionGroup):
            todo += one.exceptions
        elif not holds(one):
            return False
    return True


def _text(read: Callable[[], str]) -> str:
    try:
        return read()
    except BaseException as error:  # noqa: BLE001 - a broken __str__ must not hide the failure itself
        pass_on(error, of_value=True)
        return _UNREADABLE


def _notes(error: BaseException) -> str:
    notes = getattr(error, "__notes__", None)
    return "; ".join(map(str, notes[:MAX_MEMBERS])) if notes else ""


def _described(error: BaseException, depth: int = 0) -> str:
    message = _text(lambda: str(error))
    text = f"{kind(error)}: {message}" if message else kind(error)
    notes = _text(lambda: _notes(error))
    if notes:
        text += f" ({notes})"
    if isinstance(error, BaseExceptionGroup):
        if depth == MAX_DEPTH:
            return f"{text} [...]"
        members = [_described(member, depth + 1) for member in error.exceptions[:MAX_MEMBERS]]
        more = len(error.exceptions) - MAX_MEMBERS
        text += f" [{', '.join(members)}{f', and {more} more' if more > 0 else ''}]"
    return text


def _before(error: BaseException) -> BaseException | None:
    try:
        before = error.__cause__
        if before is None and not error.__suppress_context__:
            before = error.__context__
    except BaseException as broken:  # noqa: BLE001 - as above
        pass_on(broken, of_value=True)
        return None
    return before


def chain(error: BaseException) -> str:
    """Return the exception and what led to it, newest first, joined by " <- "; bounded in length and depth.

    What it repeats of the secrets among its variables is hidden: once it is a text, nobody knows their names any more.
    """
    return without_named(_chain(error), error)


def _chain(error: BaseException) -> str:
    texts: list[str] = []
    seen: set[int] = set()
    step: BaseException | None = error
    while step is not None and id(step) not in seen:
        if len(texts) == MAX_LINKS:
            texts.append("...")
            break
        seen.add(id(step))
        texts.append(_described(step))
        step = _before(step)
    return " <- ".join(texts)


def frames(error: BaseException) -> list[str]:
    """Return where an exception was raised, as `file:line function`, the place itself last; never a local variable.

    Files below the current folder are named from there. Of a long traceback the middle is left out.
    """
    try:
        return _frames(error)
    except Exception as broken:  # noqa: BLE001 - an odd traceback must not hide the failure
        pass_on(broken)
        return []


def _frames(error: BaseException) -> list[str]:
    here = f"{Path.cwd()}{os.sep}"
    found = []
    step = error.__traceback__
    while step is not None:
        code = step.tb_frame.f_code
        found.append(f"{code.co_filename.removeprefix(here)}:{step.tb_lineno} {code.co_qualname}")
        step = step.tb_next
    if len(found) <= MAX_FRAMES:
        return found
    half = MAX_FRAMES // 2
    return [*found[:half], f"... {len(found) - MAX_FRAMES} more frames ...", *found[-half:]]


def described(error: BaseException) -> dict[str, Any]:
    """Return the fields that an event about an exception has, `error_kind` apart."""
    places = frames(error)
    return {"exception": chain(error), **({"frames": places} if places else {})}


def keep_ids(error: BaseException, fields: Mapping[str, Any]) -> None:
    """Note on an exception what was bound where it was raised, for whoever tells of it after the scope was left.

    Args:
        error: the exception; the innermost scope that it leaves is noted.
        fields: the bound fields; only text is kept, so that the exception can still be pickled.
    """
    if fields and _IDS not in getattr(error, "__dict__", {}):
        with contextlib.suppress(AttributeError, TypeError):  # an exception without room for it
            setattr(error, _IDS, {name: value for name, value in fields.items() if type(value) is str})


def kept_ids(error: BaseException | None) -> Mapping[str, Any]:
    """Return what was bound where an exception was raised; nothing if that is not known."""
    kept = getattr(error, "__dict__", {}).get(_IDS)
    return kept if isinstance(kept, dict) else {}
