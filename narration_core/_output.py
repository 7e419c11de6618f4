"""Where the lines of a sink go: a file descriptor that is asked before it is written to, or a text stream."""

import errno
import fcntl
import functools
import io
import itertools
import os
import select
import stat
from collections.abc import Iterator
from typing import Any, Final, Protocol, TextIO, cast

from narration_core._interruption import pass_on
from narration_core._standard import STANDARD, check_standard, is_inherited

PIPE_LIMIT: Final = 4096
"""Most bytes of one write to anything but a file. Up to here writers on one pipe never mix (POSIX: PIPE_BUF)."""

FILE_LIMIT: Final = 1 << 16
"""Most bytes of one write to a file: others may append between two writes, never inside of one."""


_HERE: Final = (-1,)
"""For `pwritev`: write where the descriptor stands."""

_never_again = itertools.count()


def _is_null(status: os.stat_result) -> bool:
    """Return whether it is the null device, which takes everything at once."""
    return stat.S_ISCHR(status.st_mode) and os.path.samestat(status, os.stat(os.devnull))  # noqa: PTH116 - one call


class Output(Protocol):
    """Takes bytes, as many as it has space for.

    Attributes:
        joined: most bytes of several lines that go in one write.
        longest: longest line that it takes, in bytes, the line end included; None when it takes any.
        may_be_slow: True when a write may take long although the output was ready.
        never_waits: True when a write fails rather than wait, so nobody need ask first whether the output is ready.
        lead: what comes before the first line: a line end after a line that was torn off earlier.
        calls_back: True when writing runs code of others, which may narrate itself.
    """

    joined: int
    longest: int | None
    may_be_slow: bool
    never_waits: bool
    calls_back: bool
    lead: bytes

    def ready(self, wait_s: float) -> bool:
        """Wait until the output takes data, but no longer than so many seconds; True when it does."""

    def wait(self, wait_s: float) -> None:
        """Wait until the output takes data, on a thread that writes nothing itself."""

    def end(self) -> int:
        """Return where a file ends, in bytes; for anything else a number that is never the same again."""

    def step(self, data: bytes) -> Iterator[int]:
        """Return an iterator whose one item is how many bytes were written; taking the item writes.

        A `for` loop over it writes and notes the number without a moment for a signal handler in between.
        """


class DescriptorOutput:
    """Writes to a file descriptor, never more than the kernel has space for.

    Args:
        descriptor: an open file descriptor; it stays its owner's.
        stream: the text stream above it, whose buffer holds what the program printed before.
        borrowed: whether others may close the descriptor behind the stream's back, as that of `sys.stdout`.
    """

    calls_back = False
    lead = b""

    def __init__(self, descriptor: int, stream: TextIO | None = None, *, borrowed: bool = False) -> None:
        self.descriptor = descriptor
        self._flush = None if stream is None else stream.flush
        self._borrowed = borrowed and descriptor in STANDARD
        status = os.fstat(descriptor)
        self.identity = (status.st_dev, status.st_ino)
        self.may_be_slow = stat.S_ISREG(status.st_mode)
        self.joined = FILE_LIMIT if self.may_be_slow else PIPE_LIMIT
        self.longest = PIPE_LIMIT if stat.S_ISFIFO(status.st_mode) else None
        # Another process may take the room between the question and the write.
        shared = stat.S_ISFIFO(status.st_mode) or stat.S_ISSOCK(status.st_mode)
        flags = _never_waiting() if shared else None
        self.never_waits = flags is not None or _is_null(status)
        # What `map` takes, one item for each argument of the call that writes.
        self._descriptors = (descriptor,)
        self._flags = None if flags is None else (flags,)
        self._poll = None if self.may_be_slow else self._new_poll()

    def is_itself(self) -> bool:
        """Return whether the descriptor still is what it was when this was made."""
        try:
            status = os.fstat(self.descriptor)
        except OSError as error:
            pass_on(error)
            return False
        return (status.st_dev, status.st_ino) == self.identity

    def _new_poll(self) -> "select.poll":
        poll = select.poll()
        poll.register(self.descriptor, select.POLLOUT)
        return poll

    def ready(self, wait_s: float) -> bool:
        """Wait until the descriptor takes data; a file always does."""
        if self._poll is None:
            return True
        try:
            return bool(self._poll.poll(wait_s * 1000))
        except RuntimeError:  # a fork in a signal handler left it in the middle of a call
            self._poll = self._new_poll()
            return bool(self._poll.poll(wait_s * 1000))

    def wait(self, wait_s: float) -> None:
        """Wait until the descriptor takes data, but no longer than so many seconds."""
        self._new_poll().poll(wait_s * 1000)

    def end(self) -> int:
        """Return where the file ends; a new number for anything else."""
        return os.fstat(self.descriptor).st_size if self.may_be_slow else next(_never_again)

    def step(self, data: bytes) -> Iterator[int]:
        """Return an iterator that writes; what the program printed before goes first.

        Raises:
            ValueError: the stream was closed.
            OSError: its descriptor was closed, and is somebody else's file.
        """
        if self._flush is not None:
            if self._borrowed and not is_inherited(self.descriptor):
                check_standard(self.descriptor)
            # A signal handler may be in the middle of a print; a full disk keeps the text for later. A closed stream
            # raises ValueError, and that ends the write: its descriptor may be somebody else's file by now.
            try:
                self._flush()
            except (OSError, RuntimeError) as error:
                pass_on(error)  # a handler's TimeoutError is an OSError as well
        if self._flags is None:
            return map(os.write, self._descriptors, (data,))
        return map(os.pwritev, self._descriptors, ((data,),), _HERE, self._flags)


