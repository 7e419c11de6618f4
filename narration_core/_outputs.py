"""Where finished events go: taps, sinks in memory, the queues of the other sinks; and the facade's own notices."""

from collections import deque
from collections.abc import Callable, Mapping, Sequence
from threading import get_ident
from typing import Any, Final, Protocol, cast

from narration_core import _exceptions as exceptions
from narration_core._build import Builder
from narration_core._event import Event, Record
from narration_core._interruption import pass_on
from narration_core._last_word import say
from narration_core._levels import LevelName
from narration_core._settings import Counts
from narration_core._writer import Sink, Writer
from narration_core.nouns import counted

Tap = Callable[[Event, Mapping[str, Any]], None]
"""Sees each finished event on the emitting thread, with the fields as they were given (not redacted)."""

Put = Callable[[Record], None]
"""Takes one finished event for one sink."""

_EARLY: Final = 1000
_HELD: Final = 10_000
_NESTED: Final = 2


class InlineSink(Sink, Protocol):
    """A sink in memory, called on the emitting thread.

    Attributes:
        idle: True while it wants no events; it is then not called.
    """

    idle: bool


class GuardedSink:
    """A sink in memory whose own writing may emit: that event reaches it too, but what comes of it does not.

    Without that bound a sink that logs would be called until the stack is full.
    """

    background = False

    def __init__(self, sink: Sink) -> None:
        self.sink = sink
        self.name = sink.name
        self.echoes = 0
        self._depth: dict[int, int] = {}

    @property
    def idle(self) -> bool:
        """Whether it wants no events now."""
        return bool(getattr(self.sink, "idle", False))

    def write(self, batch: Sequence[Record]) -> None:
        """Write events, unless they come from writing an event that came from writing."""
        me = get_ident()
        depth = self._depth.get(me, 0)
        if depth >= _NESTED:
            self.echoes += 1
            return
        self._depth[me] = depth + 1
        try:
            self.sink.write(batch)
        finally:
            if depth:
                self._depth[me] = depth
            else:
                del self._depth[me]  # no call, for which there may be no room on the stack

    def close(self) -> None:
        """Close the sink."""
        self.sink.close()


def _guarded(sink: Sink) -> InlineSink:
    """Return a sink in memory that cannot call itself without end."""
    return cast("InlineSink", sink if getattr(sink, "quiet", False) else GuardedSink(sink))


