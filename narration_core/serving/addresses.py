"""Addresses and tokens as people give them in arguments and the environment."""

import ipaddress
import re
from collections.abc import Mapping
from typing import Final
from urllib.parse import urlsplit

from narration_core._hub_connection import is_possible_url

LOOPBACK: Final = "127.0.0.1"
TOKEN: Final = re.compile(r"[!-~]+")
"""What a bearer token can be; spaces around it do not belong to it."""


class ConfigError(ValueError):
    """Settings that a service must not start with; the message says what to change."""


def is_loopback(host: str) -> bool:
    """Return whether an address can only be reached from this machine."""
    if host == "localhost":
        return True
    try:
        address = ipaddress.ip_address(host.partition("%")[0])
    except ValueError:
        return False
    mapped = address.ipv4_mapped if isinstance(address, ipaddress.IPv6Address) else None
    return (mapped or address).is_loopback


def bind_address(value: str) -> tuple[str, int | None]:
    """Return host and port of `host`, `host:port` or `[IPv6]:port`; the port is None when it is absent.

    Raises:
        ConfigError: it is none of these.
    """
    text = value.strip()
    try:
        ipaddress.ip_address(text.partition("%")[0])
    except ValueError:
        pass
    else:
        return text, None  # an IPv6 address without brackets has no port
    try:
        parts = urlsplit(f"//{text}")
        host, port = parts.hostname, parts.port
    except ValueError:
        host = port = None
    if not host or parts.netloc != text or text.endswith(":") or "@" in text or re.search(r"\s", text):
        raise ConfigError(f"BIND_ADDR or --host {value[:80]!r} is not host, host:port or [IPv6]:port")
    return host, port


def check_url(option: str, url: str) -> None:
    """Check that a URL can be requested.

    Raises:
        ConfigError: it cannot; the message does not repeat it, because it may hold a password.
    """
    if not is_possible_url(url):
        raise ConfigError(f"{option} is not a possible URL; it must be http://host[:port]/path or https://...")


def check_needs_no_token(host: str, token: str | None, service: str) -> None:
    """Check that an address that other machines reach is protected by a token.

    Raises:
        ConfigError: it is not.
    """
    if not token and not is_loopback(host):
        raise ConfigError(
            f"refusing to listen on {host} without a token: anyone who reaches that address could use the "
            f"{service}; set AUTH_TOKEN, or listen on 127.0.0.1"
        )


def url_host(host: str) -> str:
    """Return a host as it stands in a URL: an IPv6 address needs brackets."""
    return f"[{host}]" if ":" in host else host


_ON: Final = frozenset(("1", "true", "yes", "on"))
_OFF: Final = frozenset(("", "0", "false", "no", "off"))


def usable_token(value: str | None, name: str = "AUTH_TOKEN") -> str | None:
    """Return a token without the spaces around it; None when there is none.

    Raises:
        ConfigError: no client can send it.
    """
    if not value:
        return None
    token = value.strip()
    if not TOKEN.fullmatch(token):
        raise ConfigError(f"{name} must be visible ASCII characters without spaces; no client can send this one")
    return token


def access_settings(environment: Mapping[str, str]) -> dict[str, object]:
    """Return who may call, from AUTH_TOKEN, AUTH_OPTIONAL and TRUST_PROXY_AUTH.

    Raises:
        ConfigError: AUTH_TOKEN is not usable, or one of the others is neither on nor off.
    """
    return {
        "token": usable_token(environment.get("AUTH_TOKEN")),
        "auth_optional": _is_on("AUTH_OPTIONAL", environment),
        "trust_proxy": _is_on("TRUST_PROXY_AUTH", environment),
    }


def _is_on(name: str, environment: Mapping[str, str]) -> bool:
    """Return whether a variable is on; who may call is not left to a slip of the pen."""
    value = environment.get(name, "").strip().lower()
    if value not in _ON | _OFF:
        raise ConfigError(f"{name} is neither on nor off; set it to true or false")
    return value in _ON
