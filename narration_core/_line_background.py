"""What the background thread of a line writer does: it goes on with an output that takes no data, or fails.

With `delivery="queued"` it writes everything.
"""

import errno
import time
from abc import abstractmethod
from math import inf
from threading import get_ident
from typing import Final, Literal

from narration_core._event import Record
from narration_core._flight import Flight
from narration_core._interruption import pass_on
from narration_core._line_sink import THREAD_PATIENCE_S, Delivery, LineSink
from narration_core._output import Output
from narration_core._writer import TRIES, Writer

_GONE: Final = (errno.EPIPE, errno.EBADF, errno.ECONNRESET)
"""Nobody will ever read what is written there."""


class LineBackground(Writer):
    """The half of `LineWriter` that runs on its own thread; it may write only while it holds the token."""

    sink: LineSink
    delivery: Delivery

    def _reset(self) -> None:
        super()._reset()
        self._flight = Flight(self._line)
        self._taken = 0
        self._background = self.delivery == "queued"
        self._trouble: Literal["", "waiting", "failed"] = ""
        self._failed = 0
        self._progress_s = 0.0
        self._untold_losses = False
        self.sink.forget_output()

    @property
    def queued(self) -> int:
        """How many events wait, those being written included."""
        return len(self._queue) + self._flight.waiting

    @property
    def state(self) -> str:
        """What the output does: "ready", "waiting" (it takes no data now) or "failed" (it is tried again later)."""
        return self._trouble or "ready"

    @abstractmethod
    def _take_turn(self, me: int, patience_s: float, until: float = inf) -> bool:
        """Write what is queued; False when another thread is writing."""

    @abstractmethod
    def _wait_at_gate(self, me: int) -> None:
        """Wait a moment for the thread that is writing."""

    @abstractmethod
    def _deliver(self, *, sure: bool, record: Record | None = None) -> None:
        """Write what is queued, or leave it to another thread that is writing."""

    # -- between the threads, by whoever holds the token -------------------------------------------------

    def _leave_to_thread(self, trouble: Literal["waiting", "failed"]) -> None:
        """Have the thread go on: the output takes no data, or fails."""
        if not self._background:
            self._progress_s = time.monotonic()
        self._trouble = trouble
        self._background = True

    def _give_back(self) -> None:
        """Have callers write themselves again, once the output is up to date."""
        if self.delivery == "caller" and not self._queue:
            with self._lock:  # nobody is making room right now
                self._background = False

    def _pick(self, output: Output) -> None:
        """Take as many events as go into one write."""
        if self._background:
            with self._lock:  # others may be making room
                self._lowest = None
                self._flight.pick(self._queue, output)
        else:
            self._flight.pick(self._queue, output)

    def _landed(self) -> None:
        """Note that what was being written is written."""
        self._flight.land()
        if self._background:
            self._progress_s = time.monotonic()
            self._failed = 0
            self._trouble = ""
            if self._resting:
                self._resting = self.gone = False
                self._notices.recovered(self.sink)
            self._tell_of_room()

    def _line(self, record: Record, longest: int | None) -> bytes:
        """Return an event's line; nothing when it has none."""
        try:
            return self.sink.line(record, longest)
        except BaseException as error:  # noqa: BLE001 - a value may do anything when it is written
            pass_on(error)
            self.last_error = error
            return b""

    # -- the thread ----------------------------------------------------------------------------------

    def _idle(self) -> bool:
        return not self._background or not self.queued

    def _drain(self) -> int:
        """Write what waits; returns how many events that were."""
        waiting = self.queued
        until = self._taken + waiting
        me = get_ident()
        while self._background and (self._flight.records or (self._queue and self._taken < until)):
            left = self.queued
            output = self._flight.output
            if self._trouble == "waiting" and output is not None:
                output.wait(THREAD_PATIENCE_S)
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
            for record in self._flight.records:  # tried again after a rest: this event the output never takes
                self._lose(record.rank)
            self._flight.land()
            self._failed = 0
            return
        if not self._resting:
            self._resting = True
            self._notices.failed(self.sink, error, self._cool_off_s)
        # Not before that is told: from now on the end of the program waits for nothing.
        self.gone = isinstance(error, ValueError) or getattr(error, "errno", 0) in _GONE
        with self._changed:
            self._changed.notify_all()
        self._stop.wait(self._cool_off_s)

    def _lose(self, rank: int) -> None:
        super()._lose(rank)
        self._untold_losses = True

    def _give_up(self, rank: int) -> None:
        if self._background:  # not given back meanwhile
            super()._give_up(rank)
