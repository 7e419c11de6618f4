"""A request through the fleet in the panel, in a real browser: one id, one story, a lane for every service."""

import asyncio
import json
import os
import subprocess
import sys

import pytest

from fleet.starting import EXAMPLES, HUB, SERVICES
from narration_core import decode
from support.fleet import TOKEN, RunningFleet


@pytest.fixture
def fleet(tmp_path):
    running = RunningFleet(tmp_path / "files", environment={"NARRATION_HUB_TOKEN": TOKEN})
    running.start()
    yield running
    running.stop()


def asked(fleet):
    """Type the keeper's command; return the id of its request."""
    addresses = {"ORCHESTRATOR": fleet.url("orchestratord"), "NARRATION_HUB": fleet.url(HUB)}
    own = {"AUTH_TOKEN": TOKEN, "NARRATION_HUB_TOKEN": TOKEN, "PYTHONPATH": str(EXAMPLES), **addresses}
    command = [sys.executable, "-m", "fleet.keeper", "a haiku about lanes", "--device", "cpu"]
    done = subprocess.run(command, env={**os.environ, **own}, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    admitted = next(event for event in map(decode, fleet.lines("orchestratord")) if event.action == "admit")
    return admitted.correlation_id


@pytest.mark.req("FLEET-01", "HUB-07")
def test_the_story_of_a_request_has_a_lane_for_every_service(clients, fleet, tmp_path):
    request = asked(fleet)
    command = clients.panel("panel.mjs", "fleet", f"{fleet.url(HUB)}/", str(tmp_path), TOKEN, request)
    (seen,) = asyncio.run(asyncio.wait_for(clients.all_of(command), 110))
    assert {lane["service"] for lane in seen["lanes"]} == {*SERVICES, "keeper", "worker"}
    assert all(lane["inside"] and lane["bars"] for lane in seen["lanes"]), json.dumps(seen["lanes"])
    assert f"story={request}" in seen["at"]
    assert TOKEN not in seen["at"]
    assert "Answered the task" in seen["found"]
    assert (seen["inStory"], seen["complaints"]) == ([], [])
