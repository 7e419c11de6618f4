"""One facade over two kinds of servers: our worker, and a server that speaks OpenAI's protocol."""

import asyncio
import sys
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path
from typing import Any

import aiohttp
import pytest

from narration_core.serving.launch import RunningService, running
from narration_worker.client import Message, read_events
from narration_worker.launch import launch
from support.fleet import ENVIRONMENT, TOKEN
from support.servers import free_port
from support.small_models import random_model

KINDS = ("ours", "other")
JOB = {"prompt": "a haiku about GPUs", "max_tokens": 60}
SECRET = "sk-ant-api03-aBcDeFgHiJkLmNoPqRsTuVwXyZ0123456789"


@asynccontextmanager
async def adapter_host(model: str | Path) -> AsyncIterator[RunningService]:
    """Start a worker, an OpenAI facade in front of it, and the adapter host over both."""
    async with AsyncExitStack() as stack:
        worker = await stack.enter_async_context(launch(model, arguments=["--port", "0"]))
        port = free_port()
        facade = await asyncio.create_subprocess_exec(
            *(sys.executable, "examples/openai/facade.py", worker.url, "--port", str(port)),
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
        environment = {**ENVIRONMENT, "PYTHONPATH": "examples", "NARRATION_HUB": ""}
        yield await stack.enter_async_context(running(command, environment=environment))


@asynccontextmanager
async def client(host: RunningService) -> AsyncIterator[aiohttp.ClientSession]:
    async with aiohttp.ClientSession(host.url, headers={"Authorization": f"Bearer {TOKEN}"}) as http:
        yield http


async def submit(http: aiohttp.ClientSession, name: str, **more: Any) -> list[Message]:
    body = {**JOB, "job_id": f"job-{name}", **more}
    async with http.post(f"/v1/adapters/{name}/jobs", json=body) as response:
        assert response.status == 200, await response.text()
        return [message async for message in read_events(response.content)]


@pytest.mark.req("FLEET-02")
def test_both_kinds_answer_in_the_same_way() -> None:
    async def main() -> None:
        async with adapter_host("bundled") as host, client(host) as http:
            for name in KINDS:
                messages = await submit(http, name)
                text = "".join(message.data["t"] for message in messages[:-1])
                assert len(text.strip().splitlines()) == 3
                assert messages[-1].name == "end"
                async with http.get(f"/v1/adapters/{name}/health") as answer:
                    assert (await answer.json())["healthy"] is True
                async with http.get(f"/v1/adapters/{name}/props") as answer:
                    props = await answer.json()
                    assert (props["kind"], props["model"]) == (
                        "worker" if name == "ours" else "openai",
                        "haiku-1m-q8_0.gguf",
                    )
                async with http.post(f"/v1/adapters/{name}/cancel/nobody") as answer:
                    assert answer.status == 404
            for name in ("gone", "away"):
                body = {**JOB, "job_id": "job-1", "prompt": f"my key is {SECRET}"}
                async with http.post(f"/v1/adapters/{name}/jobs", json=body) as answer:
                    assert (answer.status, (await answer.json())["code"]) == (502, "UNREACHABLE")
            async with http.get("/v1/adapters/nobody/health") as answer:
                assert answer.status == 404
        told = [(event.get("server"), event.event) for event in host.events if event.action == "execute"]
        assert told == [
            *((name, event) for name in KINDS for event in ("execute_start", "execute_end")),
            *((name, event) for name in ("gone", "away") for event in ("execute_start", "execute_failed")),
        ]
        assert SECRET not in b"".join(host.lines).decode()
        assert not host.other_output

    asyncio.run(main())


def test_both_kinds_stop_a_job(tmp_path: Path) -> None:
    async def main() -> None:
        model = random_model(tmp_path / "slow.gguf", 30, context=2048)
        async with adapter_host(model) as host, client(host) as http:
            for name in KINDS:
                job = asyncio.create_task(submit(http, name, max_tokens=1800))
                while True:
                    async with http.post(f"/v1/adapters/{name}/cancel/job-{name}") as answer:
                        if answer.status == 202:
                            break
                    await asyncio.sleep(0.01)
                last = (await job)[-1]
                assert (last.name, last.data["reason"]) == ("end", "cancelled")
        ends = [event.event for event in host.events if event.event == "execute_cancelled"]
        assert len(ends) == len(KINDS)

    asyncio.run(main())
