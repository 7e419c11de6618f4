"""A client of the worker: for pool managers, orchestrators and the features of this repository."""

import asyncio
import random
import re
from collections.abc import AsyncGenerator, AsyncIterator, Mapping
from types import TracebackType
from typing import Any, Final, NamedTuple, Self
from urllib.parse import quote

import aiohttp
import msgspec
from aiohttp.http_exceptions import LineTooLong

from narration_core import Narrator
from narration_core.bridges.aiohttp import client_tracing
from narration_worker.errors import CODES

TRIES: Final = 4
FIRST_WAIT_S: Final = 0.1
LONGEST_WAIT_S: Final = 5.0
LONGEST_ASKED_S: Final = 60.0
"""Longest pause that a server can ask for with `Retry-After`, in seconds."""

MAX_LINE: Final = 1 << 20
LAST_EVENTS: Final = frozenset(("end", "error"))
_OK, _REDIRECT = 200, 300
_NUMBER: Final = re.compile("[0-9]{1,18}")
_PASSING: Final = frozenset((429, 502, 503))
"""What a proxy in front of the worker answers by itself when the same request may work later."""

narrate = Narrator("worker-client")


class Message(NamedTuple):
    """One event of a stream: its name, its data, its id."""

    name: str
    data: dict[str, Any]
    event_id: int | None = None


class WorkerRefusedError(Exception):
    """The worker refused the request.

    Args:
        status: HTTP status.
        body: the error: code, message, hint, retriable.
        headers: of the response.
    """

    def __init__(self, status: int, body: Mapping[str, Any], headers: Mapping[str, str]) -> None:
        self.status = status
        self.body = dict(body)
        self.headers = dict(headers)
        self.code = str(body.get("code", f"HTTP_{status}"))
        super().__init__(f"{self.code}: {body.get('message', 'no reason given')}")

    @property
    def retriable(self) -> bool:
        """Whether the same request may work later."""
        known = CODES.get(self.code)
        return bool(self.body.get("retriable", known.retriable if known else self.status in _PASSING))


class NotAWorkerError(aiohttp.ClientPayloadError):
    """What answered does not speak like a worker; nobody knows what became of the request."""


class StreamCutError(NotAWorkerError):
    """A stream ended without `end` or `error`: the answer is not complete, and nobody knows how the job ended."""


