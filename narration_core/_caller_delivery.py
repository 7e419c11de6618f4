"""Delivery by the caller: when a call returns, its line is with the operating system.

One thread at a time writes: whoever holds the token. The others leave their lines to it, up to `WAITING_LINES`, and
then wait. The token is an item of a list: taking it is one bytecode, so no signal handler that raises can leak it.
What is being written stands in attributes and changes in the same bytecodes as the write's result, so that whoever
holds the token next goes on exactly where a handler that raised, or a full disk, broke it off. An output that takes
no data is left to the background thread until it takes data again.
"""

import contextlib
import errno
import threading
import time
from collections.abc import Sequence
from itertools import repeat, starmap
from math import inf
from threading import get_ident
from typing import Final, Literal, Protocol, runtime_checkable

from narration_core._event import Record
from narration_core._levels import EMITTING
from narration_core._output import Output
from narration_core._writer import CAPACITY, COOL_OFF_S, TRIES, Notices, Overflow, Sink, Writer

Delivery = Literal["caller", "queued"]

WAITING_LINES: Final = 64
"""So many lines may wait for the thread that writes; from then on the others wait for it."""

SURE_S: Final = 0.05
"""How long a call at warn or above waits for its line to be written, in seconds."""

PATIENCE_S: Final = 0.005
"""How long an output may take no data before it is left to the background thread, in seconds."""

_SLOW_S: Final = 0.05
_SLOW_WRITES: Final = 3
_ROUNDS: Final = 8
_HELP_EVERY: Final = 10
_MEASURED: Final = 15
"""Every sixteenth write is timed."""

_SURE: Final = EMITTING.index("warn")
_POLL_S: Final = 0.001
_THREAD_PATIENCE_S: Final = 0.1
_GONE: Final = (errno.EPIPE, errno.EBADF, errno.ECONNRESET)
"""Nobody will ever read what is written there."""


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


