"""What a request waits for: one answer out of its story and of what is usual."""

import re
import time
from collections.abc import Mapping, Sequence
from typing import Final, Literal

import msgspec

from narration_core.following._lines import ID_FIELDS, Line
from narration_core.following._source import Source
from narration_core.following._spans import CUT_SHORT, Work
from narration_core.following._story import Story
from narration_core.following._usual import Durations, Loss, Next, Recent, Step, measured, step_of

State = Literal["waiting", "queued", "silent", "failed", "finished", "unknown"]

LIVE_MS: Final = 60_000
"""Logs whose newest line is younger than this are taken as live: ages are counted until now."""

QUIET_MS: Final = 10_000
"""A service that has said nothing for so long, while others have, is called silent."""

_MOSTLY: Final = 0.5
_LOOK_BACK: Final = 20  # lines before the last word
_SEVERE: Final = frozenset(("error", "fatal"))
_TROUBLE: Final = _SEVERE | {"warn"}
_AGAIN: Final = r"retr|again|re_?queue|re_?schedul|re_?start|fail_?over|re_?assign|lost|crash"
_SERVER_ERROR: Final = 500


class Voice(msgspec.Struct, frozen=True):
    """The last event of a service.

    Attributes:
        service: which.
        in_story: in this story, in milliseconds since the epoch.
        anywhere: in any line that was searched; None when the search did not meet it.
        is_silent: quiet for `QUIET_MS` or more while others were not.
    """

    service: str
    in_story: int | None
    anywhere: int | None
    is_silent: bool


class Answer(msgspec.Struct):
    """Why a request is where it is.

    Attributes:
        story: the request's story.
        state: waiting (work is open), queued, silent (nothing is open and more usually comes), failed, finished, or
            unknown (nothing is open and nothing is known of what comes).
        as_of_ms: until when ages are counted, in milliseconds since the epoch.
        is_live: ages are counted until now; otherwise until the end of the logs.
        line: the line that the answer rests on: the open work's start, the last word, the failure.
        holder: the service that the request waits for.
        open: open work, innermost first.
        left_open: work that was never told to end, in a request that is over.
        errors: the lines of level error and fatal, or else the warnings that name a kind of error.
        usual: how long the innermost open work takes otherwise.
        next: what usually follows the last word.
        voices: when each service of the story was last heard.
        others_went_on: whether any service, of the story or not, has said something in the last `QUIET_MS`.
        losses: events that services lost since the story began.
        others: the states of the other requests that the id belongs to.
    """

    story: Story
    state: State
    as_of_ms: int | None
    is_live: bool
    line: Line | None
    holder: str
    open: list[Work]
    left_open: list[Work]
    errors: list[Line]
    usual: Durations | None
    next: Next | None
    voices: list[Voice]
    others_went_on: bool
    losses: list[Loss]
    others: dict[State, int]

    @property
    def age_ms(self) -> int | None:
        """How long the request has been where it is, in milliseconds."""
        return _between(self.line.at_ms if self.line else None, self.as_of_ms)

    @property
    def called(self) -> str | None:
        """What the innermost open work calls, when no other service has said anything since; None otherwise."""
        inner = self.open[0] if self.open else None
        if inner is None or inner.name != "call":
            return None
        lines = self.story.lines
        since = next(position for position, line in enumerate(lines) if line is inner.start)
        return None if any(line.service != self.holder for line in lines[since:]) else inner.event.target

    @property
    def quiet_ms(self) -> int | None:
        """Time since the last event of the request, in milliseconds."""
        times = [line.at_ms for line in self.story.lines if line.at_ms is not None]
        return _between(max(times, default=None), self.as_of_ms)


