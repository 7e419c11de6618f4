"""Calls without options take a shorter way: what they print and how they end is the same."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

PARSED = {"story": ("--time", "abs"), "why": ("--golden", "snapshots")}
"""An option for each command that says what holds anyway, so that the command line is parsed."""


UNPARSED = """
import sys
from narration_core.cli import start
try:
    start()
finally:
    assert "click" not in sys.modules
"""


def tell_all(logs) -> None:
    logs.span("gateway", 0, None, "call", "Asking the worker", "a1", correlation_id="req-1", session_id="s-1")
    logs.span("worker", 10, None, "work", "Doing the work", "b1", correlation_id="req-1")
    for number in range(3):
        logs.span("worker", 100 + number, 50, "work", "Doing the work", f"c{number}", correlation_id=f"req-9{number}")
    logs.line("nginx", "2026-11-29 10:00:00 GET / req-1 504")
    logs.line("worker", '{"correlation_id":"req-torn","act')


@pytest.mark.req("FOL-01", "FOL-02")
@pytest.mark.parametrize("command", PARSED)
@pytest.mark.parametrize(
    "arguments",
    [
        ("req-1", "logs"),
        ("s-1", "logs/gateway.log", "logs/worker.log"),
        ("req-1", "logs/*.log"),
        ("req-1", "-"),
        ("req-nowhere", "logs"),
        ("req-torn", "logs"),
        ("req-1", "nowhere.log"),
        ("two words", "logs"),
        ("", "logs"),
        ("req-1",),
        (),
    ],
)
def test_a_call_without_options_says_the_same_as_one_that_is_parsed(logs, narration, command, arguments):
    tell_all(logs)
    given = (logs.path("worker")).read_bytes()
    plain = narration(command, *arguments, given=given)
    parsed = narration(command, *arguments, *PARSED[command], given=given)
    assert (plain.returncode, plain.stdout, plain.stderr) == (parsed.returncode, parsed.stdout, parsed.stderr)


@pytest.mark.parametrize("command", PARSED)
def test_a_call_without_options_loads_no_parser(logs, tmp_path: Path, command):
    tell_all(logs)
    done = subprocess.run(
        [sys.executable, "-c", UNPARSED, command, "req-1", "logs"], cwd=tmp_path,
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert (done.returncode, done.stderr) == (0, "")


@pytest.mark.parametrize("command", PARSED)
@pytest.mark.parametrize("more", ["plain", "parsed"])
def test_a_reader_that_goes_away_ends_it_without_a_word(logs, tmp_path: Path, command, more):
    tell_all(logs)
    reads, writes = os.pipe()
    os.close(reads)
    options = PARSED[command] if more == "parsed" else ()
    done = subprocess.run(
        [sys.executable, "-m", "narration_core.cli", command, "req-1", "logs", *options],
        cwd=tmp_path, stdout=writes, stderr=subprocess.PIPE, text=True, check=False,
    )  # fmt: skip
    os.close(writes)
    assert (done.returncode, done.stderr) == (1, "")
