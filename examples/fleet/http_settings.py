"""How services of the fleet call each other: timeouts, retries, a taxonomy of errors, and nothing secret told.

async with session(narrate) as http:
    provisioner = Peer(http, "model-provisioner", url, token)
    model = await provisioner.call("GET", "/v1/models/haiku", answer=Model)
"""

import asyncio
import random
from typing import Final, Literal, NamedTuple, TypeVar
from urllib.parse import urlsplit

import aiohttp
import msgspec

from fleet.wire import Refusal
from narration_core import Narrator, Trust
from narration_core.bridges.aiohttp import client_tracing

CONNECT_S: Final = 5.0
ANSWER_S: Final = 30.0
"""Longest time until an answer is complete; calls that take longer by nature say so."""

MAX_ANSWER: Final = 1 << 20
TRIES: Final = 4
FIRST_WAIT_S: Final = 0.1
LONGEST_WAIT_S: Final = 5.0
_SAFE: Final = frozenset(("GET", "HEAD"))
_BUSY: Final = frozenset((429, 503))
_FAILED: Final = 400

T = TypeVar("T")
Kind = Literal["refused", "timeout", "unreachable", "cut", "garbled"]


class Meaning(NamedTuple):
    """What a kind of error means to those who asked for the call.

    Attributes:
        status: of the answer that passes it on.
        code: for programs.
        said: what the service did; `{path}` is what it was asked for.
        hint: what people can do.
    """

    status: int
    code: str
    said: str
    hint: str


MEANINGS: Final[dict[Kind, Meaning]] = {
    "refused": Meaning(502, "REFUSED", "refused {path}", "check that the address is the one of this service"),
    "timeout": Meaning(
        504, "NO_ANSWER_IN_TIME", "did not answer {path} in time", "see what it was doing: narration why"
    ),
    "unreachable": Meaning(502, "UNREACHABLE", "cannot be reached", "check that it runs and that its address is right"),
    "cut": Meaning(
        502, "ANSWER_CUT", "gave no whole answer to {path}", "it probably ended in the middle: its own story says why"
    ),
    "garbled": Meaning(
        502,
        "ANSWER_NOT_UNDERSTOOD",
        "answered {path} with something else",
        "check that the address is the one of this service",
    ),
}


class CallError(Exception):
    """A call that brought no result. The message names the service and the path, never a header or a body.

    Args:
        kind: what went wrong, as one of `MEANINGS`.
        peer: the service that was called.
        path: what was asked of it.
        status: the status of its answer; None when there was none.
        refusal: why, for everybody whom the refusal is passed on to.
        retry_after_s: when it asks to be called again.
    """

    def __init__(
        self,
        kind: Kind,
        peer: str,
        path: str,
        *,
        status: int | None = None,
        refusal: Refusal | None = None,
        retry_after_s: float = 0.0,
    ) -> None:
        meaning = MEANINGS[kind]
        known = kind == "refused" and status is not None
        self.kind: Kind = kind
        self.peer = peer
        self.status: int = status if known and status is not None else meaning.status
        said = meaning.said.format(path=path) + (f" with status {status}" if known else "")
        self.refusal = refusal or Refusal(meaning.code, f"{peer} {said}", meaning.hint)
        self.retry_after_s = retry_after_s
        super().__init__(f"{peer} {path}: {self.refusal.code}: {self.refusal.message}")


def session(narrate: Narrator, *, trust: Trust = "inside") -> aiohttp.ClientSession:
    """Return the client of a service: it tells every call, and sends the ids of the request along.

    Args:
        narrate: who tells the calls.
        trust: "edge" when servers of other people are called: they get no job and session ids.
    """
    return aiohttp.ClientSession(
        trace_configs=[client_tracing(narrate, trust=trust)],
        timeout=aiohttp.ClientTimeout(total=None, connect=CONNECT_S),
        read_bufsize=MAX_ANSWER,
        trust_env=False,
    )


def shown(url: str) -> str:
    """Return a URL as it may be told: without user, password, query and fragment."""
    parts = urlsplit(url)
    host = parts.netloc.rpartition("@")[2]
    return f"{parts.scheme}://{host}{parts.path}"