def why(source: Source, story: Story, now_ms: int | None = None, until: int | None = None) -> Answer:
    """Return what a story waits for; with several requests, for the one that has waited longest.

    Args:
        source: where the story was read; asked for what is usual.
        story: of the id.
        now_ms: the time now, in milliseconds since the epoch.
        until: ages are counted until then at the latest, in milliseconds since the epoch.
    """
    recent = source.recent()
    now = now_ms if now_ms is not None else time.time_ns() // 1_000_000
    newest = _newest(
        [*recent.last_heard.values(), *(line.at_ms for line in story.lines if line.at_ms is not None)], now
    )
    is_live = newest is not None and abs(now - newest) < LIVE_MS
    as_of = now if is_live else newest
    if until is not None and as_of is not None and until < as_of:
        is_live, as_of = False, until
    answers = [_of_request(part, recent, as_of, is_live=is_live) for part in story.parts()]
    order = ("waiting", "queued", "silent", "failed", "unknown", "finished")
    answers.sort(key=lambda answer: (order.index(answer.state), -(answer.age_ms or 0)))
    first, *rest = answers
    if first.open:
        event = first.open[0].event
        actor, action = event.actor or "", event.action or ""
        first.usual = recent.usual(actor, action) or measured(source.durations(actor, action))
    for answer in rest:
        first.others[answer.state] = first.others.get(answer.state, 0) + 1
    return first


def _newest(times: Sequence[int], now: int) -> int | None:
    """Return the latest time that is not in the future: one service whose clock is ahead must not age all others."""
    return max((ms for ms in times if ms < now + LIVE_MS), default=max(times, default=None))


def _of_request(story: Story, recent: Recent, as_of: int | None, *, is_live: bool) -> Answer:
    lines = [line for line in story.lines if line.event is not None and line.event.level not in {"trace", "debug"}]
    last = next((some[-1] for some in (_own(lines), lines, story.lines) if some), None)
    left_open = _left_open(story)
    open_works = sorted(
        (work for work in story.open if work not in left_open),
        key=lambda work: (work.start.at_ms or 0, work.depth),  # of those that began at once, the innermost one counts
        reverse=True,
    )
    is_over = bool(story.works) and not open_works
    following = recent.after(_step(last), of_others_than=_request(story)) if last and last.event else None
    state, line = _state(story, last, open_works, following, recent, is_over=is_over)
    return Answer(
        story=story,
        state=state,
        as_of_ms=as_of,
        is_live=is_live,
        line=line,
        holder=line.service if line else "",
        open=open_works,
        left_open=left_open if is_over else [],
        errors=_errors(lines),
        usual=None,
        next=(following or _expected(lines, recent, _request(story)))
        if state in {"waiting", "queued", "silent"}
        else None,
        voices=_voices(story, recent, as_of),
        others_went_on=as_of is not None and any(abs(as_of - ms) < QUIET_MS for ms in recent.last_heard.values()),
        losses=_losses(story, recent),
        others={},
    )


def _expected(lines: Sequence[Line], recent: Recent, request: str) -> Next | None:
    """Return what is still to come, when no other request had the last word: what follows the words before it."""
    said = {_step(line) for line in lines}
    for line in lines[: -_LOOK_BACK - 1 : -1]:
        following = recent.after(_step(line), of_others_than=request)
        if following is not None and (following.actor, following.action) not in said:
            return following
    return None


def _own(lines: Sequence[Line]) -> list[Line]:
    """Return the lines that say of themselves which request they are of; an access log does not, and is no cause."""
    return [line for line in lines if line.event and any(getattr(line.event, name) for name in ID_FIELDS)]


def _request(story: Story) -> str:
    return story.ids[0] if story.ids else story.asked


def _errors(lines: Sequence[Line]) -> list[Line]:
    severe = [line for line in lines if line.event is not None and line.event.level in _SEVERE]
    return severe or [line for line in lines if line.event and line.event.level == "warn" and line.event.error_kind]


def _left_open(story: Story) -> list[Work]:
    """Return open work that nobody waits for any more.

    It is inside work that has failed, or that has ended and after which it has said nothing; or another worker has done
    it after somebody had told that it was lost.
    """
    places = {id(line): position for position, line in enumerate(story.lines)}
    left = []
    for work in story.open:
        if _was_done_elsewhere(work, story, places):
            left.append(work)
            continue
        outer = work.outermost
        if outer.end is None:
            continue
        if outer.failed or places[id(work.last or work.start)] < places[id(outer.end)]:
            left.append(work)
    return left


