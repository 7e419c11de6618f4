"""The capture: everything that is narrated in one test, and nothing else."""

import contextlib
import os
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, Final

from narration_capture._assertions import Assertions
from narration_capture._captured import Heard, StepAt
from narration_capture._matching import matches
from narration_capture._story import Head, tell
from narration_core import Event, ProcessResult, Sources, bind, capture_process, decode
from narration_core.contract import from_fields
from narration_core.tap import add_tap, listener, remove_tap

SEVERE: Final = frozenset(("error", "fatal"))


class NarrationCapture(Assertions):
    """What one test heard. Made by `capture()` or by the fixture `narration`.

    It recognises its own events by the context they were told in; it changes no setting, so any number of captures
    may be open at once.

    Args:
        title: what its story is called.
        raw: also keep each call's fields as they were given, before redaction.
    """

    def __init__(self, title: str = "", *, raw: bool = False) -> None:
        self.head = Head(title, kind="Test")
        self.heard: list[Heard] = []
        self.lost: list[Heard] = []
        self.step: StepAt | None = None
        self.is_open = False
        self._raw: list[Mapping[str, Any]] | None = [] if raw else None

    # -- hearing -------------------------------------------------------------------------------

    def hear(self, event: Event, raw: Mapping[str, Any]) -> None:
        """Take an event of this capture's scope."""
        self.heard.append(Heard(event, self.step))
        if self._raw is not None:
            self._raw.append(raw)

    def feed(self, *events: Event | bytes | str | Mapping[str, Any]) -> list[Event]:
        """Take events that another process told, as they are: nothing is filled in and nothing is redacted.

        Args:
            events: events, JSON lines, or mappings of fields.

        Raises:
            ValueError: one is no event; those before it were taken.
        """
        taken = []
        for given in events:
            event = given if isinstance(given, Event) else self._read(given)
            self.hear(event, event.to_dict() if self._raw is not None else {})
            taken.append(event)
        return taken

    @staticmethod
    def _read(given: bytes | str | Mapping[str, Any]) -> Event:
        return from_fields(given) if isinstance(given, Mapping) else decode(given)

    def replay(self, path: str | os.PathLike[str]) -> list[Event]:
        """Take the events of a file of JSON lines.

        Args:
            path: the file; empty lines are passed over.

        Raises:
            ValueError: a line is no event; the message starts with `path:line:`.
            OSError: the file cannot be read.
        """
        taken = []
        for number, line in enumerate(Path(path).read_bytes().splitlines(), start=1):
            if not line.strip():
                continue
            try:
                taken += self.feed(line)
            except ValueError as error:
                raise ValueError(f"{os.fspath(path)}:{number}: {error}") from None
        return taken

    def process(
        self,
        cmd: Sequence[str | os.PathLike[str]],
        *,
        cwd: str | os.PathLike[str] | None = None,
        env: Mapping[str, str] | None = None,
        timeout_s: float | None = 60.0,
    ) -> ProcessResult:
        """Run a child process to its end and take what it told, as it told it; its events note their points.

        Args:
            cmd: the program and its arguments.
            cwd: where it runs.
            env: its environment; this process's when absent.
            timeout_s: kill it after so many seconds.

        Returns:
            How it ended.

        Raises:
            OSError: the program cannot be started.
        """
        surroundings = {**os.environ, **(env or {}), "NARRATION_SOURCE_LOCATION": "1"}
        # The facade passes the child's events on as well, cleaned; those are nobody's here.
        with bind(listener=_NOBODY):
            return capture_process(
                cmd, cwd=cwd, env=surroundings, timeout_s=timeout_s, on_event=lambda event: self.hear(event, {})
            )

    # -- looking -------------------------------------------------------------------------------

    @property
    def events(self) -> list[Event]:
        """Every event, in the order of hearing."""
        return [one.event for one in self.heard]

    @property
    def orphans(self) -> list[Event]:
        """The events of threads that lost the context, while this capture was open."""
        return [one.event for one in self.lost]

    @property
    def raw(self) -> list[Mapping[str, Any]]:
        """Each event's fields as they were given, before redaction; only when asked for.

        Raises:
            RuntimeError: nobody asked: `capture(raw=True)` or `narration.keep_raw()`.
        """
        if self._raw is None:
            raise RuntimeError("raw fields are kept only on request: capture(raw=True), or narration.keep_raw() first")
        return self._raw

    def keep_raw(self) -> None:
        """Keep the fields of the events from now on as they are given, secrets and all."""
        self._raw = [{} for _ in self.heard] if self._raw is None else self._raw

    def of(self, **wanted: Any) -> list[Event]:
        """Return the events that have all these fields; see `assert_event`."""
        return [one.event for one in self.heard if matches(one.event, wanted)]

    def story(self) -> str:
        """Return the story as text: stable ids, no times, no paths."""
        return tell(self.head, self.heard)

    def unacknowledged(self) -> list[Heard]:
        """Return the error and fatal events that no assertion named; a matching story alone names none."""
        return [one for one in self.heard if one.event.level in SEVERE and not set(one.asserted_by) - {"story"}]

    def clear(self) -> None:
        """Forget everything that was heard so far."""
        self.heard.clear()
        self.lost.clear()
        if self._raw is not None:
            self._raw.clear()


_NOBODY: Final = NarrationCapture("nobody")
_open: list[NarrationCapture] = []


def _tap(event: Event, raw: Mapping[str, Any]) -> None:
    """Give an event to the capture of its context; one without such a context is an orphan of every open capture."""
    ear = listener()
    if isinstance(ear, NarrationCapture):
        if ear.is_open:
            ear.hear(event, raw)
    else:
        for each in _open:
            each.lost.append(Heard(event, each.step))


@contextlib.contextmanager
def capture(title: str = "", *, sources: Sources | None = None, raw: bool = False) -> Iterator[NarrationCapture]:
    """Capture what is narrated inside the block, in this context and what it starts.

    Args:
        title: what the story is called.
        sources: clock and ids for the block; `CountingSources()` makes them repeatable.
        raw: keep each call's fields as given, before redaction.
    """
    ear = NarrationCapture(title, raw=raw)
    if not _open:
        add_tap(_tap)
    _open.append(ear)
    ear.is_open = True
    try:
        with bind(listener=ear, sources=sources):
            yield ear
    finally:
        ear.is_open = False
        _open.remove(ear)
        if not _open:
            remove_tap(_tap)
