"""Protection from web pages: a page in a browser must not use a service that needs no token.

A page of any site can send requests to 127.0.0.1, and with DNS rebinding it can even read the answers. Browsers say
where a request comes from (`Origin`, `Sec-Fetch-Site`) and which name was looked up (`Host`).
"""

from collections.abc import Mapping
from typing import Final
from urllib.parse import urlsplit

from narration_core.serving.addresses import is_loopback

SAFE_METHODS: Final = frozenset(("GET", "HEAD", "OPTIONS"))
_OWN_SITES: Final = frozenset(("same-origin", "none"))


class ForeignPageError(Exception):
    """A request that a web page of another site made.

    Args:
        message: what gave it away.
        reason: the same in a few words, for a sentence of narration.
    """

    def __init__(self, message: str, reason: str) -> None:
        super().__init__(message)
        self.reason = reason


def check_not_a_foreign_page(headers: Mapping[str, str], bound_host: str) -> None:
    """Check that a request without a token comes from a program on this machine or from the service's own page.

    Args:
        headers: the request's headers.
        bound_host: the host that the service listens on, which is a valid name for it.

    Raises:
        ForeignPageError: it comes from a page of another site, or names a host that is not this machine.
    """
    host = headers.get("Host")
    if host is not None and not _is_this_machine(host, bound_host):
        raise ForeignPageError("the Host header does not name this machine", "foreign Host")
    origin = headers.get("Origin")
    if origin is not None and urlsplit_netloc(origin) != (host or "").lower():
        raise ForeignPageError("a web page of another origin may not use this service", "foreign Origin")
    site = headers.get("Sec-Fetch-Site")
    if site is not None and site.lower() not in _OWN_SITES:
        raise ForeignPageError("a web page of another site may not use this service", "foreign site")


def urlsplit_netloc(origin: str) -> str | None:
    """Return host and port of an Origin header, or None when it has none, as `null`."""
    try:
        parts = urlsplit(origin)
    except ValueError:
        return None
    return parts.netloc.lower() if parts.scheme in {"http", "https"} else None


def _is_this_machine(host: str, bound_host: str) -> bool:
    try:
        parts = urlsplit(f"//{host}")
    except ValueError:
        return False
    if "@" in parts.netloc or parts.netloc != host:
        return False  # more than a host and a port
    name = (parts.hostname or "").removesuffix(".")
    own = {bound_host.lower(), "localhost"}
    return name in own or name.endswith(".localhost") or is_loopback(name)
