"""The ids of one request reach every process that works for it, workers that are started for it included."""

import json
import urllib.request

import pytest
from click.testing import CliRunner

from fleet.starting import SERVICES
from narration_core.cli import main
from support.fleet import TOKEN, RunningFleet


@pytest.mark.req("FLEET-01")
def test_every_link_of_the_fleets_log_holds(tmp_path):
    fleet = RunningFleet(tmp_path / "files")
    fleet.start()
    try:
        body = json.dumps({"prompt": "a haiku about links", "device": "cpu"}).encode()
        headers = {"Authorization": f"Bearer {TOKEN}", "Content-Type": "application/json"}
        request = urllib.request.Request(f"{fleet.url('orchestratord')}/v1/tasks", body, headers)  # noqa: S310 - our own
        with urllib.request.urlopen(request, timeout=60) as response:  # noqa: S310 - as above
            task = json.load(response)
        fleet.wait_for_story(task["correlation_id"], "worker execute_end", "orchestratord task_end")
    finally:
        fleet.stop()
    logs = tmp_path / "logs"
    logs.mkdir()
    for name in SERVICES:
        (logs / f"{name}.jsonl").write_bytes(b"\n".join([*fleet.lines(name), b""]))
    done = CliRunner().invoke(main, ["links", "--ids", "--edge", "orchestratord", *map(str, logs.glob("*.jsonl"))])
    assert done.exit_code == 0, done.output
    (story,) = (line for line in done.output.splitlines() if line.startswith(task["correlation_id"]))
    assert set(story.partition(": ")[2].split(" > ")) == {*SERVICES, "worker"}
    assert "1 correlation id: every link holds" in done.output
