"""Finding the lines of a log that hold one of several byte strings, without parsing the others.

One buffer is filled again and again and searched for all strings at once: memory stays the same for a file of any size,
a file may grow, shrink or vanish meanwhile, and only lines that hold a needle are ever copied.
"""

import codecs
import io
import sys
import zlib
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack
from importlib import import_module
from typing import IO, Any, Final, NamedTuple, Protocol, Self

import ahocorasick_rs
import msgspec

from narration_core.following._log_files import STDIN, is_open_pipe, refuse_endless, shown

BLOCK: Final = 256 * 1024
MAX_LINE: Final = 1 << 20
"""Longest line that is read, in bytes; longer ones are counted and passed over."""

_BEFORE: Final = 4096
_PACKED: Final = (
    (".gz", b"\x1f\x8b\x08", "gzip"),
    (".bz2", b"BZh", "bz2"),
    (".xz", b"\xfd7zXZ\0", "lzma"),
    (".zst", b"\x28\xb5\x2f\xfd", ""),
    (".zip", b"PK\3\4", ""),
)
"""How packed files are named, how they begin, and which module reads them, loaded only for such a file."""

_UTF16: Final = (
    (codecs.BOM_UTF16_LE, "utf-16-le", 2),
    (codecs.BOM_UTF16_BE, "utf-16-be", 2),
    (b'{\0"\0', "utf-16-le", 0),
    (b'\0{\0"', "utf-16-be", 0),
)
"""How a file in UTF-16 begins, marked or with a record, and how much of that is the mark."""


class Hit(NamedTuple):
    """A line that holds a needle.

    Attributes:
        offset: where it starts in the file, in bytes.
        line: the line without its end.
        before: what stands before it, at most 4 KiB: for lines that carry no time of their own.
    """

    offset: int
    line: bytes
    before: bytes


class Counts(msgspec.Struct):
    """What could not be read; none of it stops a search.

    Attributes:
        too_long: lines over `MAX_LINE` bytes that hold a needle.
        faults: files that could not be opened or read to their end: name and reason.
        bytes: bytes searched.
    """

    too_long: int = 0
    faults: list[str] = msgspec.field(default_factory=list)
    bytes: int = 0


class _Readable(Protocol):
    def readinto(self, buffer: memoryview, /) -> int | None: ...


class _Utf16(io.RawIOBase):
    """A UTF-16 file read as UTF-8."""

    def __init__(self, file: IO[bytes], encoding: str) -> None:
        self._file = file
        self._decoder = codecs.getincrementaldecoder(encoding)("replace")
        self._rest = b""

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: memoryview, /) -> int:  # type: ignore[override]  # narrower than any writable buffer
        while not self._rest:
            data = self._file.read(BLOCK)
            self._rest = self._decoder.decode(data, final=not data).encode()
            if not data:
                break
        taken = min(len(buffer), len(self._rest))
        buffer[:taken] = self._rest[:taken]
        self._rest = self._rest[taken:]
        return taken


class _InPieces(io.RawIOBase):
    """A packed file read piece by piece, so that what stands before damage or an early end is read."""

    def __init__(self, file: Any) -> None:
        self._file = file

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: memoryview, /) -> int:  # type: ignore[override]  # narrower than any writable buffer
        data = self._file.read1(len(buffer))
        buffer[: len(data)] = data
        return len(data)

    def seek(self, offset: int, whence: int = io.SEEK_SET, /) -> int:
        place: int = self._file.seek(offset, whence)
        return place

    def close(self) -> None:
        self._file.close()
        super().close()


