"""The ready callback to the pool manager."""

import asyncio
import random
from typing import Final
from urllib.parse import urlsplit

import aiohttp
import msgspec

from narration_core.bridges.aiohttp import client_tracing
from narration_worker import points
from narration_worker.wire import ReadyCallback

FIRST_WAIT_S: Final = 0.2
LONGEST_WAIT_S: Final = 60.0
TIMEOUT_S: Final = 5.0
_OK, _REDIRECT = 200, 300
_REASONS: Final = {
    "ClientConnectorCertificateError": "its certificate is not trusted",
    "ClientConnectorDNSError": "its name cannot be resolved",
    "ClientConnectorError": "no connection could be made",
    "ClientConnectorSSLError": "it does not speak TLS",
    "ServerDisconnectedError": "it closed the connection without an answer",
    "TimeoutError": f"no answer within {TIMEOUT_S:g} s",
}
_GONE: Final = 410
"""A pool manager answers with this when it does not want to hear from this worker again."""


async def announce(url: str, body: ReadyCallback, token: str | None, tries: int = 0) -> bool:
    """Post the ready callback until it is accepted; True when it was accepted.

    Pauses between tries grow up to `LONGEST_WAIT_S`. It ends without success after `tries`, or when the answer is 410.
    A redirect is not followed: the token and the message are meant for this address.

    Args:
        url: where the pool manager listens.
        body: what is posted.
        token: sent as a bearer token, unless it is None.
        tries: how many times it is tried; 0 is without limit.
    """
    address = _address(url)
    points.callback_ready(url=address)
    headers = {"Content-Type": "application/json", **({"Authorization": f"Bearer {token}"} if token else {})}
    data = msgspec.json.encode(body)
    wait_s = FIRST_WAIT_S
    attempt = 0
    timeout = aiohttp.ClientTimeout(total=TIMEOUT_S)
    async with aiohttp.ClientSession(
        trace_configs=[client_tracing(trust="inside")], timeout=timeout, headers=headers
    ) as session:
        while True:
            attempt += 1
            points.callback_attempt(url=address, attempt=attempt)
            asked_s = 0.0
            status = None
            try:
                async with session.post(url, data=data, allow_redirects=False) as response:
                    status = response.status
                    if _OK <= status < _REDIRECT:
                        return True
                    kind, reason = f"http_{status}", f"it answered {status}"
                    asked_s = _seconds(response.headers.get("Retry-After"))
            except (aiohttp.ClientError, TimeoutError, ValueError, OSError) as error:
                kind = type(error).__name__
                reason = _REASONS.get(kind, kind)
            pause_s = max(wait_s * (0.5 + random.random() / 2), asked_s)  # noqa: S311 - jitter, no secret
            last = status == _GONE or attempt == tries
            points.callback_failed(
                url=address,
                reason=reason,
                error_kind=kind,
                attempt=attempt,
                backoff_ms=None if last else int(pause_s * 1000),
            )
            if last:
                return False
            await asyncio.sleep(pause_s)
            wait_s = min(wait_s * 2, LONGEST_WAIT_S)


def _address(url: str) -> str:
    """Return a URL without user, password, query and fragment, which may be secrets that look like words."""
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.netloc.rpartition('@')[2]}{parts.path}"


def _seconds(header: str | None) -> float:
    return min(float(header), LONGEST_WAIT_S) if header and header.isascii() and header.isdigit() else 0.0
