"""Streams as programs read them that were not written here: httpx-sse, the npm package eventsource, a browser."""

import asyncio
import json
import re
from typing import Any, NamedTuple

import pytest

from narration_worker.client import WorkerClient
from narration_worker.launch import launch

# What is asked for, by how it ends: the slow model cannot read the second prompt within the time that it gets.
BODIES = {
    "end": {"prompt": "写一首", "temperature": 0.0, "seed": 7, "max_tokens": 20},
    "error": {"prompt": "x" * 3900, "seed": 7},
}
ARGUMENTS = ("--inference-timeout-sec", "2", "--context-length", "4096")
STRICT = {"NARRATION_STRICT": "1"}
MILLISECONDS = re.compile(r"\d+ ms")


class Seen(NamedTuple):
    """The same requests, as our own client and as another reader sees their answers, by how they end."""

    ours: dict[str, list[dict[str, Any]]]
    theirs: dict[str, list[dict[str, Any]]]


async def by_httpx_sse(clients, url, body):
    answer, *events = await clients.all_of(clients.sse(url, body))
    assert (answer["status"], answer["http"]) == (200, "HTTP/1.1")
    return events


async def by_eventsource(clients, url, body):
    return await clients.all_of(clients.eventsource(url, body))


async def ours(url):
    async with WorkerClient(url) as client:
        return {last: [message._asdict() async for message in client.execute(**body)] for last, body in BODIES.items()}


def events_of_text(text):
    """Take a stream apart that a page shows as it came."""
    answer, stream = text.split("\n", 1)
    assert answer == "HTTP 200"
    for block in stream.split("\n\n"):
        fields = dict(line.split(": ", 1) for line in block.split("\n") if line and not line.startswith(":"))
        if fields:
            yield {"name": fields["event"], "id": fields.get("id", ""), "data": json.loads(fields["data"])}


def steady(event):
    """Return what is the same each time a stream is asked for: no clocks, no ids."""
    name, data = event["name"], event["data"]
    if name == "narration":
        narrated = data["event"]
        return name, narrated["actor"], narrated["action"], MILLISECONDS.sub("ms", narrated["human"])
    changing = {"job_id", "started_at", "decode_time_ms"}
    return name, {key: value for key, value in data.items() if key not in changing}


def story(events):
    # How many metrics there are is a matter of speed.
    return [steady(event) for event in events if event["name"] != "metrics"]


def check(seen):
    """Hold what a reader sees to the contract, and against what our own client sees."""
    for last, events in seen.theirs.items():
        names = [event["name"] for event in events]
        assert names[0] == "started"
        assert names[-1] == last
        assert sum(name in {"started", "end", "error"} for name in names) == 2
        assert not any(event.get("id") for event in events)  # this worker resumes no streams
        places = [event["data"]["i"] for event in events if event["name"] == "token"]
        assert places == sorted(places)
        assert bool(places) == (last == "end")
        assert story(events) == story(seen.ours[last])


@pytest.mark.req("API-01", "M0-W-1310", "M0-W-1311", "M0-W-1824", "SSE-03", "SSE-11")
@pytest.mark.parametrize("reader", [by_httpx_sse, by_eventsource])
def test_a_library_sees_the_events_that_our_own_client_sees(clients, slow, reader):
    async def run():
        async with launch(slow, arguments=ARGUMENTS, environment=STRICT) as worker:
            theirs = {last: await reader(clients, worker.url, body) for last, body in BODIES.items()}
            return Seen(await ours(worker.url), theirs)

    check(asyncio.run(run()))


class Browsed(NamedTuple):
    """What a browser found: the worker's address, the page, both ways to read a stream."""

    url: str
    found: list[dict[str, Any]]
    page: Seen
    events: Seen


@pytest.fixture(scope="module")
def browsed(clients, slow):
    """Let one browser do all that the tests look at: starting it takes longest."""

    async def run():
        async with launch(slow, arguments=ARGUMENTS, environment=STRICT) as worker:
            found = await clients.all_of(clients.browser("read", worker.url, *BODIES.values()))
            return worker.url, found, await ours(worker.url)

    url, found, own = asyncio.run(run())
    shown = [list(events_of_text(item["shown"])) for item in found if "shown" in item]
    events = [item["events"] for item in found if "events" in item]
    return Browsed(
        url,
        found,
        Seen(own, dict(zip(BODIES, shown, strict=True))),
        Seen(own, dict(zip(BODIES, events, strict=True))),
    )


@pytest.mark.req("API-01", "M0-W-1310", "M0-W-1311", "M0-W-1824", "SSE-03", "SSE-11")
@pytest.mark.parametrize("way", ["page", "events"])
def test_a_browser_sees_the_events_that_our_own_client_sees(browsed, way):
    check(getattr(browsed, way))


@pytest.mark.req("API-01")
def test_the_page_lists_every_endpoint_and_asks_nobody_else(browsed):
    (listed,) = [item["listed"] for item in browsed.found if "listed" in item]
    jobs = {"/execute", "/cancel", "/jobs/{job_id}", "/jobs/{job_id}/events"}
    assert set(listed) == jobs | {"/shutdown", "/health", "/metrics", "/openapi.json", "/docs"}
    assert [item for item in browsed.found if "fault" in item] == []
    asked = {item["asked"] for item in browsed.found if "asked" in item}
    assert f"{browsed.url}/execute" in asked
    assert all(address.startswith(f"{browsed.url}/") for address in asked)
