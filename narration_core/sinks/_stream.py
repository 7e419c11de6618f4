"""Lines on an output stream, as JSON or for people."""

import os
import sys
import time
from collections.abc import Callable, Sequence
from typing import Final, Literal, TextIO

from narration_core._event import Mode, Record
from narration_core._line_limit import json_line, shortened_text
from narration_core._line_sink import Delivery, write_lines
from narration_core._output import Output, output_of, same_place
from narration_core.sinks._pretty import pretty

Format = Literal["json", "pretty"]
"""What a line is: JSON, or text for people."""

_LOOK_AGAIN_S: Final = 1.0


def _stdout() -> TextIO:
    return sys.stdout


class StreamSink:
    """Writes a line an event to a text stream such as standard output.

    Args:
        stream: returns the stream; asked at every line, so that a replaced `sys.stdout` is followed.
        format: "json", or "pretty" for people.
        mode: which text people see: human, cute or story.
        colour: paint pretty lines by level.
        name: what `stats()` calls the sink.
        delivery: "caller" or "queued"; what `configure` says when absent.
    """

    background = True

    def __init__(
        self,
        stream: Callable[[], TextIO] = _stdout,
        *,
        format: Format = "json",  # noqa: A002 - the contract's word
        mode: Mode = "human",
        colour: bool = False,
        name: str = "stdout",
        delivery: Delivery | None = None,
    ) -> None:
        self.name = name
        self.delivery = delivery
        self._stream = stream
        self._seen: TextIO | None = None
        self._output: Output | None = None
        self.line: Callable[[Record, int | None], bytes] = json_line if format == "json" else self._pretty_line
        self._look_at = 0.0
        self._mode = mode
        self._colour = colour

    def _pretty_line(self, record: Record, longest: int | None) -> bytes:
        line = pretty(record.event, self._mode, colour=self._colour, width=self._width())
        return (line.encode() if longest is None else shortened_text(line, longest - 1)) + b"\n"

    def _width(self) -> int | None:
        """Return the columns of the terminal; None where there is none."""
        try:
            return os.get_terminal_size(self._stream().fileno()).columns or None
        except (OSError, ValueError, AttributeError):
            return None

    def output(self) -> Output:
        """Return where the stream writes now.

        Raises:
            OSError: there is no stream.
            ValueError: the stream is closed.
        """
        stream = self._stream()
        now = time.monotonic()
        known = self._output
        if known is not None and stream is self._seen and now < self._look_at:
            return known
        output = output_of(stream)
        if known is None or stream is not self._seen or not same_place(known, output):
            self._output = known = output
        self._seen = stream
        self._look_at = now + _LOOK_AGAIN_S
        return known

    def forget_output(self) -> None:
        """Look at the stream anew when it is written to next."""
        self._look_at = 0.0

    def write(self, batch: Sequence[Record]) -> None:
        """Write a line for each event, however long the stream takes.

        Raises:
            OSError: the stream is closed or broken.
        """
        write_lines(self, batch)

    def check(self) -> None:
        """See whether the stream can be asked for.

        Raises:
            TypeError: it is a stream, not a function that returns one.
        """
        if not callable(self._stream):
            raise TypeError(
                f"{self.name}: StreamSink takes a function that returns the stream, not {self._stream!r}: "
                "write StreamSink(lambda: stream)"
            )

    def close(self) -> None:
        """Leave the stream open: it is not ours."""
