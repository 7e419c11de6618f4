"""The event: one plain-English sentence and the fields behind it; its record, and its JSON."""

from collections.abc import Mapping, Sequence
from typing import Annotated, Any, Final, Literal, get_args

import msgspec

from narration_core._levels import LevelName, parse_level

Mode = Literal["human", "cute", "story"]
MAX_LINE: Final = 1 << 20
"""Longest JSON line that `decode` reads, in bytes."""

LATEST_MS: Final = 1 << 53
"""Upper bound of an `emitted_at_ms` that a call gives: readers in other languages are exact only up to here."""


class Event(msgspec.Struct, frozen=True, omit_defaults=True, kw_only=True):
    """One narration, complete: cleaned, redacted, immutable.

    This is the only table of the fields: a new field is one line here, its type and its meaning. The order is the
    order of the JSON keys. `extra` holds registered extra fields, which follow the others in the flat JSON object.
    """

    emitted_at_ms: Annotated[int | None, "when it happened, milliseconds since the epoch"] = None
    level: Annotated[LevelName | None, "how much it matters: trace, debug, info, warn, error, fatal"] = None
    actor: Annotated[str | None, "who did it: a service or a part of one"] = None
    action: Annotated[str | None, "what was done, a verb or a short name"] = None
    target: Annotated[str | None, "what it was done to"] = None
    human: Annotated[str | None, "one plain-English sentence, at most about 100 characters"] = None
    cute: Annotated[str | None, "the same, told warmly, at most 150 characters"] = None
    story: Annotated[str | None, "the same as dialogue, at most 200 characters"] = None
    correlation_id: Annotated[str | None, "the one id that links every event of a request, in all services"] = None
    trace_id: Annotated[str | None, "W3C trace id, 32 hexadecimal digits"] = None
    span_id: Annotated[str | None, "W3C span id, 16 hexadecimal digits"] = None
    parent_span_id: Annotated[str | None, "the span that this one belongs to"] = None
    job_id: Annotated[str | None, "the request or job; its stream carries the event"] = None
    session_id: Annotated[str | None, "the user's session"] = None
    task_id: Annotated[str | None, "a part of a job"] = None
    pool_id: Annotated[str | None, "a pool of workers"] = None
    replica_id: Annotated[str | None, "one copy of a service"] = None
    worker_id: Annotated[str | None, "one worker process"] = None
    hive_id: Annotated[str | None, "one machine with its workers"] = None
    engine: Annotated[str | None, "the inference engine"] = None
    engine_version: Annotated[str | None, "the engine's version"] = None
    model_ref: Annotated[str | None, "which model: a file's name or a registry reference"] = None
    device: Annotated[str | None, "what computes: a name such as cpu or GPU0"] = None
    gpu_device: Annotated[str | None, "the GPU's index or name"] = None
    event: Annotated[str | None, "the name of a lifecycle step, for machines"] = None
    percent: Annotated[int | float | None, "progress, 0 to 100"] = None
    error_kind: Annotated[str | None, "what kind of failure, a stable short name"] = None
    retry_after_ms: Annotated[int | None, "when a retry makes sense, milliseconds from now"] = None
    backoff_ms: Annotated[int | None, "how long the actor waits before its own retry, milliseconds"] = None
    duration_ms: Annotated[int | float | None, "how long it took, milliseconds"] = None
    queue_position: Annotated[int | None, "place in the queue; 0 is next"] = None
    predicted_start_ms: Annotated[int | None, "when the job should start, milliseconds from now"] = None
    tokens_in: Annotated[int | None, "tokens of the prompt"] = None
    tokens_out: Annotated[int | None, "tokens generated"] = None
    decode_time_ms: Annotated[int | float | None, "time spent generating, milliseconds"] = None
    identity: Annotated[str | None, "who asked: localhost or token:<6 hexadecimal digits>"] = None
    emitted_by: Annotated[str | None, "service@version that emitted it"] = None
    source_location: Annotated[str | None, "the point in the source: path:line:column"] = None
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
"""The fields of an event, in the order of the JSON line."""

