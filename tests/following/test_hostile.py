"""Logs that nobody would write on purpose: nothing stops, what is there is told, what could not be read is counted."""

import bz2
import gzip
import hashlib
import json
import lzma
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest

START_MS = 1_795_900_000_000  # as in conftest
BY_SOMEBODY = """
import os, shutil, sys
from narration_core.cli import _plain, _show, start
from narration_core.following import _foreign, _source
if os.geteuid() == 0:
    os.seteuid(65534)
start()
"""


def line(at: int, human: str, **more: object) -> str:
    said = {"emitted_at_ms": START_MS + at, "level": "info", "actor": "svc", "action": human.lower(), "target": "-"}
    return json.dumps({**said, "human": human, "correlation_id": "req-1", **more}, separators=(",", ":")) + "\n"


@pytest.mark.req("FOL-01")
@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be"])
def test_a_file_is_read_in_the_encoding_that_it_begins_with(logs, narration, encoding):
    logs.path("svc").write_bytes((line(0, "Erste") + line(1, "Zweite")).encode(encoding))
    found = json.loads(narration("story", "req-1", "logs", "-o", "json").stdout)
    assert [(one["kind"], one["event"]["human"]) for one in found["lines"]] == [
        ("narration", "Erste"),
        ("narration", "Zweite"),
    ]


@pytest.mark.parametrize("pack", [gzip.compress, bz2.compress, lzma.compress], ids=["gzip", "bz2", "xz"])
def test_what_stands_before_the_early_end_of_a_packed_file_is_read(logs, narration, pack):
    filler = "".join(f"{hashlib.sha256(str(number).encode()).hexdigest()}\n" for number in range(40_000))
    packed = pack((line(0, "Early") + filler + line(1, "Late")).encode())
    logs.path("svc").write_bytes(packed[: len(packed) // 2])
    found = narration("story", "req-1", "logs", "-o", "raw")
    assert (found.returncode, found.stdout.count("Early"), found.stdout.count("Late")) == (3, 1, 0)
    assert "svc.log: Compressed file ended" in found.stderr


def test_links_to_one_file_are_read_once_and_broken_ones_are_told(logs, narration):
    logs.path("svc").write_text(line(0, "Once"))
    (logs.folder / "same.log").symlink_to("svc.log")
    (logs.folder / "gone.log").symlink_to("nowhere.log")
    (logs.folder / "around.log").symlink_to("around.log")
    found = narration("story", "req-1", "logs", "-o", "raw")
    assert (found.returncode, found.stdout.count("\n")) == (3, 1)
    assert "gone.log: No such file" in found.stderr
    assert "around.log: Too many levels" in found.stderr


def test_files_and_folders_that_may_not_be_read_are_told():
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        folder.chmod(0o755)
        (folder / "svc.log").write_text(line(0, "Open"))
        (folder / "secret.log").write_text(line(1, "Secret"))
        (folder / "secret.log").chmod(0)
        (folder / "closed").mkdir()
        (folder / "closed" / "deep.log").write_text(line(2, "Deep"))
        (folder / "closed").chmod(0)
        done = subprocess.run(
            [sys.executable, "-c", BY_SOMEBODY, "story", "req-1", name], capture_output=True, text=True, check=False
        )
        (folder / "closed").chmod(0o755)
        assert done.returncode == 3, done.stderr
        assert "Open" in done.stdout
        assert f"{folder / 'secret.log'}: Permission denied" in done.stderr
        assert f"{folder / 'closed'}: Permission denied" in done.stderr


@pytest.mark.parametrize(
    "odd",
    [
        b'{"emitted_at_ms":99999999999999999999,"actor":"x","action":"y","correlation_id":"req-1"}',
        b'{"emitted_at_ms":1e400,"actor":"x","action":"y","correlation_id":"req-1"}',
        b'{"actor":"x","action":"y","correlation_id":"req-1","a":' + b'{"a":' * 3000,
        b'{"request_id":"req-1","msg":' + b"[" * 5000 + b"]" * 5000 + b"}",
        b'{"request_id":["req-1"],"msg":{"a":1},"time":[1],"level":true}',
        b'{"msg":"req-1 \\ud800","time":"2026-13-45T99:99:99Z"}',
        b'{"actor":"x","action":"y","correlation_id":"req-1","human":"\xe9"}',
        b"\x00\xff\x1b[31m req-1 \x07",
        b"<34>1 - - - - - - req-1",
        b"9999-99-99 99:99:99 ERROR req-1",
    ],
)
@pytest.mark.parametrize("command", ["story", "why"])
def test_no_line_is_too_odd(logs, narration, command, odd):
    logs.line("svc", line(0, "Before").strip())
    logs.line("svc", odd)
    logs.line("svc", line(5, "After").strip())
    found = narration(command, "req-1", "logs")
    assert found.returncode in {0, 3}, found.stderr
    assert "Traceback" not in found.stderr
    assert "After" in found.stdout


def test_a_clock_that_is_behind_makes_no_pauses(logs, narration):
    for step in range(3):
        logs.tell("gateway", 100 * step, f"a{step}", f"Step a{step}", span_id="s1", correlation_id="req-1")
        ids = {"span_id": "s2", "parent_span_id": "s1", "correlation_id": "req-1"}
        logs.tell("worker", 100 * step - 7000, f"b{step}", f"Step b{step}", **ids)
    found = narration("story", "req-1", "logs")
    assert "nothing for" not in found.stdout
    assert "its clock is 7000 ms behind" in found.stdout


@pytest.mark.parametrize(
    "written",
    [
        '"req/gr\u00f6\u00dfe-\U0001f600"',
        '"req/gr\\u00f6\\u00dfe-\\ud83d\\ude00"',
        '"req/gr\\u00F6\\u00DFe-\\uD83D\\uDE00"',
        '"req\\/gr\\u00f6\\u00dfe-\\ud83d\\ude00"',
    ],
)
def test_an_id_is_found_however_it_is_written_in_json(logs, narration, written):
    logs.line("svc", f'{{"time":1795900000000,"msg":"Took it","request_id":{written}}}')
    assert "Took it" in narration("story", "req/gr\u00f6\u00dfe-\U0001f600", "logs").stdout


@pytest.mark.parametrize("asked", ["a.b*[c](d)+|^$", "$(x)", "a'b\"c", "\\d+", "(?i)x"])
def test_an_id_is_no_pattern(logs, narration, asked):
    logs.tell("svc", 0, "take", "Took the job", job_id=asked, correlation_id="req-1")
    logs.tell("svc", 9, "take", "Took another job", job_id="axb", correlation_id="req-2")
    found = narration("story", asked, "logs")
    assert found.returncode == 0, found.stderr
    assert "Took the job" in found.stdout
    assert "another" not in found.stdout
