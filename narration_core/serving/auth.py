"""Bearer tokens: read from a request, compared in constant time, named without telling them."""

import hashlib
import hmac
from collections.abc import Mapping
from typing import Final

from narration_core.serving.addresses import is_loopback

LOCALHOST: Final = "localhost"
_SCHEME: Final = "bearer "
_PROXY_HEADERS: Final = (
    "via", "forwarded", "x-real-ip", "x-client-ip", "true-client-ip", "cdn-loop", "x-proxyuser-ip",
    "wl-proxy-client-ip", "x-cloud-trace-context", "surrogate-capability",
)  # fmt: skip
_PROXY_PREFIXES: Final = (
    "x-forwarded", "x-original-", "cf-", "cloudfront-", "fly-", "fastly-", "x-envoy", "x-amzn-", "x-amz-cf-",
    "x-azure-", "x-arr-", "x-appengine-", "x-vercel-", "x-nf-", "x-cluster-", "tailscale-", "akamai-", "x-akamai-",
)  # fmt: skip


def identity_of(token: str) -> str:
    """Return the name of a token's bearer in narration: six digits of the token's hash, never the token."""
    return f"token:{hashlib.sha256(token_bytes(token)).hexdigest()[:6]}"


def bearer(headers: Mapping[str, str]) -> str | None:
    """Return the bearer token of a request, or None."""
    value = headers.get("Authorization", "")
    return value[len(_SCHEME) :].strip() or None if value[: len(_SCHEME)].lower() == _SCHEME else None


def token_bytes(token: str) -> bytes:
    """Return a token's bytes as they were sent: aiohttp keeps bytes that are not valid UTF-8 as surrogates."""
    return token.encode("utf-8", "surrogateescape")


def same_token(given: str, expected: str) -> bool:
    """Tell whether two tokens are the same, in a time that does not say where they differ."""
    return hmac.compare_digest(token_bytes(given), token_bytes(expected))


def is_local(headers: Mapping[str, str], remote: str | None) -> bool:
    """Tell whether a caller is on this machine. Behind a proxy on this machine everyone has a loopback address.

    Args:
        headers: the request's headers.
        remote: the caller's address.
    """
    return remote is not None and is_loopback(remote) and not _behind_proxy(headers)


def _behind_proxy(headers: Mapping[str, str]) -> bool:
    names = [name.lower() for name in headers]
    return any(name in _PROXY_HEADERS or name.startswith(_PROXY_PREFIXES) for name in names)