class WorkerClient:
    """Client of one worker; use it with `async with`. Bound ids are sent in the headers.

    Args:
        url: the worker's address, such as http://127.0.0.1:8080.
        token: sent as a bearer token.
        tries: how many times a request is sent, as long as nothing of its answer has arrived.
    """

    def __init__(self, url: str, *, token: str | None = None, tries: int = TRIES) -> None:
        self.url = url.rstrip("/")
        self._headers = {"Authorization": f"Bearer {token}"} if token else {}
        self._tries = tries
        self._session: aiohttp.ClientSession | None = None

    async def __aenter__(self) -> Self:
        """Open the connection pool."""
        self._session = aiohttp.ClientSession(
            headers=self._headers,
            trace_configs=[client_tracing(trust="inside")],
            timeout=aiohttp.ClientTimeout(total=None, connect=10),
            read_bufsize=MAX_LINE,
        )
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Close every connection."""
        if self._session is not None:
            await self._session.close()

    async def _open(self, method: str, path: str, body: Any, headers: Mapping[str, str]) -> aiohttp.ClientResponse:
        """Send a request until an answer begins; retry failures that may pass.

        Raises:
            WorkerRefusedError: the worker refused it, at the last try or for good.
            aiohttp.ClientError: the worker could not be reached.
        """
        if self._session is None:
            raise RuntimeError("WorkerClient is not open; use it with `async with`")
        wait_s = FIRST_WAIT_S
        for attempt in range(1, self._tries + 1):
            last = attempt == self._tries
            try:
                response = await self._session.request(
                    method, self.url + path, json=body, headers=headers, allow_redirects=False
                )
            except aiohttp.ClientConnectionError as error:
                if last:
                    raise
                kind, asked_s = type(error).__name__, 0.0
            else:
                if _OK <= response.status < _REDIRECT:
                    return response
                refused = WorkerRefusedError(response.status, await _json(response) or {}, response.headers)
                if last or not refused.retriable:
                    raise refused
                kind, asked_s = refused.code.lower(), _seconds(response.headers.get("Retry-After"))
            pause_s = max(asked_s, wait_s) * (0.5 + random.random() / 2)  # noqa: S311 - jitter, no secret
            narrate.debug(
                "retry",
                path,
                "Trying {target} again after {error_kind}",
                error_kind=kind,
                backoff_ms=int(pause_s * 1000),
            )
            await asyncio.sleep(pause_s)
            wait_s = min(wait_s * 2, LONGEST_WAIT_S)
        raise AssertionError("the last try returns or raises")

    async def _call(self, method: str, path: str, body: Any = None) -> dict[str, Any]:
        response = await self._open(method, path, body, {})
        async with response:
            answer = await _json(response)
        if answer is None:
            raise NotAWorkerError(f"{self.url}{path} answered {response.status} without an object of JSON")
        return answer

    async def execute(self, *, headers: Mapping[str, str] | None = None, **request: Any) -> AsyncGenerator[Message]:
        """Send a request and yield its stream, from `started` to `end` or `error`.

        Args:
            headers: additional headers, for example a correlation id.
            request: `prompt` and the other fields of `/execute`.

        Raises:
            WorkerRefusedError: the worker refused it.
            StreamCutError: the stream ended without `end` or `error`, or its connection broke; a request is not sent
                again once its answer has begun.
            aiohttp.ClientError: the worker could not be reached.
        """
        response = await self._open("POST", "/execute", request, headers or {})
        async with response:
            if response.content_type != "text/event-stream":
                raise StreamCutError(f"{self.url} answered with {response.content_type}, not with a stream of events")
            async for message in read_events(response.content):
                yield message
                if message.name in LAST_EVENTS:
                    return
            raise StreamCutError(f"the stream of {self.url} ended without `end` or `error`")

    async def text(self, **request: Any) -> str:
        """Return only the generated text.

        Raises:
            WorkerRefusedError: the worker refused the request, or it ended with an error.
            StreamCutError: the stream ended without `end` or `error`, or is none of a worker's.
        """
        texts: list[str] = []
        async for message in self.execute(**request):
            if message.name == "token":
                texts.append(_text(message))
            elif message.name == "error":
                code = CODES.get(str(message.data.get("code")))
                raise WorkerRefusedError(code.status if code else 500, message.data, {})
        return "".join(texts)

    async def cancel(self, job_id: str) -> dict[str, Any]:
        """Stop a job."""
        return await self._call("POST", "/cancel", {"job_id": job_id})

    async def job(self, job_id: str) -> dict[str, Any]:
        """Return the state of a job."""
        return await self._call("GET", f"/jobs/{quote(job_id, safe='')}")

    async def shutdown(self) -> dict[str, Any]:
        """Ask the worker to shut down."""
        return await self._call("POST", "/shutdown")

    async def health(self) -> dict[str, Any]:
        """Return the body of `/health`, whatever its status.

        Raises:
            WorkerRefusedError: what answered is not a worker's health.
        """
        try:
            return await self._call("GET", "/health")
        except WorkerRefusedError as refused:
            if "status" not in refused.body:
                raise
            return refused.body

    async def metrics(self) -> str:
        """Return the Prometheus text."""
        response = await self._open("GET", "/metrics", None, {})
        async with response:
            return await response.text()


async def _json(response: aiohttp.ClientResponse) -> dict[str, Any] | None:
    """Return the object of JSON in a response's body, or None when it is something else."""
    try:
        body = msgspec.json.decode(await response.read())
    except (msgspec.MsgspecError, UnicodeError):
        return None
    return body if isinstance(body, dict) else None


def _seconds(header: str | None) -> float:
    """Return how long `Retry-After` asks to wait, in seconds; 0 for a date, which says nothing about now."""
    asked = (header or "").strip()
    return min(float(asked), LONGEST_ASKED_S) if asked.isascii() and asked.isdigit() else 0.0


def _text(token: Message) -> str:
    text = token.data.get("t")
    if not isinstance(text, str):
        raise StreamCutError("a token event has no text")
    return text


async def read_events(content: aiohttp.StreamReader) -> AsyncIterator[Message]:
    """Yield the events of a stream (WHATWG server-sent events); comments and unknown fields are skipped.

    Raises:
        StreamCutError: the connection broke, a line is endless, or an event holds no object of JSON.
    """
    name, data, event_id = "message", [], None
    try:
        async for raw in content:
            line = raw.decode("utf-8", "replace").rstrip("\r\n")
            if line:
                field, _, value = line.partition(":")
                value = value.removeprefix(" ")
                if field == "event":
                    name = value
                elif field == "data":
                    data.append(value)
                elif field == "id":
                    event_id = int(value) if _NUMBER.fullmatch(value) else None
            elif data:
                yield Message(name, _object(name, data), event_id)
                name, data = "message", []
    except (LineTooLong, ValueError) as error:
        raise StreamCutError(f"a line is longer than {MAX_LINE} bytes") from error
    except NotAWorkerError:
        raise
    except (aiohttp.ClientError, ConnectionError) as error:
        raise StreamCutError(f"the connection broke in the middle of the stream ({type(error).__name__})") from error


def _object(name: str, data: list[str]) -> dict[str, Any]:
    """Return the data of an event."""
    try:
        body = msgspec.json.decode("\n".join(data))
    except msgspec.DecodeError as error:
        raise StreamCutError(f"event {name[:80]!r} is not valid JSON") from error
    if not isinstance(body, dict):
        raise StreamCutError(f"event {name[:80]!r} is not an object of JSON")
    return body
