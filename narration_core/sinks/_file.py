"""Lines in a file that others may rotate."""

import os
from collections.abc import Sequence
from pathlib import Path

from narration_core._event import Record, lines
from narration_core.sinks._stream import write_all


class FileSink:
    """Appends JSON lines to a file; opens it anew when it was moved or removed.

    Args:
        path: the file; its folder must exist.
        name: what `stats()` calls the sink.
    """

    background = True

    def __init__(self, path: str | Path, name: str | None = None) -> None:
        self.path = Path(path)
        self.name = name or f"file:{self.path.name}"
        self._descriptor: int | None = None
        self._identity: tuple[int, int] | None = None

    def _open(self) -> int:
        if self._descriptor is not None and self._identity != self._on_disk():
            self.close()
        if self._descriptor is None:
            self._descriptor = os.open(self.path, os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC, 0o640)
            status = os.fstat(self._descriptor)
            self._identity = (status.st_dev, status.st_ino)
        return self._descriptor

    def _on_disk(self) -> tuple[int, int] | None:
        try:
            status = self.path.stat()
        except OSError:
            return None
        return (status.st_dev, status.st_ino)

    def write(self, batch: Sequence[Record]) -> None:
        """Append a line for each event; a batch that does not fit is taken back, so no line is torn.

        Raises:
            OSError: the file cannot be opened or the disk is full.
        """
        descriptor = self._open()
        before = os.fstat(descriptor).st_size
        try:
            write_all(descriptor, lines(batch))
        except OSError:
            os.ftruncate(descriptor, before)
            raise

    def close(self) -> None:
        """Close the file."""
        if self._descriptor is not None:
            os.close(self._descriptor)
            self._descriptor = None
            self._identity = None