FIELD_SET: Final = frozenset(FIELDS)
HEAD: Final = frozenset(FIELDS[: FIELDS.index("correlation_id")])
"""The fields that say what happened. They cannot be bound; the rest can."""

_ANNOTATIONS: Final = {field.name: field.type for field in msgspec.structs.fields(Event) if field.name != "extra"}
MEANING: Final[Mapping[str, str]] = {name: get_args(given)[1] for name, given in _ANNOTATIONS.items()}
"""What each field means, in one line."""

VALUE_TYPES: Final[Mapping[str, tuple[type, ...]]] = {
    name: tuple(option for option in get_args(get_args(given)[0]) if option is not type(None))
    for name, given in _ANNOTATIONS.items()
    if name != "level"
}
"""The types that each field's value may have; `level` is one of a few words instead."""

OWN: Final = "own_"
"""Prefix of a call's fields in a draft, so that they never clash with the draft's own."""

RENAMED: Final[Mapping[str, str]] = {"decode_ms": "decode_time_ms"}
"""Old field names that are accepted on input."""

_SHOWN: Final = "[%-10s] %-15s: %s"
_encoder = msgspec.json.Encoder()
_decoder = msgspec.json.Decoder(dict[str, Any])


class Record(msgspec.Struct, gc=False):
    """A finished event on its way to the sinks.

    Attributes:
        rendered: its JSON line, UTF-8, without a line end; empty in a draft until a sink asks for it.
        rank: the level's index in `levels.EMITTING`.
        parsed: the event, or None until somebody asks for it.
    """

    rendered: bytes
    rank: int
    parsed: Event | None

    @property
    def line(self) -> bytes:
        """The JSON line, UTF-8, without a line end, built at its first use."""
        if not self.rendered:
            self.rendered = self.render()
        return self.rendered

    def render(self) -> bytes:
        """Return the JSON line; each kind of draft implements this for its fields."""
        raise NotImplementedError

    @property
    def event(self) -> Event:
        """The event itself."""
        if self.parsed is None:
            self.parsed = decode(self.line)
        return self.parsed

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
    """An event from the fast path: checked and known to be clean, but its JSON line is built only when a sink asks.

    So the caller does not wait for the encoding; the sink's thread does it. The fields of the call are in a
    generated subclass, one for each set of field names; each name has the prefix `OWN`.

    Attributes:
        emitted_at_ms: when it happened, milliseconds since the epoch.
        actor: who acted.
        action: what was done.
        target: to what.
        human: the sentence, filled in.
        bound: the fields that were bound, by name.
        bound_json: the ids among them as JSON, each followed by a comma.
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

    def __reduce__(self) -> tuple[Any, ...]:
        # The generated subclass exists in this process only.
        return (Record, (self.line, self.rank, None))

    @property
    def formatted(self) -> str:
        """The line that consoles and streams show; in the usual mode without parsing the event."""
        if _shown_mode != "human":
            return formatted(self.event)
        return _SHOWN % (self.actor, self.action, self.human)

    @property
    def job_id(self) -> str | None:
        """The event's job; a subclass overrides this when the call itself gave it."""
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
        ValueError: the line is not an event; the message says why.
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


def formatted(event: Event, mode: Mode | None = None) -> str:
    """Return the line that consoles and streams show.

    Args:
        event: the event.
        mode: which text is shown; what `show` said last when absent.
    """
    return _SHOWN % (event.actor or "", event.action or "", sentence(event, mode or _shown_mode))


_shown_mode: Mode = "human"


def show(mode: Mode) -> None:
    """Have `formatted` show another text of each event: NARRATION_MODE.

    Args:
        mode: human, cute or story.
    """
    global _shown_mode  # noqa: PLW0603 - one setting of the process
    _shown_mode = mode
