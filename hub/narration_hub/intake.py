"""From bytes that anyone may have sent to events that may be shown: checked, cleaned, redacted again."""

from collections import OrderedDict, deque
from collections.abc import Mapping
from typing import Any, Final

import msgspec

from narration_core import Event, decode, encode, formatted
from narration_core.contract import from_fields, is_name, plain, to_name
from narration_core.redaction import Redactor
from narration_core.serving.hub_protocol import EVENT_ID
from narration_core.serving.sse import message
from narration_hub.errors import HubError

MOST_EVENTS: Final = 500
MOST_BYTES: Final = 1 << 20
LONGEST_EVENT: Final = 128 << 10
_PLAIN_LINE: Final = 8192  # in a line this long no text reaches the limits of `plain`
_LONGEST_ID: Final = 256
_ID_FIELDS: Final = ("correlation_id", "job_id", "trace_id", "session_id", "task_id", "span_id", "parent_span_id")
_HUB: Final = "hub"
_decode: Final = msgspec.json.Decoder(dict[str, Any]).decode
_decode_event: Final = msgspec.json.Decoder(Event).decode
_decode_raw: Final = msgspec.json.Decoder(list[msgspec.Raw]).decode
_decode_frame: Final = msgspec.json.Decoder(dict[str, Any]).decode
_encode: Final = msgspec.json.Encoder().encode


_LATEST_MS: Final = 253_402_300_799_999
"""The end of the year 9999, in milliseconds since the epoch: no clock says more, and no calendar shows it."""


class RefusedError(ValueError):
    """An event that is not taken in; the message says why, in words that repeat nothing of it."""


class Taken(msgspec.Struct, gc=False):
    """An event that was taken in.

    Attributes:
        event: the event; its extra fields may be missing.
        line: its JSON line.
        frame: the same as it stands in every stream, without its id.
        event_id: how its producer names it; None when it does not.
    """

    event: Event
    line: bytes
    frame: bytes
    event_id: str | None


def lines_of(body: bytes) -> list[bytes]:
    """Return the events of a body, one JSON text each.

    Args:
        body: a JSON array, or NDJSON.

    Raises:
        HubError: INVALID_REQUEST or TOO_LARGE.
    """
    if body.lstrip()[:1] == b"[":
        try:
            found = [bytes(raw) for raw in _decode_raw(body)]
        except (msgspec.MsgspecError, UnicodeError, RecursionError):
            raise HubError("INVALID_REQUEST", "the body begins like a JSON array and is none") from None
    else:
        found = [line for line in body.split(b"\n") if line.strip()]
    if len(found) > MOST_EVENTS:
        raise HubError("TOO_LARGE", f"{len(found)} events are more than the {MOST_EVENTS} that are taken at once")
    return found


def warm_up() -> None:
    """Return when redaction is as fast as it gets: until then an event costs ten times as much. Needs no event loop."""
    Redactor().warm_up()


class Intake:
    """Checks, cleans and redacts events."""

    def __init__(self) -> None:
        self._redactor = Redactor()

    def take(self, line: bytes, service: str) -> Taken:
        """Return an event that may be kept and shown.

        Args:
            line: one JSON object.
            service: who sends it, by its token; "" when the token names nobody.

        Raises:
            RefusedError: it is none.
        """
        if len(line) > LONGEST_EVENT:
            raise RefusedError(f"an event may have {LONGEST_EVENT} bytes")
        try:
            fields = _decode(line)
        except (msgspec.MsgspecError, UnicodeError, RecursionError):
            raise RefusedError("it is not a JSON object") from None
        event_id = _event_id(fields.pop(EVENT_ID, None))
        fields.pop(_HUB, None)
        bare = _without_id(line.strip(), event_id)
        event = self._as_it_is(bare, fields)
        if event is not None and bare is not None:
            return _taken(event, bare, event_id)
        event = self._mended(line, fields, service)
        return _taken(event, encode(event), event_id)

    def _as_it_is(self, line: bytes | None, fields: dict[str, Any]) -> Event | None:
        """Return the event of a line that may be kept as it is, which costs least; None for all others."""
        if line is None or not _is_plain(line) or self._redactor.fields(fields) is not fields:
            return None
        if _encode(fields) != line:  # a key that stands there twice, or is ours: what was judged is not all of it
            return None
        try:
            event = _decode_event(line)
        except msgspec.ValidationError:
            return None
        if not (event.human and event.level and event.emitted_at_ms and is_name(event.actor or "")):
            return None
        if not 0 <= event.emitted_at_ms <= _LATEST_MS:
            return None
        if not is_name(event.action or "") or any(
            len(given) > _LONGEST_ID for name in _ID_FIELDS if (given := getattr(event, name)) is not None
        ):
            return None
        return event if event.job_id != "" and event.correlation_id != "" else None

    def _mended(self, line: bytes, fields: dict[str, Any], service: str) -> Event:
        if "actor" not in fields and isinstance(fields.get("formatted"), str):
            fields = _of_text(fields, service)
        fields = {name: value for name, value in fields.items() if value is not None}
        for name in ("actor", "action", "human"):
            if not isinstance(fields.get(name), str) or not fields[name]:
                raise RefusedError(f"it has no {name}")
        fields["actor"], fields["action"] = to_name(fields["actor"]), to_name(fields["action"])
        fields.setdefault("level", "info")
        for name in _ID_FIELDS:
            given = fields.get(name)
            if given is not None and (not isinstance(given, str) or not 0 < len(given) <= _LONGEST_ID):
                raise RefusedError(f"{name} must be text of 1 to {_LONGEST_ID} characters")
        if not _is_plain(line):
            fields = plain(fields)
        try:
            event = from_fields(self._redactor.fields(fields))
        except ValueError:
            raise RefusedError("a field has a value of the wrong type") from None
        if event.emitted_at_ms is not None and not 0 <= event.emitted_at_ms <= _LATEST_MS:
            raise RefusedError("emitted_at_ms must be milliseconds since 1970, before the year 10000")
        return event


