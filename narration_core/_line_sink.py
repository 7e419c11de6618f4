"""Sinks that write events as lines to one output, and the plain way to write them."""

import contextlib
from collections.abc import Sequence
from typing import Final, Literal, Protocol, runtime_checkable

from narration_core._event import Record
from narration_core._output import Output
from narration_core._writer import Sink

Delivery = Literal["caller", "queued"]

THREAD_PATIENCE_S: Final = 0.1
"""How long a thread that writes nothing else waits for an output before it looks again, in seconds."""


@runtime_checkable
class LineSink(Sink, Protocol):
    """A sink that writes events as lines to one output: a stream or a file.

    Attributes:
        delivery: "caller" or "queued"; None is what `configure` says.
    """

    delivery: Delivery | None

    def line(self, record: Record, longest: int | None) -> bytes:
        """Return an event as its line, line end included, in at most so many bytes."""

    def output(self) -> Output:
        """Return where to write now; asked before every write.

        Raises:
            OSError: there is no such place.
        """

    def forget_output(self) -> None:
        """Examine the output again at its next use, for example after a flush, a failure or a fork."""


def write_lines(sink: LineSink, batch: Sequence[Record]) -> None:
    """Write events to the output of a sink, however long it takes.

    Raises:
        OSError: the output cannot be written to.
    """
    for record in batch:
        output = sink.output()
        rest = sink.line(record, output.longest)
        while rest:
            with contextlib.suppress(BlockingIOError):
                if output.ready(THREAD_PATIENCE_S):
                    for written in output.step(rest):
                        rest = rest[written:]
