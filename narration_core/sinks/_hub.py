"""Events to a hub, over HTTP: acknowledged, numbered so that a retry is harmless, and never in the caller's way."""

import json
import os
import random
import secrets
import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Final

import msgspec

from narration_core._event import Record
from narration_core._last_word import say
from narration_core._text import to_name

if TYPE_CHECKING:
    from narration_core._hub_connection import Answer, HubConnection

PATH: Final = "/v1/narration"
SERVICE_HEADER: Final = "X-Narration-Service"
PROCESS_HEADER: Final = "X-Narration-Process"
LOST_HEADER: Final = "X-Narration-Lost"
"""What a forwarder says of itself with each batch: service, process, and what it has lost so far, by level."""

EVENT_ID: Final = "event_id"
"""Key of the id that a forwarder adds to an event: `<process>-<number>`, the number ever rising."""

BATCH: Final = 400
BATCH_BYTES: Final = 512 << 10
HEARTBEAT_S: Final = 10.0
_LONGEST_PAUSE_S: Final = 30.0
_FIRST_PAUSE_S: Final = 0.5
_LONGEST_LINE: Final = 128 << 10
_OK: Final = 300
_LOST: Final = b'"action":"narration_dropped"'


class NamedRecord(Record, gc=False):
    """An event that has its own id, which is the same whoever sends it again.

    Attributes:
        event_id: `<name>-<number>`; of one name, the number ever rises.
    """

    event_id: str


def _with_id(line: bytes, event_id: str) -> bytes:
    return b'%b,"%b":"%b"}' % (line[:-1], EVENT_ID.encode(), event_id.encode())


class _Answer(msgspec.Struct):
    refused: list[object] = msgspec.field(default_factory=list)


class NotTakenError(OSError):
    """The hub did not take a batch; the message says why."""