def _was_done_elsewhere(work: Work, story: Story, places: Mapping[int, int]) -> bool:
    """Tell whether the same work was begun again after trouble elsewhere, and ended well."""
    last = places[id(work.last or work.start)]
    for other in story.works:
        begun = places[id(other.start)]
        if (
            begun > last
            and other.end is not None
            and not other.failed
            and (other.name, other.event.action) == (work.name, work.event.action)
            and any(_tells_of_trouble(line, work) for line in story.lines[last:begun])
        ):
            return True
    return False


def _tells_of_trouble(line: Line, work: Work) -> bool:
    event = line.event
    if event is None or event.actor == work.event.actor:
        return False
    return event.level in _TROUBLE or re.search(_AGAIN, event.action or "") is not None


def _state(
    story: Story,
    last: Line | None,
    open_works: Sequence[Work],
    following: Next | None,
    recent: Recent,
    *,
    is_over: bool,
) -> tuple[State, Line | None]:
    if is_over or not open_works:
        failure = _failure(story)
        if failure is not None and (is_over or (last is not None and last.event and last.event.level in _SEVERE)):
            return "failed", failure
        if is_over:
            # Work beside work: the next piece usually begins when this one has ended, and nobody is around them.
            more = following is not None and following.share >= _MOSTLY and following.opens_work
            return ("silent" if more else "finished"), last
    if open_works:
        inner = open_works[0]
        queued = last is not None and last.event is not None and last.event.queue_position is not None
        if queued and last is not None and (last.at_ms or 0) >= (inner.start.at_ms or 0):
            return "queued", last
        return "waiting", inner.start
    if last is None or last.event is None:
        return "unknown", last
    if last.event.queue_position is not None:
        return "queued", last
    if following is not None and following.share >= _MOSTLY:
        return "silent", last
    is_known_end = recent.is_end(_step(last), of_others_than=_request(story))
    return ("finished" if is_known_end else "unknown"), last


def _failure(story: Story) -> Line | None:
    """Return the line that says why the request failed: the first error, unless all of them were made good.

    They were when whoever failed did the same again without an error, or when work around all of them ended well.
    """
    told = _own(story.lines) or story.lines
    severe = [line for line in told if line.event is not None and line.event.level in _SEVERE]
    if not severe:
        return None
    ended = [work for work in story.works if work.parent is None and work.end is not None]
    if ended and ended[-1].failed:
        return severe[0]
    if ended and _ended_well(ended[0]):
        places = {id(line): position for position, line in enumerate(story.lines)}
        start, end = places[id(ended[0].start)], places[id(ended[0].end)]
        if all(start < places[id(line)] < end for line in severe):
            return None
    latest = {_deed(line): line for line in story.lines if line.event is not None}
    return severe[0] if any(latest[_deed(line)] in severe for line in severe) else None


def _ended_well(work: Work) -> bool:
    event = work.end.event if work.end is not None else None
    if event is None or work.failed or event.level == "warn" or event.error_kind is not None:
        return False
    status = event.extra.get("status", 0)
    return not (isinstance(status, int) and status >= _SERVER_ERROR) and not (event.event or "").endswith(CUT_SHORT)


def _deed(line: Line) -> Step:
    event = line.event
    assert event is not None  # noqa: S101 - asked by the callers
    return (event.actor or "", event.action or "")


def _step(line: Line) -> Step:
    event = line.event
    assert event is not None  # noqa: S101 - asked by the callers
    return step_of(event)


def _voices(story: Story, recent: Recent, as_of: int | None) -> list[Voice]:
    voices = []
    for service in story.services:
        own = max(
            (line.at_ms for line in story.lines if line.service == service and line.at_ms is not None), default=None
        )
        anywhere = recent.last_heard.get(service)
        latest = max((ms for ms in (own, anywhere) if ms is not None), default=None)
        is_silent = latest is not None and as_of is not None and as_of - latest >= QUIET_MS
        voices.append(Voice(service, own, anywhere, is_silent))
    return voices


def _losses(story: Story, recent: Recent) -> list[Loss]:
    began = next((line.at_ms for line in story.lines if line.at_ms is not None), None)
    return [loss for loss in recent.losses if began is None or loss.at_ms is None or loss.at_ms >= began]


def _between(earlier: int | None, later: int | None) -> int | None:
    return None if earlier is None or later is None else max(0, later - earlier)
