"""What the hub's tests and features share: events, a client that reads streams byte by byte, real hubs."""

import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import aiohttp

from narration_core.serving.launch import RunningService
from narration_hub.launch import launch


def event(job: str | None = "job-1", human: str = "Spawning an engine", **more: Any) -> bytes:
    """Return an event as a producer's line."""
    said = {"emitted_at_ms": 1_795_900_000_000, "level": "info", "actor": "poold", "action": "spawn", "target": "gpu0"}
    ids = {"job_id": job} if job is not None else {}
    return json.dumps({**said, "human": human, **ids, **more}, separators=(",", ":")).encode()


class Reader:
    """A stream, taken apart by the rules of the web platform: only CR and LF end a line."""

    def __init__(self, response: aiohttp.ClientResponse) -> None:
        self.response = response
        self.last_id: str | None = None
        self._rest = b""

    async def next(self) -> tuple[str, Any] | None:
        """Return the next event as name and data; None at the end of the stream."""
        while b"\n\n" not in self._rest:
            data = await self.response.content.readany()
            if not data:
                return None
            self._rest += data
        block, _, self._rest = self._rest.partition(b"\n\n")
        fields = [line.partition(b": ") for line in block.split(b"\n") if not line.startswith(b":")]
        found = {field.decode(): value for field, _, value in fields}
        if len(found) != len(fields):
            raise AssertionError(f"a field is there twice: {block!r}")
        if "id" in found:
            self.last_id = found["id"].decode()
        return found["event"].decode(), json.loads(found["data"])

    async def upto(self, name: str) -> list[tuple[str, Any]]:
        """Return every event up to and including the next one of a name."""
        found = []
        while (one := await self.next()) is not None:
            found.append(one)
            if one[0] == name:
                return found
        raise AssertionError(f"the stream ended before {name}: {found}")

    async def sentences(self, count: int) -> list[str]:
        """Return the sentences of the next narrated events; nothing else may come between."""
        found: list[str] = []
        while len(found) < count:
            one = await self.next()
            if one is None or one[0] != "narration":
                raise AssertionError(f"{one} instead of event {len(found) + 1} of {count}")
            found.append(one[1]["event"]["human"])
        return found


class Hub:
    """A real hub and a session with it."""

    def __init__(self, process: RunningService, session: aiohttp.ClientSession) -> None:
        self.process = process
        self.url = process.url
        self.session = session

    async def ask(
        self, method: str, path: str, token: str | None = None, *, status: int = 200, headers: Any = None, **more: Any
    ) -> Any:
        """Return the JSON of an answer that must have a status."""
        given = {**bearer(token), **(headers or {})}
        async with self.session.request(method, path, headers=given, **more) as response:
            if response.status != status:
                raise AssertionError(f"{method} {path}: {response.status} {await response.text()}")
            return await response.json()

    async def send(self, *lines: bytes, token: str | None = None, status: int = 202, headers: Any = None) -> Any:
        """Send events; return the answer."""
        body = b"\n".join(lines)
        return await self.ask("POST", "/v1/narration", token, status=status, headers=headers, data=body)

    @asynccontextmanager
    async def stream(self, path: str, token: str | None = None, after: str | None = None) -> AsyncIterator[Reader]:
        """Open a stream and read its `hello`."""
        headers = bearer(token) | ({"Last-Event-ID": after} if after is not None else {})
        async with self.session.get(path, headers=headers) as response:
            if not response.ok:
                raise AssertionError(f"{path}: {response.status} {await response.text()}")
            reader = Reader(response)
            one = await reader.next()
            if one is None or one[0] != "hello":
                raise AssertionError(f"{path} begins with {one}")
            yield reader


def bearer(token: str | None) -> dict[str, str]:
    """Return the header that carries a token."""
    return {"Authorization": f"Bearer {token}"} if token else {}


@asynccontextmanager
async def hub(*arguments: str, **environment: str) -> AsyncIterator[Hub]:
    """Start a hub for one test."""
    own = {"NARRATION_HUB": "", "NARRATION_STRICT": "1", "NARRATION_SOURCE_LOCATION": "1", **environment}
    where = () if "--data" in arguments else ("--no-data",)
    async with launch([*arguments, *where], environment=own) as process:
        timeout = aiohttp.ClientTimeout(total=None, sock_read=60)
        async with aiohttp.ClientSession(process.url, timeout=timeout) as session:
            yield Hub(process, session)
