"""Start a hub as a process and read its narration: for the demo, tests and features."""

import sys
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import asynccontextmanager

from narration_core import Event
from narration_core.serving.launch import RunningService, running


@asynccontextmanager
async def launch(
    arguments: Sequence[str] = (),
    *,
    environment: Mapping[str, str] | None = None,
    on_event: Callable[[Event], None] | None = None,
    wait_until: str | None = "ready",
) -> AsyncIterator[RunningService]:
    """Start a hub on any free port, yield it, and stop it at the end.

    Args:
        arguments: of `narration hub`; `--port` among them chooses the port.
        environment: added to this process's own.
        on_event: called with each event as it arrives.
        wait_until: yield when this action is narrated; None yields at once.

    Raises:
        ServiceEndedError: it ended before that.
    """
    command = [sys.executable, "-m", "narration_hub", "--port", "0", *arguments]
    async with running(command, name="hub", environment=environment, on_event=on_event, wait_until=wait_until) as hub:
        yield hub
