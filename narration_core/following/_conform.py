"""Which real stories golden stories account for, and what the others look like."""

from collections import defaultdict
from collections.abc import Sequence
from itertools import groupby, islice, pairwise
from typing import Final, NamedTuple

import msgspec

from narration_core._event import Event
from narration_core.following import _spans
from narration_core.following._golden import Golden, Goldens, Parting, Symbol, symbol_of
from narration_core.following._lines import unwrapped
from narration_core.following._source import Everything

_TWICE: Final = 2  # a start and an end with nothing between are a run of two, and golden stories have both


class _Brief(msgspec.Struct, gc=False):
    actor: str
    action: str
    correlation_id: str | None = None
    emitted_at_ms: int = 0
    level: str | None = None
    error_kind: str | None = None
    event: str | None = None


class Group(NamedTuple):
    """Real stories of one shape.

    Attributes:
        shape: what happens in them, repeats folded, each actor's events in order.
        number: how many there are.
        example: the correlation id of one.
        is_running: they have not ended: work is open.
        golden: the golden story that accounts for them; None when none does.
        parting: where they part from the nearest golden story; None when one accounts for them or there is none.
    """

    shape: tuple[Symbol, ...]
    number: int
    example: str
    is_running: bool
    golden: Golden | None
    parting: Parting | None


class Conformity(NamedTuple):
    """What was found.

    Attributes:
        stories: how many real stories.
        accounted: how many of them a golden story accounts for.
        groups: the shapes, the unaccounted ones first, the largest first.
        unused: golden stories that account for no real story.
        without_id: events without a correlation id, which belong to no story.
        other: lines that are no events.
    """

    stories: int
    accounted: int
    groups: tuple[Group, ...]
    unused: tuple[Golden, ...]
    without_id: int
    other: int


class _Request:
    """One request as it is read: its steps as numbers, with the time of each."""

    __slots__ = ("steps", "times")

    def __init__(self) -> None:
        self.steps = ""
        self.times: list[int] = []


def conform(source: Everything, goldens: Goldens) -> Conformity:
    """Hold every real story against the golden stories.

    Args:
        source: log files, or a hub.
        goldens: the golden stories.
    """
    requests: dict[str, _Request] = defaultdict(_Request)
    known: dict[tuple[str, str, str | None, str | None, str | None], str] = {}
    without_id = other = 0
    decode = msgspec.json.Decoder(_Brief).decode
    for line in source.every():
        try:
            event = decode(line if line[:1] == b"{" and line[:8] != b'{"log":"' else unwrapped(line.strip()))
        except (msgspec.DecodeError, UnicodeDecodeError):
            other += bool(line.strip())
            continue
        if event.correlation_id is None:
            without_id += 1
            continue
        key = (event.actor, event.action, event.level, event.error_kind, event.event)
        symbol = known.get(key)
        if symbol is None:
            symbol = known[key] = chr(len(known) + 1)
        request = requests[event.correlation_id]
        request.steps += symbol
        request.times.append(event.emitted_at_ms)
    keys = {symbol: key for key, symbol in known.items()}
    shapes: dict[str, list[str]] = defaultdict(list)
    for correlation_id, request in requests.items():
        shapes[_in_time(request)].append(correlation_id)
    return _grouped(shapes, keys, goldens, without_id, other)


def _in_time(request: _Request) -> str:
    """Return the steps in order of time, the order within equal times kept."""
    times = request.times
    if all(before <= after for before, after in pairwise(times)):
        return request.steps
    order = sorted(range(len(times)), key=times.__getitem__)
    return "".join([request.steps[place] for place in order])


def _grouped(
    shapes: dict[str, list[str]],
    keys: dict[str, tuple[str, str, str | None, str | None, str | None]],
    goldens: Goldens,
    without_id: int,
    other: int,
) -> Conformity:
    accounts: dict[tuple[tuple[Symbol, ...], bool], Golden | None] = {}
    together: dict[tuple[tuple[Symbol, ...], bool, Golden | None], list[str]] = defaultdict(list)
    for steps, ids in shapes.items():
        events = [_event(keys[step]) for step in steps]
        by_actor = _by_actor([symbol for event in events if (symbol := symbol_of(event)) is not None])
        case = (_runs(by_actor, _TWICE), _is_running(events))
        if case not in accounts:
            accounts[case] = goldens.account(case[0], is_running=case[1])
        together[_runs(by_actor, 1), case[1], accounts[case]] += ids
    groups = []
    for (shape, is_running, golden), ids in together.items():
        parting = goldens.nearest(shape) if golden is None else None
        groups.append(Group(shape, len(ids), ids[0], is_running, golden, parting))
    groups.sort(key=lambda group: (group.golden is not None, -group.number))
    used = {group.golden for group in groups}
    return Conformity(
        sum(group.number for group in groups),
        sum(group.number for group in groups if group.golden is not None),
        tuple(groups),
        tuple(golden for golden in goldens.all if golden not in used),
        without_id,
        other,
    )


def _event(key: tuple[str, str, str | None, str | None, str | None]) -> Event:
    actor, action, level, error_kind, event = key
    return Event(actor=actor, action=action, level=level, error_kind=error_kind, event=event)  # type: ignore[arg-type]  # read from a log


def _is_running(events: Sequence[Event]) -> bool:
    """Tell whether work is still open at the end, by its name only."""
    still_open: list[tuple[str | None, str]] = []
    for event in events:
        closed = _spans.closes(event)
        if event.event == "error":
            still_open = [work for work in still_open if work[0] != event.actor]
        elif closed is not None:
            if (event.actor, closed) in still_open:
                still_open.remove((event.actor, closed))
        elif (name := _spans.opens(event)) is not None:
            still_open.append((event.actor, name))
    return bool(still_open)


def _by_actor(symbols: Sequence[Symbol]) -> list[Symbol]:
    """Return each actor's events together, in order: concurrent services make no new shapes."""
    return sorted(symbols, key=lambda symbol: symbol[0])


def _runs(symbols: Sequence[Symbol], longest: int) -> tuple[Symbol, ...]:
    """Return symbols with every run cut to a length: how often a step is repeated makes no new shape."""
    return tuple(symbol for _, run in groupby(symbols) for symbol in islice(run, longest))
