"""The part of an event that the link check needs."""

from typing import Final

import msgspec

HOPS: Final = ("call", "request")
FAILED_HOPS: Final = ("call_failed", "request_failed")
SEVERE: Final = ("error", "fatal")


class LinkedEvent(msgspec.Struct, frozen=True):
    """The part of an event that the check needs: read from log lines and from run records alike.

    Attributes:
        actor: who emitted it.
        action: what it says is done.
        correlation_id: of the request.
        job_id: of the request's job.
        span_id: of the span it was emitted in.
        parent_span_id: of the span around that.
        event: the step that it is: "call" and "request" are the two sides of a hop.
        duration_ms: how long that took; a hop that has it is over.
        level: how much it matters; a hop that failed is over.
        emitted_at_ms: when, in milliseconds since the epoch.
        place: where people find it: `file:line`, the point, or the test.
    """

    actor: str
    action: str
    correlation_id: str | None = None
    job_id: str | None = None
    span_id: str | None = None
    parent_span_id: str | None = None
    event: str | None = None
    duration_ms: float | None = None
    level: str | None = None
    emitted_at_ms: int | None = None
    # Renamed, so that a field of the event called "place" is not taken for it.
    place: str = msgspec.field(default="", name="$place")

    @property
    def opens(self) -> str | None:
        """Which side of a hop begins here: "call", "request" or None."""
        begins = self.event in HOPS and self.duration_ms is None and self.level not in SEVERE
        return self.event if begins else None

    @property
    def closes(self) -> bool:
        """Whether a side of a hop ends here."""
        return (self.event in HOPS and self.opens is None) or self.event in FAILED_HOPS

    def __str__(self) -> str:
        return f"{self.actor} {self.action}"
