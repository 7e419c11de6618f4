"""The wire format: every JSON body and stream event that the hub sends is one of these types.

OpenAPI is generated from the same types.
"""

from typing import Any, Final, Literal

import msgspec

JobState = Literal["running", "stalled", "ended"]
EndReason = Literal["ended", "expired", "revoked", "shutdown", "forgotten"]


class Error(msgspec.Struct, forbid_unknown_fields=True, omit_defaults=True):
    """A failure.

    Attributes:
        code: stable name of the failure.
        message: what failed, on what, and why.
        retriable: whether the same request may work later.
        hint: what to do about it.
    """

    code: str
    message: str
    retriable: bool
    hint: str | None = None


class Refusal(msgspec.Struct, forbid_unknown_fields=True):
    """One event that was not taken in.

    Attributes:
        index: its place in the batch, from 0.
        reason: why.
    """

    index: int
    reason: str


class Accepted(msgspec.Struct, forbid_unknown_fields=True):
    """What became of a batch.

    Attributes:
        accepted: how many events were taken in.
        repeated: how many were here already: a retry.
        refused: the others.
    """

    accepted: int
    repeated: int
    refused: list[Refusal]


class ExportLogsPartialSuccess(msgspec.Struct, forbid_unknown_fields=True, rename="camel"):
    """What of a request of OpenTelemetry was not taken in.

    Attributes:
        rejected_log_records: how many log records, a number as text.
        error_message: why the first of them was not.
    """

    rejected_log_records: str
    error_message: str


class ExportLogsServiceResponse(msgspec.Struct, forbid_unknown_fields=True, omit_defaults=True, rename="camel"):
    """What became of a request of OpenTelemetry.

    Attributes:
        partial_success: what was not taken in; absent when everything was.
    """

    partial_success: ExportLogsPartialSuccess | None = None


class Status(msgspec.Struct, forbid_unknown_fields=True):
    """Why a request of OpenTelemetry was refused, as its exporters read it.

    Attributes:
        code: a code of google.rpc.Code.
        message: what failed, on what, and why.
    """

    code: int
    message: str


class Waits(msgspec.Struct, forbid_unknown_fields=True, omit_defaults=True):
    """What a job waits for.

    Attributes:
        service: who holds it.
        sentence: the last thing that was said about it.
        since_ms: when that work began, in milliseconds since the epoch.
        percent: how far it is, 0 to 100.
    """

    service: str
    sentence: str
    since_ms: int
    percent: float | None = None


class Job(msgspec.Struct, forbid_unknown_fields=True, omit_defaults=True):
    """A job on the board.

    Attributes:
        job_id: its id.
        state: running; stalled: nothing was heard for longer than the hub's `--stall`; or ended.
        age_ms: time since its first event, in milliseconds.
        quiet_ms: time since its last event, in milliseconds.
        waits: what it waits for; absent when no work is open.
        sentence: the last thing that was said.
        service: who said it.
        counts: events by level.
        missed: events that are no longer in its stream.
        left_open: work that nobody ended, in a job that has ended.
        ends_unopened: ends of work whose start never came.
        correlation_ids: the requests it belongs to; operators only.
    """

    job_id: str
    state: JobState
    age_ms: int
    quiet_ms: int
    sentence: str
    service: str
    counts: dict[str, int]
    waits: Waits | None = None
    missed: int = 0
    left_open: list[str] = msgspec.field(default_factory=list)
    ends_unopened: int = 0
    correlation_ids: list[str] = msgspec.field(default_factory=list)


class Service(msgspec.Struct, forbid_unknown_fields=True, omit_defaults=True):
    """A service, as far as the hub has heard of it.

    Attributes:
        service: its name.
        quiet_ms: time since it was heard at all, in milliseconds; heartbeats count.
        lost: events that its forwarders gave up, by level.
        sentence: the last thing that it said outside of any job; absent when it said nothing.
        said_ms: time since then, in milliseconds.
    """

    service: str
    quiet_ms: int
    lost: dict[str, int]
    sentence: str = ""
    said_ms: int = 0


