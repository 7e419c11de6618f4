"""What Redis answers, as what it means: numbers of streams, events, rows of other hubs."""

from collections.abc import Mapping
from typing import NamedTuple


class Look(NamedTuple):
    """A stream's numbers.

    Attributes:
        epoch: its life.
        first: number of its oldest event.
        last: number of its newest event.
    """

    epoch: str
    first: int
    last: int


class Told(NamedTuple):
    """An event as Redis has it.

    Attributes:
        number: in its stream.
        epoch: the stream's life when it came.
        hub: which hub took it in.
        key: its owner and id.
        frame: how it stands in every stream.
    """

    number: int
    epoch: str
    hub: str
    key: str
    frame: bytes


class Row(NamedTuple):
    """What a hub tells of a job or service.

    Attributes:
        hub: who tells it.
        kind: j for a job, s for a service.
        name: the job's or service's name.
        first: number of the oldest event in the job's stream.
        data: what is told.
    """

    hub: str
    kind: str
    name: str
    first: int
    data: bytes


class Shared(NamedTuple):
    """What hubs told each other.

    Attributes:
        at_ms: the server's time, in milliseconds since the epoch.
        seen: up to where rows are known now.
        seen_tickets: the same for keys and revocations.
        keys: each key as hexadecimal text, with when it was made; None when they are known.
        revoked: what was revoked, and when; None when it is known.
        firsts: of each job that was told, the number of the oldest event in its stream.
        rows: what the other hubs told.
        is_more: whether there is more.
    """

    at_ms: int
    seen: int
    seen_tickets: int
    keys: dict[str, int] | None
    revoked: dict[str, int] | None
    firsts: list[int]
    rows: list[Row]
    is_more: bool


def numbers_in(flat: list[bytes] | None) -> dict[str, int] | None:
    """Return names and numbers, which Redis has as one list; None when there is none."""
    if flat is None:
        return None
    pairs = zip(flat[::2], flat[1::2], strict=True)
    return {name.decode("utf-8", "surrogatepass"): int(float(number)) for name, number in pairs}


def row_of(member: bytes, value: bytes) -> Row:
    """Return what a hub tells, given how Redis names and has it."""
    hub, kind, name = member.decode("utf-8", "surrogatepass").split("|", 2)
    first, _, data = value.partition(b" ")
    return Row(hub, kind, name, int(first), data)


def told_of(entry_id: bytes, fields: Mapping[bytes, bytes]) -> Told:
    """Return an event, given its id and fields in Redis."""
    epoch, hub, key = fields[b"m"].decode("utf-8", "surrogatepass").split(" ", 2)
    return Told(int(entry_id.partition(b"-")[0]), epoch, hub, key, fields[b"f"])
