"""Log files of four services, and somebody who follows a request through them."""

import os
import subprocess
import sys
from pathlib import Path
from typing import Any

from pytest_bdd import given, parsers, then, when

from narration_capture import NarrationCapture
from narration_core import Narrator, encode

NOON_MS = 1_795_900_000_000  # 2026-11-28 21:06:40 UTC
GATEWAY, ORCHESTRATOR, POOL, PROVISIONER = map(Narrator, ("gateway", "orchestratord", "pool-managerd", "provisioner"))
TAKING = "Taking in a request of {session_id}"
PREPARING = "Preparing engine llamacpp-v1"
BUILDING = "Building engine llamacpp-v1 for cuda"


def begin(at: int, name: str, session: str, job: str) -> dict[str, Any]:
    """Narrate a request up to the pool manager; returns its ids."""
    ids = {"correlation_id": name, "session_id": session, "job_id": job}
    first = {"event": "request_start", "span_id": f"{name}-a", "emitted_at_ms": at}
    GATEWAY("request", "/v1/generate", TAKING, **first, **ids)
    accepted = {"queue_position": 0, "emitted_at_ms": at + 10, "parent_span_id": f"{name}-a"}
    ORCHESTRATOR("admission", job, "Accepted request {job_id} at queue position {queue_position}", **accepted, **ids)
    step = {"event": "engine_prepare_start", "span_id": f"{name}-b", "parent_span_id": f"{name}-a"}
    POOL("engine_prepare", "llamacpp-v1", PREPARING, emitted_at_ms=at + 20, **step, **ids)
    return ids


def build(at: int, name: str, ids: dict[str, Any]) -> dict[str, Any]:
    """Narrate that the provisioner takes the request up; returns the ids of its span."""
    span = {"span_id": f"{name}-c", "parent_span_id": f"{name}-b"}
    start = {"event": "engine_build_start", "emitted_at_ms": at}
    PROVISIONER("engine_build", "llamacpp-v1", BUILDING, **start, **span, **ids)
    return span


@given(parsers.parse('five requests that went well, "{first}" and on'))
def went_well(first: str) -> None:
    for number in range(5):
        at, name = NOON_MS - 560_000 + number * 300, f"{first.removesuffix('0')}{number}"
        ids = begin(at, name, "session-ok", f"job-ok-{number}")
        span = build(at + 30, name, ids)
        done = {"event": "engine_build_end", "duration_ms": 4000, "emitted_at_ms": at + 4030}
        PROVISIONER("engine_build", "llamacpp-v1", f"Finished: {BUILDING}", **done, **span, **ids)
        done = {"event": "engine_prepare_end", "duration_ms": 4020, "emitted_at_ms": at + 4040, "span_id": f"{name}-b"}
        POOL("engine_prepare", "llamacpp-v1", f"Finished: {PREPARING}", **done, **ids)
        done = {"event": "request_end", "duration_ms": 5000, "emitted_at_ms": at + 5000, "span_id": f"{name}-a"}
        GATEWAY("request", "/v1/generate", f"Finished: {TAKING}", **done, **ids)


@given(parsers.parse('the request "{name}" of session-abc123, whose engine is still being built'))
def still_built(name: str) -> None:
    ids = begin(NOON_MS, name, "session-abc123", "job-123")
    build(NOON_MS + 30, name, ids)
    others_go_on(NOON_MS + 192_030, GATEWAY, POOL)


@given(parsers.parse('the request "{name}" of session-abc123, which the pool manager passes on and nobody takes up'))
def nobody_takes_it(name: str) -> None:
    begin(NOON_MS, name, "session-abc123", "job-123")
    others_go_on(NOON_MS + 192_020, GATEWAY, POOL, PROVISIONER)


@given("a request that fails because the disk is full")
def disk_full() -> None:
    ids = begin(NOON_MS, "req-full", "session-full", "job-full")
    PROVISIONER.error(
        "engine_build",
        "llamacpp-v1",
        "Needs 40 GB of disk, 2 GB free",
        emitted_at_ms=NOON_MS + 30,
        error_kind="disk_full",
        **ids,
    )


def others_go_on(at: int, *services: Narrator) -> None:
    for service in services:
        service("health", "self", "Answered a health check", emitted_at_ms=at)


@given("a golden story of a request that goes well")
def golden(tmp_path: Path) -> None:
    folder = tmp_path / "snapshots"
    folder.mkdir()
    rows = [
        ("gateway", "request"), ("orchestratord", "admission"), ("pool-managerd", "engine_prepare"),
        ("provisioner", "engine_build"), ("provisioner", "engine_build"), ("pool-managerd", "engine_prepare"),
        ("gateway", "request"),
    ]  # fmt: skip
    text = "Scenario: A request goes well\n\nWhen it comes\n"
    (folder / "well.story").write_text(
        text + "".join(f"  {actor} | {action} | x | c1\n      y\n" for actor, action in rows)
    )


@when(parsers.parse('somebody asks why "{asked}"'), target_fixture="answer")
def ask_why(asked: str, narration: NarrationCapture, tmp_path: Path) -> list[str]:
    return ask(narration, tmp_path, "why", asked, "logs")


@when(parsers.parse('somebody asks for the story of "{asked}"'), target_fixture="answer")
def ask_story(asked: str, narration: NarrationCapture, tmp_path: Path) -> list[str]:
    return ask(narration, tmp_path, "story", asked, "logs")


@when("somebody asks which stories conform", target_fixture="answer")
def ask_conform(narration: NarrationCapture, tmp_path: Path) -> list[str]:
    return ask(narration, tmp_path, "conform", "logs")


def ask(narration: NarrationCapture, folder: Path, *arguments: str) -> list[str]:
    """Write what the services narrated to a log file for each, and run the command in that folder."""
    logs = folder / "logs"
    logs.mkdir()
    (logs / "nginx.log").touch()
    for event in narration.events:
        with (logs / f"{event.actor}.log").open("ab") as file:
            file.write(encode(event) + b"\n")
    done = subprocess.run(
        [sys.executable, "-m", "narration_core.cli", *arguments],
        cwd=folder,
        env={**os.environ, "TZ": "UTC", "COLUMNS": "80"},
        capture_output=True,
        text=True,
        check=False,
    )
    return (done.stdout or done.stderr).splitlines()


@then("the answer begins with:")
def begins_with(docstring: str, answer: list[str]) -> None:
    expected = docstring.splitlines()
    assert answer[: len(expected)] == expected


@then("the answer is:")
def is_whole(docstring: str, answer: list[str]) -> None:
    assert answer == docstring.splitlines()