class LogReader:
    """Opens log files for several searches; standard input and pipes are kept in temporary files meanwhile.

    Use it as a context manager.
    """

    def __init__(self) -> None:
        self._stack = ExitStack()
        self._kept: dict[str, IO[bytes]] = {}

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._stack.close()

    def open(self, path: str) -> IO[bytes]:
        """Return a file from its beginning, unpacked.

        Raises:
            OSError: it cannot be opened.
        """
        if path != STDIN and not is_open_pipe(path):
            refuse_endless(path)
            unpack = _unpacking(path)
            if unpack is not None:
                return _InPieces(unpack(path))  # type: ignore[return-value]  # it has what readers here use
            return open(path, "rb", buffering=0)  # noqa: PTH123 - the caller closes it; raw, because the buffer is ours
        kept = self._kept.get(path)
        if kept is None:
            import shutil  # noqa: PLC0415 - most searches read files, and a search is over in a moment
            import tempfile  # noqa: PLC0415 - as above

            kept = self._kept[path] = self._stack.enter_context(tempfile.TemporaryFile(buffering=0))  # noqa: SIM115 - it is
            if path == STDIN:
                shutil.copyfileobj(sys.stdin.buffer, kept)
            else:
                with open(path, "rb") as pipe:  # noqa: PTH123 - beside the other
                    shutil.copyfileobj(pipe, kept)
        kept.seek(0)
        return open(kept.fileno(), "rb", buffering=0, closefd=False)

    def hits(self, path: str, needles: Sequence[bytes], counts: Counts) -> Iterator[Hit]:
        """Yield the lines of a file that hold at least one needle, in order.

        Args:
            path: the file; one that cannot be read is counted.
            needles: byte strings without a line end.
            counts: where faults are counted.
        """
        search = _searcher(needles)
        for buffer, whole, offset in self._blocks(path, search, max(map(len, needles)), counts):
            yield from _lines(buffer, search(buffer, 0, whole), whole, offset, counts)

    def lines(self, path: str, counts: Counts, *, last: int | None = None) -> Iterator[bytes]:
        """Yield every line of a file without its end.

        Args:
            path: the file; one that cannot be read is counted.
            counts: where faults are counted.
            last: read only so many bytes at the end of a plain file, from the first whole line on.
        """
        for buffer, whole, _ in self._blocks(path, _anything, 1, counts, last):
            yield from bytes(buffer[: whole - 1]).split(b"\n") if whole else ()

    def _blocks(
        self, path: str, search: "_Searcher", longest: int, counts: Counts, last: int | None = None
    ) -> Iterator[tuple[bytearray, int, int]]:
        try:
            with self.open(path) as file:
                start = 0 if last is None or _unpacking(path) else _from_the_end(file, last)
                yield from _blocks(_decoded(file, start), search, longest, counts, start)
        except _reading_errors() as error:
            counts.faults.append(f"{shown(path)}: {getattr(error, 'strerror', None) or error}")


def _reading_errors() -> tuple[type[Exception], ...]:
    """Return what reading a file to its end may raise, as far as the modules that would raise it are loaded."""
    xz = sys.modules.get("lzma")
    return (OSError, EOFError, zlib.error, *([xz.LZMAError] if xz else []))


def _unpacking(path: str) -> Callable[[str], Any] | None:
    """Return what opens a packed file, by its name or its first bytes; None for a plain one.

    Raises:
        OSError: it cannot be read, or is packed in a way that nothing here reads.
    """
    if path == STDIN or is_open_pipe(path):
        return None
    with open(path, "rb", buffering=0) as file:  # noqa: PTH123 - raw: six bytes are needed
        begin = file.read(6)
    for ending, mark, module in _PACKED:
        if path.endswith(ending) or begin.startswith(mark):
            if not module:
                raise OSError(f"it is packed as {ending}, which is not read here: unpack it first")
            unpack: Callable[[str], Any] = import_module(module).open
            return unpack
    return None


def _from_the_end(file: IO[bytes], last: int) -> int:
    """Move to the first whole line of the last bytes of a file; returns where that is."""
    size = file.seek(0, io.SEEK_END)
    start = max(0, size - last)
    file.seek(start)
    if start:
        while (found := file.read(BLOCK).find(b"\n")) < 0:
            start = file.tell()
            if start >= size:
                return size
        start += found + 1
        file.seek(start)
    return start


