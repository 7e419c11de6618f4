"""A story that was exported as a trace opens in a viewer that was not written here."""

import asyncio

import pytest
from click.testing import CliRunner

from narration_core import Event, encode
from narration_core.cli import main

pytestmark = pytest.mark.req("FOL-01")


def told(actor, at, event, span, **fields):
    human = f"{actor} {event}"
    known = {"action": "work", "target": "x", "level": "info", "correlation_id": "req-1", "span_id": span, **fields}
    return encode(Event(emitted_at_ms=1_795_900_000_000 + at, actor=actor, event=event, human=human, **known)) + b"\n"


def test_speedscope_shows_the_lanes_of_a_story(clients, tmp_path):
    log, trace = tmp_path / "a.log", tmp_path / "story.json"
    log.write_bytes(
        told("gateway", 0, "request_start", "a")
        + told("worker", 10, "execute_start", "b", parent_span_id="a")
        + told("worker", 60, "execute_end", "b", duration_ms=50)
        + told("gateway", 70, "request_end", "a", duration_ms=70)
    )
    done = CliRunner().invoke(main, ["story", "req-1", str(log), "--export", "chrome-trace", str(trace)])
    assert done.exit_code == 0, done.output
    command = clients.node("trace.mjs", str(clients.part("browser")), str(trace))
    (seen,) = asyncio.run(clients.all_of(command))
    assert "Importing as Trace Event Format profile" in seen["said"]
    assert seen["title"] == "story.json - speedscope"
    assert "gateway (pid 1, tid 1) (1/2)" in seen["shown"]
