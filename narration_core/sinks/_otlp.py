"""Events to an OpenTelemetry collector, by OTLP/HTTP as JSON: what it rejects is counted, what it takes later waits."""

import json
import random
import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final
from urllib.parse import unquote, urlsplit

import msgspec

from narration_core._event import Event, Record
from narration_core._hub_connection import HubConnection
from narration_core._last_word import say
from narration_core._otlp import export_request

BATCH: Final = 400
PATH: Final = "/v1/logs"
_LATER: Final = frozenset((429, 502, 503, 504))
"""Answers after which the same request may work, by the protocol; after all others it never does."""

_NAME: Final = re.compile(r"[A-Za-z0-9!#$%&'*+.^_`|~-]+")
_VALUE: Final = re.compile(r"[\x20-\x7e\t]*")
_OK: Final = range(200, 300)
_FIRST_PAUSE_S: Final = 0.5
_LONGEST_PAUSE_S: Final = 30.0
_LONGEST_ASKED_S: Final = 300.0


class _Part(msgspec.Struct, rename="camel"):
    rejected_log_records: int | str = 0


class _Answer(msgspec.Struct, rename="camel"):
    partial_success: _Part | None = None


class LaterError(OSError):
    """The collector does not take events now; the message says why."""


class OtlpSink:
    """Sends events to an OpenTelemetry collector, on the thread of its queue; the caller never waits for it.

    The protocol has no ids: what is sent again after an answer was lost may be there twice.

    Args:
        url: the collector's address; without a path, `/v1/logs` is added.
        headers: of every request.
        name: what `stats()` calls the sink.

    Attributes:
        rejected: events that the collector did not want, and that are not sent again.

    Raises:
        ValueError: the address is not a possible URL, or a header is not one; the message repeats neither.
    """

    background = True
    blocks_nobody = True
    """The queue never makes a caller wait, whatever `overflow` says: a collector may be away for long."""

    def __init__(self, url: str, headers: Mapping[str, str] | None = None, name: str = "otlp") -> None:
        if not all(_NAME.fullmatch(header) and _VALUE.fullmatch(value) for header, value in (headers or {}).items()):
            raise ValueError("a header for the collector has a name or value that HTTP does not know")
        self.name = name
        self.rejected = 0
        self._connection = HubConnection(url, peer="the collector")
        self._path = "" if urlsplit(url).path.strip("/") else PATH
        self._headers = {**(headers or {}), "Content-Type": "application/json"}
        self._pauses = 0
        self._asked_s = 0.0
        self._told: set[int] = set()

    @property
    def cool_off_s(self) -> float:
        """How long to rest after a failure, in seconds: as long as the collector asks for, else longer each time."""
        self._pauses += 1
        most = min(_LONGEST_PAUSE_S, _FIRST_PAUSE_S * 2 ** min(self._pauses, 10))
        return self._asked_s or random.uniform(0.05, most)  # noqa: S311 - jitter, no secret

    def write(self, batch: Sequence[Record]) -> None:
        """Send events; return when the collector has taken or rejected all of them.

        Raises:
            OSError: it does neither now; they are to be sent again.
        """
        self.send([record.event for record in batch])

    def send(self, events: Sequence[Event]) -> int:
        """Send events; see `write`.

        Args:
            events: finished events; those that came from OpenTelemetry are left out.

        Returns:
            How many were sent.

        Raises:
            OSError: the collector does not take them now.
        """
        own = [event for event in events if event.get("origin") != "otlp"]
        for start in range(0, len(own), BATCH):
            self._post(own[start : start + BATCH])
        return len(own)

    def _post(self, events: Sequence[Event]) -> None:
        body = json.dumps(export_request(_by_service(events))).encode()
        answer = self._connection.request("POST", self._path, body, self._headers)
        if answer.status in _LATER:
            self._asked_s = min(answer.retry_after_s, _LONGEST_ASKED_S)
            raise LaterError(f"the collector at {self._connection.where} answered {answer.status}")
        self._pauses = 0
        self._asked_s = 0.0
        if answer.status in _OK:
            self.rejected += _rejected(answer.body)
            return
        self.rejected += len(events)
        if answer.status not in self._told:
            self._told.add(answer.status)
            say(f"the collector at {self._connection.where} takes no events: it answers {answer.status}")

    def close(self) -> None:
        """Close the connection."""
        self._connection.close()


def _by_service(events: Sequence[Event]) -> Iterator[tuple[dict[str, str], list[Event]]]:
    found: dict[str, list[Event]] = {}
    for event in events:
        found.setdefault(event.emitted_by or event.actor or "unknown", []).append(event)
    for emitted_by, some in found.items():
        name, _, version = emitted_by.partition("@")
        yield {"service.name": name, **({"service.version": version} if version else {})}, some


def _rejected(body: bytes) -> int:
    try:
        part = msgspec.json.decode(body, type=_Answer).partial_success
        return int(part.rejected_log_records) if part is not None else 0
    except (msgspec.MsgspecError, UnicodeError, ValueError):
        return 0  # it has taken them, and says no more


def from_environment(environment: Mapping[str, str]) -> OtlpSink | None:
    """Return the sink that NARRATION_OTLP asks for; None when it asks for none, or for what cannot be.

    Args:
        environment: the variables; NARRATION_OTLP_HEADERS are more headers.
    """
    url = environment.get("NARRATION_OTLP", "").strip()
    if not url:
        return None
    try:
        return OtlpSink(url, headers_in(environment))
    except ValueError as error:
        say(f"NARRATION_OTLP is ignored: {error}")
        return None


def headers_in(environment: Mapping[str, Any]) -> dict[str, str]:
    """Return the headers of NARRATION_OTLP_HEADERS, `name=value` with commas between; values may be URL-encoded."""
    pairs = (pair.partition("=") for pair in environment.get("NARRATION_OTLP_HEADERS", "").split(","))
    return {name.strip(): unquote(value.strip()) for name, equals, value in pairs if equals and name.strip()}
