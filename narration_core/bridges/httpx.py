"""httpx: ids sent along, each call and what came of it told. Import this only where httpx is installed."""

from typing import Any, Final

import httpx

from narration_core._correlation import BAGGAGE_HEADER, CORRELATION_HEADER, TRACEPARENT_HEADER, Trust
from narration_core._narrator import Narrator
from narration_core.bridges._calling import Call, Calling
from narration_core.bridges._levels import Levels

_BYTES: Final = {name: name.lower().encode() for name in (CORRELATION_HEADER, TRACEPARENT_HEADER, BAGGAGE_HEADER)}
_GAVE_UP: Final = "connection.connect_tcp.failed"


class NarrationTransport(httpx.BaseTransport):
    """A transport that sends the bound ids with every call, and tells the call and what came of it.

    `httpx.Client(transport=NarrationTransport(narrate))`. A redirect is a call of its own.

    Args:
        narrate: who tells.
        transport: what sends the requests; `httpx.HTTPTransport()` when absent.
        trust: "inside" if only services of the same system are called: they get the job and session id as well.
        levels: levels by point, such as {"call": "mute"}. The points are `call`, `answer`, `bad_answer`, `failure`.

    Raises:
        ValueError: `trust`, a point or a level does not exist.
    """

    def __init__(
        self,
        narrate: Narrator,
        transport: httpx.BaseTransport | None = None,
        *,
        trust: Trust = "edge",
        levels: Levels | None = None,
    ) -> None:
        self._calling = Calling(narrate, trust, levels)
        self._may_retry = transport is not None
        self._transport = transport or httpx.HTTPTransport()

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        """Send one request."""
        call, attempts = _begin(self._calling, request), _Attempts()
        if self._may_retry:
            request.extensions.setdefault("trace", attempts.note)
        try:
            response = self._transport.handle_request(request)
        except BaseException as error:
            call.failed(error, attempts.retries(failed=True))
            raise
        call.answered(response.status_code, attempts.retries(failed=False))
        return response

    def close(self) -> None:
        """Close the transport inside."""
        self._transport.close()


class AsyncNarrationTransport(httpx.AsyncBaseTransport):
    """`NarrationTransport` for `httpx.AsyncClient`.

    Args:
        narrate: who tells.
        transport: what sends the requests; `httpx.AsyncHTTPTransport()` when absent.
        trust: see `NarrationTransport`.
        levels: see `NarrationTransport`.

    Raises:
        ValueError: `trust`, a point or a level does not exist.
    """

    def __init__(
        self,
        narrate: Narrator,
        transport: httpx.AsyncBaseTransport | None = None,
        *,
        trust: Trust = "edge",
        levels: Levels | None = None,
    ) -> None:
        self._calling = Calling(narrate, trust, levels)
        self._may_retry = transport is not None
        self._transport = transport or httpx.AsyncHTTPTransport()

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        """Send one request."""
        call, attempts = _begin(self._calling, request), _Attempts()
        if self._may_retry:
            request.extensions.setdefault("trace", attempts.note_async)
        try:
            response = await self._transport.handle_async_request(request)
        except BaseException as error:
            call.failed(error, attempts.retries(failed=True))
            raise
        call.answered(response.status_code, attempts.retries(failed=False))
        return response

    async def aclose(self) -> None:
        """Close the transport inside."""
        await self._transport.aclose()


class _Attempts:
    """Counts the connections that httpcore gave up: it tries them again by itself, if the transport says so."""

    __slots__ = ("_given_up",)

    def __init__(self) -> None:
        self._given_up = 0

    def note(self, event: str, _: dict[str, Any]) -> None:
        self._given_up += event == _GAVE_UP

    async def note_async(self, event: str, _: dict[str, Any]) -> None:
        self._given_up += event == _GAVE_UP

    def retries(self, *, failed: bool) -> int:
        """Return how often a connection was tried again; after a failure, the last one was not."""
        return max(0, self._given_up - failed)


def _begin(calling: Calling, request: httpx.Request) -> Call:
    url = request.url
    call = Call(calling, request.method, f"{url.netloc.decode('ascii', 'replace')}{url.path}")
    headers = request.headers
    known = getattr(headers, "_list", None) if _LIST_IS_KNOWN else None
    if known is None:
        for name, value in call.missing_in(headers).items():
            headers[name] = value
        return call
    sent = {name for _, name, _ in known}
    for name, value in call.headers.items():
        small = _BYTES[name]
        if small not in sent:
            known.append((name.encode(), small, value.encode()))
    return call


def _list_is_known() -> bool:
    """Return whether httpx keeps headers as it did so far: what it offers decodes all of them for each look-up."""
    return getattr(httpx.Headers([("Ab", "c")]), "_list", None) == [(b"Ab", b"ab", b"c")]


_LIST_IS_KNOWN: Final = _list_is_known()
