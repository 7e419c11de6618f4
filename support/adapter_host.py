"""An adapter host over both kinds of servers: our worker, and one that speaks OpenAI's protocol."""

import asyncio
import sys
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path
from typing import Any, Final

import aiohttp
from aiohttp import web

from narration_core.serving.launch import RunningService, running
from narration_worker.client import Message, read_events
from narration_worker.launch import launch
from support.fleet import ENVIRONMENT, ROOT, TOKEN
from support.servers import free_port

KINDS: Final = ("ours", "other")
JOB: Final = {"prompt": "a haiku about GPUs", "max_tokens": 60}


@asynccontextmanager
async def adapter_host(model: str | Path) -> AsyncIterator[RunningService]:
    """Start a worker, an OpenAI facade in front of it, and the adapter host over both."""
    async with AsyncExitStack() as stack:
        worker = await stack.enter_async_context(launch(model, arguments=["--port", "0"]))
        port = free_port()
        facade = await asyncio.create_subprocess_exec(
            *(sys.executable, str(ROOT / "examples" / "openai" / "facade.py"), worker.url, "--port", str(port)),
            stdout=asyncio.subprocess.DEVNULL,
        )
        stack.push_async_callback(facade.wait)
        stack.callback(facade.terminate)
        while True:
            try:
                _, writer = await asyncio.open_connection("127.0.0.1", port)
            except OSError:
                await asyncio.sleep(0.05)
            else:
                writer.close()
                break
        servers = ["--server", f"ours=worker:{worker.url}", "--server", f"other=openai:http://127.0.0.1:{port}"]
        servers += ["--server", "gone=openai:http://127.0.0.1:9", "--server", "away=worker:http://127.0.0.1:9"]
        command = [sys.executable, "-m", "fleet.adapter_host", *servers]
        environment = {**ENVIRONMENT, "PYTHONPATH": str(ROOT / "examples"), "NARRATION_HUB": ""}
        yield await stack.enter_async_context(running(command, environment=environment))


@asynccontextmanager
async def client(host: RunningService) -> AsyncIterator[aiohttp.ClientSession]:
    """Open a session whose caller the adapter host knows."""
    async with aiohttp.ClientSession(host.url, headers={"Authorization": f"Bearer {TOKEN}"}) as http:
        yield http


async def submit(http: aiohttp.ClientSession, name: str, **more: Any) -> list[Message]:
    """Have a server answer; return the messages of its stream."""
    body = {**JOB, "job_id": f"job-{name}", **more}
    async with http.post(f"/v1/adapters/{name}/jobs", json=body) as response:
        response.raise_for_status()
        return [message async for message in read_events(response.content)]


async def cancel(http: aiohttp.ClientSession, name: str) -> None:
    """Cancel the job that `submit` has submitted, as soon as it runs."""
    while True:
        async with http.post(f"/v1/adapters/{name}/cancel/job-{name}") as answer:
            if answer.status == web.HTTPAccepted.status_code:
                return
        await asyncio.sleep(0.01)
