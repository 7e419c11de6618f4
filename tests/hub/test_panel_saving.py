"""A story that the panel saves is what `narration story --export` writes."""

import json
import shutil
import subprocess
import sys

import pytest

from narration_core.contract import from_fields, level_of_severity
from narration_core.following import CLOSING, HOPS, OPENING

NODE = shutil.which("node")
pytestmark = [
    pytest.mark.req("HUB-07", "FOL-01"),
    pytest.mark.skipif(NODE is None, reason="node is not installed: the panel's model runs in it"),
]
NOW_MS = 1_795_900_000_000
IDS = {"correlation_id": "req-1", "trace_id": "0af7651916cd43dd8448eb211c80319c"}


def told(actor, at, human, **more):
    said = {"emitted_at_ms": NOW_MS + at, "level": "info", "actor": actor, "action": "work", "human": human}
    return from_fields({**said, **more, **IDS}).to_dict()  # in the order of fields that the hub sends


STORY = [
    told("gateway", 0, "Taking in", event="request_start", span_id="00000000000000a1"),
    told("gateway", 10, "Calling", event="call_start", span_id="00000000000000a2", parent_span_id="00000000000000a1"),
    told("worker", 20, "Generating", event="execute_start", span_id="odd", parent_span_id="00000000000000a2"),
    told("worker", 30, "Half “so far”", percent=50.5, sizes=[1, 2.5, None], deep={"a": True}, level="warn"),
    told("gateway", 100, "Gave up", event="call_failed", span_id="00000000000000a2", duration_ms=90.5, level="error"),
    told("gateway", 110, "Answered", event="request_end", span_id="00000000000000a1", duration_ms=110.5),
]


@pytest.fixture(scope="module")
def saved(root_of_panel):
    panel = root_of_panel / "hub/narration_hub/panel"
    severity = {level_of_severity(number): number for number in range(24, 0, -1)}
    words = json.dumps({"opening": OPENING, "closing": CLOSING, "hops": HOPS, "severity": severity})
    program = root_of_panel / "tests/hub/programs/saving.mjs"
    done = subprocess.run(
        [NODE, program, panel / "model.js", panel / "saving.js", words],
        input=json.dumps(STORY), capture_output=True, text=True, check=True,
    )  # fmt: skip
    return json.loads(done.stdout)


@pytest.fixture(scope="module")
def root_of_panel(request):
    return request.config.rootpath


def exported(folder, name):
    (folder / "all.log").write_text("".join(f"{json.dumps(event)}\n" for event in STORY), "utf-8")
    target = folder / "exported"
    command = [sys.executable, "-m", "narration_core.cli", "story", "req-1", str(folder / "all.log")]
    subprocess.run([*command, "--export", name, str(target)], capture_output=True, check=True)
    return target.read_text("utf-8")


@pytest.mark.parametrize(("ending", "name"), [("trace.json", "chrome-trace"), ("otlp.json", "otlp")])
def test_the_panel_saves_what_the_command_exports(saved, tmp_path, ending, name):
    assert json.loads(saved[ending]) == json.loads(exported(tmp_path, name))


def test_the_panel_saves_the_events_as_they_came(saved, tmp_path):
    assert [json.loads(line) for line in saved["ndjson"].splitlines()] == STORY
    assert saved["txt"].splitlines()[0] == "[gateway   ] work           : Taking in"
