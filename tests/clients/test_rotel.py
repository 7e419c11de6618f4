"""A collector that was not written here takes what a process and a hub export, and hands it on to another hub."""

import asyncio
import json
import os
import subprocess
import sys
from contextlib import contextmanager

import pytest

from support.hub import event, hub
from support.servers import free_port, wait_until_it_listens

pytestmark = pytest.mark.req("ORCH-3309", "HUB-06")
TRACE = "0af7651916cd43dd8448eb211c80319c"
PROGRAM = """
from narration_core import Narrator, bind
with bind(correlation_id="req-1", trace_id="0af7651916cd43dd8448eb211c80319c"):
    Narrator("shop").warn("take_order", "tea", "Order {number} is late", number=7712, parts=[1, 2.5, None])
"""


@contextmanager
def collector(clients, target):
    """Run the collector; what it takes goes on to a hub as protobuf."""
    port, grpc = free_port(), free_port()
    process = subprocess.Popen(
        [
            clients.part("rotel"), "start", "--otlp-http-endpoint", f"127.0.0.1:{port}",
            "--otlp-grpc-endpoint", f"127.0.0.1:{grpc}", "--exporter", "otlp", "--otlp-exporter-protocol", "http",
            "--otlp-exporter-endpoint", target, "--batch-timeout", "100ms",
        ],
        stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
    )  # fmt: skip
    try:
        wait_until_it_listens(port, process)
        yield f"http://127.0.0.1:{port}"
    finally:
        process.kill()
        process.communicate()


async def story(one, count):
    """Return the events of req-1, as soon as there are so many."""
    async with asyncio.timeout(60):
        while True:
            async with one.session.get("/v1/stories/req-1") as response:
                lines = (await response.json())["lines"] if response.status == 200 else []
            if len(lines) >= count:
                return [line["event"] for line in lines]
            await asyncio.sleep(0.05)


def test_what_a_process_narrates_passes_a_collector(clients):
    async def main():
        async with hub() as last:
            with collector(clients, last.url) as url:
                environment = {**os.environ, "NARRATION_OTLP": url, "NARRATION_HUB": ""}
                command = [sys.executable, "-c", PROGRAM]
                await asyncio.to_thread(subprocess.run, command, env=environment, check=True, capture_output=True)
                return await story(last, 1)

    (told,) = asyncio.run(asyncio.wait_for(main(), 110))
    assert told.items() >= {
        "level": "warn", "actor": "shop", "action": "take_order", "target": "tea", "human": "Order 7712 is late",
        "correlation_id": "req-1", "trace_id": TRACE, "number": 7712, "origin": "otlp",
    }.items()  # fmt: skip


def test_what_a_hub_takes_in_passes_a_collector_and_comes_to_no_end_twice(clients):
    async def main():
        async with hub() as last:
            with collector(clients, last.url) as url:
                async with hub("--otlp", url) as first:
                    ids = {"correlation_id": "req-1"}
                    batch = [event(human=f"Step {number}", **ids) for number in range(450)]
                    record = {"timeUnixNano": "1795900000000000000", "body": {"stringValue": "By OTLP"}}
                    record["attributes"] = [{"key": "correlation_id", "value": {"stringValue": "req-1"}}]
                    body = {"resourceLogs": [{"scopeLogs": [{"logRecords": [record]}]}]}
                    await first.ask("POST", "/v1/logs", json=body)
                    await first.send(*batch)
                    told = await story(last, 450)
                    assert len((await first.ask("GET", "/v1/stories/req-1"))["lines"]) == 451
                    return told

    told = asyncio.run(asyncio.wait_for(main(), 110))
    assert sorted(one["human"] for one in told) == sorted(f"Step {number}" for number in range(450))
    assert "By OTLP" not in json.dumps(told)