_HIGH: Final = 960
"""Descriptors from here on are given out when all below are in use: to nobody, in most programs."""


def out_of_the_way(descriptor: int) -> int:
    """Return another number for a descriptor of our own, which nobody gets after it was closed behind our back.

    Args:
        descriptor: an open descriptor; it is closed when it has another number.
    """
    try:
        high = fcntl.fcntl(descriptor, fcntl.F_DUPFD_CLOEXEC, _HIGH)
    except OSError:  # so many are not allowed here
        return descriptor
    os.close(descriptor)
    return high


@functools.cache
def _never_waiting() -> int | None:
    """Return the flag of a write that fails rather than wait; None where the kernel has none."""
    flag: int | None = getattr(os, "RWF_NOWAIT", None)
    if flag is None:
        return None
    reader, writer = os.pipe()
    try:
        os.pwritev(writer, (b"?",), -1, flag)
    except OSError:
        return None
    finally:
        os.close(reader)
        os.close(writer)
    return flag


class TextOutput:
    """Writes to a text stream that is more than a file descriptor: a notebook's, a test's, a tee.

    Args:
        stream: where to write, on the calling thread.
    """

    joined = 1
    longest = None
    may_be_slow = True
    never_waits = False
    calls_back = True
    lead = b""

    def __init__(self, stream: Any) -> None:
        self._stream = stream

    def ready(self, wait_s: float) -> bool:  # noqa: ARG002 - there is nothing to ask
        """Return True: a text stream cannot be asked."""
        return True

    def wait(self, wait_s: float) -> None:
        """Return: a text stream cannot be asked."""

    def end(self) -> int:
        """Return a new number: nobody knows what others wrote to a stream."""
        return next(_never_again)

    def step(self, data: bytes) -> Iterator[int]:
        """Return an iterator that writes all of it."""
        return map(self._write, (data,))

    def _write(self, data: bytes) -> int:
        stream = self._stream
        raw = _own_buffer(stream)
        if raw is not None:  # a line is UTF-8, whatever the stream's own encoding can write
            stream.flush()
            raw.write(data)
        else:
            text = data.decode()
            try:
                stream.write(text)
            except UnicodeEncodeError as error:
                stream.write(text.encode(error.encoding, "backslashreplace").decode(error.encoding))
        flush = getattr(stream, "flush", None)
        if flush is not None:
            flush()
        return len(data)


def _writes_itself(stream: Any) -> bool:
    """Tell whether the stream is Python's own text layer, directly on top of its buffer."""
    return isinstance(stream, io.TextIOWrapper) and type(stream).write is io.TextIOWrapper.write


def _own_buffer(stream: Any) -> Any:
    return stream.buffer if _writes_itself(stream) else None


def output_of(stream: TextIO | None) -> Output:
    """Return how to write to a text stream: straight to its descriptor only where nothing would be passed by.

    Raises:
        OSError: there is no stream, or its descriptor is closed.
        ValueError: the stream is closed.
    """
    if stream is None:
        raise OSError(errno.EBADF, "the stream is closed")
    if _writes_itself(stream):
        buffer: Any = stream.buffer
        raw = buffer.raw if type(buffer) is io.BufferedWriter else buffer
        if type(raw) is io.FileIO:
            return cast("Output", DescriptorOutput(raw.fileno(), stream, borrowed=not raw.closefd))
    return cast("Output", TextOutput(stream))


def same_place(one: Output, other: Output) -> bool:
    """Tell whether two outputs write to the same file in the same way."""
    if isinstance(one, DescriptorOutput) and isinstance(other, DescriptorOutput):
        return (one.descriptor, one.identity) == (other.descriptor, other.identity)
    return isinstance(one, TextOutput) and isinstance(other, TextOutput)
