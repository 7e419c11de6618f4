"""Where on the disk the lines of an id are: an index that may be deleted at any time, and is made again.

Segments are divided into chunks of whole lines. For every chunk the index holds a sorted list of numbers: a checksum
of an id in the upper half, and where its line is in the lower one. A line without a correlation id can be found by
any word that it mentions; those point to a block of lines, since one word is in many of them. Two ids with one
checksum cost a line that is read in vain. What is not indexed yet is read as well: the index never decides what is
found, only how fast.
"""

import contextlib
import re
import sqlite3
import threading
from array import array
from bisect import bisect_left
from collections.abc import Callable, Collection, Iterator, Sequence
from pathlib import Path
from typing import BinaryIO, Final
from zlib import crc32

import msgspec

from narration_core.following import ID_FIELDS, needles

CHUNK_BYTES: Final = 8 << 20
BLOCK_BYTES: Final = 64 << 10
_FILE: Final = "index.sqlite3"
_VERSION: Final = 1
_SCHEMA: Final = """
CREATE TABLE chunk (number INTEGER PRIMARY KEY, segment TEXT NOT NULL, start INTEGER NOT NULL, stop INTEGER NOT NULL,
    entries BLOB NOT NULL);
CREATE INDEX chunk_of_segment ON chunk (segment, start, stop);
"""
_ENTRY_BYTES: Final = 8
_MARGIN: Final = 1024  # entries on each side of where one must be; where ids repeat a lot, more are read
_MARK: Final = b',"hub":'
_CORRELATION: Final = ID_FIELDS.index("correlation_id")
_WORD: Final = re.compile(rb"[A-Za-z0-9_-]+(?:[.:][A-Za-z0-9_-]+)*")
"""What `narration_core.following` takes as a whole word when a line without a correlation id mentions an id."""

_Ids: Final = msgspec.defstruct("_Ids", [(name, str | None, None) for name in ID_FIELDS], gc=False)
_ids_of: Final = msgspec.json.Decoder(_Ids).decode
_as_tuple: Final = msgspec.structs.astuple


class Index:
    """The index of a store's folder.

    Args:
        folder: the store's.
        segments: the files that hold events. What the index says of one that is shorter now is forgotten.
        leave: called with a file that cannot be read; it is not asked for again.
    """

    def __init__(self, folder: Path, segments: Sequence[Path], leave: Callable[[Path, OSError], None]) -> None:
        self._leave = leave
        self._path = folder / _FILE
        self._lock = threading.Lock()  # somebody asks while new lines are indexed
        self._db: sqlite3.Connection | None = None
        self._ends: dict[str, int] = {}  # up to which byte segments are indexed
        self._open()
        for path in segments:
            if self._ends.get(path.name, 0) > path.stat().st_size:
                self._forget(path.name)

    def _open(self) -> None:
        for _ in range(2):  # a file that is no index, or one of another version, is made again
            with contextlib.suppress(sqlite3.Error):
                self._db = sqlite3.connect(self._path, check_same_thread=False, isolation_level=None)
                if self._db.execute("PRAGMA user_version").fetchone()[0] == _VERSION:
                    self._db.execute("PRAGMA journal_mode=WAL")
                    self._db.execute("PRAGMA synchronous=NORMAL")
                    self._ends = dict(self._db.execute("SELECT segment, max(stop) FROM chunk GROUP BY segment"))
                    return
            self._discard()
            with contextlib.suppress(sqlite3.Error):
                self._db = sqlite3.connect(self._path, check_same_thread=False, isolation_level=None)
                self._db.executescript(f"{_SCHEMA} PRAGMA user_version={_VERSION};")
                self._db.close()
        self._db = None

    def _discard(self) -> None:
        """Let go of the file and delete it."""
        self._ends = {}
        if self._db is not None:
            with contextlib.suppress(sqlite3.Error):
                self._db.close()
            self._db = None
        for path in self._files():
            with contextlib.suppress(OSError):
                path.unlink(missing_ok=True)

    def _files(self) -> list[Path]:
        return [self._path.with_name(_FILE + end) for end in ("", "-wal", "-shm")]

    @property
    def size(self) -> int:
        """How many bytes it takes on the disk."""
        return sum(path.stat().st_size for path in self._files() if path.exists())

    # -- taking in --------------------------------------------------------------------------------

    def catch_up(self, segments: Sequence[Path]) -> bool:
        """Index a chunk of what is new, and forget segments that are gone; True when there may be more to do.

        Args:
            segments: the files that hold events, the oldest first; only the last one still grows.
        """
        try:
            for name in self._ends.keys() - {path.name for path in segments}:
                self._forget(name)
            for path in reversed(segments):  # what is asked for most is what is newest
                if self._take_chunk(path, is_growing=path == segments[-1]):
                    return True
        except (sqlite3.Error, OSError):  # the disk is full, or the file is damaged: it is made again, or done without
            with self._lock:
                self._discard()
                self._open()
        return False

    def _take_chunk(self, path: Path, *, is_growing: bool) -> bool:
        """Index the next chunk of a segment; False when there is none that is whole."""
        start = self._ends.get(path.name, 0)
        try:
            left = path.stat().st_size - start
            if left <= 0 or (is_growing and left < CHUNK_BYTES):
                return False
            with path.open("rb") as file:
                file.seek(start)
                data = file.read(CHUNK_BYTES) + file.readline()
        except OSError as error:
            self._leave(path, error)
            return False
        data = data[: data.rfind(b"\n") + 1]  # the last line may be half written
        if not data:
            return False
        entries = array("Q", sorted(_entries(data))).tobytes()
        stop = start + len(data)
        with self._lock:
            if self._db is None:
                return False
            values = (path.name, start, stop, entries)
            self._db.execute("INSERT INTO chunk (segment, start, stop, entries) VALUES (?, ?, ?, ?)", values)
            self._ends[path.name] = stop
        return True

    def _forget(self, name: str) -> None:
        with self._lock:
            self._ends.pop(name, None)
            if self._db is not None:
                self._db.execute("DELETE FROM chunk WHERE segment = ?", (name,))

    # -- asking -----------------------------------------------------------------------------------

    def lines_with(self, ids: Collection[str], segments: Sequence[Path]) -> Iterator[bytes]:
        """Yield the lines that hold any of the ids, without their ends, the oldest first.

        Args:
            ids: ids of any kind.
            segments: the files that hold events, the oldest first.
        """
        wanted = needles(ids)
        checksums = sorted({checksum for name in ids for checksum in _asked(name.encode())})
        for path in segments:
            places, end = self._places(path.name, checksums)
            try:
                with path.open("rb") as file:
                    yield from _lines_at(file, places, wanted, end)
                    file.seek(end)
                    yield from (line.rstrip(b"\n") for line in file if any(needle in line for needle in wanted))
            except OSError as error:
                self._leave(path, error)

    def _places(self, segment: str, checksums: Sequence[int]) -> tuple[list[int], int]:
        """Return where in a segment lines or blocks may be, as `2 * offset + is_block`, and how much is indexed."""
        places: list[int] = []
        with self._lock:
            if self._db is None:
                return [], 0
            try:
                chunks = self._db.execute(
                    "SELECT number, start FROM chunk WHERE segment = ? ORDER BY start", (segment,)
                )
                for number, start in chunks.fetchall():
                    with self._db.blobopen("chunk", "entries", number, readonly=True) as entries:
                        places += [2 * start + entry for checksum in checksums for entry in _found(entries, checksum)]
            except sqlite3.Error:
                return [], 0
            return places, self._ends.get(segment, 0)

    def close(self) -> None:
        """Let go of the file."""
        with self._lock:
            if self._db is not None:
                self._db.close()
                self._db = None


