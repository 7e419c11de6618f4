"""Tickets: read-only, expiring keys to one job or story, without any state but two keys and what was revoked."""

import base64
import hashlib
import hmac
import os
import secrets
import time
from collections import OrderedDict
from collections.abc import Mapping
from pathlib import Path
from typing import Final, NamedTuple

import msgspec

from narration_hub.streams import Scope

LONGEST_S: Final = 24 * 3600
_PREFIX: Final = "n1"
_LONGEST: Final = 2048
_REVOKED: Final = 10_000
_KEYS: Final = 16
_SPREAD_MS: Final = 5000  # until every hub has a new key


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

    Attributes:
        ahead_ms: how far the clock that hubs share is ahead of this machine's.
        slack_ms: how far the clocks of two hubs may be apart.
    """

    def __init__(self, path: Path | None = None) -> None:
        self._path = path
        state = self._read()
        self._keys = state.keys
        self._latest_ms = state.latest_ms
        self._revoked: OrderedDict[str, int] = OrderedDict(state.revoked)
        self._unshared: dict[str, int] = dict(state.revoked)
        self.ahead_ms = 0
        self.slack_ms = 0

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
        return self._now_ms() >= ticket.expires_ms

    def revoke(self, scope: Scope, name: str) -> None:
        """Make every ticket of a job or story worthless that was made until now."""
        key = f"{scope} {name}"
        self._latest_ms = self._tick() + self.slack_ms
        self._note_revoked(key, self._latest_ms)
        self._unshared[key] = self._latest_ms
        self._write()

    def _note_revoked(self, key: str, at_ms: int) -> None:
        self._revoked[key] = at_ms
        self._revoked.move_to_end(key)
        while len(self._revoked) > _REVOKED:
            gone, _ = self._revoked.popitem(last=False)
            self._unshared.pop(gone, None)

    # -- several hubs -----------------------------------------------------------------------------

    @property
    def keys(self) -> dict[str, int]:
        """The keys as hexadecimal text, each with when it was made, in milliseconds since the epoch."""
        return {key.secret.hex(): key.made_ms for key in self._keys}

    def prepare(self) -> None:
        """Make a key if there is none, so that every hub has it before the first ticket."""
        self._current(self._now_ms())
        self._unshared = dict(self._revoked)

    def unshared(self) -> dict[str, int]:
        """Return what was revoked here and not told to the other hubs."""
        return dict(self._unshared)

    def shared(self, revoked: Mapping[str, int]) -> None:
        """Note that the other hubs know what was revoked."""
        for key, at_ms in revoked.items():
            if self._unshared.get(key) == at_ms:
                del self._unshared[key]

    def learn(self, keys: Mapping[str, int], revoked: Mapping[str, int]) -> None:
        """Take over what all hubs know together.

        Args:
            keys: see `keys`.
            revoked: what was revoked, and when.
        """
        oldest = self._now_ms() - 2 * LONGEST_S * 1000
        known = self.keys | {secret: at_ms for secret, at_ms in keys.items() if at_ms > oldest}
        made = sorted((at_ms, secret) for secret, at_ms in known.items())[-_KEYS:]
        self._keys = [_Key(bytes.fromhex(secret), at_ms) for at_ms, secret in made]
        for key, at_ms in revoked.items():
            if at_ms > self._revoked.get(key, 0):
                self._note_revoked(key, at_ms)
                self._latest_ms = max(self._latest_ms, at_ms)
        self._write()

    def _tick(self) -> int:
        """Return the time in milliseconds; each time a later one, whatever the clock does, so that order is certain."""
        self._latest_ms = max(self._now_ms(), self._latest_ms + 1)
        return self._latest_ms

    def _current(self, now: int) -> bytes:
        """Return the key that signs; a new one every `LONGEST_S`, so that the one before outlives its tickets."""
        if not self._keys or now - self._keys[-1].made_ms >= LONGEST_S * 1000:
            self._keys = [*self._keys[-1:], _Key(secrets.token_bytes(32), now)]
            self._write()
        known = [key for key in self._keys if key.made_ms <= now - _SPREAD_MS]  # to every hub by now
        return (known[-1:] or self._keys[:1])[0].secret

    def _now_ms(self) -> int:
        return time.time_ns() // 1_000_000 + self.ahead_ms

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
