"""The capture: everything that is narrated in one test, and nothing else."""

import asyncio
import contextlib
import contextvars
import os
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, Final

from narration_capture._assertions import PATIENCE_S, Assertions
from narration_capture._captured import CapturedEvent, Origin, StepAt
from narration_capture._matching import matches
from narration_capture._run_start import STARTED_MS
from narration_capture._story import Head, story_text
from narration_core import Event, ProcessResult, Sources, bind, capture_process, decode
from narration_core.contract import from_fields
from narration_core.tap import add_tap, listener, remove_tap

SEVERE: Final = frozenset(("error", "fatal"))


class NarrationCapture(Assertions):
    """The events of one test. Created by `capture()` or by the fixture `narration`.

    It recognises its own events by their context and changes no setting, so any number of captures may be open at
    once.

    Args:
        title: the title of its story.
        raw: also keep each call's fields as they were given, before redaction.
    """

    def __init__(self, title: str = "", *, raw: bool = False) -> None:
        self.head = Head(title, kind="Test")
        self.captured: list[CapturedEvent] = []
        self.lost: list[CapturedEvent] = []
        self.step: StepAt | None = None
        self.step_order_matters = True
        self.is_open = False
        self.closing_thread: int | None = None
        self._block = 0
        self._blocks = 0
        self._raw: list[Mapping[str, Any]] | None = [] if raw else None
        self._wakers: list[Callable[[], object]] = []

    # -- capturing -----------------------------------------------------------------------------

    def record(self, event: Event, raw: Mapping[str, Any], origin: Origin = "here") -> None:
        """Add an event of this capture's context."""
        block = self._block
        if not block and not self.step_order_matters and self.step is not None:
            block = -1 - self.step.position
        self.captured.append(CapturedEvent(event, self.step, origin, block=block))
        if self._raw is not None:
            self._raw.append(raw)
        for wake in tuple(self._wakers):
            wake()

    def feed(self, *events: Event | bytes | str | Mapping[str, Any]) -> list[Event]:
        """Add events of another process as they are: nothing is filled in and nothing is redacted.

        Only lines that are as young as this run prove that code ran; events and mappings are made by the test itself.

        Args:
            events: events, JSON lines, or mappings of fields.

        Raises:
            ValueError: an event is not valid; those before it were added.
        """
        added = []
        for given in events:
            event = given if isinstance(given, Event) else self._read(given)
            is_line = isinstance(given, bytes | str)
            self._add(event, "process" if is_line and (event.emitted_at_ms or 0) >= STARTED_MS else "replayed")
            added.append(event)
        return added

    def _add(self, event: Event, origin: Origin) -> None:
        self.record(event, event.to_dict() if self._raw is not None else {}, origin)

    @staticmethod
    def _read(given: bytes | str | Mapping[str, Any]) -> Event:
        return from_fields(given) if isinstance(given, Mapping) else decode(given)

    def replay(self, path: str | os.PathLike[str]) -> list[Event]:
        """Add the events of a file of JSON lines.

        Args:
            path: the file; empty lines are skipped.

        Raises:
            ValueError: a line is not an event; the message starts with `path:line:`.
            OSError: the file cannot be read.
        """
        added = []
        for number, line in enumerate(Path(path).read_bytes().splitlines(), start=1):
            if not line.strip():
                continue
            try:
                event = self._read(line)
            except ValueError as error:
                raise ValueError(f"{os.fspath(path)}:{number}: {error}") from None
            self._add(event, "replayed")
            added.append(event)
        return added

    def process(
        self,
        cmd: Sequence[str | os.PathLike[str]],
        *,
        cwd: str | os.PathLike[str] | None = None,
        env: Mapping[str, str] | None = None,
        timeout_s: float | None = 60.0,
    ) -> ProcessResult:
        """Run a child process to its end and add its events as they are; they name their points.

        Args:
            cmd: the program and its arguments.
            cwd: its working directory.
            env: additions to this process's environment.
            timeout_s: kill it after so many seconds.

        Returns:
            How it ended.

        Raises:
            OSError: the program cannot be started.
        """
        environment = {**os.environ, **(env or {}), "NARRATION_SOURCE_LOCATION": "1"}
        # The facade passes the child's events on as well, cleaned; this listener keeps them out of every capture.
        with bind(listener=_IGNORED):
            return capture_process(
                cmd,
                cwd=cwd,
                env=environment,
                timeout_s=timeout_s,
                on_event=lambda event: self.record(event, {}, "process"),
            )

    @contextlib.contextmanager
    def any_order(self) -> Iterator[None]:
        """Mark a part of the story whose order does not matter, for example two services that work at the same time.

        The story shows the events of the block sorted by what they say, each correlation id's together.
        """
        self._blocks += 1
        outer, self._block = self._block, self._block or self._blocks
        try:
            yield
        finally:
            self._block = outer

    # -- waiting -------------------------------------------------------------------------------

    def _wait(self, condition: Callable[[], bool], deadline: float) -> None:
        arrived = threading.Event()
        self._wakers.append(arrived.set)
        try:
            while not condition() and (left := deadline - time.monotonic()) > 0:
                arrived.wait(left)
                arrived.clear()
        finally:
            self._wakers.remove(arrived.set)

    async def eventually(self, timeout_s: float = PATIENCE_S, **wanted: Any) -> Event:
        """Wait, while the event loop runs on, until an event has all these fields; see `assert_eventually`.

        Raises:
            NarrationFailure: no such event came in time.
            ValueError: no field is named.
        """
        __tracebackhide__ = True
        loop, arrived = asyncio.get_running_loop(), asyncio.Event()

        def wake() -> None:
            loop.call_soon_threadsafe(arrived.set)

        self._wakers.append(wake)
        try:
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(timeout_s):
                    while wanted and not self.of(**wanted):
                        await arrived.wait()
                        arrived.clear()
        finally:
            self._wakers.remove(wake)
        return self._assert("assert_eventually", wanted)[0].event

    # -- looking -------------------------------------------------------------------------------

    @property
    def events(self) -> list[Event]:
        """Every event, in the order of arrival."""
        return [captured.event for captured in self.captured]

    @property
    def orphans(self) -> list[Event]:
        """The events of threads that lost the context, while this capture was open."""
        return [captured.event for captured in self.lost]

    @property
    def raw(self) -> list[Mapping[str, Any]]:
        """Each event's fields as they were given, before redaction; only on request.

        Raises:
            RuntimeError: raw fields were not requested: `capture(raw=True)` or `narration.keep_raw()`.
        """
        if self._raw is None:
            raise RuntimeError("raw fields are kept only on request: capture(raw=True), or narration.keep_raw() first")
        return self._raw

    def keep_raw(self) -> None:
        """Keep the fields of the events from now on as they are given, secrets included."""
        self._raw = [{} for _ in self.captured] if self._raw is None else self._raw

    def of(self, **wanted: Any) -> list[Event]:
        """Return the events that have all these fields; see `assert_event`."""
        return [captured.event for captured in self.captured if matches(captured.event, wanted)]

    def story(self) -> str:
        """Return the story as text: stable ids, no times, no paths."""
        return story_text(self.head, self.captured)

    def unexpected(self) -> list[CapturedEvent]:
        """Return the error and fatal events that no assertion named; a matching story names none."""
        return [captured for captured in self.captured if captured.event.level in SEVERE and not captured.is_expected]

    def clear(self) -> None:
        """Remove everything that was captured so far."""
        self.captured.clear()
        self.lost.clear()
        if self._raw is not None:
            self._raw.clear()


