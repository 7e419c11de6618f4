"""Delivery by the caller: when a call returns, its line is with the operating system.

One thread at a time writes: whoever holds the token. The others leave their lines to it, up to `WAITING_LINES`, and
then wait. The token is the second item of a list: to take it and to give it back is one bytecode each, so no signal
handler that raises can leak it. Neither is a call or needs memory, so a full stack does not leak it either.

Read `LineWriter.put` first: nearly every call takes the token, writes its line and gives the token back. Whatever else
may be the case is `_deliver`'s: another thread writes, something waits, the output takes no data. `_write_queue` is
what the holder of the token does. What is being written is a `Flight`; an output that takes no data, or fails, is left
to the background thread (`_line_background`) until it takes data again.
"""

import contextlib
import threading
import time
from collections.abc import Iterable
from math import inf
from threading import get_ident
from typing import Final

from narration_core._event import Record
from narration_core._interruption import pass_on
from narration_core._levels import EMITTING
from narration_core._line_background import LineBackground
from narration_core._line_sink import Delivery, LineSink
from narration_core._output import Output
from narration_core._writer import CAPACITY, COOL_OFF_S, Notices, Overflow

WAITING_LINES: Final = 64
"""So many lines may wait for the thread that writes; from then on the others wait for it."""

SURE_S: Final = 0.05
"""How long a call at warn or above waits for its line to be written, in seconds."""

PATIENCE_S: Final = 0.005
"""How long an output may take no data before it is left to the background thread, in seconds."""

_TOKEN: Final = (1,)
_SLOW_S: Final = 0.05
_SLOW_WRITES: Final = 3
_ROUNDS: Final = 8
_HELP_EVERY: Final = 10
_HELPED: Final = 2 * _HELP_EVERY
"""With `delivery="queued"` every tenth call helps to write so many events, once seven eighths of the queue are full."""

_SURE: Final = EMITTING.index("warn")
_POLL_S: Final = 0.001

_ROOM: Final = 50
"""How many calls deep an output may have to go to take a line."""


def _need_room(levels: int = _ROOM) -> None:
    """Call itself so many times deep.

    Raises:
        RecursionError: the stack has no room for that.
    """
    if levels:
        _need_room(levels - 1)


