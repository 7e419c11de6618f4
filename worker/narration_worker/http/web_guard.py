"""Protection from web pages: a page in a browser must not use a worker that needs no token.

A page of any site can send requests to 127.0.0.1, and with DNS rebinding it can even read the answers. Browsers say
where a request comes from (`Origin`, `Sec-Fetch-Site`) and which name was looked up (`Host`).
"""

import ipaddress
from collections.abc import Mapping
from typing import Final
from urllib.parse import urlsplit

from narration_worker.errors import WorkerError

SAFE_METHODS: Final = frozenset(("GET", "HEAD", "OPTIONS"))
_OWN_SITES: Final = frozenset(("same-origin", "none"))


def check_not_a_foreign_page(headers: Mapping[str, str], bound_host: str) -> None:
    """Check that a request without a token comes from a program on this machine or from the worker's own page.

    Args:
        headers: the request's headers.
        bound_host: the host that the worker listens on, which is a valid name for it.

    Raises:
        WorkerError: FORBIDDEN, it comes from a page of another site, or names a host that is not this machine.
    """
    host = headers.get("Host")
    if host is not None and not _is_this_machine(host, bound_host):
        raise WorkerError("FORBIDDEN", "the Host header does not name this machine", reason="foreign Host")
    origin = headers.get("Origin")
    if origin is not None and urlsplit_netloc(origin) != (host or "").lower():
        raise WorkerError("FORBIDDEN", "a web page of another origin may not use this worker", reason="foreign Origin")
    site = headers.get("Sec-Fetch-Site")
    if site is not None and site.lower() not in _OWN_SITES:
        raise WorkerError("FORBIDDEN", "a web page of another site may not use this worker", reason="foreign site")


def urlsplit_netloc(origin: str) -> str | None:
    """Return host and port of an Origin header, or None when it has none, as `null`."""
    try:
        parts = urlsplit(origin)
    except ValueError:
        return None
    return parts.netloc.lower() if parts.scheme in {"http", "https"} else None


def _is_this_machine(host: str, bound_host: str) -> bool:
    try:
        name = urlsplit(f"//{host}").hostname or ""
    except ValueError:
        return False
    if name == bound_host.lower() or name == "localhost" or name.endswith(".localhost"):
        return True
    try:
        return ipaddress.ip_address(name.partition("%")[0]).is_loopback
    except ValueError:
        return False