def _decoded(file: IO[bytes], start: int) -> _Readable:
    if start == 0:
        begin = file.read(4)
        for mark, encoding, length in _UTF16:
            if begin.startswith(mark):
                file.seek(length)
                return _Utf16(file, encoding)
        file.seek(0)
    return file  # type: ignore[return-value]  # raw and gzip files both have readinto


def _blocks(
    file: _Readable, search: "_Searcher", longest: int, counts: Counts, offset: int
) -> Iterator[tuple[bytearray, int, int]]:
    """Yield a buffer, how many bytes of whole lines are in it, and where in the file they start."""
    buffer = bytearray(BLOCK)
    view = memoryview(buffer)
    have = 0
    while True:
        if have == len(buffer) <= MAX_LINE:
            view.release()
            buffer.extend(bytes(len(buffer)))
            view = memoryview(buffer)
        elif have == len(buffer):
            skipped, have = _skip_line(file, view, search, longest, counts)
            offset += skipped
        read = file.readinto(view[have:]) or 0
        counts.bytes += read
        end = have + read
        if read:
            whole = buffer.rfind(b"\n", 0, end) + 1
        else:
            buffer[end : end + 1] = b"\n"  # the last line has no end; there is room: the buffer was not full
            whole = end + 1 if end else 0
        yield buffer, whole, offset
        if not read:
            return
        have = end - whole
        buffer[:have] = buffer[whole:end]
        offset += whole


def _skip_line(file: _Readable, view: memoryview, search: "_Searcher", longest: int, counts: Counts) -> tuple[int, int]:
    """Pass over the rest of a line that fills the buffer; returns how many bytes that was, and how many follow."""
    buffer: bytearray = view.obj  # type: ignore[assignment]  # whose view it is
    have, passed, held = len(buffer), 0, False
    while True:
        held = held or bool(search(buffer, 0, have))
        kept = min(longest - 1, have)  # a needle may lie across two blocks
        buffer[:kept] = buffer[have - kept : have]
        passed += have - kept
        read = file.readinto(view[kept:]) or 0
        counts.bytes += read
        have = kept + read
        end = buffer.find(b"\n", kept, have) + 1
        if end or not read:
            counts.too_long += held or bool(search(buffer, 0, end or have))
            rest = have - end if end else 0
            buffer[:rest] = buffer[end : end + rest]
            return passed + (end or have), rest


def _lines(buffer: bytearray, places: Sequence[int], end: int, offset: int, counts: Counts) -> Iterator[Hit]:
    """Yield the lines that hold the places, each line once."""
    done = 0
    for position in places:
        if position < done:
            continue
        start = buffer.rfind(b"\n", 0, position) + 1
        stop = buffer.find(b"\n", position, end)
        stop = end if stop < 0 else stop
        done = stop + 1
        line = bytes(buffer[start:stop]).removesuffix(b"\r")
        if len(line) > MAX_LINE:
            counts.too_long += 1
            continue
        yield Hit(offset + start, line, bytes(buffer[max(0, start - _BEFORE) : start]))


class _Searcher(Protocol):
    def __call__(self, buffer: bytearray, start: int, end: int, /) -> Sequence[int]: ...


def _searcher(needles: Sequence[bytes]) -> _Searcher:
    """Return a function that gives the places of all needles, in order."""
    automaton = ahocorasick_rs.BytesAhoCorasick(list(needles))

    def search(buffer: bytearray, start: int, end: int, /) -> Sequence[int]:
        with memoryview(buffer)[start:end] as part:
            return [start + position for _, position, _ in automaton.find_matches_as_indexes(part)]

    return search


def _anything(buffer: bytearray, start: int, end: int, /) -> Sequence[int]:  # noqa: ARG001 - a searcher for every line
    return (start,)