class LineWriter(LineBackground):
    """Writes the lines of one sink, on the calling thread or on its own.

    Args:
        sink: where the lines go.
        notices: who reports losses and failures.
        delivery: "caller" writes on the calling thread while the output takes data; "queued" never does.
        capacity: longest queue, in events.
        overflow: "drop" or "wait"; see `Writer`.
        cool_off_s: how long a failed output rests, in seconds.
    """

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
        super().__init__(sink, notices, capacity=capacity, overflow=overflow, cool_off_s=cool_off_s)

    def _reset(self) -> None:
        super()._reset()
        self._generation = object()
        self._token = [0, 1]
        self._owner = 0
        self._waiting: set[int] = set()
        self._awaited: dict[int, Record] = {}
        self._gate = threading.Lock()
        self._gate.acquire()
        self._slow = 0
        self._reentrant: list[Record] = []
        self._echoing = False

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

    def put(self, record: Record) -> None:  # noqa: C901, PLR0912, PLR0915 - at two microseconds an event each call is felt
        """Write an event, or leave it to whoever is writing; see the module."""
        if self._background or self._echoing:
            queue = self._queue
            simple = self._crowded if self._hurried else self._much
            if len(queue) < simple and self.delivery == "queued" and not self._echoing:
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
            del token[1]
        except IndexError:
            self._leave_to_others(record, sure=sure)
            return
        generation = self._generation
        flight = self._flight
        began = 0.0
        try:
            self._owner = me
            if self._queue or flight.records:
                self._queue.append(record)
            else:
                flight.records = (record,)
                output = self.sink.output()
                if output is flight.output and not output.calls_back:
                    rest = flight.rest = self.sink.line(record, output.longest)
                    step: Iterable[int]
                    if output.never_waits:
                        step = output.step(rest)
                    elif not output.may_be_slow:
                        step = output.step(rest) if output.ready(PATIENCE_S) else ()
                    elif self._slow:
                        step = ()  # `_deliver` decides when it is too slow
                    else:
                        began = time.monotonic()
                        step = output.step(rest)
                    if generation is self._generation:  # not forked in a signal handler
                        for written in step:
                            flight.rest = rest[written:]
                        if not flight.rest:
                            flight.records = ()
                            flight.rest = None
                        if began and time.monotonic() - began > _SLOW_S:
                            self._slow = 1
        except BaseException as error:  # noqa: BLE001 - an output may raise anything; emitting never does
            pass_on(error)
            self._note_failure(error)
        finally:
            self._owner = 0
            token += _TOKEN
            if self._waiting:
                self._open_gate()
        if self._queue or flight.records:
            self._deliver(sure=sure)

    def post(self, record: Record) -> None:
        """Leave an event to be written, without ever waiting."""
        self._queue.append(record)
        if self._background:
            self._rouse()
        else:
            self._take_turn(get_ident(), 0.0)

    def _leave_to_others(self, record: Record, *, sure: bool) -> None:
        """Queue an event for the thread that writes now; at warn and above, come back when it is written."""
        if not sure:
            self._queue.append(record)
            self._deliver(sure=False, record=record)
            return
        self._awaited[id(record)] = record  # before anybody can write it
        try:
            self._queue.append(record)
            self._deliver(sure=True, record=record, is_awaited=True)
        finally:
            self._awaited.pop(id(record), None)

    def _deliver(  # noqa: C901, PLR0912 - one state machine
        self, *, sure: bool, record: Record | None = None, is_awaited: bool = False
    ) -> None:
        """Write what is queued, or leave it to another thread that is writing.

        Args:
            sure: come back only when everything is written, or the time for it is up.
            record: what was just queued.
            is_awaited: come back also when `record` is written, whoever wrote it: with busy threads there is always
                more to write, and one of them may have the token each time that this one looks.
        """
        me = get_ident()
        generation = self._generation
        until = 0.0
        while self._queue or sure or self._flight.records:
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
            elif is_awaited and id(record) not in self._awaited:
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
        output = self._flight.output
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
        crowded = len(queue) >= self._crowded and self.overflow == "drop"
        if not len(queue) % _HELP_EVERY and (not queued_only or crowded):
            self._help(_HELPED if queued_only else inf)
        if not queued_only:
            if not self._background:
                self._deliver(sure=sure, record=record)
            elif sure:
                self._wait_until_written()

    def _help(self, most: float) -> None:
        """Write what is queued, at most about so many events, where that takes no waiting.

        With a busy program the thread gets the interpreter only every 5 ms, time for a few lines to a pipe.
        """
        output = self._flight.output
        if self._trouble != "failed" and output is not None and not output.may_be_slow:
            self._take_turn(get_ident(), 0.0, self._taken + most)

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
            del token[1]
        except IndexError:
            return False
        try:
            self._owner = me
            if not self._write_queue(patience_s, until):
                self._leave_to_thread("waiting")
            elif self._background and not self._slow:
                self._give_back()
        except BaseException as error:  # noqa: BLE001 - as above
            pass_on(error)
            self._note_failure(error)
        finally:
            self._owner = 0
            token += _TOKEN
            if self._waiting:
                self._open_gate()
        return True

    def _landed(self) -> None:
        if self._awaited:
            for record in self._flight.records:
                self._awaited.pop(id(record), None)
        super()._landed()

    def _open_gate(self) -> None:
        with contextlib.suppress(RuntimeError):  # it is open already
            self._gate.release()

    def _note_failure(self, error: BaseException) -> None:
        if isinstance(error, BlockingIOError):  # another process was faster; it is asked again
            return
        if isinstance(error, RecursionError):
            _need_room()  # the stack of the caller is full: the next call writes what this one could not
        self.failures += 1
        self._failed += 1
        self.last_error = error
        self._flight.break_off()
        self._leave_to_thread("failed")

    def _write_queue(self, patience_s: float, until: float) -> bool:  # noqa: C901, PLR0912 - see `put`
        """Write what is queued until nothing is left; False when the output takes no data.

        Raises:
            Exception: whatever the output raised; what is left stays to be written.
        """
        generation, flight, queue = self._generation, self._flight, self._queue
        rounds = 0
        while generation is self._generation:
            if flight.rest == b"":
                self._echoing = False
                self._landed()
                rounds += 1
                if (self._waiting and rounds > _ROUNDS) or self._taken >= until:
                    return True
            if not flight.records and not queue:
                return True
            output = self.sink.output()
            if not flight.goes_on(output):
                flight.resume(output)
            if flight.rest is None:
                self._take(output)
            rest = flight.rest
            if not rest:
                continue
            slow = output.may_be_slow
            if slow:
                began = time.monotonic()
            elif not output.never_waits and not output.ready(patience_s):
                return False
            step = output.step(rest)
            if generation is not self._generation:  # forked in a signal handler: the parent writes it
                break
            try:
                for written in step:
                    flight.rest = rest[written:]
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

    def _take(self, output: Output) -> None:
        """Take the next events, unless some are taken already, and put their lines together."""
        flight = self._flight
        if not flight.records:
            with contextlib.suppress(IndexError):  # forked in a signal handler
                self._pick(output)
            self._taken += len(flight.records)
            if self._reentrant and flight.records:
                record = flight.records[0]
                self._echoing = any(record is other for other in self._reentrant)
                self._reentrant = [other for other in self._reentrant if other is not record]
        for record in flight.put_together(output):  # one event that cannot be written costs that event
            self._lose(record.rank)

    def flush(self, deadline_s: float) -> int:
        """Wait until everything put before this call is written; see `Writer.flush`."""
        self.sink.forget_output()
        until = time.monotonic() + deadline_s
        wanted = len(self._queue) + self._taken  # other threads may tell for ever
        while self.queued and self._owner != get_ident():
            if self._taken - self._flight.waiting >= wanted:
                return 0
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
