"""The event: one plain-English sentence and the fields that prove it."""

from collections.abc import Mapping, Sequence
from typing import Any, Final, Literal

import msgspec

from narration_core._levels import LevelName, parse_level

Mode = Literal["human", "cute", "story"]
MAX_LINE: Final = 1 << 20
"""Longest JSON line that `decode` reads, in bytes."""

LATEST_MS: Final = 1 << 53
"""What every `emitted_at_ms` that a call gives is below: readers in other languages keep whole numbers up to here."""


class Event(msgspec.Struct, frozen=True, omit_defaults=True, kw_only=True):
    """One narration, complete: cleaned, redacted, immutable. Its JSON keys come in the order of these fields.

    What each field means stands in `narration_core._taxonomy`; `extra` holds registered extra fields,
    which follow the others in the flat JSON object.
    """

    emitted_at_ms: int | None = None
    level: LevelName | None = None
    actor: str | None = None
    action: str | None = None
    target: str | None = None
    human: str | None = None
    cute: str | None = None
    story: str | None = None
    correlation_id: str | None = None
    trace_id: str | None = None
    span_id: str | None = None
    parent_span_id: str | None = None
    job_id: str | None = None
    session_id: str | None = None
    task_id: str | None = None
    pool_id: str | None = None
    replica_id: str | None = None
    worker_id: str | None = None
    hive_id: str | None = None
    engine: str | None = None
    engine_version: str | None = None
    model_ref: str | None = None
    device: str | None = None
    gpu_device: str | None = None
    event: str | None = None
    percent: int | float | None = None
    error_kind: str | None = None
    retry_after_ms: int | None = None
    backoff_ms: int | None = None
    duration_ms: int | float | None = None
    queue_position: int | None = None
    predicted_start_ms: int | None = None
    tokens_in: int | None = None
    tokens_out: int | None = None
    decode_time_ms: int | float | None = None
    identity: str | None = None
    emitted_by: str | None = None
    source_location: str | None = None
    extra: dict[str, Any] = msgspec.field(default_factory=dict)

    def get(self, name: str) -> Any:
        """Return a field's value by name, extra fields included; None when it is not set."""
        if name in FIELD_SET:
            return getattr(self, name)
        return self.extra.get(name)

    def to_dict(self) -> dict[str, Any]:
        """Return the fields that are set, in the order of the JSON line."""
        fields = {name: value for name in FIELDS if (value := getattr(self, name)) is not None}
        fields.update(self.extra)
        return fields


FIELDS: Final[tuple[str, ...]] = tuple(name for name in Event.__struct_fields__ if name != "extra")
FIELD_SET: Final = frozenset(FIELDS)
HEAD: Final = frozenset(("emitted_at_ms", "level", "actor", "action", "target", "human", "cute", "story"))
"""What a call says by position or on its own; the rest are fields."""

OWN: Final = "own_"
"""Stands before the fields of a call in a draft, which has names of its own."""

RENAMED: Final[Mapping[str, str]] = {"decode_ms": "decode_time_ms"}
"""Old field names that are accepted on input."""

_SHOWN: Final = "[%-10s] %-15s: %s"
_encoder = msgspec.json.Encoder()
_decoder = msgspec.json.Decoder(dict[str, Any])


class Record(msgspec.Struct, gc=False):
    """A finished event on its way to the sinks.

    Attributes:
        written: its JSON line, UTF-8, without a line end; a draft's is empty while nobody asked for it.
        rank: the level's place in `levels.EMITTING`.
        made: the event, when it exists already.
    """

    written: bytes
    rank: int
    made: Event | None

    @property
    def line(self) -> bytes:
        """The JSON line, UTF-8, without a line end."""
        return self.written

    @property
    def event(self) -> Event:
        """The event itself."""
        if self.made is None:
            self.made = decode(self.line)
        return self.made

    @property
    def formatted(self) -> str:
        """The line that consoles and streams show."""
        return formatted(self.event)

    @property
    def job_id(self) -> str | None:
        """The event's job."""
        return self.event.job_id


