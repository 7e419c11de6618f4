"""What the endpoints take from a request: who calls, numbers, a body."""

from collections.abc import Awaitable, Callable
from typing import Final, TypeVar

import msgspec
from aiohttp import web

from narration_core.serving.requests import BodyError, LateBodyError, read_body
from narration_hub.access import Caller
from narration_hub.errors import HubError, unknown
from narration_hub.exchange import Exchange
from narration_hub.http.answers import RETRY_S
from narration_hub.streams import Scope

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]

NAME: Final = "{name:[^/]+}"
"""A job or story in a path; without its pattern, a name with braces would be found nowhere."""

CALLER: Final = web.RequestKey("narration_caller", Caller)
"""Who calls, once that is known."""

_LONGEST_NUMBER: Final = 15
_ENCODINGS: Final = frozenset(("", "identity", "gzip", "deflate"))
_Body = TypeVar("_Body", bound=msgspec.Struct)


def number_in(request: web.Request, name: str) -> int | None:
    """Return a number of the query; None when there is none.

    Raises:
        HubError: INVALID_REQUEST, it is something else.
    """
    given = request.query.get(name, "")
    if not given:
        return None
    if not (given.isascii() and given.isdigit()) or len(given) > _LONGEST_NUMBER:
        raise HubError("INVALID_REQUEST", f"{name} must be a number of at most {_LONGEST_NUMBER} digits")
    return int(given)


async def must_be_there(exchange: Exchange, request: web.Request, scope: Scope, name: str) -> None:
    """Refuse what is not there and what the caller may not see, in the same time.

    Raises:
        HubError: NOT_FOUND, there is no such stream or the caller may not know whether there is.
        AloneError: it cannot be told whether there is one.
    """
    if not request[CALLER].may_read(scope, name):
        raise unknown()  # asking the engine takes longer for what this hub does not know
    if not await exchange.engine.exists(scope, name):
        raise unknown()


async def body_of(request: web.Request) -> bytes:
    """Return a request's body.

    Raises:
        HubError: NO_ROOM, it does not arrive in time; INVALID_REQUEST, it cannot be decompressed; UNSUPPORTED,
            nobody here knows how.
    """
    if request.headers.get("Content-Encoding", "").strip().lower() not in _ENCODINGS:
        raise HubError("UNSUPPORTED", "a body is packed with gzip or deflate, once, or not at all")
    try:
        return await read_body(request)
    except LateBodyError as error:
        raise HubError("NO_ROOM", str(error), RETRY_S) from None
    except BodyError as error:
        raise HubError("INVALID_REQUEST", str(error)) from None


def parsed(body: bytes, kind: type[_Body]) -> _Body:
    """Return a body as one of the wire types; an empty one has defaults only.

    Raises:
        HubError: INVALID_REQUEST, it is something else.
    """
    try:
        return msgspec.json.decode(body or b"{}", type=kind)
    except (msgspec.MsgspecError, UnicodeError, RecursionError):
        raise HubError("INVALID_REQUEST", f"the body is not a {kind.__name__}") from None
