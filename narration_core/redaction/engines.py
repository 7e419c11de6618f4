"""Which rules may match a text at all, in one scan: hyperscan, or ahocorasick_rs with `re` where that has no wheel.

Both say rather too much than too little; the rules themselves decide, so both give the same redaction.
"""

import os
import re
import threading
from typing import Any, Final, Protocol


class Engine(Protocol):
    """Finds which of many literals and simple shapes occur in a text."""

    def hits(self, text: str) -> list[int]:
        """Return the numbers of the entries that may occur in a text, in no order; thread-safe."""


class Entry:
    """One thing to look for: a literal (any letter case) or a shape, and the number that a hit reports."""

    __slots__ = ("caseless", "literal", "number", "shape")

    def __init__(self, number: int, literal: str = "", shape: str = "", *, caseless: bool = False) -> None:
        self.number = number
        self.literal = literal
        self.shape = shape
        self.caseless = caseless or bool(literal)


def _utf8(text: str) -> bytes:
    try:
        return text.encode()
    except UnicodeEncodeError:
        return text.encode("utf-8", "surrogatepass")


def lower_ascii(text: str) -> str:
    """Return text with A-Z in lower case and every character at its place (`str.lower` may change the length)."""
    if text.isascii():
        return text.lower()
    return _utf8(text).lower().decode("utf-8", "surrogatepass")


class Hyperscan:
    """Intel's multi-pattern matcher: about half a microsecond for an event.

    A scan needs scratch space of its own, so each thread has one, and a child process makes new ones.
    """

    def __init__(self, entries: list[Entry]) -> None:
        import hyperscan  # noqa: PLC0415 - 30 ms, and not on every platform

        caseless, once = hyperscan.HS_FLAG_CASELESS, hyperscan.HS_FLAG_SINGLEMATCH
        self._hyperscan = hyperscan
        self._all = [entry.number for entry in entries]
        self._database = hyperscan.Database()
        self._database.compile(
            expressions=[(re.escape(entry.literal) if entry.literal else entry.shape).encode() for entry in entries],
            ids=self._all,
            elements=len(entries),
            flags=[once | (caseless if entry.caseless else 0) for entry in entries],
        )
        self._original = hyperscan.Scratch(self._database)
        self._lock = threading.Lock()
        self._local = threading.local()
        os.register_at_fork(after_in_child=self._forget)

    def _forget(self) -> None:
        self._lock = threading.Lock()
        self._local = threading.local()
        self._original = self._hyperscan.Scratch(self._database)

    def _scratch(self) -> Any:
        with self._lock:
            scratch = self._local.scratch = self._original.clone()
        return scratch

    def hits(self, text: str) -> list[int]:
        """Return the numbers of the entries that occur in a text."""
        found: list[int] = []
        local = self._local
        try:
            try:
                data = text.encode()
            except UnicodeEncodeError:
                data = _utf8(text)
            try:
                scratch = local.scratch
            except AttributeError:
                scratch = self._scratch()
            self._database.scan(data, match_event_handler=_note, scratch=scratch, context=found)
        except self._hyperscan.error:
            # A signal handler or a finaliser that narrates in the middle of a scan finds the scratch in use.
            return self._all
        return found


def _note(number: int, _start: int, _end: int, _flags: int, found: list[int]) -> None:
    found.append(number)


class AhoCorasick:
    """The portable engine: one automaton over the literals, one `re` union over the shapes."""

    def __init__(self, entries: list[Entry]) -> None:
        import ahocorasick_rs  # noqa: PLC0415 - only where hyperscan is not

        literals: dict[str, list[int]] = {}
        shapes: dict[str, list[int]] = {}
        for entry in entries:
            if entry.literal:
                literals.setdefault(entry.literal.lower(), []).append(entry.number)
            else:
                shapes.setdefault(f"(?i:{entry.shape})" if entry.caseless else entry.shape, []).append(entry.number)
        self._numbers = list(literals.values())
        self._automaton = ahocorasick_rs.AhoCorasick(list(literals), matchkind=ahocorasick_rs.MatchKind.Standard)
        self._shapes = [(re.compile(shape, re.ASCII | re.DOTALL), numbers) for shape, numbers in shapes.items()]
        self._any = re.compile("|".join(f"(?:{shape})" for shape in shapes) or r"(?!)", re.ASCII | re.DOTALL)

    def hits(self, text: str) -> list[int]:
        """Return the numbers of the entries that may occur in a text."""
        found: set[int] = set()
        for index, _, _ in self._automaton.find_matches_as_indexes(lower_ascii(text), overlapping=True):
            found.update(self._numbers[index])
        if self._any.search(text) is not None:
            for shape, numbers in self._shapes:
                if shape.search(text) is not None:
                    found.update(numbers)
        return list(found)


ENGINES: Final = {"hyperscan": Hyperscan, "ahocorasick": AhoCorasick}


def make(entries: list[Entry], name: str = "") -> Engine:
    """Return an engine over entries.

    Args:
        entries: what to look for.
        name: one of `ENGINES`; empty for the fastest that is installed.
    """
    if name:
        return ENGINES[name](entries)
    try:
        return Hyperscan(entries)
    except Exception:  # noqa: BLE001 - no wheel, an old processor: whatever it is, the other engine gives the same answer
        return AhoCorasick(entries)
