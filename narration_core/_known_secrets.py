"""Secrets that an exception repeats without their names: they stand, named, in the variables where it was raised.

`int(form["password"])` raises `invalid literal for int() with base 10: 'hunter2'`, in which no rule sees a secret. The
variables of the traceback are only looked at, never told.
"""

import re
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from itertools import islice
from types import FrameType, FunctionType, ModuleType
from typing import Any, Final

from narration_core._interruption import pass_on

MARKER: Final = "[REDACTED]"
_FRAMES: Final = 16  # of a traceback, those nearest to where it was raised
_LOOKS: Final = 100  # containers and objects, of all frames together
_WIDTH: Final = 64  # items of one container
_DEPTH: Final = 5  # from a variable to a value, such as context, request, form, list
_SECRETS: Final = 32
_LATE: Final = frozenset(("self", "cls", "app"))  # variables that lead to all of a program
_LEAST: Final = 4  # characters: a shorter one would be found in words
_MOST: Final = 4096
# What may have come from outside: what stands in quotes, and words that are no plain ones.
_REPEATED: Final = re.compile(r"""['"]([^'"\n]{4,256})['"]|([^\s'"]*[\d_$!#%&*+@^~=-][^\s'"]{3,256})""")
_WORDS: Final = frozenset(("none", "null", "true", "false"))
_PLAIN: Final = frozenset((int, float, bool, type(None)))
_OPAQUE: Final = (type, ModuleType, FunctionType, FrameType)

Hides = Callable[[str, str], bool]
Finds = Callable[[str], list[str]]


class NamedSecrets:
    """Whoever judges names and texts for this process.

    Attributes:
        hides: tells of a value and its name whether redaction would hide it; nothing is hidden until it is set.
        finds: returns what redaction would hide of a text.
    """

    def __init__(self) -> None:
        self.hides: Hides | None = None
        self.finds: Finds = lambda _: []

    def in_text(self, text: str, error: BaseException) -> list[str]:
        """Return the secrets in a text that stand, named, where an exception was raised, the longest first; bounded.

        Args:
            text: what is said of the exception.
            error: the exception.
        """
        if self.hides is None:
            return []
        try:
            frames = _frames(error)
        except BaseException as broken:  # noqa: BLE001 - an odd exception must not hide itself
            pass_on(broken, of_value=True)
            return []
        return sorted(_Search(text, self.hides, self.finds).through(frames), key=len, reverse=True)


SECRETS: Final = NamedSecrets()


def without_named(text: str, error: BaseException) -> str:
    """Return a text about an exception in which no secret stands that has a name where the exception was raised.

    Args:
        text: what is said of the exception.
        error: the exception.
    """
    for secret in SECRETS.in_text(text, error):
        for written in (secret, repr(secret)[1:-1]):
            text = text.replace(written, MARKER)
    return text


def _frames(error: BaseException) -> list[FrameType]:
    """Return the frames of an exception and of what led to it, innermost first."""
    frames: list[FrameType] = []
    seen: set[int] = set()
    step: BaseException | None = error
    while step is not None and id(step) not in seen and len(seen) < _FRAMES:
        seen.add(id(step))
        own, trace = [], step.__traceback__
        while trace is not None:
            own.append(trace.tb_frame)
            trace = trace.tb_next
        frames += reversed(own[-_FRAMES:])
        step = step.__cause__ if step.__cause__ is not None else step.__context__
    return frames[:_FRAMES]


class _Search:
    """One search for what a text repeats.

    Args:
        text: what is said of an exception.
        hides: see `NamedSecrets`.
        finds: see `NamedSecrets`.
    """

    def __init__(self, text: str, hides: Hides, finds: Finds) -> None:
        self._text = text
        self._is_escaped = "\\" in text  # as `repr` writes what holds quotes and line ends
        self._hides = hides
        self._finds = finds
        self._repeated = [quoted or word for quoted, word in islice(_REPEATED.findall(text), _SECRETS)]
        self._found: set[str] = set()
        self._seen: set[int] = set()

    def through(self, frames: list[FrameType]) -> set[str]:
        """Return what variables hold, those of the innermost frame first, and of a program's own objects last."""
        # Breadth first: names stand close to the variables; what is far from them is most of a program.
        todo: deque[tuple[Iterable[tuple[str, Any]], int]] = deque()
        for is_late in (False, True):
            todo += (
                ([item for item in list(frame.f_locals.items()) if (item[0] in _LATE) is is_late], 0)
                for frame in frames
            )
            for _ in range(_LOOKS):
                if not todo or len(self._found) >= _SECRETS:
                    break
                items, depth = todo.popleft()
                try:
                    todo += self._inside(items, depth)
                except BaseException as error:  # noqa: BLE001 - an odd object must not hide the failure, nor a secret
                    pass_on(error, of_value=True)
        return self._found

    def _inside(self, items: Iterable[tuple[str, Any]], depth: int) -> Iterator[tuple[Iterable[tuple[str, Any]], int]]:
        """Look at the texts of a container, and yield the containers in it."""
        for name, value in islice(items, _WIDTH):
            kind = type(value)
            if kind is str:
                self._look(name, value)
            elif kind is bytes:
                self._look(name, value[:_MOST].decode("utf-8", "replace"))
            elif kind not in _PLAIN and depth < _DEPTH and id(value) not in self._seen:
                self._seen.add(id(value))
                yield _items(name, value), depth + 1

    def _look(self, name: str, value: str) -> None:
        if not _LEAST <= len(value) <= _MOST:
            return
        if value in self._text or (self._is_escaped and repr(value)[1:-1] in self._text):
            if value.lower() not in _WORDS and self._hides(value, name):
                self._found.add(value)
        elif any(repeated in value for repeated in self._repeated):  # such as a body, not taken apart yet
            self._found.update(part for part in self._finds(value) if len(part) >= _LEAST and part in self._text)


def _items(name: str, value: Any) -> Iterable[tuple[str, Any]]:
    """Return what a value holds, with the names of it; pairs of a list name each other, other items have its name."""
    kind = type(value)  # what an object pretends to be does not count: asking for it would run its code
    if issubclass(kind, dict):
        return ((str(key) if type(key) in (str, int) else name, item) for key, item in dict.items(value))
    if issubclass(kind, list | tuple):
        is_pair = kind is tuple and len(value) == 2 and isinstance(value[0], str | bytes)  # noqa: PLR2004
        if is_pair:
            key = value[0] if isinstance(value[0], str) else value[0].decode("latin-1")
            return ((key, value[1]), (name, value[0]))
        return ((name, item) for item in tuple(value))
    if issubclass(kind, _OPAQUE):
        return ()
    try:
        own = object.__getattribute__(value, "__dict__")  # not that of an object which it stands for
    except AttributeError:
        return ()
    return dict.items(own) if isinstance(own, dict) else ()
