"""Start a worker as a process and read its narration: for the demo, tests, features and pool managers."""

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
from narration_core.serving.addresses import url_host

START_TIMEOUT_S: Final = 60.0
STOP_TIMEOUT_S: Final = 30.0
_OTHER_LINES: Final = 20
_MAX_LINE: Final = 1 << 20


class WorkerEndedError(Exception):
    """The worker ended while it was still needed; the message holds its last output that is not narration."""


class RunningWorker:
    """A worker process. Its narration is in `events`, in the order of its standard output.

    Args:
        process: a started process, with both outputs piped.
        on_event: called with each event as it arrives.

    Attributes:
        events: what the worker narrated so far.
        lines: the same as JSON lines.
        other_output: the last lines of both outputs that are not narration.
    """

    def __init__(self, process: asyncio.subprocess.Process, on_event: Callable[[Event], None] | None) -> None:
        self.events: list[Event] = []
        self.lines: list[bytes] = []
        self.other_output: deque[str] = deque(maxlen=_OTHER_LINES)
        self._process = process
        self._on_event = on_event
        self._changed = asyncio.Condition()
        self._readers = [
            asyncio.create_task(self._read(process.stdout, self._take_event)),
            asyncio.create_task(self._read(process.stderr, self._take_other)),
        ]
        self._ended = asyncio.create_task(self._end())

    async def _read(self, stream: asyncio.StreamReader | None, take: Callable[[bytes], None]) -> None:
        while stream is not None:
            try:
                line = await stream.readline()
            except ValueError:  # a line longer than the limit; the rest of it follows
                continue
            if not line:
                return
            take(line.rstrip(b"\n"))
            async with self._changed:
                self._changed.notify_all()

    def _take_event(self, line: bytes) -> None:
        try:
            event = decode(line)
        except ValueError:
            self._take_other(line)
            return
        self.lines.append(line)
        self.events.append(event)
        if self._on_event is not None:
            self._on_event(event)

    def _take_other(self, line: bytes) -> None:
        self.other_output.append(line.decode("utf-8", "replace"))

    async def _end(self) -> int:
        await asyncio.gather(*self._readers)
        code = await self._process.wait()
        async with self._changed:
            self._changed.notify_all()
        return code

    @property
    def pid(self) -> int:
        """The process id."""
        return self._process.pid

    @property
    def url(self) -> str:
        """Its address, once it is narrated."""
        for event in self.events:
            if event.action == "server_bound":
                return f"http://{url_host(str(event.get('address')))}:{event.get('port')}"
        raise WorkerEndedError("the worker has not narrated its address yet")

    def find(self, **fields: Any) -> Event | None:
        """Return the first event with these field values, or None."""
        return next((event for event in self.events if all(event.get(k) == v for k, v in fields.items())), None)

    async def wait_for(self, *, timeout_s: float = START_TIMEOUT_S, **fields: Any) -> Event:
        """Return the first event with these field values; wait for it.

        Raises:
            WorkerEndedError: the worker ended before it was narrated.
            TimeoutError: it was not narrated in time.
        """
        async with asyncio.timeout(timeout_s), self._changed:
            while (found := self.find(**fields)) is None:
                if self._ended.done():
                    output = "; ".join(self.other_output) or "nothing"
                    raise WorkerEndedError(
                        f"the worker ended with exit code {self._ended.result()}; its last output: {output}"
                    )
                await self._changed.wait()
            return found

    def signal(self, number: signal.Signals) -> None:
        """Send a signal; does nothing when the worker has ended."""
        if self._process.returncode is None:
            self._process.send_signal(number)

    async def wait(self, timeout_s: float = STOP_TIMEOUT_S) -> int:
        """Wait until the worker has ended and all its output is read; return the exit code.

        Raises:
            TimeoutError: it did not end in time.
        """
        async with asyncio.timeout(timeout_s):
            return await asyncio.shield(self._ended)

    async def stop(self) -> int:
        """Send SIGTERM and wait; kill the worker when it does not end in time."""
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
    """Start a worker, yield it, and stop it at the end.

    Args:
        model: a GGUF file, or "bundled".
        device: cpu, cuda or metal; None leaves the argument out.
        arguments: more arguments of `narration worker`.
        environment: added to this process's own.
        on_event: called with each event as it arrives.
        wait_until: yield when this action is narrated; None yields at once.

    Raises:
        WorkerEndedError: it ended before that.
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
