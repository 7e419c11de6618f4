"""Start a service as a process and read its narration: for demos, tests, features and whoever manages services."""

import asyncio
import os
import signal
from collections import deque
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from typing import Any, Final

from narration_core._event import Event, decode
from narration_core.serving.addresses import url_host

START_TIMEOUT_S: Final = 60.0
STOP_TIMEOUT_S: Final = 30.0
_BOUND: Final = ("server_bound", "ready")  # actions that tell where a service listens
_OTHER_LINES: Final = 20
_MAX_LINE: Final = 1 << 20


class ServiceEndedError(Exception):
    """The service ended while it was still needed; the message holds its last output that is not narration."""


class RunningService:
    """A service's process. Its narration is in `events`, in the order of its standard output.

    Args:
        process: a started process, with both outputs piped.
        on_event: called with each event as it arrives.
        name: what it is, for messages.

    Attributes:
        events: what it narrated so far.
        lines: the same as JSON lines.
        other_output: the last lines of both outputs that are not narration.
    """

    def __init__(
        self,
        process: asyncio.subprocess.Process,
        on_event: Callable[[Event], None] | None = None,
        name: str = "service",
    ) -> None:
        self._name = name
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
            if event.get("port") is not None and event.action in _BOUND:
                return f"http://{url_host(str(event.get('address')))}:{event.get('port')}"
        raise ServiceEndedError(f"the {self._name} has not narrated its address yet")

    def find(self, **fields: Any) -> Event | None:
        """Return the first event with these field values, or None."""
        return next((event for event in self.events if all(event.get(k) == v for k, v in fields.items())), None)

    async def wait_for(self, *, timeout_s: float = START_TIMEOUT_S, **fields: Any) -> Event:
        """Return the first event with these field values; wait for it.

        Raises:
            ServiceEndedError: it ended before it was narrated.
            TimeoutError: it was not narrated in time.
        """
        async with asyncio.timeout(timeout_s), self._changed:
            while (found := self.find(**fields)) is None:
                if self._ended.done():
                    output = "; ".join(self.other_output) or "nothing"
                    raise ServiceEndedError(
                        f"the {self._name} ended with exit code {self._ended.result()}; its last output: {output}"
                    )
                await self._changed.wait()
            return found

    def signal(self, number: signal.Signals) -> None:
        """Send a signal; does nothing when it has ended."""
        if self._process.returncode is None:
            self._process.send_signal(number)

    async def wait(self, timeout_s: float = STOP_TIMEOUT_S) -> int:
        """Wait until it has ended and all its output is read; return the exit code.

        Raises:
            TimeoutError: it did not end in time.
        """
        async with asyncio.timeout(timeout_s):
            return await asyncio.shield(self._ended)

    async def stop(self) -> int:
        """Send SIGTERM and wait; kill it when it does not end in time."""
        self.signal(signal.SIGTERM)
        try:
            return await self.wait()
        except TimeoutError:
            self.signal(signal.SIGKILL)
            return await self.wait()


@asynccontextmanager
async def running(
    command: Sequence[str],
    *,
    name: str = "service",
    environment: Mapping[str, str] | None = None,
    on_event: Callable[[Event], None] | None = None,
    wait_until: str | None = "ready",
) -> AsyncIterator[RunningService]:
    """Start a service, yield it, and stop it at the end.

    Args:
        command: the program and its arguments.
        name: what it is, for messages.
        environment: added to this process's own.
        on_event: called with each event as it arrives.
        wait_until: yield when this action is narrated; None yields at once.

    Raises:
        ServiceEndedError: it ended before that.
    """
    process = await asyncio.create_subprocess_exec(
        *command,
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
        env={**os.environ, "NARRATION_FORMAT": "json", **(environment or {})},
        limit=_MAX_LINE,
    )
    service = RunningService(process, on_event, name)
    try:
        if wait_until is not None:
            await service.wait_for(action=wait_until)
        yield service
    finally:
        await service.stop()
