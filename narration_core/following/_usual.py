"""What is usual: how long a step takes and what follows it, learned from the latest lines of all services."""

import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator
from operator import itemgetter
from typing import Final, NamedTuple, TypeVar

import msgspec

from narration_core._event import Event
from narration_core._text import clean
from narration_core.following._foreign import LOG, without_time
from narration_core.following._lines import unwrapped
from narration_core.following._spans import is_opening

_K = TypeVar("_K")
_V = TypeVar("_V")

Step = tuple[str, str]
"""An actor and what it did, its place in the work included: ("worker", "execute_start").

Another logger's record names no action; it is known by its sentence, every word with a digit left out.
"""

_MOST: Final = 8192  # steps and requests remembered; the bytes read bound the rest


class _Brief(msgspec.Struct, gc=False):
    actor: str
    action: str
    emitted_at_ms: int | None = None
    event: str | None = None
    correlation_id: str | None = None
    duration_ms: float | None = None
    human: str | None = None
    dropped: dict[str, int] | None = None
    emitted_by: str | None = None


_decode = msgspec.json.Decoder(_Brief).decode

_VARIES: Final = r"\S*\d\S*"
_NEVER: Final = -(1 << 63)  # before every time that a line may carry


def step_of(event: Event | _Brief) -> Step:
    """Return the step that an event is."""
    name = event.event or event.action or ""
    return (event.actor or "", re.sub(_VARIES, "#", event.human or "") if name == LOG else name)


class Durations(NamedTuple):
    """How long a step takes, in milliseconds.

    Attributes:
        measured: how many.
        median: half of them took less.
        p99: 99 of 100 took less.
    """

    measured: int
    median: float
    p99: float


class Next(NamedTuple):
    """What usually follows a step.

    Attributes:
        actor: who.
        action: what it does.
        human: the sentence, as another request had it.
        share: in which part of the requests, 0 to 1.
        requests: of how many.
        after: how long after the step, in milliseconds.
        opens_work: whether it opens a piece of work.
    """

    actor: str
    action: str
    human: str
    share: float
    requests: int
    after: Durations
    opens_work: bool


class Loss(NamedTuple):
    """Events that a service says it lost.

    Attributes:
        at_ms: when it said so, in milliseconds since the epoch.
        actor: which service.
        counts: how many, by level.
    """

    at_ms: int | None
    actor: str
    counts: dict[str, int]


class _Follower(NamedTuple):
    """What one request did after a step: nothing, when `step` is None."""

    correlation_id: str
    step: Step | None = None
    human: str = ""
    after: int = 0


