"""Authentication: one static bearer token, compared in constant time."""

import hashlib
import hmac
from collections.abc import Mapping
from typing import Final

from narration_worker.config import Settings, is_loopback
from narration_worker.errors import WorkerError

LOCALHOST: Final = "localhost"
_SCHEME: Final = "bearer "
_PROXY_HEADERS: Final = ("via", "forwarded", "x-real-ip", "x-client-ip", "true-client-ip")
_PROXY_PREFIXES: Final = ("x-forwarded", "x-original-", "cf-", "fly-", "x-envoy", "x-amzn-")


def identity_of(token: str) -> str:
    """Return the name of a token's bearer in narration: six digits of the token's hash, never the token."""
    return f"token:{hashlib.sha256(_bytes(token)).hexdigest()[:6]}"


def bearer(headers: Mapping[str, str]) -> str | None:
    """Return the bearer token of a request, or None."""
    value = headers.get("Authorization", "")
    return value[len(_SCHEME) :].strip() or None if value[: len(_SCHEME)].lower() == _SCHEME else None


def _bytes(token: str) -> bytes:
    """Return a token's bytes as they were sent: aiohttp keeps bytes that are not valid UTF-8 as surrogates."""
    return token.encode("utf-8", "surrogateescape")


def _behind_proxy(headers: Mapping[str, str]) -> bool:
    names = [name.lower() for name in headers]
    return any(name in _PROXY_HEADERS or name.startswith(_PROXY_PREFIXES) for name in names)


def authenticate(settings: Settings, headers: Mapping[str, str], remote: str | None) -> str:
    """Return the caller's identity.

    Args:
        settings: the token and who needs none.
        headers: the request's headers.
        remote: the caller's address.

    Raises:
        WorkerError: MISSING_TOKEN or BAD_TOKEN.
    """
    given = bearer(headers)
    # Behind a proxy on this machine everyone has a loopback address.
    local = remote is not None and is_loopback(remote) and not _behind_proxy(headers)
    if settings.token is None:
        return LOCALHOST
    if given is None:
        if settings.auth_optional and local:
            return LOCALHOST
        raise WorkerError("MISSING_TOKEN", "this worker needs a token")
    if settings.trust_proxy:
        return identity_of(given)
    if hmac.compare_digest(_bytes(given), _bytes(settings.token)):
        return identity_of(given)
    raise WorkerError("BAD_TOKEN", "the token is not accepted")
