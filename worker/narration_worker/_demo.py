"""What `python -m narration_worker.demo` does, once everything that it needs is known to be installed. It prints."""

import asyncio
import os
import subprocess
import sys
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Final

import aiohttp

from narration_core import Event, bind, decode, formatted, new_correlation_id
from narration_worker.client import WorkerClient, WorkerRefusedError
from narration_worker.config import BUNDLED
from narration_worker.launch import WorkerEndedError, launch

PROMPT: Final = "Write a haiku about GPU computing"
FOLDER: Final = Path(".narration")
JSON_LINES: Final = FOLDER / "demo.jsonl"
_BOLD, _DIM, _PLAIN = "\x1b[1m", "\x1b[2m", "\x1b[0m"
_START_S: Final = 60.0
_POLL_S: Final = 0.02


def _say(text: str = "", style: str = "") -> None:
    painted = f"{style}{text}{_PLAIN}" if style and sys.stdout.isatty() else text
    sys.stdout.write(painted + "\n")
    sys.stdout.flush()


def _show(event: Event) -> None:
    _say(formatted(event))


def _start(name: str, arguments: Sequence[str], path: Path) -> "subprocess.Popen[bytes]":
    with path.open("wb") as file:
        return subprocess.Popen(  # noqa: S603 - our own package
            [sys.executable, "-m", f"narration_{name}", "--port", "0", *arguments],
            stdin=subprocess.DEVNULL,
            stdout=file,
            stderr=subprocess.STDOUT,
            start_new_session=True,
            env={**os.environ, "NARRATION_FORMAT": "json", "NARRATION_HUB": ""},
        )


async def _detached(name: str, *arguments: str) -> "tuple[subprocess.Popen[bytes], Event]":
    """Start a service that may outlive this program, its narration in a file; return it when it is ready."""
    FOLDER.mkdir(exist_ok=True)
    path = FOLDER / f"demo-{name}.jsonl"
    process = _start(name, arguments, path)
    try:
        async with asyncio.timeout(_START_S):
            return process, await _ready(process, name, path)
    except BaseException:
        process.kill()
        raise


async def _ready(process: "subprocess.Popen[bytes]", name: str, path: Path) -> Event:
    """Return the event that tells where a service listens; wait for it."""
    while process.poll() is None:
        for line in _whole_lines(path):
            if b'"port":' in line:
                return decode(line)
        await asyncio.sleep(_POLL_S)
    raise WorkerEndedError(f"the {name} did not start; see {path}")


def _whole_lines(path: Path) -> list[bytes]:
    return path.read_bytes().split(b"\n")[:-1]


@asynccontextmanager
async def _hub(*, keep: bool) -> AsyncIterator[tuple[str, int]]:
    """Start a hub; yield its address and process id; stop it unless it is to be kept."""
    process, ready = await _detached("hub", "--no-data")
    kept = False
    try:
        yield f"http://{ready.get('address')}:{ready.get('port')}", process.pid
        kept = keep
    finally:
        if not kept:
            process.terminate()
            process.wait()


async def _demo(*, keep: bool) -> None:
    async with _hub(keep=keep) as (hub, hub_pid):
        _say(f"Starting a worker on the bundled model ({BUNDLED.name}, CPU). Its narration:", _BOLD)
        _say()
        async with (
            launch("bundled", device="cpu", on_event=_show, arguments=["--hub", hub]) as worker,
            WorkerClient(worker.url) as client,
        ):
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
        _say()
        _say("The same request as the hub tells it, to anyone and live:", _BOLD)
        _say()
        for line in (await _story(hub, correlation_id)).splitlines():
            _say(line)
        _say()
        if not keep:
            _say("To look around in the hub's panel: make demo KEEP=1", _DIM)
            return
        kept, _ = await _detached("worker", "--model", "bundled", "--device", "cpu", "--hub", hub)
        _say(f"Hub and worker go on; to stop them: kill {hub_pid} {kept.pid}. The hub's panel:", _DIM)
        _say(hub)


async def _story(hub: str, correlation_id: str) -> str:
    path = f"{hub}/v1/stories/{correlation_id}"
    headers = {"Accept": "text/plain"}
    async with aiohttp.ClientSession() as session, session.get(path, headers=headers) as answer:
        answer.raise_for_status()
        return await answer.text()


def run() -> int:
    """Run the demo; return its exit code."""
    keep = os.environ.get("KEEP", "").strip().lower() in {"1", "true", "yes", "on"}
    try:
        asyncio.run(_demo(keep=keep))
    except (WorkerEndedError, WorkerRefusedError, aiohttp.ClientError, TimeoutError, OSError) as error:
        sys.stderr.write(f"error: the demo could not finish: {str(error) or type(error).__name__}\n")
        return 1
    except KeyboardInterrupt:
        return 130
    return 0
