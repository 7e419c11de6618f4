"""What every server does with a request before it is understood, and with one that failed; needs aiohttp."""

import asyncio
import traceback
from pathlib import Path
from typing import Final

from aiohttp import web

BODY_TIMEOUT_S: Final = 15.0
"""Longest time until a request's body is complete, in seconds."""


class BodyError(Exception):
    """A request's body cannot be read; the message says why."""


class LateBodyError(BodyError):
    """A request's body did not arrive in time; the same request may work later."""


async def read_body(request: web.Request) -> bytes:
    """Return a request's body.

    Raises:
        LateBodyError: it does not arrive in time.
        BodyError: it cannot be decompressed.
        HTTPRequestEntityTooLarge: it is longer than the application takes.
    """
    try:
        async with asyncio.timeout(BODY_TIMEOUT_S):
            return await request.read()
    except TimeoutError:
        raise LateBodyError(f"the body did not arrive within {BODY_TIMEOUT_S:g} s") from None
    except web.RequestPayloadError:
        raise BodyError("the body does not match its Content-Encoding or length") from None


def raised_at(error: BaseException) -> str:
    """Return where an exception was raised, as file, line and function."""
    frames = traceback.extract_tb(error.__traceback__)
    return f"{Path(frames[-1].filename).name}:{frames[-1].lineno} in {frames[-1].name}" if frames else "unknown"
