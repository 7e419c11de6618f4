"""Log files as they grow: merged by time, safe under rotation and truncation."""

import os
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Final

from narration_core.following import _log_files
from narration_core.following._lines import Line, parse
from narration_core.following._scan import BLOCK, MAX_LINE, Counts, Hit, LogReader
from narration_core.following._story import in_order

_BYTES_A_LINE: Final = 4096  # what is read from the end of a file for each line that is wanted


class GrowingFile:
    """One file, read from where it ended when it was opened.

    Args:
        path: the file; it may be missing and come later.
        at_end: begin at the end; at the beginning otherwise.

    Attributes:
        lives: how many files have had this name, a file that was cut counting anew.
    """

    def __init__(self, path: str, *, at_end: bool = True) -> None:
        self.path = path
        self.notes: list[str] = []
        self.lives = 0
        self._descriptor: int | None = None
        self._inode = 0
        self._offset = 0
        self._rest = b""
        self._too_long = False
        self._open(at_end=at_end)

    def close(self) -> None:
        """Close the file."""
        if self._descriptor is not None:
            os.close(self._descriptor)
            self._descriptor = None

    def _open(self, *, at_end: bool) -> None:
        try:
            _log_files.refuse_endless(self.path)
            self._descriptor = os.open(self.path, os.O_RDONLY | os.O_NONBLOCK)
        except OSError:
            self._descriptor = None
            return
        self.lives += 1
        self._inode = os.fstat(self._descriptor).st_ino
        self._offset = os.lseek(self._descriptor, 0, os.SEEK_END) if at_end else 0
        self._rest = b""

    def new_lines(self) -> Iterator[Line]:
        """Yield the lines that were completed since the last time, those of a rotated file first."""
        if self._descriptor is None:
            self._open(at_end=False)
            if self._descriptor is None:
                return
        yield from self._grown()
        try:
            now = Path(self.path).stat()
        except OSError:
            return  # moved away; the next file of this name is found when it is there
        if now.st_ino != self._inode:
            yield from self._grown()
            yield from self._last_words()
            self.close()
            self._open(at_end=False)
            self.notes.append(f"{self.path}: another file has its name now; reading that")
            yield from self._grown()
        elif now.st_size < self._offset:
            self._offset, self._rest = 0, b""
            self.lives += 1
            self.notes.append(f"{self.path}: was cut; reading from its beginning")
            yield from self._grown()

    def _grown(self) -> Iterator[Line]:
        while self._descriptor is not None and (data := os.pread(self._descriptor, BLOCK, self._offset)):
            place = self._offset - len(self._rest)
            self._offset += len(data)
            *whole, self._rest = (self._rest + data).split(b"\n")
            for line in whole:
                if self._too_long:
                    self._too_long = False
                elif line:
                    yield self._line(line, place)
                place += len(line) + 1
            if len(self._rest) > MAX_LINE:
                self.notes.append(f"{self.path}: left out a line over 1 MiB")
                self._rest, self._too_long = b"", True

    def _last_words(self) -> Iterator[Line]:
        """Yield what a rotated file ends with, though no line end follows."""
        if self._rest:
            yield self._line(self._rest, self._offset - len(self._rest))

    def _line(self, line: bytes, place: int) -> Line:
        return parse(Hit(place, line.removesuffix(b"\r"), b""), self.path)


class Tail:
    """Several files as they grow.

    Args:
        paths: the files.
    """

    def __init__(self, paths: Sequence[str]) -> None:
        self._files = [
            GrowingFile(path) for path in paths if path != _log_files.STDIN and not _log_files.is_open_pipe(path)
        ]

    @property
    def can_grow(self) -> bool:
        """Whether there is any file; standard input and pipes have been read to their end."""
        return bool(self._files)

    def new_lines(self) -> list[Line]:
        """Return what all files have got since the last time, in order of time."""
        lines, _ = in_order([line for file in self._files for line in file.new_lines()])
        return lines

    def notes(self) -> list[str]:
        """Return what happened to the files since the last time: rotated, cut, lines left out."""
        notes = [note for file in self._files for note in file.notes]
        for file in self._files:
            file.notes.clear()
        return notes

    def close(self) -> None:
        """Close all files."""
        for file in self._files:
            file.close()


def last_lines(paths: Sequence[str], count: int, counts: Counts) -> list[Line]:
    """Return the last lines of several files together, in order of time.

    Args:
        paths: the files.
        count: how many lines at the most.
        counts: where faults are counted.
    """
    lines: list[Line] = []
    with LogReader() as reader:
        for path in paths:
            raw = (
                [line for line in reader.lines(path, counts, last=_BYTES_A_LINE * count) if line.strip()]
                if count
                else []
            )
            source = _log_files.shown(path)
            lines += [
                parse(Hit(place, line.removesuffix(b"\r"), b""), source) for place, line in enumerate(raw[-count:])
            ]
    ordered, _ = in_order(lines)
    return ordered[-count:] if count else []
