"""The middle of the hub: what comes in goes to the board and to the streams of its job, its story and of everything."""

import time
from typing import Final, NamedTuple

import msgspec

from narration_core.contract import EMITTING
from narration_hub import points, wire
from narration_hub.board import Board
from narration_hub.config import Settings
from narration_hub.engine import Embedded, Engine, Entry
from narration_hub.export import Export
from narration_hub.intake import Intake, Known, RefusedError, Taken, frame_of, kept_event
from narration_hub.job_state import JobState
from narration_hub.kept import Kept
from narration_hub.store import Store
from narration_hub.stored_line import Mark, marked
from narration_hub.streams import Places, Streams

_LEAST_BOARD_BYTES: Final = 16 << 20  # for the board, however little memory streams may take
_MOST_LOST: Final = 10**12  # by one process: what is more cannot be true
_REASON_CHARS: Final = 25  # of why a file cannot be read: a sentence has no room for more
_REFUSALS_TOLD = 20  # in one answer; more of them say nothing new


class Producer(NamedTuple):
    """Who sends a batch.

    Attributes:
        owner: whose token it came with.
        service: the service that the token is bound to, or that the process says it is; "" when nobody does.
        process: the process's own random name; "" when it has none.
    """

    owner: str
    service: str = ""
    process: str = ""


class Counts(msgspec.Struct):
    """What happened since the start.

    Attributes:
        accepted: events taken in.
        repeated: events that were here already.
        refused: events that were not taken in.
        lost: events that producers gave up.
        missed: events that readers missed, because their stream no longer had them.
        delivered: events sent to readers, as writes of several at once.
        readers: open streams.
        ticketed: those of them that were opened with a ticket.
        slow_readers: readers that were given up.
        refused_callers: requests without the right token.
    """

    accepted: int = 0
    repeated: int = 0
    refused: int = 0
    lost: int = 0
    missed: int = 0
    delivered: int = 0
    readers: int = 0
    ticketed: int = 0
    slow_readers: int = 0
    refused_callers: int = 0