def _is_plain(line: bytes) -> bool:
    """Tell whether a line of JSON holds nothing that must be cleaned: printable ASCII without escapes."""
    return len(line) <= _PLAIN_LINE and line.isascii() and b"\\" not in line and b"\x7f" not in line


def _without_id(line: bytes, event_id: str | None) -> bytes | None:
    """Return a line without the id at its end, where forwarders put it; None when it stands elsewhere."""
    if event_id is None:
        return line
    end = b',"%b":"%b"}' % (EVENT_ID.encode(), event_id.encode("utf-8", "replace"))
    return line.removesuffix(end) + b"}" if line.endswith(end) else None


def _event_id(given: object) -> str | None:
    return given if isinstance(given, str) and 0 < len(given) <= _LONGEST_ID else None


def _of_text(fields: Mapping[str, Any], service: str) -> dict[str, Any]:
    """Return the fields of an event that is only a line of text and its ids."""
    kept = {name: fields[name] for name in ("emitted_at_ms", "level", *_ID_FIELDS) if name in fields}
    said = {"actor": service or "unknown", "action": "text", "target": "-", "human": fields["formatted"]}
    return {**said, **kept, "origin": "text"}


def _taken(event: Event, line: bytes, event_id: str | None) -> Taken:
    return Taken(event, line, frame_of(event, line), event_id)


def frame_of(event: Event, line: bytes) -> bytes:
    """Return an event as it stands in every stream, without its id."""
    return message("narration", b'{"event":%b,"formatted":%b}' % (line, _encode(formatted(event))))


def kept_event(line: bytes) -> Event:
    """Return the event of a line that was taken in once; its extra fields may be missing, which costs half.

    Raises:
        ValueError: it is none.
    """
    try:
        return _decode_event(line)
    except (msgspec.MsgspecError, UnicodeError, RecursionError):
        return decode(line)


def event_of(frame: bytes) -> Event:
    """Return the event of a frame."""
    return from_fields(_decode_frame(frame.partition(b"\ndata: ")[2])["event"])


class Known:
    """Which events were taken in already, so that a retry is harmless.

    A producer numbers its events upwards and sends one batch after the other: one number for each says it all. Ids of
    another form are remembered one by one.

    Args:
        most: how many producers, and how many other ids, are remembered.
    """

    def __init__(self, most: int = 100_000) -> None:
        self._most = most
        self._numbers: OrderedDict[str, int] = OrderedDict()
        self._others: set[str] = set()
        self._order: deque[str] = deque()

    def is_new(self, owner: str, event_id: str | None) -> bool:
        """Tell whether an event was not seen before, and remember it.

        Args:
            owner: whose token sent it: nobody may use up another's ids.
            event_id: how its producer names it; None is always new.
        """
        if event_id is None:
            return True
        producer, _, number = event_id.rpartition("-")
        if producer and number.isascii() and number.isdigit() and len(number) <= 18:  # noqa: PLR2004 - 64 bits
            return self._is_later(f"{owner}/{producer}", int(number))
        name = f"{owner}/{event_id}"
        if name in self._others:
            return False
        self._others.add(name)
        self._order.append(name)
        if len(self._order) > self._most:
            self._others.discard(self._order.popleft())
        return True

    @property
    def numbers(self) -> dict[str, int]:
        """The number that each producer has reached."""
        return dict(self._numbers)

    def remember(self, numbers: Mapping[str, int]) -> None:
        """Go on from `numbers` of an earlier life."""
        self._numbers.update(numbers)

    def _is_later(self, producer: str, number: int) -> bool:
        if number <= self._numbers.get(producer, -1):
            return False
        self._numbers[producer] = number
        self._numbers.move_to_end(producer)
        if len(self._numbers) > self._most:
            self._numbers.popitem(last=False)
        return True