_IGNORED: Final = object()
_open: list[NarrationCapture] = []


def _tap(event: Event, raw: Mapping[str, Any]) -> None:
    """Give an event to the capture of its context; without an open one there, it is an orphan of every open capture.

    While a test's fixtures are taken down, its thread's events are still the test's.
    """
    target = listener()
    if target is _IGNORED:
        return
    if isinstance(target, NarrationCapture) and target.is_open:
        target.record(event, raw)
        return
    for narration in tuple(_open):
        if narration.closing_thread == threading.get_ident():
            narration.record(event, raw)
        else:
            narration.lost.append(CapturedEvent(event, narration.step))


@contextlib.contextmanager
def capture(title: str = "", *, sources: Sources | None = None, raw: bool = False) -> Iterator[NarrationCapture]:
    """Capture what is narrated inside the block, in this context and what it starts.

    Args:
        title: the title of the story.
        sources: clock and ids for the block; `CountingSources()` makes them repeatable.
        raw: keep each call's fields as given, before redaction.
    """
    narration = NarrationCapture(title, raw=raw)
    start(narration)
    try:
        with bind(listener=narration, sources=sources):
            yield narration
    finally:
        stop(narration)


@contextlib.contextmanager
def capture_test(title: str, instance: object, sources: Sources | None) -> Iterator[NarrationCapture]:
    """Capture a test's events; the capture stays open until `stop`, while other fixtures are taken down.

    Args:
        title: the title of the story.
        instance: the test's instance of its class.
        sources: clock and ids.
    """
    narration = NarrationCapture(title)
    start(narration)
    with bind(listener=narration, sources=sources), _in_context_of(instance, narration, sources):
        yield narration
    narration.closing_thread = threading.get_ident()


@contextlib.contextmanager
def _in_context_of(instance: object, narration: NarrationCapture, sources: Sources | None) -> Iterator[None]:
    """Bind the capture in the context that an `IsolatedAsyncioTestCase` copies before fixtures are set up."""
    context: contextvars.Context | None = getattr(instance, "_asyncioTestContext", None)
    if context is None:
        yield
        return
    inner = bind(listener=narration, sources=sources)
    context.run(inner.__enter__)
    try:
        yield
    finally:
        context.run(inner.__exit__, None, None, None)


def start(narration: NarrationCapture) -> None:
    """Open a capture."""
    if not _open:
        add_tap(_tap)
    _open.append(narration)
    narration.is_open = True


def stop(narration: NarrationCapture) -> None:
    """Close a capture; a closed one stays as it is."""
    narration.is_open = False
    if narration in _open:
        _open.remove(narration)
        if not _open:
            remove_tap(_tap)