class Recent(msgspec.Struct):
    """What the latest lines of all services say.

    Attributes:
        last_heard: when each service last said anything.
        losses: events that services say they lost.
        events: how many events were read.
        durations: how long each actor's actions took, in milliseconds.
        requests: each request's steps, with time and sentence, by correlation id.
    """

    last_heard: dict[str, int] = msgspec.field(default_factory=dict)
    losses: list[Loss] = msgspec.field(default_factory=list)
    events: int = 0
    durations: dict[tuple[str, str], list[float]] = msgspec.field(default_factory=dict)
    requests: dict[str, list[tuple[int, Step, str]]] = msgspec.field(default_factory=dict)
    _followers: dict[Step, list[_Follower]] = msgspec.field(default_factory=dict)

    @property
    def newest_ms(self) -> int | None:
        """The latest time seen, in milliseconds since the epoch."""
        return max(self.last_heard.values(), default=None)

    def take(self, lines: Iterable[bytes]) -> Iterator[bytes]:
        """Take lines; yields those that are no events.

        It is one plain loop: a search may end with ten thousand lines.
        """
        last_heard, durations, requests = self.last_heard, self.durations, self.requests
        for line in lines:
            try:
                event = _decode(line if line[:1] == b"{" and line[:8] != b'{"log":"' else unwrapped(line.strip()))
            except (msgspec.MsgspecError, ValueError, RecursionError):
                yield line
                continue
            at_ms, actor, action = event.emitted_at_ms, event.actor, event.action
            self.events += 1
            if event.duration_ms is not None:
                _listed(durations, (actor, action)).append(event.duration_ms)
            if at_ms is not None:
                if at_ms > last_heard.get(actor, _NEVER):
                    last_heard[actor] = at_ms
                request = event.correlation_id
                if request is not None:
                    step = (actor, event.event or action) if action != LOG else step_of(event)
                    _listed(requests, request).append((at_ms, step, event.human or ""))
            if action == "narration_dropped" and event.dropped:
                service = (event.emitted_by or actor).partition("@")[0]
                self.losses.append(Loss(at_ms, service, event.dropped))

    def take_record(self, event: Event, text: str = "", like: str | None = None) -> None:
        """Take another logger's record; its request is the most general id that it has.

        Args:
            event: what it says.
            text: the line.
            like: pattern of what is its request when it names none.
        """
        self.events += 1
        at_ms, step = event.emitted_at_ms, step_of(event)
        request = event.correlation_id or event.trace_id or event.job_id
        if not request and like is not None:
            named = re.search(like, text)
            request = named[0] if named else None
        if event.duration_ms is not None:
            _listed(self.durations, (step[0], event.action or "")).append(event.duration_ms)
        if request and at_ms is not None:
            _listed(self.requests, request).append((at_ms, step, without_time(event.human or "")))

    def hear(self, service: str, at_ms: int | None) -> None:
        """Note that a service said something at a time, in milliseconds since the epoch."""
        if at_ms is not None and at_ms > self.last_heard.get(service, _NEVER):
            self.last_heard[service] = at_ms

    def usual(self, actor: str, action: str) -> Durations | None:
        """Return how long an actor's action takes, or None if no end of it was seen."""
        return measured(self.durations.get((actor, action), []))

    def after(self, step: Step, *, of_others_than: str | None = None) -> Next | None:
        """Return what usually follows a step in the same request; None when no request went on from there.

        Args:
            step: the step.
            of_others_than: the correlation id of the request that asks.
        """
        followers: Counter[Step] = Counter()
        waits: dict[Step, list[float]] = defaultdict(list)
        sentences: dict[Step, str] = {}
        total = 0
        for one in self._after_each(step):
            if one.correlation_id == of_others_than:
                continue
            total += 1
            if one.step is not None:
                followers[one.step] += 1
                waits[one.step].append(one.after)
                sentences.setdefault(one.step, one.human)
        if not followers:
            return None
        (likeliest, count) = followers.most_common(1)[0]
        took = measured(waits[likeliest])
        if took is None:
            return None
        actor, action = likeliest
        human = clean(sentences[likeliest])
        return Next(clean(actor), clean(action), human, count / total, total, took, is_opening(action))

    def _after_each(self, step: Step) -> list[_Follower]:
        """Return what each request that has a step did after it; found once, for an id may have a thousand requests."""
        if not self._followers:
            for correlation_id, steps in self.requests.items():
                for its, follower in _followed(correlation_id, steps).items():
                    self._followers.setdefault(its, []).append(follower)
        return self._followers.get(step, [])

    def is_end(self, step: Step, *, of_others_than: str | None = None) -> bool:
        """Tell whether another request was seen that ended with a step."""
        return any(one.step is None and one.correlation_id != of_others_than for one in self._after_each(step))


def _followed(correlation_id: str, steps: list[tuple[int, Step, str]]) -> dict[Step, _Follower]:
    """Return for each step of a request the first other step after its last time."""
    found: dict[Step, _Follower] = {}
    later: tuple[int, Step, str] | None = None  # the first step after a run of one step
    after: tuple[int, Step, str] | None = None
    for one in sorted(steps, key=itemgetter(0))[::-1]:
        at_ms, step, _ = one
        if after is not None and after[1] != step:
            later = after
        after = one
        if step not in found:
            found[step] = (
                _Follower(correlation_id)
                if later is None
                else _Follower(correlation_id, later[1], later[2], later[0] - at_ms)
            )
    return found


def measured(values: list[float]) -> Durations | None:
    """Return the median and the 99th percentile; None without values."""
    if not values:
        return None
    ordered = sorted(values)
    return Durations(len(ordered), ordered[len(ordered) // 2], ordered[min(len(ordered) - 1, len(ordered) * 99 // 100)])


def _listed(into: "dict[_K, list[_V]]", key: "_K") -> "list[_V]":
    """Return the list under a key; one that is forgotten at once when there are too many keys."""
    found = into.get(key)
    if found is None:
        found = []
        if len(into) < _MOST:
            into[key] = found
    return found
