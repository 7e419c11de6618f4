"""Who calls, and what they may do: operators read and send, producers send, tickets read one job or story."""

import time
from collections import OrderedDict
from collections.abc import Mapping
from typing import Final, Literal, NamedTuple

from narration_core.serving.auth import LOCALHOST, bearer, identity_of, is_local, same_token
from narration_hub.config import Settings
from narration_hub.errors import HubError
from narration_hub.streams import Scope
from narration_hub.tickets import Ticket, Tickets

TRIES: Final = 30
TRIES_WITHIN_S: Final = 60.0
"""So many failed tries of one address are answered within this time; then it has to wait."""

_ADDRESSES: Final = 10_000


class Caller(NamedTuple):
    """Somebody whose token was checked.

    Attributes:
        kind: operator, producer, or the holder of a ticket.
        identity: the name in narration.
        service: the service that a producer's token is bound to; "" for none.
        ticket: what the ticket allows; None for the others.
    """

    kind: Literal["operator", "producer", "ticket"]
    identity: str
    service: str = ""
    ticket: Ticket | None = None

    @property
    def may_send(self) -> bool:
        """Whether it may send events."""
        return self.kind != "ticket"

    def may_read(self, scope: Scope, name: str) -> bool:
        """Tell whether it may read a job or story."""
        return self.kind == "operator" or (self.ticket is not None and self.ticket[:2] == (scope, name))


class Access:
    """Checks tokens.

    Args:
        settings: the tokens, and who needs none.
        tickets: the tickets.
    """

    def __init__(self, settings: Settings, tickets: Tickets) -> None:
        self._settings = settings
        self._tickets = tickets
        self._failed: OrderedDict[str, list[float]] = OrderedDict()
        self._needs_token = bool(settings.token or settings.operators or settings.producers)

    def caller(self, headers: Mapping[str, str], remote: str | None) -> Caller:
        """Return who calls.

        Args:
            headers: the request's headers.
            remote: the caller's address.

        Raises:
            HubError: MISSING_TOKEN, BAD_TOKEN, or TOO_MANY failed tries.
        """
        given = bearer(headers)
        if given is not None and given.startswith("n1."):
            ticket = self._tickets.check(given)
            if ticket is None:
                raise self._refusal("BAD_TOKEN", "the ticket is not valid, or no longer", remote)
            return Caller("ticket", identity_of(given), ticket=ticket)
        if not self._needs_token:
            return Caller("operator", LOCALHOST)
        if given is None:
            if self._settings.auth_optional and is_local(headers, remote):
                return Caller("operator", LOCALHOST)
            raise self._refusal("MISSING_TOKEN", "this hub needs a token", remote)
        found = self._known(given)
        if found is None:
            raise self._refusal("BAD_TOKEN", "the token is not accepted", remote)
        return found

    def _known(self, given: str) -> Caller | None:
        """Return whose token it is. Every token is compared, so that the time says nothing about which."""
        settings = self._settings
        found: Caller | None = None
        for token in filter(None, (settings.token, *settings.operators)):
            if same_token(given, token):
                found = Caller("operator", identity_of(given))
        for token, service in settings.producers.items():
            if same_token(given, token) and found is None:
                found = Caller("producer", identity_of(given), service)
        if found is None and settings.trust_proxy:
            return Caller("operator", identity_of(given))
        return found

    def _refusal(self, code: str, message: str, remote: str | None) -> HubError:
        """Return the error for a failed try; too many of one address are told to wait."""
        now = time.monotonic()
        address = remote or "unknown"
        tries = [at for at in self._failed.pop(address, []) if now - at < TRIES_WITHIN_S]
        self._failed[address] = [*tries[-TRIES:], now]
        if len(self._failed) > _ADDRESSES:
            self._failed.popitem(last=False)
        if len(tries) >= TRIES:
            wait = int(TRIES_WITHIN_S - (now - tries[0])) + 1
            return HubError("TOO_MANY", "too many failed tries from this address", wait)
        return HubError(code, message)
