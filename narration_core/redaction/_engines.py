"""Which entries may occur in a text, in one scan: hyperscan, or ahocorasick_rs with `re` where that has no wheel.

Both say rather too much than too little; the rules themselves decide, so both give the same redaction.
"""

import itertools
import os
import re
import threading
import weakref
from collections.abc import Callable, Iterable
from hashlib import sha256
from typing import Any, Final, NamedTuple, Protocol

from narration_core._locks import new_lock
from narration_core._undisturbed import enters_native, leaves_native, undisturbed
from narration_core.redaction._compiled import keep, load


class Entry(NamedTuple):
    """One thing to look for: a literal (any letter case) or a shape; its place in the list is what a hit reports."""

    literal: str = ""
    shape: str = ""
    caseless: bool = False


class Engine(Protocol):
    """Finds which of many literals and simple shapes occur in a text."""

    @property
    def hits(self) -> Callable[[str], list[int]]:
        """Returns the places of the entries that may occur in a text, in no order; thread-safe."""


def lower_ascii(text: str) -> str:
    """Return text with A-Z in lower case and every character at its place (`str.lower` may change the length)."""
    if text.isascii():
        return text.lower()
    return text.encode("utf-8", "surrogatepass").lower().decode("utf-8", "surrogatepass")


def _note(number: int, _start: int, _end: int, _flags: int, found: Any) -> None:
    found.append(number)


# A long text is scanned in pieces: what a scan costs grows faster than the text. No entry is longer than the overlap,
# but for blanks in a row.
_WHOLE: Final = 20_000
_PIECE: Final = 20_480
_OVERLAP: Final = 2_048


