"""`make demo`: a real worker on a real model answers one request, narrated live. This module prints.

Exit codes: 0 success, 1 failure (the message says what failed), 130 interrupted.
"""

import asyncio
import sys
from pathlib import Path
from typing import Final

import aiohttp

from narration_core import Event, bind, formatted, new_correlation_id
from narration_worker.client import WorkerClient, WorkerRefusedError
from narration_worker.config import BUNDLED
from narration_worker.launch import WorkerEndedError, launch

PROMPT: Final = "Write a haiku about GPU computing"
JSON_LINES: Final = Path(".narration") / "demo.jsonl"
_BOLD, _DIM, _PLAIN = "\x1b[1m", "\x1b[2m", "\x1b[0m"


def _say(text: str = "", style: str = "") -> None:
    painted = f"{style}{text}{_PLAIN}" if style and sys.stdout.isatty() else text
    sys.stdout.write(painted + "\n")
    sys.stdout.flush()


def _show(event: Event) -> None:
    _say(formatted(event))


async def _demo() -> None:
    _say(f"Starting a worker on the bundled model ({BUNDLED.name}, CPU). Its narration:", _BOLD)
    _say()
    async with launch("bundled", device="cpu", on_event=_show) as worker, WorkerClient(worker.url) as client:
        correlation_id = new_correlation_id()
        with bind(correlation_id=correlation_id):
            haiku = await client.text(prompt=PROMPT, temperature=0.0, seed=42, job_id="demo-haiku")
        await worker.stop()
        lines = worker.lines
    JSON_LINES.parent.mkdir(exist_ok=True)
    JSON_LINES.write_bytes(b"\n".join([*lines, b""]))
    count = sum(correlation_id.encode() in line for line in lines)
    _say()
    _say(f"{PROMPT}:", _BOLD)
    _say()
    for line in haiku.strip().split("\n"):
        _say(f"    {line}")
    _say()
    _say(f"The same {len(lines)} events as JSON, one a line: {JSON_LINES}", _BOLD)
    _say(f"{count} of them belong to this request; one id finds them: grep {correlation_id} {JSON_LINES}", _DIM)


def main() -> int:
    """Run the demo."""
    try:
        asyncio.run(_demo())
    except (WorkerEndedError, WorkerRefusedError, aiohttp.ClientError, TimeoutError, OSError) as error:
        sys.stderr.write(f"error: the demo could not finish: {str(error) or type(error).__name__}\n")
        return 1
    except KeyboardInterrupt:
        return 130
    return 0


if __name__ == "__main__":
    sys.exit(main())
