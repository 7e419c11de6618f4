"""Logs of the OpenTelemetry SDK for JavaScript, in JSON and in protobuf, arrive at the hub as events."""

import asyncio
import json

import pytest

from support.hub import hub

pytestmark = pytest.mark.req("HUB-06")
SUCCESS = 0  # ExportResultCode


@pytest.mark.parametrize("form", ["json", "protobuf"])
def test_the_exporters_for_javascript_are_understood(clients, form):
    async def main():
        async with hub() as one:
            (seen,) = await clients.all_of(clients.node("otlp.mjs", f"{one.url}/v1/logs", form))
            assert seen == {"results": [SUCCESS]}
            (line,) = (await one.ask("GET", "/v1/stories/req-1"))["lines"]
            return line["event"]

    event = asyncio.run(asyncio.wait_for(main(), 110))
    assert event.items() >= {
        "emitted_at_ms": 1_795_900_000_123, "level": "warn", "actor": "basket", "human": "Basket is nearly full",
        "correlation_id": "req-1", "items": 99, "share": 0.99, "kinds": ["a", "b"], "nested.full": False,
        "logger": "basket.items", "emitted_by": "basket@4", "origin": "otlp",
    }.items()  # fmt: skip
    assert "hunter2" not in json.dumps(event)