class HubSink:
    """Sends events to a hub, on the thread of its queue; the caller never waits for it.

    Args:
        url: the hub's address.
        token: sent as a bearer token; None sends none.
        service: who sends; what the events say in `emitted_by` when absent.

    Attributes:
        refused: events that the hub did not want.

    Raises:
        ValueError: the address is not a possible URL.
    """

    name = "hub"
    background = True
    blocks_nobody = True
    """The queue never makes a caller wait, whatever `overflow` says: a hub may be away for long."""

    def __init__(self, url: str, token: str | None = None, service: str | None = None) -> None:
        from narration_core._hub_connection import HubConnection  # noqa: PLC0415 - few processes send to a hub

        self._connection: HubConnection = HubConnection(url, token)
        self._beating: HubConnection = HubConnection(url, token)
        self._service = service
        self._lost: dict[str, int] = {}
        self._pauses = 0
        self._asked_s = 0.0
        self.refused = 0
        self._begin()

    def _begin(self) -> None:
        """Be another process: at first, and in the child of a fork."""
        self._pid = os.getpid()
        self._process = secrets.token_hex(8)
        self._number = 0
        self._numbers: dict[int, tuple[Record, int]] = {}  # of events that are not acknowledged, by identity
        self._sent_at = 0.0
        self._stop = threading.Event()
        self._heart: threading.Thread | None = None
        self._connection.forget()
        self._beating.forget()

    @property
    def cool_off_s(self) -> float:
        """How long to rest after a failure, in seconds: longer each time, and never two processes the same time."""
        self._pauses += 1
        most = min(_LONGEST_PAUSE_S, _FIRST_PAUSE_S * 2 ** min(self._pauses, 10))
        return max(random.uniform(0.05, most), self._asked_s)  # noqa: S311 - jitter, no secret

    def write(self, batch: Sequence[Record]) -> None:
        """Send events; return when the hub has acknowledged all of them.

        Raises:
            OSError: it has not; sending them again is harmless.
        """
        if self._pid != os.getpid():
            self._begin()
        self._note_losses(batch)
        if self._service is None:
            self._service = to_name((batch[0].event.emitted_by or "unknown").partition("@")[0])
        for records, body in self._bodies(batch):
            self._post(body)
            for record in records:
                self._numbers.pop(id(record), None)
        self._pauses = 0
        self._asked_s = 0.0
        self._start_heart()

    def _bodies(self, batch: Sequence[Record]) -> Iterator[tuple[list[Record], bytes]]:
        records: list[Record] = []
        lines: list[bytes] = []
        size = 0
        for record in batch:
            line = self._numbered(record)
            if lines and (len(lines) >= BATCH or size + len(line) > BATCH_BYTES):
                yield records, b"\n".join(lines)
                records, lines, size = [], [], 0
            records.append(record)
            lines.append(line)
            size += len(line)
        if lines:
            yield records, b"\n".join(lines)

    def _numbered(self, record: Record) -> bytes:
        """Return an event's line with its id, which stays the same when it is sent again."""
        if isinstance(record, NamedRecord):
            return _with_id(record.line, record.event_id)
        known = self._numbers.get(id(record))
        if known is None:
            self._number += 1
            known = self._numbers[id(record)] = (record, self._number)
        return _with_id(record.line, f"{self._process}-{known[1]}")

    def _post(self, body: bytes) -> None:
        answer = self._request(self._connection, body)
        if answer.status >= _OK:
            self._asked_s = min(answer.retry_after_s, _LONGEST_PAUSE_S)
            raise NotTakenError(f"the hub at {self._connection.where} answered {answer.status}")
        try:
            self.refused += len(msgspec.json.decode(answer.body, type=_Answer).refused)
        except (msgspec.MsgspecError, UnicodeError):
            raise NotTakenError(f"what answers at {self._connection.where} is not a hub") from None
        self._sent_at = time.monotonic()

    def _request(self, connection: "HubConnection", body: bytes) -> "Answer":
        headers = {"Content-Type": "application/x-ndjson", PROCESS_HEADER: self._process}
        if self._service:
            headers[SERVICE_HEADER] = self._service
        if self._lost:
            headers[LOST_HEADER] = json.dumps(self._lost)
        return connection.request("POST", PATH, body, headers)

    def _note_losses(self, batch: Sequence[Record]) -> None:
        """Add up what the queue in front of this sink lost: it reports that as an event."""
        for record in batch:
            if id(record) in self._numbers or _LOST not in record.line:
                continue
            event = record.event
            counts = event.get("dropped")
            if event.get("sink") == self.name and isinstance(counts, Mapping):
                for level, number in counts.items():
                    self._lost[level] = self._lost.get(level, 0) + number

    # -- signs of life ----------------------------------------------------------------------------

    def _start_heart(self) -> None:
        if self._heart is None:
            self._heart = threading.Thread(target=self._beat, name="narration-hub-heartbeat", daemon=True)
            try:
                self._heart.start()
            except RuntimeError:  # no more threads may start, or the interpreter ends
                self._stop.set()

    def _beat(self) -> None:
        """Tell the hub that this process lives, when it has not said anything for a while."""
        while not self._stop.wait(HEARTBEAT_S):
            if time.monotonic() - self._sent_at >= HEARTBEAT_S:
                try:
                    self._request(self._beating, b"")
                except OSError:
                    continue  # the next event tells what is wrong

    def close(self) -> None:
        """Close the connections."""
        self._stop.set()
        self._connection.close()
        self._beating.close()


def from_environment(environment: Mapping[str, str]) -> HubSink | None:
    """Return the sink that NARRATION_HUB asks for; None when it asks for none, or for what cannot be.

    Args:
        environment: the variables; NARRATION_HUB_TOKEN is the bearer token.
    """
    url = environment.get("NARRATION_HUB", "").strip()
    if not url:
        return None
    try:
        return HubSink(url, environment.get("NARRATION_HUB_TOKEN", "").strip() or None)
    except ValueError as error:
        say(f"NARRATION_HUB is ignored: {error}")
        return None
