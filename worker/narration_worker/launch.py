"""Start a worker as a process and hear its narration: for the demo, tests, features and pool managers."""

import asyncio
import os
import signal
import sys
from collections import deque
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, Final

from narration_core import Event, decode

START_TIMEOUT_S: Final = 60.0
STOP_TIMEOUT_S: Final = 30.0
_LAST_WORDS: Final = 20
_MAX_LINE: Final = 1 << 20


class WorkerEndedError(Exception):
    """The worker ended when it was still needed; the message holds its last words."""


class RunningWorker:
    """A worker process. Its narration is in `events`, in the order of its standard output.

    Args:
        process: started, with both outputs piped.
        on_event: called with each event as it comes.
    """

    def __init__(self, process: asyncio.subprocess.Process, on_event: Callable[[Event], None] | None) -> None:
        self.events: list[Event] = []
        self.lines: list[bytes] = []
        self.last_words: deque[str] = deque(maxlen=_LAST_WORDS)
        self._process = process
        self._on_event = on_event
        self._news = asyncio.Condition()
        self._readers = [
            asyncio.create_task(self._read(process.stdout, self._hear)),
            asyncio.create_task(self._read(process.stderr, self._note)),
        ]
        self._ended = asyncio.create_task(self._end())

    async def _read(self, stream: asyncio.StreamReader | None, take: Callable[[bytes], None]) -> None:
        while stream is not None:
            try:
                line = await stream.readline()
            except ValueError:  # a line longer than we keep; the rest of it follows
                continue
            if not line:
                return
            take(line.rstrip(b"\n"))
            async with self._news:
                self._news.notify_all()

    def _hear(self, line: bytes) -> None:
        try:
            event = decode(line)
        except ValueError:
            self._note(line)
            return
        self.lines.append(line)
        self.events.append(event)
        if self._on_event is not None:
            self._on_event(event)

    def _note(self, line: bytes) -> None:
        self.last_words.append(line.decode("utf-8", "replace"))

    async def _end(self) -> int:
        await asyncio.gather(*self._readers)
        code = await self._process.wait()
        async with self._news:
            self._news.notify_all()
        return code

    @property
    def pid(self) -> int:
        """The process id."""
        return self._process.pid

    @property
    def url(self) -> str:
        """Where it listens, once it has said so."""
        for event in self.events:
            if event.action == "server_bound":
                return f"http://{event.get('address')}:{event.get('port')}"
        raise WorkerEndedError("the worker has not said where it listens")

    def find(self, **fields: Any) -> Event | None:
        """Return the first event that has these field values."""
        return next((event for event in self.events if all(event.get(k) == v for k, v in fields.items())), None)

    async def wait_for(self, *, timeout_s: float = START_TIMEOUT_S, **fields: Any) -> Event:
        """Return the first event with these field values; wait for it.

        Raises:
            WorkerEndedError: the worker ended without telling it.
            TimeoutError: it did not come in time.
        """
        async with asyncio.timeout(timeout_s), self._news:
            while (found := self.find(**fields)) is None:
                if self._ended.done():
                    said = "; ".join(self.last_words) or "nothing"
                    raise WorkerEndedError(
                        f"the worker ended with exit code {self._ended.result()}; it last said: {said}"
                    )
                await self._news.wait()
            return found

    def signal(self, number: signal.Signals) -> None:
        """Send a signal; fine when the worker is gone."""
        if self._process.returncode is None:
            self._process.send_signal(number)

    async def wait(self, timeout_s: float = STOP_TIMEOUT_S) -> int:
        """Return the exit code when the worker has ended and everything it said is heard.

        Raises:
            TimeoutError: it did not end in time.
        """
        async with asyncio.timeout(timeout_s):
            return await asyncio.shield(self._ended)

    async def stop(self) -> int:
        """Ask the worker to end and wait; kill it when it does not."""
        self.signal(signal.SIGTERM)
        try:
            return await self.wait()
        except TimeoutError:
            self.signal(signal.SIGKILL)
            return await self.wait()


@asynccontextmanager
async def launch(
    model: str | Path = "bundled",
    *,
    device: str | None = "cpu",
    arguments: Sequence[str] = (),
    environment: Mapping[str, str] | None = None,
    on_event: Callable[[Event], None] | None = None,
    wait_until: str | None = "ready",
) -> AsyncIterator[RunningWorker]:
    """Start a worker, yield it, and stop it.

    Args:
        model: a GGUF file, or "bundled".
        device: cpu, cuda or metal; None leaves the argument out.
        arguments: more arguments of `narration worker`.
        environment: set on top of this process's own.
        on_event: called with each of its events as it comes.
        wait_until: the action to wait for before it is yielded; None does not wait.

    Raises:
        WorkerEndedError: it ended before that action.
    """
    command = [
        sys.executable,
        "-m",
        "narration_worker",
        "--model",
        str(model),
        *(["--device", device] if device else []),
        *arguments,
    ]
    process = await asyncio.create_subprocess_exec(
        *command,
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
        env={**os.environ, "NARRATION_FORMAT": "json", **(environment or {})},
        limit=_MAX_LINE,
    )
    running = RunningWorker(process, on_event)
    try:
        if wait_until is not None:
            await running.wait_for(action=wait_until)
        yield running
    finally:
        await running.stop()
