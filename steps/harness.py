"""Real workers for the features: their processes, their events, and an HTTP client."""

import asyncio
import json
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import AsyncIterator, Callable, Mapping
from pathlib import Path
from typing import Any, NamedTuple, Self

import aiohttp

from narration_capture import NarrationCapture
from narration_core import Event, decode
from narration_worker.config import BUNDLED

ROOT = Path(__file__).resolve().parent.parent
# A mutant that drops an event is noticed only after this time, so the run with mutants sets less.
PATIENCE_S = float(os.environ.get("PATIENCE_S", "60"))

Wanted = Callable[[Event], bool]


class WorkerProcess:
    """A worker in its own process; threads read its events from standard output.

    Args:
        arguments: of `narration worker`.
        env: variables to add to its environment.
        module: the package that is run.
    """

    def __init__(
        self, arguments: list[str], env: dict[str, str] | None = None, module: str = "narration_worker"
    ) -> None:
        environment = {name: value for name, value in os.environ.items() if not name.startswith("NARRATION_")}
        environment |= {"NARRATION_SOURCE_LOCATION": "1", "NARRATION_STRICT": "1", **(env or {})}
        self._process = subprocess.Popen(
            [sys.executable, "-m", module, *arguments],
            cwd=ROOT,
            env=environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
        )
        self.events: list[Event] = []
        self._lines: list[bytes] = []
        self.other_lines: list[str] = []
        self.errors: list[str] = []
        self._fed = 0
        self._more = threading.Condition()
        self._ended = False
        self._readers = [
            threading.Thread(target=self._read_stdout, daemon=True),
            threading.Thread(target=self._read_stderr, daemon=True),
        ]
        for reader in self._readers:
            reader.start()

    def _read_stdout(self) -> None:
        assert self._process.stdout is not None
        for line in self._process.stdout:
            with self._more:
                try:
                    self.events.append(decode(line))
                    self._lines.append(line)
                except ValueError:
                    self.other_lines.append(line.decode("utf-8", "replace"))
                self._more.notify_all()
        with self._more:
            self._ended = True
            self._more.notify_all()

    def _read_stderr(self) -> None:
        assert self._process.stderr is not None
        self.errors += [line.decode("utf-8", "replace") for line in self._process.stderr]

    # -- events --------------------------------------------------------------------------------

    def wait_for(self, wanted: Wanted, start: int = 0) -> int:
        """Wait until the worker emits a wanted event, and return its index."""
        until = time.monotonic() + PATIENCE_S
        with self._more:
            index = start
            while True:
                while index < len(self.events):
                    if wanted(self.events[index]):
                        return index
                    index += 1
                left = until - time.monotonic()
                if self._ended or left <= 0:
                    why = "it ended" if self._ended else f"not within {PATIENCE_S} s"
                    emitted = "".join(f"\n  {event.actor} {event.action}: {event.human}" for event in self.events)
                    stderr = "".join(self.errors[-20:])
                    raise AssertionError(
                        f"the worker did not emit the expected event ({why}); it emitted:{emitted}\n{stderr}"
                    )
                self._more.wait(left)

    def feed_until(self, narration: NarrationCapture, until: Wanted, only: Wanted = lambda _: True) -> Event:
        """Feed the worker's events to a capture, up to and including a wanted one, which is returned."""
        index = self.wait_for(until, self._fed)
        self._feed(narration, index + 1, only)
        return self.events[index]

    def feed_rest(self, narration: NarrationCapture, only: Wanted = lambda _: True) -> None:
        """Feed the worker's events until it ends."""
        self.wait()
        self._feed(narration, len(self.events), only)

    def _feed(self, narration: NarrationCapture, end: int, only: Wanted) -> None:
        # Lines, not events: only they prove that the worker's code ran.
        pairs = zip(self.events[self._fed : end], self._lines[self._fed : end], strict=True)
        narration.feed(*[line for event, line in pairs if only(event)])
        self._fed = end

    def skip(self) -> None:
        """Skip the events so far."""
        with self._more:
            self._fed = len(self.events)

    # -- process -------------------------------------------------------------------------------

    @property
    def url(self) -> str:
        """The address on which it listens."""
        event = self.events[self.wait_for(lambda event: event.action == "server_bound")]
        return f"http://127.0.0.1:{event.get('port')}"

    @property
    def pid(self) -> int:
        """Its process id."""
        return self._process.pid

    @property
    def running(self) -> bool:
        """Whether it runs."""
        return self._process.poll() is None

    def signal(self, number: int) -> None:
        """Send it a signal."""
        self._process.send_signal(number)

    def wait(self) -> int:
        """Wait until it ends, and return the exit code."""
        code = self._process.wait(PATIENCE_S)
        for reader in self._readers:
            reader.join(PATIENCE_S)
        return code

    def kill(self) -> None:
        """Kill it."""
        if self.running:
            self._process.kill()
        self.wait()
        for pipe in (self._process.stdout, self._process.stderr):
            if pipe is not None:
                pipe.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        if self.running:
            self.signal(signal.SIGTERM)
            try:
                self._process.wait(10)
            except subprocess.TimeoutExpired:
                self._process.kill()
        self.kill()


