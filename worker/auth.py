"""Who may ask: one static token, loopback callers, a trusted proxy (AUTH-1001 to AUTH-1008).

| AUTH_TOKEN | AUTH_OPTIONAL | caller | needs |
|---|---|---|---|
| unset | any | the worker listens on loopback only | nothing |
| set | false | anyone | the token |
| set | true | loopback, not through a proxy | nothing; a token that is sent must be right |
| set | true | anyone else | the token |

With TRUST_PROXY_AUTH any bearer token counts: a reverse proxy in front has checked it. Whoever can reach the worker
past that proxy is then let in with any token at all, so the worker must not be reachable otherwise.
"""

import hashlib
import hmac
import ipaddress
from collections.abc import Mapping
from typing import Final, NamedTuple

from worker.errors import WorkerError

LOCALHOST: Final = "localhost"
DIGITS: Final = 6
"""How many hexadecimal digits of a token's SHA-256 name its owner in narration (AUTH-1008)."""

_SCHEME: Final = "bearer"
_PROXY_HEADERS: Final = ("Forwarded", "X-Forwarded-For", "X-Real-IP")
_NAMES_OF_LOOPBACK: Final = frozenset(("localhost", "ip6-localhost"))


class AuthPolicy(NamedTuple):
    """How callers are checked.

    Attributes:
        token: the one static token, or None.
        optional: let loopback callers in without a token (AUTH_OPTIONAL).
        trust_proxy: take any bearer token for checked (TRUST_PROXY_AUTH).
    """

    token: str | None = None
    optional: bool = False
    trust_proxy: bool = False


def is_loopback(address: str | None) -> bool:
    """Tell whether an address or host name is this machine itself; unknown ones are not."""
    if not address:
        return False
    if address.lower() in _NAMES_OF_LOOPBACK:
        return True
    try:
        found = ipaddress.ip_address(address.strip("[]").partition("%")[0])
    except ValueError:
        return False
    mapped = getattr(found, "ipv4_mapped", None)
    return (mapped or found).is_loopback


def fingerprint(token: str) -> str:
    """Return the name of a token's owner in narration: never the token (AUTH-1008)."""
    return f"token:{hashlib.sha256(token.encode('utf-8', 'surrogateescape')).hexdigest()[:DIGITS]}"


def bind_fault(policy: AuthPolicy, host: str) -> str | None:
    """Return why the worker must not listen on a host, or None: other machines need a token (AUTH-1002).

    Args:
        policy: how callers are checked.
        host: the address or name to listen on.
    """
    if policy.token or is_loopback(host):
        return None
    return f"refusing to listen on {host} without a token: other machines could use the worker"


def identify(policy: AuthPolicy, headers: Mapping[str, str], remote: str | None) -> str:
    """Return who asks, as narration names them.

    Args:
        policy: how callers are checked.
        headers: of the request; names without regard to case, as aiohttp gives them.
        remote: the address of the connection's other end.

    Returns:
        "localhost", or "token:" and six hexadecimal digits.

    Raises:
        WorkerError: MISSING_TOKEN or BAD_TOKEN.
    """
    sent = _bearer(headers.get("Authorization"))
    if policy.token is None:
        return LOCALHOST
    if sent is None:
        local = is_loopback(remote) and not any(name in headers for name in _PROXY_HEADERS)
        if policy.optional and local and "Authorization" not in headers:
            return LOCALHOST
        raise WorkerError("MISSING_TOKEN", "this worker needs a bearer token, and the request has none")
    expected = policy.token.encode("utf-8", "surrogateescape")
    right = hmac.compare_digest(sent.encode("utf-8", "surrogateescape"), expected)  # in constant time (AUTH-1007)
    if not (right or policy.trust_proxy):
        raise WorkerError("BAD_TOKEN", "the bearer token of the request is not this worker's")
    return fingerprint(sent)


def _bearer(header: str | None) -> str | None:
    """Return the token of an Authorization header; None when it has none."""
    scheme, _, token = (header or "").strip().partition(" ")
    token = token.strip()
    return token if scheme.lower() == _SCHEME and token else None