def _entries(data: bytes) -> set[int]:
    """Return the entries of a chunk's lines."""
    found: set[int] = set()
    add = found.add
    offset = block = 0
    for line in data.splitlines(keepends=True):
        if offset - block >= BLOCK_BYTES:
            block = offset
        try:
            ids = _as_tuple(_ids_of(line))
        except (msgspec.MsgspecError, UnicodeError, RecursionError):
            ids = (None,) * len(ID_FIELDS)
        for value in ids:
            if value is not None:
                add(crc32(value.encode()) << 32 | 2 * offset)
        if ids[_CORRELATION] is None:
            mark = line.rfind(_MARK)
            found.update(
                crc32(word) << 32 | 2 * block + 1 for word in _WORD.findall(line[: mark if mark > 0 else None])
            )
        offset += len(line)
    return found


def _asked(name: bytes) -> Iterator[int]:
    """Yield the checksums by which an id is found: its own, and that of its first word, for lines that mention it."""
    yield crc32(name)
    yield from map(crc32, _WORD.findall(name)[:1])


def _found(entries: "sqlite3.Blob", checksum: int) -> Iterator[int]:
    """Yield the lower halves of the entries with a checksum.

    Entries are sorted, and checksums are spread evenly: those of one are read at once, about where they must be.
    """
    count = len(entries) // _ENTRY_BYTES
    guess, margin = checksum * count >> 32, _MARGIN
    first, past = checksum << 32, checksum + 1 << 32
    while True:
        low, high = max(0, guess - margin), min(count, guess + margin)
        entries.seek(low * _ENTRY_BYTES)
        some = array("Q", entries.read((high - low) * _ENTRY_BYTES))
        if not some:
            return
        if (low == 0 or some[0] < first) and (high == count or some[-1] >= past):
            break
        margin *= 8
    for value in some[bisect_left(some, first) : bisect_left(some, past)]:
        yield value & 0xFFFFFFFF


def _lines_at(file: BinaryIO, places: Collection[int], needles: Collection[bytes], end: int) -> Iterator[bytes]:
    """Yield the lines before `end` at places that hold any of some bytes, each once, in order, without their ends."""
    offsets = {place // 2 for place in places if not place % 2}
    for place in places:
        if place % 2:
            offsets |= _offsets_in(file, place // 2, needles)
    for offset in sorted(offsets):
        if offset >= end:  # the last block goes on with lines that are not indexed yet
            return
        file.seek(offset)
        line = file.readline().rstrip(b"\n")
        if any(needle in line for needle in needles):
            yield line


def _offsets_in(file: BinaryIO, block: int, needles: Collection[bytes]) -> set[int]:
    """Return where the lines of a block begin that hold any of some bytes."""
    file.seek(block)
    data = file.read(BLOCK_BYTES) + file.readline()
    found = set()
    for needle in needles:
        place = data.find(needle)
        while place >= 0:
            found.add(block + data.rfind(b"\n", 0, place) + 1)
            end = data.find(b"\n", place)
            place = data.find(needle, end) if end >= 0 else -1
    return found
