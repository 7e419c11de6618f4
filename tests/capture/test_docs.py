"""What docs/capture.md shows is what really comes out. `python tests/capture/test_docs.py` writes the outputs anew."""

import re
from pathlib import Path

import pytest

from narration_capture import capture
from narration_core import Narrator, bind

PAGE = Path(__file__).resolve().parents[2] / "docs" / "capture.md"
BLOCK = re.compile(r"(<!-- output: ([a-z-]+) -->\n```text\n)(.*?)(\n```\n)", re.DOTALL)


def story():
    orchestrator, manager = Narrator("orchestratord"), Narrator("pool-managerd")
    with capture("A request") as narration, bind(correlation_id="req-xyz", job_id="job-123"):
        orchestrator("admission", "session-9", "Accepted {job_id} at queue position {queue_position}", queue_position=3)
        manager("spawn", "GPU0", "Spawning engine {engine} on {device}", engine="llamacpp-v1", device="GPU0")
        manager.warn("slow", "GPU0", "Engine is slow to start", error_kind="slow_start")
    return narration


def with_lost_id():
    narration = story()
    narration.feed({"actor": "pool-managerd", "action": "ready", "target": "GPU0", "human": "Engine is ready"})
    return narration


def with_leak():
    narration = story()
    narration.feed({"actor": "pool-managerd", "action": "login", "human": "Trying hunter2 as the password"})
    return narration


def with_orphan():
    narration = story()
    narration.lost.append(narration.captured.pop())
    return narration


OUTPUTS = {
    "includes": lambda: story().assert_includes("Spawning motor llamacpp-v1"),
    "event": lambda: story().assert_event(actor="pool-managerd", action="spawn", device="GPU1"),
    "field": lambda: story().assert_field("devise", "GPU0"),
    "correlation": lambda: with_lost_id().assert_correlation_id("req-xyz"),
    "story-order": lambda: story().assert_story([("pool-managerd", "spawn"), ("orchestratord", "admission")]),
    "story-only": lambda: story().assert_story([("orchestratord", "admission")], only=True),
    "none": lambda: story().assert_none(level="warn"),
    "count": lambda: story().assert_count(1, actor="pool-managerd"),
    "every": lambda: story().assert_every("engine"),
    "secrets": lambda: with_leak().assert_no_secrets("hunter2"),
    "orphans": lambda: with_orphan().assert_no_orphans(),
}


def output(name):
    try:
        OUTPUTS[name]()
    except AssertionError as failure:
        return str(failure)
    raise ValueError(f"{name} does not fail")


@pytest.mark.req("ORCH-3306")
@pytest.mark.parametrize("name", OUTPUTS)
def test_the_page_shows_the_real_output(name):
    shown = {found[2]: found[3] for found in BLOCK.finditer(PAGE.read_text("utf-8"))}
    assert shown.get(name) == output(name)


def test_the_page_shows_no_output_that_is_none():
    assert {found[2] for found in BLOCK.finditer(PAGE.read_text("utf-8"))} == set(OUTPUTS)


if __name__ == "__main__":
    text = BLOCK.sub(lambda found: found[1] + output(found[2]) + found[4], PAGE.read_text("utf-8"))
    PAGE.write_text(text, "utf-8")