def arguments(model: Path = BUNDLED, device: str | None = "cpu", port: int = 0, **more: Any) -> list[str]:
    """Return the arguments of a worker."""
    given = ["--model", str(model), "--port", str(port)]
    given += ["--device", device] if device else []
    for name, value in more.items():
        given += [f"--{name.replace('_', '-')}", str(value)]
    return given


class Frame(NamedTuple):
    """One event of a stream: its name and its data."""

    name: str
    data: Any
    id: str | None = None


async def frames(response: aiohttp.ClientResponse, received: bytearray | None = None) -> AsyncIterator[Frame]:
    """Yield the events of a stream; its bytes are appended to `received`."""
    name, data, number = "message", [], None
    async for raw in response.content:
        if received is not None:
            received += raw
        line = raw.decode("utf-8").rstrip("\r\n")
        if not line:
            if data:
                yield Frame(name, json.loads("\n".join(data)), number)
            name, data, number = "message", [], None
        elif line.startswith("event:"):
            name = line[6:].strip()
        elif line.startswith("data:"):
            data.append(line[5:].removeprefix(" "))
        elif line.startswith("id:"):
            number = line[3:].strip()


class Answer(NamedTuple):
    """The response to a client.

    Attributes:
        status: HTTP status.
        headers: of the response.
        frames: the events of the stream, in order.
        body: the JSON body of a response that is not a stream.
        received: the bytes of the stream.
    """

    status: int
    headers: Mapping[str, str]
    frames: list[Frame]
    body: Any
    received: bytes = b""

    @property
    def text(self) -> str:
        """The generated text."""
        return "".join(frame.data["t"] for frame in self.frames if frame.name == "token")

    def of(self, name: str) -> list[Any]:
        """Return the data of every event with this name."""
        return [frame.data for frame in self.frames if frame.name == name]


async def ask(url: str, body: Any, headers: dict[str, str] | None = None) -> Answer:
    """Send a request for text and read the response to its end."""
    async with (
        aiohttp.ClientSession() as session,
        session.post(f"{url}/execute", json=body, headers=headers) as response,
    ):
        if response.content_type == "text/event-stream":
            received = bytearray()
            events = [frame async for frame in frames(response, received)]
            return Answer(response.status, response.headers.copy(), events, None, bytes(received))
        return Answer(response.status, response.headers.copy(), [], await response.json(content_type=None))


class OpenRequest:
    """A request whose stream is still open."""

    def __init__(self, url: str) -> None:
        self.url = url
        self._session: aiohttp.ClientSession | None = None
        self._response: aiohttp.ClientResponse | None = None
        self._frames: AsyncIterator[Frame] | None = None
        self.seen: list[Frame] = []

    async def open(self, body: Any, headers: dict[str, str] | None = None) -> None:
        """Send the request."""
        self._session = aiohttp.ClientSession()
        self._response = await self._session.post(f"{self.url}/execute", json=body, headers=headers)
        assert self._response.status == 200, await self._response.text()
        self._frames = frames(self._response)

    async def take_up(self, job_id: str, last_event_id: str) -> None:
        """Take up the stream of a job after an event."""
        self._session = aiohttp.ClientSession()
        self._response = await self._session.get(
            f"{self.url}/jobs/{job_id}/events", headers={"Last-Event-ID": last_event_id}
        )
        assert self._response.status == 200, await self._response.text()
        self._frames = frames(self._response)

    async def until(self, name: str) -> Frame:
        """Read up to an event with this name."""
        assert self._frames is not None
        async for frame in self._frames:
            self.seen.append(frame)
            if frame.name == name:
                return frame
        raise AssertionError(f"the stream ended without {name!r}: {[frame.name for frame in self.seen]}")

    async def heartbeat(self) -> None:
        """Read up to a comment, with which a silent stream shows that it is alive."""
        assert self._response is not None
        async for line in self._response.content:
            if line.startswith(b":"):
                return
        raise AssertionError("the stream ended without a heartbeat")

    async def close(self) -> None:
        """Close the connection."""
        if self._response is not None:
            self._response.close()
        if self._session is not None:
            await self._session.close()


async def call(
    method: str, url: str, body: Any = None, headers: dict[str, str] | None = None
) -> tuple[int, Any, Mapping[str, str]]:
    """Return the status, JSON (or text) and headers of one request."""
    async with aiohttp.ClientSession() as session, session.request(method, url, json=body, headers=headers) as response:
        text = await response.text()
        try:
            answer = json.loads(text)
        except ValueError:
            answer = text
        return response.status, answer, response.headers.copy()


async def healthy(url: str) -> None:
    """Wait until the worker says that it is healthy."""
    async with aiohttp.ClientSession() as session, asyncio.timeout(PATIENCE_S):
        while True:
            async with session.get(f"{url}/health") as response:
                if response.status == 200:
                    return
            await asyncio.sleep(0.02)