class LineWriter(Writer):
    """Writes the lines of one sink, on the calling thread or on its own.

    Args:
        sink: where the lines go.
        notices: who reports losses and failures.
        delivery: "caller" writes on the calling thread while the output takes data; "queued" never does.
        capacity: longest queue, in events.
        overflow: "drop" or "wait"; see `Writer`.
        cool_off_s: how long a failed output rests, in seconds.
    """

    sink: LineSink

    def __init__(
        self,
        sink: LineSink,
        notices: Notices,
        *,
        delivery: Delivery = "caller",
        capacity: int = CAPACITY,
        overflow: Overflow = "drop",
        cool_off_s: float = COOL_OFF_S,
    ) -> None:
        self.delivery: Delivery = delivery
        self._untold_losses = False
        super().__init__(sink, notices, capacity=capacity, overflow=overflow, cool_off_s=cool_off_s)

    def _reset(self) -> None:
        super()._reset()
        self._generation = object()
        self._token = [1]
        self._owner = 0
        self._waiting: set[int] = set()
        self._gate = threading.Lock()
        self._gate.acquire()
        self._background = self.delivery == "queued"
        self._trouble: Literal["", "waiting", "failed"] = ""
        self._failed = 0
        self._progress_s = 0.0
        self._slow = 0
        self._taken = 0
        # What is being written: the events, and the bytes that are left of them. None: not put together yet.
        self._flight: Sequence[Record] = ()
        self._rest: bytes | None = None
        self._rest_output: Output | None = None
        self._broken_off_at = -1
        self._lead = b""
        self._reentrant: list[Record] = []
        self._echoing = False
        self.sink.forget_output()

    @property
    def queued(self) -> int:
        """How many events wait, those being written included."""
        return len(self._queue) + (len(self._flight) if self._rest != b"" else 0)

    @property
    def state(self) -> str:
        """What the output does: "ready", "waiting" (it takes no data now) or "failed" (it is tried again later)."""
        return self._trouble or "ready"

    def use(self, *, capacity: int, overflow: Overflow, delivery: Delivery = "caller") -> None:
        """Change the settings of a writer whose sink stays; see `Writer.use`.

        Args:
            capacity: longest queue, in events.
            overflow: "drop" or "wait".
            delivery: "caller" or "queued".
        """
        super().use(capacity=capacity, overflow=overflow)
        self.delivery = delivery
        if delivery == "queued":
            self._background = True
        elif not self._trouble:
            self.flush(SURE_S)
            self._background = False
            self._deliver(sure=False)

    # -- on the calling thread -----------------------------------------------------------------------

    def put(self, record: Record) -> None:  # noqa: C901, PLR0912 - one call less is felt at two microseconds an event
        """Write an event, or leave it to whoever is writing; see the module."""
        if self._background or self._echoing:
            queue = self._queue
            if self.delivery == "queued" and len(queue) < self._much and not self._echoing:
                queue.append(record)
                if self._asleep:
                    self._rouse()
            else:
                self._put_behind(record)
            return
        # What nearly every call does stands here as a whole, for speed: nobody is writing and nothing waits.
        # Everything else is `_deliver`'s.
        me = get_ident()
        token = self._token
        sure = record.rank >= _SURE
        try:
            del token[0]
        except IndexError:
            self._queue.append(record)
            self._deliver(sure=sure, record=record)
            return
        generation = self._generation
        try:
            self._owner = me
            if self._queue or self._flight:
                self._queue.append(record)
            else:
                self._flight = (record,)
                output = self.sink.output()
                if output is self._rest_output and not output.calls_back:
                    rest = self._rest = self.sink.line(record, output.longest)
                    if not output.may_be_slow:
                        step = output.step(rest) if output.ready(PATIENCE_S) else ()
                    elif self._slow or not self._taken & _MEASURED:
                        step = ()  # `_deliver` measures how long it takes
                    else:
                        step = output.step(rest)
                    self._taken += 1
                    if generation is self._generation:  # not forked in a signal handler
                        for written in step:
                            self._rest = rest[written:]
                        if not self._rest:
                            self._flight = ()
                            self._rest = None
        except Exception as error:  # noqa: BLE001 - an output may raise anything; emitting never does
            self._note_failure(error)
        finally:
            self._owner = 0
            token.append(1)
            if self._waiting:
                self._open_gate()
        if self._queue or self._flight:
            self._deliver(sure=sure)

    def post(self, record: Record) -> None:
        """Leave an event to be written, without ever waiting."""
        self._queue.append(record)
        if self._background:
            self._rouse()
        else:
            self._take_turn(get_ident(), 0.0)

    def _deliver(self, *, sure: bool, record: Record | None = None) -> None:  # noqa: C901, PLR0912 - one state machine
        """Write what is queued, or leave it to another thread that is writing.

        Args:
            sure: come back only when everything is written, or the time for it is up.
            record: what was just queued.
        """
        me = get_ident()
        generation = self._generation
        until = 0.0
        while self._queue or sure or self._flight:
            if self._background:
                if self._asleep:
                    self._rouse()
                if sure:
                    self._wait_until_written()
                return
            if self._take_turn(me, PATIENCE_S):
                if generation is not self._generation:  # forked meanwhile: what waits is the parent's
                    return
                if not self._background:
                    sure = False
                    if self._waiting:
                        return  # whoever waits goes on
            elif self._owner == me or me in self._waiting:  # a signal handler or a finaliser: the holder writes it
                self._note_reentrant(record)
                return
            elif sure:
                now = time.monotonic()
                until = until or now + SURE_S
                if now >= until:
                    return
                self._wait_at_gate(me)
            elif len(self._queue) >= WAITING_LINES:
                self._wait_at_gate(me)
            else:
                return

    def _note_reentrant(self, record: Record | None) -> None:
        output = self._rest_output
        if record is not None and output is not None and output.calls_back:
            self._reentrant.append(record)

    def _wait_at_gate(self, me: int) -> None:
        try:
            self._waiting.add(me)
            self._gate.acquire(timeout=PATIENCE_S)
        finally:
            self._waiting.discard(me)

    def _put_behind(self, record: Record) -> None:
        """Queue an event while the background thread writes; help it where that takes no waiting."""
        if self._echoing and self._owner == get_ident():
            self.echoes += 1
            return
        queue = self._queue
        sure = record.rank >= _SURE
        if len(queue) >= self._much and not self._make_room(record.rank):
            return
        queue.append(record)
        if self._asleep:
            self._rouse()
        queued_only = self.delivery == "queued"
        # With a busy program the thread gets the interpreter only every 5 ms, time for a few lines to a pipe.
        if self._trouble != "failed" and not len(queue) % _HELP_EVERY and (not queued_only or len(queue) >= self._much):
            output = self._rest_output
            if output is not None and not output.may_be_slow:
                self._take_turn(get_ident(), 0.0)
        if not queued_only:
            if not self._background:
                self._deliver(sure=sure, record=record)
            elif sure:
                self._wait_until_written()

    def _wait_until_written(self) -> None:
        """Wait for what is queued, while the output still takes data now and then."""
        if get_ident() in (self._thread_id, self._owner) or self.delivery == "queued":
            return
        until = time.monotonic() + SURE_S
        while self.queued and time.monotonic() < min(until, self._progress_s + SURE_S):
            time.sleep(_POLL_S)

    # -- whoever holds the token -----------------------------------------------------------------------

    def _take_turn(self, me: int, patience_s: float, until: float = inf) -> bool:
        """Write what is queued; False when another thread is writing.

        Args:
            me: the calling thread.
            patience_s: how long to wait for an output that takes no data, in seconds.
            until: stop when so many events were taken altogether.
        """
        token = self._token
        try:
            del token[0]
        except IndexError:
            return False
        try:
            self._owner = me
            if not self._write_queue(patience_s, until):
                self._leave_to_thread("waiting")
            elif self._background:
                self._give_back()
        except Exception as error:  # noqa: BLE001 - as above
            self._note_failure(error)
        finally:
            self._owner = 0
            token.append(1)
            if self._waiting:
                self._open_gate()
        return True

    def _open_gate(self) -> None:
        with contextlib.suppress(RuntimeError):  # it is open already
            self._gate.release()

    def _note_failure(self, error: Exception) -> None:
        if isinstance(error, BlockingIOError):  # another process was faster; it is asked again
            return
        self.failures += 1
        self._failed += 1
        self.last_error = error
        self._break_off()
        self._leave_to_thread("failed")

    def _leave_to_thread(self, trouble: Literal["waiting", "failed"]) -> None:
        """Have the background thread go on: the output takes no data, or fails."""
        if not self._background:
            self._progress_s = time.monotonic()
        self._trouble = trouble
        self._background = True

    def _give_back(self) -> None:
        """Have callers write themselves again, once the output is up to date."""
        if self.delivery == "caller" and not self._slow and not self._queue:
            with self._lock:  # nobody is making room right now
                self._background = False

    def _write_queue(self, patience_s: float, until: float) -> bool:  # noqa: C901, PLR0912 - see `put`
        """Write what is queued until nothing is left; False when the output takes no data.

        Raises:
            Exception: whatever the output raised; what is left stays to be written.
        """
        generation = self._generation
        queue = self._queue
        rounds = 0
        while generation is self._generation:
            rest = self._rest
            if rest is not None and not rest:
                self._finish_flight()
                rounds += 1
                if (self._waiting and rounds > _ROUNDS) or self._taken >= until:
                    return True
                rest = None
            if not self._flight and not queue:
                return True
            output = self.sink.output()
            if output is not self._rest_output or self._broken_off_at >= 0:
                rest = self._resume(output)
            if rest is None:
                rest = self._take(output)
                if not rest:
                    continue
            slow = output.may_be_slow
            if slow:
                began = time.monotonic()
            elif not output.ready(patience_s):
                return False
            step = output.step(rest)
            if generation is not self._generation:  # forked in a signal handler: the parent writes it
                break
            try:
                for written in step:
                    self._rest = rest[written:]
            except BlockingIOError:  # another process was faster, or a socket has too little room
                rounds += 1
                if rounds > _ROUNDS or not output.ready(patience_s):
                    return False
            if slow and time.monotonic() - began > _SLOW_S:
                self._slow += 1
                if self._slow >= _SLOW_WRITES and not self._background:
                    return False
            elif self._slow:
                self._slow = 0
        return True

    def _finish_flight(self) -> None:
        """Note that what was being written is written."""
        self._echoing = False
        self._flight = ()
        self._rest = None
        if self._background:
            self._progress_s = time.monotonic()
            self._failed = 0
            self._trouble = ""
            if self._resting:
                self._resting = self.gone = False
                self._notices.recovered(self.sink)
            if self.overflow == "wait":
                with self._changed:
                    self._changed.notify_all()

    def _resume(self, output: Output) -> bytes | None:
        """Return what is left to write after a failure, or to another output."""
        if output is not self._rest_output:
            self._rest = None  # what was written in part is written there whole
            self._rest_output = output
            self._lead = output.lead
        elif self._broken_off_at != output.end():
            self._restart_line()
        self._broken_off_at = -1
        return self._rest

    def _take(self, output: Output) -> bytes:
        """Take the next events and return their lines put together; nothing when there are none after all."""
        if not self._flight:
            with contextlib.suppress(IndexError):  # forked in a signal handler
                if self._background:
                    with self._lock:  # others may be making room
                        self._lowest = None
                        self._pick(output)
                else:
                    self._pick(output)
            self._taken += len(self._flight)
        lines = [self._line(record, output.longest) for record in self._flight]
        self._rest = b"".join([self._lead, *lines]) if any(lines) else b""
        self._lead = b""
        for line, record in zip(lines, self._flight, strict=True):
            if not line:  # one event that cannot be written costs that event
                self._lose(record.rank)
        return self._rest

    def _pick(self, output: Output) -> None:
        """Take as many events as go into one write."""
        queue = self._queue
        waiting = len(queue)
        if waiting == 1 or output.joined == 1:
            # No call in between: a handler that raises finds the event in one place or the other.
            self._flight = (queue[0],)
            del queue[0]
            if self._reentrant:
                record = self._flight[0]
                self._echoing = any(record is other for other in self._reentrant)
                self._reentrant = [other for other in self._reentrant if other is not record]
            return
        size = count = 0
        while count < waiting:
            size += len(self._line(queue[count], output.longest))
            if count and size > output.joined:
                break
            count += 1
        flight: list[Record] = []
        self._flight = flight
        flight.extend(starmap(queue.popleft, repeat((), count)))

    def _line(self, record: Record, longest: int | None) -> bytes:
        """Return an event's line; nothing when it has none."""
        try:
            return self.sink.line(record, longest)
        except Exception as error:  # noqa: BLE001 - a value may do anything when it is written
            self.last_error = error
            return b""

    def _break_off(self) -> None:
        """After a failure in the middle of a line: note where, to see whether somebody else wrote after it."""
        if self._rest and self._rest_output is not None:
            with contextlib.suppress(OSError):
                self._broken_off_at = self._rest_output.end()

    def _restart_line(self) -> None:
        """Go on with the first line that was not written whole, after a line end if it was begun."""
        rest, output = self._rest, self._rest_output
        if not rest or output is None:
            return
        lines = [self._line(record, output.longest) for record in self._flight]
        written = sum(map(len, lines)) - len(rest)
        done = 0
        while done < len(lines) and written >= len(lines[done]):
            written -= len(lines[done])
            done += 1
        begun = b"\n" if written > 0 else b""
        self._rest = begun + b"".join(lines[done:])
        self._flight = tuple(self._flight[done:])

    # -- the background thread -----------------------------------------------------------------------

    def _idle(self) -> bool:
        return not self._background or not self.queued

    def _drain(self) -> int:
        """Write what waits; returns how many events that were."""
        waiting = self.queued
        until = self._taken + waiting
        me = get_ident()
        while self._background and (self._flight or (self._queue and self._taken < until)):
            left = self.queued
            output = self._rest_output
            if self._trouble == "waiting" and output is not None:
                output.wait(_THREAD_PATIENCE_S)
            if not self._take_turn(me, 0.0, until):
                self._wait_at_gate(me)
                continue
            if self._closed and self.queued >= left:
                break
            if self._trouble == "failed":
                self._rest_a_while()
        if self._untold_losses and not self._closed:
            self._untold_losses = False
            self.post(self._loss_report())
        if not self._background:
            self._deliver(sure=False)  # what came while it was given back
        return waiting

    def _rest_a_while(self) -> None:
        """After several failures report that, once, and wait before the next try."""
        error = self.last_error
        self.sink.forget_output()
        if self._failed < TRIES or error is None:
            return
        if self._failed > TRIES and not isinstance(error, OSError | ValueError):
            for record in self._flight:  # tried again after a rest: this event the output never takes
                self._lose(record.rank)
            self._flight, self._rest = (), None
            self._failed = 0
            return
        self.gone = isinstance(error, ValueError) or getattr(error, "errno", 0) in _GONE
        if not self._resting:
            self._resting = True
            self._notices.failed(self.sink, error, self._cool_off_s)
        with self._changed:
            self._changed.notify_all()
        self._stop.wait(self._cool_off_s)

    def _lose(self, rank: int) -> None:
        super()._lose(rank)
        self._untold_losses = True

    def _give_up(self, rank: int) -> None:
        if self._background:  # not given back meanwhile
            super()._give_up(rank)

    def flush(self, deadline_s: float) -> int:
        """Wait until everything put before this call is written; see `Writer.flush`."""
        self.sink.forget_output()
        until = time.monotonic() + deadline_s
        while self.queued and self._owner != get_ident():
            if self._background:
                self._rouse()
                return super().flush(max(until - time.monotonic(), 0.0))
            self._deliver(sure=True)
            if time.monotonic() >= until:
                break
        return self.queued

    def close(self, deadline_s: float, *, keep_sink: bool = False) -> int:
        """Write what is queued, stop the thread and close the sink; what comes later is written by its caller."""
        abandoned = super().close(deadline_s, keep_sink=keep_sink)
        self.delivery = "caller"
        self._background = False
        return abandoned


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
                if output.ready(_THREAD_PATIENCE_S):
                    for written in output.step(rest):
                        rest = rest[written:]
