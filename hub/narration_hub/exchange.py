"""The middle of the hub: what comes in goes to the board and to the streams of its job, its story and of everything."""

from typing import NamedTuple

import msgspec

from narration_core.contract import EMITTING
from narration_hub import points, wire
from narration_hub.board import Board, JobState
from narration_hub.config import Settings
from narration_hub.intake import Intake, Known, RefusedError, Taken
from narration_hub.streams import Streams

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
    slow_readers: int = 0
    refused_callers: int = 0


class Exchange:
    """Takes batches in.

    Args:
        settings: the hub's settings.
    """

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self.streams = Streams(settings.limits)
        self.board = Board(settings.stall_s, settings.limits.streams)
        self.counts = Counts()
        self._intake = Intake()
        self._known = Known()

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
        for one in taken:
            event = one.event
            self.board.take(event)
            services.add(event.actor or "")
            self.streams.publish(one.frame, event.job_id, event.correlation_id)
        for service in services:
            self.board.hear(service)
        self.streams.wake()

    def note_losses(self, producer: Producer, counts: dict[str, int]) -> None:
        """Note what a process says that it has lost in all."""
        known: dict[str, int] = {level: number for level in EMITTING if (number := counts.get(level, 0)) > 0}
        service = producer.service or "unknown"
        more = self.board.lose(service, producer.process, known) if known else 0
        if more > 0:
            self.counts.lost += more
            points.losses_told(service=service, lost=more)

    def look(self) -> None:
        """End the streams of jobs that have ended, and tell which jobs are stalled; call it about once a second."""
        for job, state in list(self.board.quiet()):
            if state == "ended":
                self._end(job)
            elif not job.stall_told:
                job.stall_told = True
                shown = self.board.shown(job)
                points.job_stalled(
                    subject=job.job_id,
                    waits_s=shown.quiet_ms // 1000,
                    holder=shown.waits.service if shown.waits is not None else "nobody that is known",
                )

    def _end(self, job: JobState) -> None:
        if not job.end_told:
            job.end_told = True
            ring = self.streams.find("job", job.job_id)
            if ring is not None:
                ring.close("ended")

    def shown(self, job: JobState, *, for_operator: bool) -> wire.Job:
        """Return a job as it is sent.

        Args:
            job: the job.
            for_operator: whether the caller may know which requests it belongs to.
        """
        ring = self.streams.find("job", job.job_id)
        missed = ring.first - 1 if ring is not None else sum(job.counts.values())
        return self.board.shown(job, missed=missed, for_operator=for_operator)
