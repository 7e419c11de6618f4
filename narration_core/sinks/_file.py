"""Lines in a file that others may rotate."""

import os
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from narration_core._event import Record
from narration_core._interruption import pass_on
from narration_core._line_limit import json_line
from narration_core._line_sink import Delivery, write_lines
from narration_core._output import DescriptorOutput, Output, out_of_the_way

_LOOK_AGAIN_S: Final = 0.001


class FileSink:
    """Appends JSON lines to a file; opens it anew when it was moved or removed.

    Args:
        path: the file; its folder must exist. A relative path is taken from the folder where the program is now.
        name: what `stats()` calls the sink.
        delivery: "caller" or "queued"; what `configure` says when absent.
    """

    background = True

    def __init__(self, path: str | Path, name: str | None = None, *, delivery: Delivery | None = None) -> None:
        self.path = Path(os.path.abspath(path))  # noqa: PTH100 - `resolve` would follow links, which rotation may change
        self.name = name or f"file:{self.path.name}"
        self.delivery = delivery
        self._output: DescriptorOutput | None = None
        self._look_at = 0.0

    line = staticmethod(json_line)

    def output(self) -> Output:
        """Return the file, opened anew when it was moved or removed.

        Raises:
            OSError: it cannot be opened.
        """
        now = time.monotonic()
        if self._output is None or now >= self._look_at:
            if self._output is not None and self._output.identity != self._on_disk():
                self.close()
            if self._output is not None and not self._output.is_itself():
                self._output = None  # a daemon closes all that it finds: the number is not ours to close any more
            if self._output is None:
                flags = os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC | os.O_NONBLOCK
                self._output = DescriptorOutput(out_of_the_way(os.open(self.path, flags, 0o640)))
                if self._ends_torn():
                    self._output.lead = b"\n"
            self._look_at = now + _LOOK_AGAIN_S
        return self._output

    def forget_output(self) -> None:
        """Look for the file anew when it is written to next."""
        self._look_at = 0.0

    def _on_disk(self) -> tuple[int, int] | None:
        try:
            status = self.path.stat()
        except OSError as error:
            pass_on(error)  # a handler's TimeoutError is an OSError
            return None
        return (status.st_dev, status.st_ino)

    def _ends_torn(self) -> bool:
        """Return whether the file ends in the middle of a line: the disk was full, or a writer was killed."""
        try:
            with self.path.open("rb") as file:
                return file.seek(0, os.SEEK_END) > 0 and file.seek(-1, os.SEEK_END) >= 0 and file.read(1) != b"\n"
        except OSError as error:
            pass_on(error)
            return False

    def write(self, batch: Sequence[Record]) -> None:
        """Append a line for each event.

        Raises:
            OSError: the file cannot be opened or the disk is full.
        """
        write_lines(self, batch)

    def check(self) -> None:
        """See whether the file can be written.

        Raises:
            OSError: its folder does not exist, it is a folder, or it may not be written.
        """
        folder = self.path.parent
        if not folder.is_dir():
            raise FileNotFoundError(f"{self.name}: the folder {folder} does not exist; create it, or give another path")
        if self.path.is_dir():
            raise IsADirectoryError(f"{self.name}: {self.path} is a folder; give the path of a file in it")
        if not os.access(self.path if self.path.exists() else folder, os.W_OK):
            raise PermissionError(f"{self.name}: {self.path} may not be written by this user; give another path")

    def close(self) -> None:
        """Close the file."""
        output, self._output = self._output, None
        if output is not None and output.is_itself():
            os.close(output.descriptor)