class Outputs:
    """The taps and sinks of this process.

    Args:
        builder: builds the facade's own notices.
        counts: where errors are counted.

    Attributes:
        puts: what takes each event, one function for each sink.
        may_end: a reader that has gone away is no failure: the program ends then, as behind `| head`.
    """

    def __init__(self, builder: Builder, counts: Counts) -> None:
        self.builder = builder
        self.strict = False
        self.taps: tuple[Tap, ...] = ()
        self.inline: tuple[InlineSink, ...] = ()
        self.writers: tuple[Writer, ...] = ()
        # What a signal handler emits while the first use configures the facade.
        self.early: deque[Record] = deque(maxlen=_EARLY)
        self._to_writers: tuple[Put, ...] = (self.early.append,)
        self._to_inline: tuple[Put, ...] = ()
        self.may_end = False
        self._holds = False
        self.puts: tuple[Put, ...] = self._to_writers
        self.inline_failures: dict[str, int] = {}
        self._counts = counts
        self._held: deque[Record] = deque()

    def _set_puts(self) -> None:
        self.puts = (*self._to_inline, *((self._hold,) if self._holds else self._to_writers))

    def replace(self, sinks: Sequence[Sink], make_writer: Callable[[Sink], Writer]) -> tuple[Writer, ...]:
        """Replace the sinks; returns the writers of the old ones, for the caller to close."""
        old = self.writers
        inline = tuple(_guarded(sink) for sink in sinks if not sink.background)
        self.writers = tuple(make_writer(sink) for sink in sinks if sink.background)
        self.inline = inline
        self._to_inline = tuple(map(self._inline_put, inline))
        self._to_writers = tuple(writer.put for writer in self.writers)
        self._set_puts()
        while self.early:
            self.hand_on(self.early.popleft())
        return tuple(writer for writer in old if writer not in self.writers)

    def hold(self) -> None:
        """Keep events back from the sinks that write, until `release`; too many of them end that by themselves."""
        self._holds = True
        self._set_puts()

    def release(self) -> None:
        """Give the sinks that write what was held back, and every later event at once."""
        self._holds = False
        self._set_puts()
        while self._held:
            try:
                record = self._held.popleft()
            except IndexError:  # another thread releases too
                return
            for put in self._to_writers:
                put(record)

    def forget_held(self) -> None:
        """Give up what was held back, in the child of a fork: the parent writes it."""
        self._held.clear()
        self.release()

    def _hold(self, record: Record) -> None:
        self._held.append(record)
        if len(self._held) > _HELD or not self._holds:  # the latter: released while this event came in
            self.release()

    def hand_on(self, record: Record) -> None:
        """Give a finished event to every sink."""
        for put in self.puts:
            put(record)

    def _inline_put(self, sink: InlineSink) -> Put:
        """Return the function that gives an event to a sink in memory."""

        def put(record: Record) -> None:
            if sink.idle:
                return
            try:
                sink.write((record,))
            except BaseException as error:  # noqa: BLE001 - what one sink raises costs no other sink the event
                pass_on(error)
                self._inline_failed(sink, error)

        return put

    def show(self, record: Record, raw: Mapping[str, Any]) -> None:
        """Show a finished event to every tap.

        Args:
            record: the event.
            raw: its fields as they were given.
        """
        for tap in self.taps:
            tap(record.event, raw)

    def _inline_failed(self, sink: InlineSink, error: BaseException) -> None:
        """Count what a sink in memory raised, and report it to the others the first time. Raise it in strict mode."""
        self._counts.internal_error(error)
        first = sink.name not in self.inline_failures
        self.inline_failures[sink.name] = self.inline_failures.get(sink.name, 0) + 1
        if self.strict:
            raise error
        if first:
            self.failed(sink, error, 0.0)

    def nobody_listens(self) -> bool:
        """Return whether every event is told in vain: whoever read the outputs has gone away."""
        inline = all(sink.idle for sink in self.inline)
        return bool(self.writers) and inline and all(writer.gone for writer in self.writers)

    # -- notices: losses and failures, narrated too --------------------------------------------------

    def notice(self, level: LevelName, action: str, target: str, human: str, **fields: Any) -> None:
        """Emit an event of the facade itself to every sink."""
        self.hand_on(self.builder.own(level, action, target, human, **fields))

    def dropped(self, sink: Sink, counts: dict[str, int]) -> Record:
        """Return the event that reports to a sink what it missed.

        Args:
            sink: the sink.
            counts: events lost, by level.
        """
        total = sum(counts.values())
        return self.builder.own(
            "warn",
            "narration_dropped",
            sink.name,
            f"Lost {counted(total, 'event')} on the way to {{sink}}: its queue was full",
            sink=sink.name,
            dropped=counts,
            error_kind="queue_full",
        )

    def failed(self, sink: Sink, error: BaseException, retry_s: float) -> None:
        """Report to every other sink that this one failed.

        Args:
            sink: the sink.
            error: what it raised.
            retry_s: when it is tried again, seconds from now.
        """
        record = self.builder.own(
            "error",
            "sink_failed",
            sink.name,
            "Sink {sink} failed ({error_kind}); trying again in {backoff_ms} ms",
            sink=sink.name,
            error_kind=exceptions.kind(error),
            exception=exceptions.chain(error),
            backoff_ms=int(retry_s * 1000),
        )
        self._report_to_others(sink, record)
        others = [inline for inline in self.inline if inline is not sink and not inline.idle]
        if self.may_end and isinstance(error, BrokenPipeError):
            return
        if not others and not any(writer.sink is not sink and writer.is_well for writer in self.writers):
            event = record.event  # its texts are redacted
            say(f"Sink {event.target} failed, trying again in {event.backoff_ms} ms: {event.get('exception')}")

    def recovered(self, sink: Sink) -> None:
        """Report to every other sink that this one works again."""
        self._report_to_others(
            sink, self.builder.own("info", "sink_recovered", sink.name, "Sink {sink} works again", sink=sink.name)
        )

    def _report_to_others(self, sink: Sink, record: Record) -> None:
        for other in self.inline:
            if sink in (other, getattr(other, "sink", other)):
                continue
            try:
                other.write((record,))
            except BaseException as error:  # noqa: BLE001 - a notice about one sink must not fail because of another
                pass_on(error)
                self._counts.internal_error(error)
                self.inline_failures[other.name] = self.inline_failures.get(other.name, 0) + 1
        for writer in self.writers:
            if writer.sink is not sink:
                writer.post(record)
