"""Compares real stories with golden ones: which one fits, and where the nearest differs."""

import re
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any, Final, NamedTuple

from narration_core._event import Event
from narration_core.following.shape import AGAIN

_HEAD: Final = re.compile(r"  (?P<columns>\S[^|]* \| [^|]+ \| .+)")
_REQUEST: Final = re.compile(r"\bc\d+\b")
_FIRST_SYMBOL: Final = 0x100
_COLUMNS: Final = 4

Symbol = tuple[str, str, str]
"""Actor, action, and how it went: "" for info and below, or "warn: kind"."""


class Element(NamedTuple):
    """One event of a golden story.

    Attributes:
        symbol: who did what, and how it went.
        repeats: whether it may come any number of times.
        human: the sentence, ids and volatile values replaced.
        line: its line in the file, from 1.
    """

    symbol: Symbol
    repeats: bool
    human: str
    line: int


class Golden(NamedTuple):
    """One request of a golden story.

    Attributes:
        path: the file.
        title: the scenario's name.
        request: the request's alias in the file, such as c1.
        elements: its events in order.
    """

    path: str
    title: str
    request: str
    elements: tuple[Element, ...]


class Parting(NamedTuple):
    """Where a real story parts from the golden story that is nearest to it.

    Attributes:
        golden: the golden story.
        matched: how many events of the real story fit.
        found: the first event that does not fit; None when the story ends too early.
        expected: the event that the golden story has there; None when it ends there.
    """

    golden: Golden
    matched: int
    found: Symbol | None
    expected: Element | None


def symbol_of(event: Event) -> Symbol | None:
    """Return what a shape keeps of an event; None for levels that production may leave out."""
    level = event.level or "info"
    if level in {"trace", "debug"}:
        return None
    how = "" if level == "info" else f"{level}: {event.error_kind}" if event.error_kind else level
    return (event.actor or "", event.action or "", how)


def read(folder: Path) -> list[Golden]:
    """Return the requests of all golden stories below a folder.

    Raises:
        OSError: a file cannot be read.
    """
    return [golden for path in sorted(folder.rglob("*.story")) for golden in parse(path.read_text("utf-8"), str(path))]


def parse(text: str, path: str) -> list[Golden]:
    """Return the requests of one golden story: its events, parted by their `c1`, `c2` aliases."""
    lines = text.splitlines()
    title = lines[0].partition(": ")[2] if lines else ""
    requests: dict[str, list[Element]] = {}
    for number, line in enumerate(lines, start=1):
        found = _HEAD.fullmatch(line)
        if found is None:
            continue
        columns = found["columns"].removesuffix(f" {AGAIN}")
        cells = [cell.strip() for cell in columns.split(" | ")]
        if len(cells) < _COLUMNS:
            continue
        how = cells[_COLUMNS] if len(cells) > _COLUMNS else ""
        symbol = (cells[0], cells[1], "" if how in {"trace", "debug"} else how)
        human = lines[number].strip() if number < len(lines) else ""
        element = Element(symbol, found["columns"].endswith(AGAIN), human, number)
        for request in _REQUEST.findall(cells[3]):
            requests.setdefault(request, []).append(element)
    return [Golden(path, title, request, tuple(elements)) for request, elements in requests.items()]


class Goldens:
    """All golden stories, prepared for comparison with real ones.

    Services work side by side, so each actor's events are compared for themselves: their order among each other is
    not part of a shape. A run of one event fits one event; what repeats may also be missing.

    Args:
        goldens: the golden stories.
    """

    def __init__(self, goldens: Iterable[Golden]) -> None:
        self._symbols: dict[Symbol, str] = {}
        self.all = tuple(goldens)
        self._patterns = [self._compiled(golden) for golden in self.all]

    def _symbol(self, symbol: Symbol) -> str:
        return self._symbols.setdefault(symbol, chr(_FIRST_SYMBOL + len(self._symbols)))

    def _compiled(self, golden: Golden) -> Mapping[str, Any]:
        import regex  # type: ignore[import-untyped]  # noqa: PLC0415 - 30 ms that only golden stories need

        texts: dict[str, str] = {}
        for element in golden.elements:
            actor = element.symbol[0]
            more = self._symbol(element.symbol) + ("*" if element.repeats else "+")
            if not texts.get(actor, "").endswith(more):
                texts[actor] = texts.get(actor, "") + more
        return {actor: regex.compile(text) for actor, text in texts.items()}

    def _encoded(self, shape: Sequence[Symbol]) -> dict[str, str]:
        texts: dict[str, str] = {}
        for symbol in shape:
            texts[symbol[0]] = texts.get(symbol[0], "") + self._symbol(symbol)
        return texts

    def account(self, shape: Sequence[Symbol], *, is_running: bool = False) -> Golden | None:
        """Return a golden story that accounts for a real one; None when none does.

        Args:
            shape: the real story's symbols in order.
            is_running: the request still runs, so that a beginning is enough.
        """
        actors = self._encoded(shape)
        for golden, patterns in zip(self.all, self._patterns, strict=True):
            if not is_running and any(
                actor not in actors and not pattern.fullmatch("") for actor, pattern in patterns.items()
            ):
                continue
            if all(
                actor in patterns and patterns[actor].fullmatch(text, partial=is_running)
                for actor, text in actors.items()
            ):
                return golden
        return None

    def nearest(self, shape: Sequence[Symbol]) -> Parting | None:
        """Return where a real story parts from the golden story that it follows longest; None without any."""
        partings = [self._parting(place, shape) for place in range(len(self.all))]
        return max(partings, key=lambda parting: (parting.matched, -len(parting.golden.elements)), default=None)

    def _parting(self, place: int, shape: Sequence[Symbol]) -> Parting:
        golden, patterns = self.all[place], self._patterns[place]
        so_far: dict[str, str] = {}
        for number, symbol in enumerate(shape):
            actor = symbol[0]
            text = so_far.get(actor, "") + self._symbol(symbol)
            if actor not in patterns or not patterns[actor].fullmatch(text, partial=True):
                return Parting(golden, number, symbol, self._expected(place, actor, so_far.get(actor, "")))
            so_far[actor] = text
        missing = next(
            (
                self._expected(place, actor, so_far.get(actor, ""))
                for actor, pattern in patterns.items()
                if not pattern.fullmatch(so_far.get(actor, ""))
            ),
            None,
        )
        return Parting(golden, len(shape), None, missing)

    def goes_on(self, shape: Sequence[Symbol]) -> tuple[Golden, Element] | None:
        """Return a golden story that begins as a real one does, and its next event; None when none does."""
        actors = self._encoded(shape)
        golden = self.account(shape, is_running=True)
        if golden is None:
            return None
        place = self.all.index(golden)
        ahead = [self._expected(place, actor, actors.get(actor, "")) for actor in self._patterns[place]]
        element = min((one for one in ahead if one is not None), key=lambda one: one.line, default=None)
        return None if element is None else (golden, element)

    def _expected(self, place: int, actor: str, text: str) -> Element | None:
        """Return the event of an actor that a golden story has next, after those in a text; None at its end."""
        own = [element for element in self.all[place].elements if element.symbol[0] == actor]
        at = -1
        for char in text:
            later = at + 1
            while later < len(own) and own[later].repeats and self._symbol(own[later].symbol) != char:
                later += 1
            if later < len(own) and self._symbol(own[later].symbol) == char:
                at = later
        return next((element for element in own[at + 1 :] if not element.repeats), None)
