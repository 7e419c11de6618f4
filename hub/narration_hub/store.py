"""What is kept on disk: numbered files of JSON lines that `narration story`, `rg` and `jq` read as they are."""

import contextlib
import fcntl
import os
import time
from collections.abc import Collection, Iterator, Mapping
from pathlib import Path
from typing import Final

from narration_hub.index import Index
from narration_hub.noted import Noted
from narration_hub.stored_line import BLOCK, Mark, lines_in, unmarked

SEGMENT_BYTES: Final = 64 << 20
RECOVERED_BYTES: Final = 16 << 20
"""How much of the end is read into memory at the start: it decides how soon the hub is ready."""

_NAME: Final = "events-{:08d}.jsonl"
_DAY_S: Final = 86_400
_HOPELESS: Final = 2  # a segment is set aside when fewer than one of so many lines can be read
_BOTH: Final = os.R_OK | os.W_OK
_RETRY_S: Final = 5.0
_INDEXING_S: Final = 0.5
_NOTE_BYTES: Final = 8 << 20  # written between two notes of how far producers are: so much is read again at the start


class StoreError(Exception):
    """The store cannot be used; the message says why and what to do."""


class Store:
    """Numbered segments in a folder that one hub holds.

    Args:
        folder: where; it is made if it is missing.
        keep_bytes: how much all segments may take, in bytes.
        keep_days: how long a segment is kept after its last event, in days.
        segment_bytes: how long a segment is, in bytes.

    Attributes:
        unreadable: lines that could not be read at the start.
        shut: segments that cannot be read at all, by their names, and why not.
        unsaved: events that were taken in while the disk did not take them.
        is_full: whether the disk did not take the last batch.

    Raises:
        StoreError: another hub holds the folder, or it cannot be written.
    """

    def __init__(self, folder: Path, keep_bytes: int, keep_days: float, segment_bytes: int = SEGMENT_BYTES) -> None:
        self.folder = folder
        self.unreadable = 0
        self.shut: dict[str, str] = {}
        self.unsaved = 0
        self.is_full = False
        self._keep_bytes = keep_bytes
        self._keep_s = keep_days * _DAY_S
        self._segment_bytes = min(segment_bytes, max(1, keep_bytes // 4))
        self._try_again_at = 0.0
        self._is_dirty = False
        self._noted = Noted(folder)
        try:
            folder.mkdir(parents=True, exist_ok=True, mode=0o700)
            self._lock = os.open(folder / "lock", os.O_RDWR | os.O_CREAT, 0o600)
            fcntl.flock(self._lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise StoreError(f"another hub holds {folder}; give each its own --data") from None
        except OSError as error:
            raise StoreError(f"{folder} cannot be used as --data: {error.strerror}") from None
        for path in self._all():
            with self._reading(path), path.open("rb") as file:
                file.read(1)
        is_whole = self._set_aside_hopeless()
        self._index = Index(folder, self.segments(), self.leave)
        last = max((_number_of(path) for path in self._all()), default=1)
        is_ours = is_whole and _NAME.format(last) not in self.shut
        try:
            self._file = self._open_from(last if is_ours else last + 1)
        except OSError as error:
            raise StoreError(f"{folder} takes no new file: {error.strerror}; give the hub another --data") from None
        self._size = os.fstat(self._file).st_size

    def _open_from(self, number: int) -> int:
        """Open the segment of a number, or of the next one that is or can be a file of ours.

        Raises:
            OSError: it cannot be opened.
        """
        path = self.folder / _NAME.format(number)
        while (
            path.is_dir() or (path.is_symlink() and not path.exists()) or (path.exists() and not os.access(path, _BOTH))
        ):
            number += 1
            path = self.folder / _NAME.format(number)
        file = os.open(path, os.O_RDWR | os.O_CREAT | os.O_APPEND, 0o600)
        self._number = number
        return file

    def _all(self) -> list[Path]:
        return sorted(path for path in self.folder.glob("events-*.jsonl") if path.is_file())

    def segments(self) -> list[Path]:
        """Return the files that hold events and can be read, the oldest first."""
        return [path for path in self._all() if path.name not in self.shut]

    def leave(self, path: Path, error: OSError) -> None:
        """Leave a segment alone from now on, because it cannot be read; one that was deleted was the oldest."""
        if not isinstance(error, FileNotFoundError):
            self.shut[path.name] = error.strerror or type(error).__name__

    @contextlib.contextmanager
    def _reading(self, path: Path) -> Iterator[None]:
        try:
            yield
        except OSError as error:
            self.leave(path, error)

    # -- the start --------------------------------------------------------------------------------

    def _set_aside_hopeless(self) -> bool:
        """Cut the torn end of the last segment; rename segments at the end that are not ours to read.

        Returns:
            Whether more can be written behind the end of the last one.
        """
        for path in reversed(self.segments()):
            with self._reading(path), path.open("rb") as file:
                count, whole, end, good = lines_in(file)
                if count and good * _HOPELESS < count:  # so far by their looks; now for certain
                    file.seek(0)
                    lines = file.read(whole).split(b"\n")[:-1]
                    good = sum(unmarked(line) is not None for line in lines)
                    if good * _HOPELESS < len(lines):
                        self.unreadable += len(lines) - good + (whole < end)
                        path.rename(path.with_suffix(".bad"))
                        continue
                if whole < end:
                    try:
                        os.truncate(path, whole)
                    except OSError:  # it may only be read
                        return False
                    self.unreadable += 1
                return True
        return True

    def recovered(self) -> Iterator[tuple[bytes, Mark]]:
        """Yield the latest events with their marks, in order; lines that cannot be read are counted."""
        chosen: list[tuple[Path, int]] = []
        left = RECOVERED_BYTES
        for path in reversed(self.segments()):
            size = path.stat().st_size
            chosen.append((path, max(0, size - left)))
            left -= size
            if left <= 0:
                break
        for path, start in reversed(chosen):
            with self._reading(path), path.open("rb") as file:
                file.seek(start)
                if start:
                    file.readline()  # the first one is a part only
                for line in file:
                    found = unmarked(line.rstrip(b"\n"))
                    if found is None:
                        self.unreadable += 1
                    else:
                        yield found

    def blocks(self, last: int | None) -> Iterator[bytes]:
        """Yield all lines in blocks of whole lines, oldest first; with `last`, about so many bytes of the end."""
        paths = self.segments()
        sizes = [path.stat().st_size if path.exists() else 0 for path in paths]
        skip = 0 if last is None else max(0, sum(sizes) - last)
        for path, size in zip(paths, sizes, strict=True):
            if skip >= size:
                skip -= size
                continue
            with self._reading(path), path.open("rb") as file:
                file.seek(skip)
                if skip:
                    file.readline()  # the first one is a part only
                skip = 0
                while lines := file.readlines(BLOCK):
                    yield b"".join(lines)

    def lines_with(self, ids: Collection[str]) -> Iterator[bytes]:
        """Return the lines that hold any of the ids, oldest first, without their ends."""
        return self._index.lines_with(ids, self.segments())

    def catch_up(self) -> None:
        """Index what is new, for a moment; call it about every second, not on the event loop."""
        until = time.monotonic() + _INDEXING_S
        while self._index.catch_up(self.segments()) and time.monotonic() < until:
            pass

    def known(self) -> Mapping[str, int]:
        """Return the numbers that producers had reached when they were noted last; see `latest_marks`."""
        return self._noted.read()

    def latest_marks(self) -> Iterator[Mark]:
        """Yield the marks of the last segment that came after what is `known`."""
        for path in self.segments()[-1:]:
            with self._reading(path), path.open("rb") as file:
                upto = self._noted.upto(path.name)
                if upto <= path.stat().st_size:
                    file.seek(upto)
                for line in file:
                    found = unmarked(line.rstrip(b"\n"))
                    if found is not None:
                        yield found[1]

    def must_note(self) -> bool:
        """Tell whether so much was written that `save_known` is worth its cost."""
        return self._size - self._noted.upto(self._name) >= _NOTE_BYTES

    def save_known(self, known: Mapping[str, int]) -> None:
        """Keep the numbers that producers have reached, of everything that is written by now."""
        self._noted.write(known, self._name, self._size)

    @property
    def _name(self) -> str:
        return _NAME.format(self._number)

    # -- taking in --------------------------------------------------------------------------------

    def append(self, lines: list[bytes]) -> bool:
        """Write lines; False when the disk did not take them: then they are counted, and it is tried again later.

        Args:
            lines: from `marked`.
        """
        if self.is_full and time.monotonic() < self._try_again_at:
            self.unsaved += len(lines)
            return False
        data = b"".join(lines)
        try:
            written = os.write(self._file, data)
            if written < len(data):  # the disk took a part: half a line must not stay
                os.ftruncate(self._file, self._size)
                written = 0
        except OSError:
            written = 0
        if not written:
            self.is_full = True
            self._try_again_at = time.monotonic() + _RETRY_S
            self.unsaved += len(lines)
            return False
        self.is_full = False
        self._is_dirty = True
        self._size += written
        return True

    def must_turn(self) -> bool:
        """Tell whether the segment is long enough."""
        return self._size >= self._segment_bytes

    def turn(self, known: Mapping[str, int]) -> None:
        """Begin a new segment, and delete what is too old or too much.

        Args:
            known: see `save_known`.
        """
        self.sync()
        self.save_known(known)
        old = self._file
        try:
            self._file = self._open_from(self._number + 1)
        except OSError:
            return  # goes on in the old one
        os.close(old)
        self._size = 0
        self.tidy()

    def tidy(self) -> None:
        """Delete whole segments that are too old or too much; the one that is written to stays."""
        own = self.folder / self._name
        old = sorted(path for path in self.folder.glob("events-*") if path != own and path.is_file())
        sizes = {path: path.stat().st_size for path in old}
        total = sum(sizes.values()) + self._segment_bytes + self._index.size
        for path in old:
            if total > self._keep_bytes or time.time() - path.stat().st_mtime > self._keep_s:
                path.unlink(missing_ok=True)
                total -= sizes[path]

    def sync(self) -> None:
        """Have the disk take what the system holds; call it about every second."""
        if self._is_dirty:
            self._is_dirty = False
            with contextlib.suppress(OSError):
                os.fdatasync(self._file)

    def close(self) -> None:
        """Write everything down and let go of the folder."""
        self.sync()
        self._index.close()
        os.close(self._file)
        os.close(self._lock)


def _number_of(path: Path) -> int:
    number = path.stem.partition("-")[2]
    return int(number) if number.isascii() and number.isdigit() else 0