def lines(batch: Sequence[Record]) -> bytes:
    """Return the JSON lines of events, each with its line end."""
    return b"\n".join([*[record.line for record in batch], b""])


class Draft(Record, gc=False):
    """An everyday event that was looked at and is known to be clean: its line is put together when a sink asks.

    Whoever emits it does not wait for that; a sink's own thread does it. The fields of the call are in a subclass
    for calls with fields of these names, each behind `OWN`.

    Attributes:
        emitted_at_ms: when it happened, milliseconds since the epoch.
        actor: who acted.
        action: what was done.
        target: to what.
        human: the sentence, filled in.
        bound: the ids that were bound, by name.
        bound_json: the same as JSON, each followed by a comma.
        end: the rest of the line, from `emitted_by` on.
    """

    emitted_at_ms: int
    actor: str
    action: str
    target: str
    human: str
    bound: Mapping[str, Any]
    bound_json: str
    end: str

    def render(self) -> bytes:
        """Return the line, put together now; the subclass for the call's fields knows how."""
        raise NotImplementedError

    @property
    def line(self) -> bytes:
        """The JSON line, put together when it is asked for the first time."""
        if not self.written:
            self.written = self.render()
        return self.written

    @property
    def formatted(self) -> str:
        """The line that consoles and streams show, without making the event."""
        return _SHOWN % (self.actor, self.action, self.human)

    @property
    def job_id(self) -> str | None:
        """The event's job; the subclass knows better when the call gave it."""
        return self.bound.get("job_id")


def encode_value(value: Any) -> bytes:
    """Return one value of an event as JSON."""
    return _encoder.encode(value)


def encode(event: Event) -> bytes:
    """Return the event as one line of JSON, UTF-8, keys in the fixed order, without a line end."""
    if event.extra:
        base = _encoder.encode(msgspec.structs.replace(event, extra={}))
        extra = _encoder.encode(event.extra)
        return base[:-1] + (b"," if len(base) > 2 else b"") + extra[1:]  # noqa: PLR2004 - the length of "{}"
    return _encoder.encode(event)


def decode(line: bytes | str) -> Event:
    """Return the event that a line of JSON holds; unknown keys are kept as extra fields.

    Args:
        line: one JSON object, at most `MAX_LINE` bytes.

    Raises:
        ValueError: the line is no event; the message says why.
    """
    if len(line) > MAX_LINE:
        raise ValueError(f"a line of {len(line)} bytes is longer than the {MAX_LINE} that are read")
    try:
        fields = _decoder.decode(line)
    except (msgspec.MsgspecError, RecursionError, UnicodeError) as error:
        raise ValueError(f"not a JSON object: {error}") from None
    return from_fields(fields)


def from_fields(fields: Mapping[str, Any]) -> Event:
    """Return the event with these fields, each checked against its type.

    Raises:
        ValueError: `actor` or `action` is missing, or a field has the wrong type.
    """
    known: dict[str, Any] = {}
    extra: dict[str, Any] = {}
    for key, value in fields.items():
        name = RENAMED.get(key, key)
        if value is None or (name != key and name in fields):
            continue
        (known if name in FIELD_SET else extra)[name] = value
    if "actor" not in known or "action" not in known:
        raise ValueError("not a narration event: it has no actor and action")
    if isinstance(known.get("level"), str):
        known["level"] = parse_level(known["level"])
    try:
        return msgspec.convert({**known, "extra": extra}, Event)
    except msgspec.ValidationError as error:
        raise ValueError(f"not a narration event: {error}") from None


def sentence(event: Event, mode: Mode = "human") -> str:
    """Return the event's text for a display mode; human where it has no other."""
    return (getattr(event, mode) if mode != "human" else None) or event.human or ""


def formatted(event: Event, mode: Mode = "human") -> str:
    """Return the line that consoles and streams show."""
    return _SHOWN % (event.actor or "", event.action or "", sentence(event, mode))