class Pieces(list[int]):
    """What was found in a long text of ASCII, with what was found in each piece of it.

    Attributes:
        found: for each piece, what was found in it.
    """

    def __init__(self, found: list[list[int]]) -> None:
        super().__init__(dict.fromkeys(itertools.chain.from_iterable(found)))
        self.found = found

    def within(self, start: int, end: int) -> list[int]:
        """Return what may occur in a part of the text.

        Args:
            start: where the part starts.
            end: where it ends.
        """
        step = _PIECE - _OVERLAP
        pieces = self.found[max(0, (start - _PIECE) // step + 1) : -(-end // step)]
        return list(dict.fromkeys(itertools.chain.from_iterable(pieces)))


class Hyperscan:
    """Intel's multi-pattern matcher: about half a microsecond for an event.

    A scan needs scratch space of its own, so each thread has one, and a child process makes new ones.
    """

    hits: Callable[[str], list[int]]

    def __init__(self, entries: list[Entry]) -> None:
        import hyperscan  # noqa: PLC0415 - 30 ms, and not on every platform

        caseless, once = hyperscan.HS_FLAG_CASELESS, hyperscan.HS_FLAG_SINGLEMATCH
        self._hyperscan = hyperscan
        self._database = self._kept_or_compiled(
            [(re.escape(entry.literal) if entry.literal else entry.shape).encode() for entry in entries],
            [once | (caseless if entry.literal or entry.caseless else 0) for entry in entries],
        )
        self._all = list(range(len(entries)))
        self._lock = new_lock()  # a finaliser may narrate while it is held
        self._original = hyperscan.Scratch(self._database)
        self.hits = self._scanner()
        _scanners.add(self)

    def _kept_or_compiled(self, expressions: list[bytes], flags: list[int]) -> Any:
        hyperscan = self._hyperscan
        # Hyperscan itself refuses what another version of it or another kind of processor wrote, and what is damaged.
        name = sha256(repr((hyperscan.__version__, expressions, flags)).encode()).hexdigest()[:32]
        kept = load(name)
        if kept is not None:
            try:
                return hyperscan.loadb(kept, hyperscan.HS_MODE_BLOCK)
            except hyperscan.error:
                pass
        database = hyperscan.Database()
        database.compile(
            expressions=expressions, ids=list(range(len(expressions))), elements=len(expressions), flags=flags
        )
        keep(name, hyperscan.dumpb(database))
        return database

    def _after_fork(self) -> None:
        self._original = self._hyperscan.Scratch(self._database)
        self._local.__dict__.clear()

    def _new_scratch(self) -> Any:
        with self._lock:
            scratch = self._local.scratch = self._original.clone()
        return scratch

    def _scanner(self) -> Callable[[str], list[int]]:
        """Return the function that scans: everything bound, because a microsecond is all there is."""
        local = self._local = threading.local()
        scan, everything, error, new_scratch = self._database.scan, self._all, self._hyperscan.error, self._new_scratch

        def hits(text: str) -> list[int]:
            found: list[int] = []
            try:
                data = text.encode()
                if len(data) <= _WHOLE:
                    scan(data, _note, 0, found, local.scratch)  # by name it would cost half as much again
                else:
                    pieces: list[list[int]] = []
                    for start in range(0, len(data), _PIECE - _OVERLAP):
                        pieces.append([])
                        scan(data[start : start + _PIECE], _note, 0, pieces[-1], local.scratch)
                    found = Pieces(pieces)
                    if len(data) != len(text):
                        found = list(found)  # where a piece starts in the text is not known
            except AttributeError:
                new_scratch()
                return hits(text)
            except UnicodeEncodeError:
                # A lone surrogate; letters and digits around it count all the same.
                return hits(text.encode("utf-8", "replace").decode())
            except error:
                # A signal handler or a finaliser that narrates in the middle of a scan finds the scratch in use.
                return everything
            return found

        return hits


_scanners: "weakref.WeakSet[Hyperscan]" = weakref.WeakSet()


def _after_fork_in_child() -> None:
    for scanner in list(_scanners):
        scanner._after_fork()  # noqa: SLF001 - same module


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_after_fork_in_child)


# What is no literal of a shape: classes and groups with what repeats them, and a character that is repeated.
_NO_LITERAL: Final = re.compile(
    r"(?:\[\^?(?:\\.|[^\]\\])+\]|\(\?:(?:\\.|\[(?:\\.|[^\]\\])+\]|[^()\\])*\)|\\[wsd])(?:[*+?]|\{[\d,]+\})?|(?:\\.|.)(?:[*+?]|\{[\d,]+\})"
)


_ANY_CHARACTER: Final = re.compile(r"(?<!\\)\.")


def _needed(shape: str) -> str:
    """Return the longest literal that every match of a shape holds; empty where there is none."""
    bare = _ANY_CHARACTER.sub("\0", _NO_LITERAL.sub("\0", shape))
    if "|" in bare.replace("\\|", ""):
        return ""
    return lower_ascii(max((piece.replace("\\", "") for piece in bare.split("\0")), key=len))


def _parts(shape: str) -> list[str]:
    """Return a shape cut at its own `|`, not at those of its groups and classes."""
    parts, start, depth, index = [], 0, 0, 0
    while index < len(shape):
        char = shape[index]
        if char == "\\":
            index += 1
        elif char == "[":
            index = shape.index("]", index + 2)
        elif char == "|" and depth == 0:
            parts.append(shape[start:index])
            start = index + 1
        else:
            depth += (char == "(") - (char == ")")
        index += 1
    return [*parts, shape[start:]]


def _one_needed(shape: str) -> list[str]:
    """Return literals of which every match of a shape holds at least one; empty when there are none."""
    literal = _needed(shape)
    if literal:
        return [literal]
    if len(_parts(shape)) > 1:
        return []
    best: list[str] = []
    depth, start = 0, 0
    for found in _GROUPING.finditer(shape):
        token = found[0]
        if token[0] == "(":
            start = found.end() if depth == 0 else start
            depth += 1
        elif token[0] == ")":
            depth -= 1
            if depth == 0 and token[1:] not in ("?", "*", "{"):
                literals = [_needed(part) for part in _parts(shape[start : found.start()])]
                if min(map(len, literals)) > min(map(len, best), default=1):
                    best = literals
    return best


_GROUPING: Final = re.compile(r"\\.|\[\^?\]?(?:\\.|[^\]\\])*\]|\(\?:|\)[?*{]?")


_FIRST_SCANS: Final = 16
_FIRST_LENGTH: Final = 1024


class AhoCorasick:
    """The portable engine: one automaton over the literals, those that shapes need included; `re` for the rest.

    It is ready in some milliseconds, because a shape is compiled when its literal first occurs, and the automaton when
    some texts have been scanned: looking for one literal after the other in the first of them costs less.
    """

    def __init__(self, entries: list[Entry]) -> None:
        literals: dict[str, list[int]] = {}
        self._shapes: dict[int, tuple[str, int]] = {}
        self._compiled: dict[int, Callable[[str], object]] = {}
        self._always: list[int] = []
        for number, entry in enumerate(entries):
            starts = [lower_ascii(entry.literal)] if entry.literal else _one_needed(entry.shape)
            for start in starts:
                literals.setdefault(start, []).append(number)
            if not starts:
                self._always.append(number)
            if entry.shape:
                # Hyperscan takes every repeat in one pass; `re` does when it never goes back and never far.
                shape = entry.shape.replace("]*:", "]*+:").replace("]*/", "]*+/").replace("]*@", "]{0,600}+@")
                flags = re.ASCII | re.DOTALL | (re.IGNORECASE if entry.caseless else 0)
                self._shapes[number] = (shape, flags)
        self._literals = list(literals)
        self._numbers = list(literals.values())
        self._scans = 0
        self._automaton: Any = None

    def _new_automaton(self) -> Any:
        if self._automaton is None:
            import ahocorasick_rs  # noqa: PLC0415 - most short programs never need it

            standard = ahocorasick_rs.MatchKind.Standard
            self._automaton = ahocorasick_rs.AhoCorasick(self._literals, matchkind=standard)
        return self._automaton

    def _seen(self, text: str) -> Iterable[int]:
        """Return the indexes of the literals that occur in a text of small letters."""
        automaton = self._automaton
        if automaton is None:
            if self._scans < _FIRST_SCANS and len(text) <= _FIRST_LENGTH:
                self._scans += 1
                return [index for index, literal in enumerate(self._literals) if literal in text]
            automaton = undisturbed(self._new_automaton)
        if not enters_native():
            return range(len(self._literals))
        try:
            matches = automaton.find_matches_as_indexes(text, overlapping=True)
        finally:
            leaves_native()
        return {index for index, _, _ in matches}

    def hits(self, text: str) -> list[int]:
        """Return the places of the entries that occur in a text."""
        if not text.isascii():  # a lone surrogate; letters and digits around it count all the same
            text = text.encode("utf-8", "replace").decode()
        numbers = self._numbers
        found = [*self._always, *(number for index in self._seen(lower_ascii(text)) for number in numbers[index])]
        shapes = self._shapes
        return [number for number in dict.fromkeys(found) if number not in shapes or self._occurs(number, text)]

    def _occurs(self, number: int, text: str) -> bool:
        search = self._compiled.get(number)
        if search is None:
            search = self._compiled[number] = re.compile(*self._shapes[number]).search
        return search(text) is not None


ENGINES: Final[dict[str, Callable[[list[Entry]], Engine]]] = {"hyperscan": Hyperscan, "ahocorasick": AhoCorasick}


def make(entries: list[Entry], name: str = "") -> Engine:
    """Return an engine over entries.

    Args:
        entries: what to look for.
        name: one of `ENGINES`; empty for the fastest that is installed.

    Raises:
        KeyError: there is no engine of that name.
    """
    if name:
        return ENGINES[name](entries)
    try:
        return Hyperscan(entries)
    except Exception:  # noqa: BLE001 - no wheel, an old processor: whatever it is, the other engine gives the same answer
        return AhoCorasick(entries)