class Board(msgspec.Struct, forbid_unknown_fields=True, omit_defaults=True):
    """All jobs that the caller may see: the open one that has been quiet for longest first, ended ones last.

    Attributes:
        jobs: the jobs.
        services: when each service was last heard; operators only.
        alone: whether the other hubs cannot be asked now: what comes to them is missing.
        up_ms: how long this hub has been running, in milliseconds; operators only.
    """

    jobs: list[Job]
    services: list[Service]
    alone: bool = False
    up_ms: int | None = None


class StoryLine(msgspec.Struct, forbid_unknown_fields=True):
    """One event of a story.

    Attributes:
        producer: which process sent it.
        event: the event.
    """

    producer: str
    event: dict[str, Any]


class Stores(msgspec.Struct, forbid_unknown_fields=True, omit_defaults=True):
    """Of several hubs each keeps what came to itself: whose stores an answer comes from.

    Attributes:
        asked: names of the hubs whose stores were asked.
        not_asked: names of the other hubs, which may keep more; as "another hub" for callers with a ticket.
        alone: whether the others cannot be reached now, so that there may be some that are not named.
    """

    asked: list[str]
    not_asked: list[str]
    alone: bool = False


class Story(msgspec.Struct, forbid_unknown_fields=True, omit_defaults=True):
    """What happened to an id, in the order of arrival.

    Attributes:
        asked: the id.
        lines: the events.
        missed: events of it that are no longer here.
        stores: whose stores were asked; absent when there is one hub only.
        unread: files of the store that cannot be read, and may hold more of it.
    """

    asked: str
    lines: list[StoryLine]
    missed: int
    stores: Stores | None = None
    unread: int = 0


class Usual(msgspec.Struct, forbid_unknown_fields=True):
    """How long a piece of work takes in other requests.

    Attributes:
        measured: how many ends of it were seen.
        median_ms: half of them took less, in milliseconds.
        p99_ms: 99 of 100 took less, in milliseconds.
    """

    measured: int
    median_ms: float
    p99_ms: float


class Next(msgspec.Struct, forbid_unknown_fields=True):
    """What usually follows the last word of a request.

    Attributes:
        service: who goes on.
        sentence: what it said in another request.
        share: in which part of the other requests, 0 to 1.
        requests: of how many.
        after_ms: how long after the word that it follows, the median in milliseconds.
    """

    service: str
    sentence: str
    share: float
    requests: int
    after_ms: float


class Said(msgspec.Struct, forbid_unknown_fields=True):
    """A sentence of a service.

    Attributes:
        service: who said it.
        sentence: what.
        at_ms: when, in milliseconds since the epoch; null when nothing says so.
    """

    service: str
    sentence: str
    at_ms: int | None


class Why(msgspec.Struct, forbid_unknown_fields=True, omit_defaults=True):
    """Why a job or request is where it is, as `narration why` finds it in what is in memory.

    Attributes:
        state: waiting (work is open), queued, silent (nothing is open and more usually comes), failed, finished, or
            unknown (nothing is open and nothing is known of what comes).
        service: who holds it, or said what the answer rests on.
        sentence: the last thing that was said about it.
        since_ms: since when, in milliseconds since the epoch; absent when nothing says so.
        called: what the open work calls, when that has said nothing of this request; absent otherwise.
        usual: how long the open work takes in other requests; operators only.
        next: what usually follows the last word; operators only.
        heard_ms: time since the service was heard at all, in milliseconds; heartbeats count; operators only.
        others_heard_ms: time since any other service was heard, in milliseconds; operators only.
        errors: how many errors were said, or else how many warnings that name a kind of error.
        error: the first one.
        left_open: work of a request that is over, whose end was never told.
        lost: events that services lost since the request began, by service; operators only.
        notes: what to know about the clocks of services.
        stores: whose stores were asked, beside what hubs share; absent when there is one hub only.
    """

    state: Literal["waiting", "queued", "silent", "failed", "finished", "unknown"]
    service: str
    sentence: str
    since_ms: int | None = None
    called: str | None = None
    usual: Usual | None = None
    next: Next | None = None
    heard_ms: int | None = None
    others_heard_ms: int | None = None
    errors: int = 0
    error: Said | None = None
    left_open: list[str] = msgspec.field(default_factory=list)
    lost: dict[str, int] = msgspec.field(default_factory=dict)
    notes: list[str] = msgspec.field(default_factory=list)
    stores: Stores | None = None


