"""Tickets: read-only, expiring keys to one job or story, without any state but two keys and what was revoked."""

import base64
import hashlib
import hmac
import os
import secrets
import time
from collections import OrderedDict
from pathlib import Path
from typing import Final, NamedTuple

import msgspec

from narration_hub.streams import Scope

LONGEST_S: Final = 24 * 3600
_PREFIX: Final = "n1"
_LONGEST: Final = 2048
_REVOKED: Final = 10_000


class Ticket(NamedTuple):
    """What a ticket allows.

    Attributes:
        scope: job or story.
        name: which one.
        issued_ms: when it was made, in milliseconds since the epoch.
        expires_ms: until when it works, in milliseconds since the epoch.
    """

    scope: Scope
    name: str
    issued_ms: int
    expires_ms: int


class _Key(msgspec.Struct):
    secret: bytes
    made_ms: int


class _State(msgspec.Struct):
    keys: list[_Key]
    latest_ms: int = 0
    revoked: dict[str, int] = msgspec.field(default_factory=dict)


class Tickets:
    """Makes, checks and revokes tickets.

    Args:
        path: where keys and revocations are kept over a restart; None keeps them in memory.
    """

    def __init__(self, path: Path | None = None) -> None:
        self._path = path
        state = self._read()
        self._keys = state.keys
        self._latest_ms = state.latest_ms
        self._revoked: OrderedDict[str, int] = OrderedDict(state.revoked)

    def issue(self, scope: Scope, name: str, seconds: int) -> tuple[str, int]:
        """Return a new ticket and when it expires, in milliseconds since the epoch.

        Args:
            scope: job or story.
            name: which one.
            seconds: how long it works, at most `LONGEST_S`.
        """
        now = self._tick()
        expires = now + min(seconds, LONGEST_S) * 1000
        payload = _text(msgspec.json.encode(Ticket(scope, name, now, expires)))
        return f"{_PREFIX}.{payload}.{_signature(self._current(now), payload)}", expires

    def check(self, given: str) -> Ticket | None:
        """Return what a ticket allows; None when it is not ours, has expired or was revoked.

        The signature comes first: nothing that a stranger wrote is parsed.
        """
        prefix, _, rest = given.partition(".")
        payload, _, signature = rest.partition(".")
        if prefix != _PREFIX or len(given) > _LONGEST or not given.isascii():
            return None
        right = [
            hmac.compare_digest(_signature(key.secret, payload).encode(), signature.encode()) for key in self._keys
        ]
        if not any(right):
            return None
        try:
            found = msgspec.json.decode(base64.urlsafe_b64decode(payload + "=" * (-len(payload) % 4)), type=Ticket)
        except (msgspec.MsgspecError, ValueError):
            return None
        return found if self.is_valid(found) else None

    def is_valid(self, ticket: Ticket) -> bool:
        """Tell whether a ticket that was checked before still works."""
        revoked_ms = self._revoked.get(f"{ticket.scope} {ticket.name}", 0)
        return not self.has_expired(ticket) and ticket.issued_ms > revoked_ms

    def has_expired(self, ticket: Ticket) -> bool:
        """Tell whether a ticket's time is over."""
        return _now_ms() >= ticket.expires_ms

    def revoke(self, scope: Scope, name: str) -> None:
        """Make every ticket of a job or story worthless that was made until now."""
        key = f"{scope} {name}"
        self._revoked[key] = self._tick()
        self._revoked.move_to_end(key)
        while len(self._revoked) > _REVOKED:
            self._revoked.popitem(last=False)
        self._write()

    def _tick(self) -> int:
        """Return the time in milliseconds; each time a later one, whatever the clock does, so that order is certain."""
        self._latest_ms = max(_now_ms(), self._latest_ms + 1)
        return self._latest_ms

    def _current(self, now: int) -> bytes:
        """Return the key that signs; a new one every `LONGEST_S`, so that the one before outlives its tickets."""
        if not self._keys or now - self._keys[-1].made_ms >= LONGEST_S * 1000:
            self._keys = [*self._keys[-1:], _Key(secrets.token_bytes(32), now)]
            self._write()
        return self._keys[-1].secret

    def _read(self) -> _State:
        if self._path is not None:
            try:
                return msgspec.json.decode(self._path.read_bytes(), type=_State)
            except (OSError, msgspec.MsgspecError):
                pass  # the first start, or a damaged file: old tickets are worthless, which is safe
        return _State([])

    def _write(self) -> None:
        if self._path is None:
            return
        new = self._path.with_suffix(".new")
        descriptor = os.open(new, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        with os.fdopen(descriptor, "wb") as file:
            file.write(msgspec.json.encode(_State(self._keys, self._latest_ms, dict(self._revoked))))
        new.replace(self._path)


def _signature(key: bytes, payload: str) -> str:
    return _text(hmac.digest(key, f"{_PREFIX}.{payload}".encode(), hashlib.sha256))


def _text(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def _now_ms() -> int:
    return time.time_ns() // 1_000_000
