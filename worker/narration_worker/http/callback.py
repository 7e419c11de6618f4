"""The ready callback to the pool manager."""

import asyncio
import random
from typing import Final

import aiohttp
import msgspec

from narration_core.bridges.aiohttp import client_tracing
from narration_worker import points
from narration_worker.wire import ReadyCallback

TRIES: Final = 5
FIRST_WAIT_S: Final = 0.2
LONGEST_WAIT_S: Final = 10.0
TIMEOUT_S: Final = 5.0


async def announce(url: str, body: ReadyCallback, token: str | None) -> bool:
    """Post the ready callback until it is accepted or the tries are used up; True when it was accepted.

    Args:
        url: where the pool manager listens.
        body: what is posted.
        token: sent as a bearer token, unless it is None.
    """
    points.callback_ready(url=url)
    headers = {"Content-Type": "application/json", **({"Authorization": f"Bearer {token}"} if token else {})}
    data = msgspec.json.encode(body)
    wait_s = FIRST_WAIT_S
    timeout = aiohttp.ClientTimeout(total=TIMEOUT_S)
    async with aiohttp.ClientSession(trace_configs=[client_tracing()], timeout=timeout, headers=headers) as session:
        for attempt in range(1, TRIES + 1):
            points.callback_attempt(url=url, attempt=attempt)
            try:
                async with session.post(url, data=data) as response:
                    if response.status < 400:  # noqa: PLR2004 - HTTP: below is not an error
                        return True
                    kind = f"http_{response.status}"
            except (aiohttp.ClientError, TimeoutError, ValueError) as error:
                kind = type(error).__name__
            pause_s = wait_s * (0.5 + random.random() / 2)  # noqa: S311 - jitter, no secret
            last = attempt == TRIES
            points.callback_failed(
                url=url, error_kind=kind, attempt=attempt, backoff_ms=None if last else int(pause_s * 1000)
            )
            if not last:
                await asyncio.sleep(pause_s)
                wait_s = min(wait_s * 2, LONGEST_WAIT_S)
    return False