class Found(msgspec.Struct, forbid_unknown_fields=True, omit_defaults=True):
    """One line of the answer to a search: what was found since the line before it, and how far the search is.

    Attributes:
        hits: events that hold the text, the newest first.
        searched: bytes searched so far.
        of: bytes that are kept.
        end: why the search ends; absent while it goes on. all: everything was searched; enough: there is more.
        stores: whose stores were searched, beside `end`; absent when there is one hub only.
        unread: files of the store that cannot be read, and were not searched.
    """

    hits: list[StoryLine]
    searched: int
    of: int
    end: Literal["all", "enough"] | None = None
    stores: Stores | None = None
    unread: int = 0


class Ticket(msgspec.Struct, forbid_unknown_fields=True):
    """A read-only, expiring key to one job or story.

    Attributes:
        ticket: send it as a bearer token.
        expires_at_ms: until when it works, in milliseconds since the epoch.
        path: the panel's address with the ticket in its fragment, below the hub's own address.
    """

    ticket: str
    expires_at_ms: int
    path: str


class TicketRequest(msgspec.Struct, forbid_unknown_fields=True):
    """How long a ticket is to work.

    Attributes:
        seconds: 1 to 86,400.
    """

    seconds: int = 3600


class Revoked(msgspec.Struct, forbid_unknown_fields=True):
    """All tickets of a job or story are worthless now.

    Attributes:
        closed: how many streams were open with one.
    """

    closed: int


class Health(msgspec.Struct, forbid_unknown_fields=True, omit_defaults=True):
    """State of the hub.

    Attributes:
        status: healthy or draining.
        version: the hub's version; absent for callers without a token.
        jobs: jobs in memory; absent for callers without a token.
        readers: open streams; absent for callers without a token.
        unread: files of the store that cannot be read; absent for callers without a token.
    """

    status: Literal["healthy", "draining"]
    version: str | None = None
    jobs: int | None = None
    readers: int | None = None
    unread: list[str] = []


class Hello(msgspec.Struct, forbid_unknown_fields=True):
    """First event of every stream.

    Attributes:
        version: the hub's version.
        epoch: the life of this stream; ids of another epoch are unknown.
        oldest: number of the oldest event that is still here.
        at_ms: the hub's time, in milliseconds since the epoch.
    """

    version: str
    epoch: str
    oldest: int
    at_ms: int


class Narration(msgspec.Struct, forbid_unknown_fields=True):
    """A narrated event.

    Attributes:
        event: the event; `narration taxonomy` explains its fields.
        formatted: the same event as one console line.
    """

    event: dict[str, Any]
    formatted: str


class Gap(msgspec.Struct, forbid_unknown_fields=True):
    """Events that are missing at this place.

    Attributes:
        missed: how many, exactly.
    """

    missed: int


class Reset(msgspec.Struct, forbid_unknown_fields=True):
    """The given id is not of this stream, or its numbers began anew; everything that is here follows.

    Attributes:
        reason: why the reader must begin anew.
    """

    reason: str


class End(msgspec.Struct, forbid_unknown_fields=True):
    """Last event of a stream.

    Attributes:
        reason: ended: the job has; expired, revoked: the ticket is; shutdown: the hub stops, come back;
            forgotten: the hub needed the memory.
    """

    reason: EndReason


STREAM_EVENTS: Final[dict[str, type[msgspec.Struct]]] = {
    "hello": Hello,
    "narration": Narration,
    "gap": Gap,
    "reset": Reset,
    "end": End,
}
