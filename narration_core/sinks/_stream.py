"""Lines on an output stream, as JSON or for people."""

import io
import os
import select
import sys
from collections.abc import Callable, Sequence
from typing import Final, Literal, TextIO

from narration_core._event import Event, Mode, Record, formatted, lines

Format = Literal["json", "pretty"]

_RESET: Final = "\x1b[0m"
_COLOURS: Final = {
    "trace": "\x1b[2m",
    "debug": "\x1b[2m",
    "info": "",
    "warn": "\x1b[33m",
    "error": "\x1b[31m",
    "fatal": "\x1b[1;31m",
}
_WRITE_TIMEOUT_S: Final = 1.0


def pretty(event: Event, mode: Mode = "human", *, colour: bool = False) -> str:
    """Return an event as its console line; with colour by level when asked for."""
    line = formatted(event, mode)
    paint = _COLOURS.get(event.level or "info", "") if colour else ""
    return f"{paint}{line}{_RESET}" if paint else line


def write_all(descriptor: int, data: bytes) -> None:
    """Write every byte to a file descriptor, whole lines first, also when it does not block.

    Raises:
        OSError: the descriptor is closed, its reader is gone, or the disk is full.
    """
    view = memoryview(data)
    while view:
        try:
            written = os.write(descriptor, view)
        except BlockingIOError:
            select.select((), (descriptor,), (), _WRITE_TIMEOUT_S)
            continue
        view = view[written:]


class StreamSink:
    """Writes a line an event to a text stream such as standard output.

    Args:
        stream: returns the stream; asked at every batch, so that a replaced `sys.stdout` is followed.
        format: "json", or "pretty" for people.
        mode: which text people see: human, cute or story.
        colour: paint pretty lines by level.
        name: what `stats()` calls the sink.
    """

    background = True

    def __init__(
        self,
        stream: Callable[[], TextIO] = lambda: sys.stdout,
        *,
        format: Format = "json",  # noqa: A002 - the contract's word
        mode: Mode = "human",
        colour: bool = False,
        name: str = "stdout",
    ) -> None:
        self.name = name
        self._stream = stream
        self._format = format
        self._mode = mode
        self._colour = colour

    def _lines(self, batch: Sequence[Record]) -> bytes:
        if self._format == "json":
            return lines(batch)
        return "".join([pretty(record.event, self._mode, colour=self._colour) + "\n" for record in batch]).encode()

    def write(self, batch: Sequence[Record]) -> None:
        """Write a line for each event.

        Raises:
            OSError: the stream is closed or broken.
        """
        stream = self._stream()
        data = self._lines(batch)
        try:
            descriptor = stream.fileno()
        except (OSError, ValueError, AttributeError, io.UnsupportedOperation):
            # A line is UTF-8, whatever the stream's own encoding can write.
            raw = getattr(stream, "buffer", None)
            stream.flush()
            if raw is None:
                stream.write(data.decode())
            else:
                raw.write(data)
            stream.flush()
            return
        # The stream's own buffer is left alone: flushing it from here could tear a line that the program is printing.
        write_all(descriptor, data)

    def close(self) -> None:
        """Leave the stream open: it is not ours."""