class Peer:
    """Another service of the fleet.

    Args:
        http: the session to call it with.
        name: what it is called in messages.
        url: its address.
        token: sent as a bearer token.
        tries: how many times a call is tried that did no harm: nothing reached the service, or it is busy.
    """

    def __init__(
        self, http: aiohttp.ClientSession, name: str, url: str, token: str | None = None, *, tries: int = TRIES
    ) -> None:
        self.name = name
        self.url = url.rstrip("/")
        self._http = http
        self._headers = {"Authorization": f"Bearer {token}"} if token else {}
        self._tries = tries

    async def call(
        self,
        method: str,
        path: str,
        body: msgspec.Struct | None = None,
        *,
        answer: type[T],
        timeout_s: float = ANSWER_S,
    ) -> T:
        """Return what a service answers.

        Args:
            method: what is done.
            path: to what.
            body: sent as JSON.
            answer: the type of a good answer.
            timeout_s: longest time for one try.

        Raises:
            CallError: there is no good answer.
        """
        for attempt in range(1, self._tries + 1):
            try:
                return await self._try(method, path, body, answer, timeout_s)
            except CallError as error:
                if attempt == self._tries or not _may_be_tried_again(error, method):
                    raise
                pause_s = max(pause_before(attempt), min(error.retry_after_s, LONGEST_WAIT_S))
            await asyncio.sleep(pause_s)  # the next try is told as a call of its own
        raise AssertionError("the last try returns or raises")

    async def _try(self, method: str, path: str, body: msgspec.Struct | None, answer: type[T], timeout_s: float) -> T:
        data = None if body is None else msgspec.json.encode(body)
        headers = self._headers if data is None else {**self._headers, "Content-Type": "application/json"}
        try:
            async with (
                asyncio.timeout(timeout_s),
                self._http.request(
                    method, self.url + path, data=data, headers=headers, allow_redirects=False
                ) as response,
            ):
                received = await _bounded(response)
        except TimeoutError:
            raise CallError("timeout", self.name, path) from None
        except aiohttp.ClientConnectorError:
            raise CallError("unreachable", self.name, path) from None
        except aiohttp.ClientError:
            raise CallError("cut", self.name, path) from None
        if response.status >= _FAILED:
            refusal = _decoded(received, Refusal)
            after = seconds(response.headers.get("Retry-After"))
            raise CallError("refused", self.name, path, status=response.status, refusal=refusal, retry_after_s=after)
        found = _decoded(received, answer)
        if found is None:
            raise CallError("garbled", self.name, path)
        return found


async def _bounded(response: aiohttp.ClientResponse) -> bytes:
    received = bytearray()
    async for part in response.content.iter_any():
        received += part
        if len(received) > MAX_ANSWER:
            return b""  # not valid JSON: it is not understood
    return bytes(received)


def _decoded(data: bytes, kind: type[T]) -> T | None:
    try:
        return msgspec.json.decode(data, type=kind)
    except (msgspec.MsgspecError, UnicodeError):
        return None


def _may_be_tried_again(error: CallError, method: str) -> bool:
    """Tell whether a second try cannot do something twice."""
    if error.kind == "refused" and error.status in _BUSY:
        return error.retry_after_s <= LONGEST_WAIT_S  # whoever asked is told when to come back
    if error.kind == "unreachable":
        return True
    return error.kind == "cut" and method in _SAFE


def pause_before(attempt: int) -> float:
    """Return how long to wait after a failed try, in seconds: longer each time, and never two callers the same.

    Args:
        attempt: the number of the try that failed, from 1.
    """
    wait_s: float = min(FIRST_WAIT_S * 2 ** (attempt - 1), LONGEST_WAIT_S)
    return wait_s * (0.5 + random.random() / 2)  # noqa: S311 - jitter, no secret


def seconds(header: str | None) -> float:
    """Return the seconds of a Retry-After header; 0 when there are none."""
    return float(header[:9]) if header and header.isascii() and header.isdigit() else 0.0