class Exchange:
    """Takes batches in.

    Args:
        settings: the hub's settings.
        store: keeps what is taken in; None keeps it in memory only.
        engine: numbers the events of streams; None does it in memory, for a single hub.
        export: where events go on to; None for nowhere.
    """

    def __init__(
        self,
        settings: Settings,
        store: Store | None = None,
        engine: Engine | None = None,
        export: Export | None = None,
    ) -> None:
        self.settings = settings
        self.engine: Engine = engine or Embedded(Streams(settings.limits))
        self.streams = self.engine.streams
        limits = settings.limits
        most_bytes = max(_LEAST_BOARD_BYTES, limits.total_bytes // 2)
        self.board = Board(settings.stall_s, limits.streams, most_bytes=most_bytes)
        self.counts = Counts()
        self._intake = Intake()
        self._known = Known()
        self.store = store
        self.kept = Kept(self.engine, store)
        self._told_shut: set[str] = set()
        self._began_s = time.monotonic()
        self.export = export

    @property
    def up_ms(self) -> int:
        """How long the hub has been running, in milliseconds."""
        return int((time.monotonic() - self._began_s) * 1000)

    def take(self, lines: list[bytes], producer: Producer) -> wire.Accepted:
        """Take a batch in; every event of it is accepted, repeated or refused.

        Args:
            lines: the events, one JSON object each.
            producer: who sends them.
        """
        answer = wire.Accepted(0, 0, [])
        taken: list[Taken] = []
        refused = 0
        for index, line in enumerate(lines):
            try:
                event = self._intake.take(line, producer.service)
            except RefusedError as error:
                refused += 1
                if len(answer.refused) < _REFUSALS_TOLD:
                    answer.refused.append(wire.Refusal(index, str(error)))
                continue
            if self._known.is_new(producer.owner, event.event_id):
                taken.append(event)
            else:
                answer.repeated += 1
        self._publish(taken, producer)
        if self.export is not None:
            self.export.put([(one.event, len(one.line)) for one in taken])
        answer.accepted = len(taken)
        self.counts.accepted += len(taken)
        self.counts.repeated += answer.repeated
        self.counts.refused += refused
        if refused:
            reason = answer.refused[0].reason
            points.events_refused(service=producer.service or "unknown", refused=refused, reason=reason)
        return answer

    def _publish(self, taken: list[Taken], producer: Producer) -> None:
        services = {producer.service} if producer.service else set()
        now = time.time_ns() // 1_000_000
        kept: list[bytes] = []
        for one in taken:
            event = one.event
            self.board.take(event, size=len(one.line))
            services.add(event.actor or "")
            event_id = self.engine.name(one.event_id)
            places = self.engine.publish(
                Entry(producer.owner, event_id, now, one.frame, event.job_id, event.correlation_id)
            )
            if self.store is not None:
                service = producer.service or event.actor or ""
                mark = Mark(now, producer.owner, service, event_id, places.every, places.job, places.story)
                kept.append(marked(one.line, mark))
        # On disk before any reader sees it: nobody may have an id that a restart gives to something else.
        self._keep(kept)
        for service in services:
            self.board.services.hear(service)
        self.engine.wake()

    def _keep(self, lines: list[bytes]) -> None:
        store = self.store
        if store is None or not lines:
            return
        was_full = store.is_full
        if store.append(lines):
            if was_full:
                points.store_recovered(events=store.unsaved)
            if store.must_turn():
                store.turn(self._known.numbers)
            elif store.must_note():
                store.save_known(self._known.numbers)
        elif not was_full:
            points.store_failed(folder=str(store.folder))

    def restore(self) -> int:
        """Take back what the store holds of the time before a restart; return how many events."""
        if self.store is None:
            return 0
        self._known.remember(self.store.known())
        for mark in self.store.latest_marks():
            self._known.is_new(mark.owner, mark.event_id)
        now = time.time_ns() // 1_000_000
        count = 0
        for line, mark in self.store.recovered():
            try:
                event = kept_event(line)
            except ValueError:
                self.store.unreadable += 1
                continue
            age_s = max(0, now - mark.at_ms) / 1000
            self.board.take(event, age_s, len(line))
            self.board.services.hear(mark.producer, age_s)
            frame = frame_of(event, line)
            entry = Entry(mark.owner, mark.event_id, mark.at_ms, frame, event.job_id, event.correlation_id)
            self.engine.restore(entry, Places(mark.every, mark.job, mark.story))
            count += 1
        self.engine.wake()
        self._tell_shut()
        for job, _ in self.board.quiet():
            job.stall_told = True  # it was told, or the hub was away
        return count

    def close(self) -> None:
        """Let go of the store and the collector."""
        if self.export is not None:
            self.export.close()
        if self.store is not None:
            self.store.save_known(self._known.numbers)
            self.store.close()

    def note_losses(self, producer: Producer, counts: dict[str, int]) -> None:
        """Note what a process says that it has lost in all."""
        known: dict[str, int] = {
            level: number for level in EMITTING if (number := min(counts.get(level, 0), _MOST_LOST)) > 0
        }
        service = producer.service or "unknown"
        more = self.board.services.lose(service, producer.process, known) if known else 0
        if more > 0:
            self.counts.lost += more
            points.losses_told(service=service, lost=more)

    def look(self) -> None:
        """End the streams of jobs that have ended, tell which are stalled, and what of the store cannot be read.

        Call it about once a second.
        """
        self._tell_shut()
        for job, state in list(self.board.quiet()):
            if state == "ended":
                job.settled = "ended" if self.engine.end(job.job_id, is_told_here=job.is_told_here) else None
                continue
            job.settled = None if job.others else "stalled"
            if job.stall_told:
                continue
            job.stall_told = True
            if not job.is_told_here:
                continue
            shown = self.board.shown(job)
            points.job_stalled(
                subject=job.job_id,
                waits_s=shown.quiet_ms // 1000,
                holder=shown.waits.service if shown.waits is not None else "nobody that is known",
            )

    def _tell_shut(self) -> None:
        store = self.store
        if store is None:
            return
        for name, reason in list(store.shut.items()):
            if name not in self._told_shut:
                self._told_shut.add(name)
                short = reason[:_REASON_CHARS]
                points.segment_shut(file=name, reason=short, error_kind="unreadable_segment", folder=str(store.folder))

    def shown(self, job: JobState, *, for_operator: bool) -> wire.Job:
        """Return a job as it is sent.

        Args:
            job: the job.
            for_operator: whether the caller may know which requests it belongs to.
        """
        counts = job.known().counts if job.others else job.counts
        missed = self.engine.missed(job.job_id, sum(counts.values()))
        return self.board.shown(job, missed=missed, for_operator=for_operator)
