"""Lines of services that do not narrate, as events for a hub: recognised, folded, redacted before they leave."""

import hashlib
import platform
import time
from collections.abc import Iterable, Iterator
from typing import Final

import msgspec

from narration_core._event import Event, encode, from_fields
from narration_core._levels import EMITTING
from narration_core._plain_data import plain
from narration_core._text import clean
from narration_core.following._lines import Line, stem
from narration_core.following._tail import GrowingFile
from narration_core.redaction import Redactor
from narration_core.sinks._hub import NamedRecord

MOST_FOLDED: Final = 200
"""Most lines of one traceback that become one event."""

_TRACEBACK: Final = "Traceback (most recent call last):"
_GOES_ON: Final = (" ", "Caused by:", "... ")


class Lines:
    """Makes events of lines.

    Args:
        service: who wrote them, when they do not say so themselves; None takes the file's name.
    """

    def __init__(self, service: str | None) -> None:
        self._service = service
        self._redactor = Redactor()

    def records(self, lines: Iterable[Line], name: str, *, at_once: bool = False) -> Iterator[NamedRecord]:
        """Yield an event for each line, a traceback's lines together.

        Args:
            lines: in the order of their file.
            name: of the file's present life, for ids that are the same when it is read again.
            at_once: hold back no line to see whether the next one goes on with it, except of a traceback.
        """
        for line, more in _folded(lines, at_once=at_once):
            event = self._event(line, more)
            rank = EMITTING.index(event.level) if event.level in EMITTING else EMITTING.index("info")
            yield NamedRecord(encode(event), rank, event, f"{name}-{line.offset}")

    def _event(self, line: Line, more: list[str]) -> Event:
        actor = self._service or stem(line.source)
        event = line.event or Event(actor=actor, action="line", target="-", human=line.text)
        if self._service is not None and line.kind == "record":
            event = msgspec.structs.replace(event, actor=self._service)
        fields = {name: value for name, value in event.to_dict().items() if value is not None}
        fields.setdefault("emitted_at_ms", line.at_ms or time.time_ns() // 1_000_000)
        fields.setdefault("level", "error" if more and line.text.startswith(_TRACEBACK) else "info")
        if self._service is not None:
            fields.setdefault("emitted_by", f"{self._service}@unversioned")
        if more:
            fields["exception" if line.text.startswith(_TRACEBACK) else "more"] = "\n".join([line.text, *more])
            if line.text.startswith(_TRACEBACK):
                fields["human"] = more[-1]
        if not fields.get("human"):
            fields["human"] = clean(line.text) or "(an empty line)"
        return from_fields(plain(self._redactor.fields(fields)))


def _folded(lines: Iterable[Line], *, at_once: bool) -> Iterator[tuple[Line, list[str]]]:
    """Yield lines, each with those that go on with it: indented ones, and a traceback's up to its last."""
    first: Line | None = None
    more: list[str] = []
    for line in lines:
        if first is not None and len(more) < MOST_FOLDED and _goes_on(first, more, line):
            more.append(line.text)
            continue
        if first is not None:
            yield first, more
        first, more = line, []
        if at_once and not line.text.startswith(_TRACEBACK):
            yield first, more
            first = None
    if first is not None:
        yield first, more


def _goes_on(first: Line, more: list[str], line: Line) -> bool:
    if line.kind != "text" or first.kind != "text":
        return False
    if line.text.startswith(_GOES_ON):
        return True
    # The line after the indented ones of a traceback names the exception.
    return first.text.startswith(_TRACEBACK) and bool(more) and more[-1].startswith(" ")


class File:
    """A file whose lines are forwarded from its beginning on.

    Args:
        path: the file; it may be missing and come later.
        lines: makes events of its lines.
    """

    def __init__(self, path: str, lines: Lines) -> None:
        self._growing = GrowingFile(path, at_end=False)
        self._lines = lines
        self._name = ""
        self._life = 0

    def new_records(self) -> list[NamedRecord]:
        """Return what the file has got since the last time."""
        found: list[NamedRecord] = []
        life: list[Line] = []
        for line in self._growing.new_lines():
            if self._growing.lives != self._life:
                found += self._lines.records(life, self._name)
                life = []
                self._life = self._growing.lives
                self._name = self._named(line)
            life.append(line)
        return [*found, *self._lines.records(life, self._name)]

    def _named(self, first: Line) -> str:
        """Return a name for this life of the file: the same when it is read again, another when it was written anew."""
        said = f"{platform.node()}\0{self._growing.path}\0{self._life if self._life > 1 else ''}\0{first.text}"
        return hashlib.sha256(said.encode("utf-8", "replace")).hexdigest()[:24]

    def notes(self) -> list[str]:
        """Return what happened to the file since the last time."""
        notes = list(self._growing.notes)
        self._growing.notes.clear()
        return notes

    def close(self) -> None:
        """Close the file."""
        self._growing.close()
