import io
import json
import os
import pty
import subprocess
import sys

import pytest

from narration_core import FileSink, Narrator, Record, StreamSink, configure, flush
from narration_core._event import Event, encode

narrate = Narrator("tester")
EVENT = Event(actor="pool", action="spawn", target="t", human="Spawning", cute="Hatching", level="warn")
RECORD = Record(encode(EVENT), 3, EVENT)


def printed(**options):
    stream = io.StringIO()
    StreamSink(lambda: stream, **options).write([RECORD])
    return stream.getvalue()


@pytest.mark.req("ORCH-3303")
def test_json_and_pretty_lines():
    assert json.loads(printed()) == EVENT.to_dict()
    line = "--:--:--.--- WARN  [pool      ] spawn          : Spawning target=t"
    assert printed(format="pretty") == f"{line}\n"
    assert printed(format="pretty", mode="cute") == f"{line}\n".replace("Spawning", "Hatching")
    assert printed(format="pretty", mode="story") == f"{line}\n"
    assert printed(format="pretty", colour=True) == f"\x1b[33m{line}\x1b[0m\n"


def say(**environment):
    program = "from narration_core import Narrator; Narrator('pool')('spawn', 't', 'Spawning', cute='Hatching')"
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, check=True, text=True, env={**environment}
    )
    assert done.stderr == ""
    return done.stdout


@pytest.mark.req("ORCH-3308", "ORCH-3311")
def test_the_environment_chooses_the_format():
    assert json.loads(say())["action"] == "spawn"
    assert json.loads(say(NARRATION_FORMAT="auto", CI="true"))["action"] == "spawn"
    assert say(NARRATION_FORMAT="pretty").endswith("INFO  [pool      ] spawn          : Spawning target=t\n")
    assert say(NARRATION_FORMAT="off") == ""


@pytest.mark.req("NARR-1008")
def test_the_environment_chooses_mode_and_level():
    assert say(NARRATION_FORMAT="pretty", NARRATION_MODE="cute").endswith(
        "INFO  [pool      ] spawn          : Hatching target=t\n"
    )
    assert say(NARRATION_LEVEL="warn") == ""


def test_a_setting_that_means_nothing_is_told_and_ignored():
    first, second = say(NARRATION_FORMAT="xml").splitlines()
    assert json.loads(first)["action"] == "setting_ignored"
    assert "NARRATION_FORMAT" in json.loads(first)["human"]
    assert json.loads(second)["action"] == "spawn"
    assert json.loads(say(NARRATION_LEVEL="loud").splitlines()[0])["human"] == (
        "NARRATION_LEVEL='loud' is not one of trace, debug, info, warn, error, fatal, mute; using 'info'"
    )


@pytest.mark.parametrize(
    ("setting", "message"),
    [
        ({"mode": "silly"}, "mode must be one of human, cute, story, not 'silly'"),
        ({"output": "xml"}, "output must be one of json, pretty, auto, off, not 'xml'"),
        ({"overflow": "spill"}, "overflow must be one of drop, wait, not 'spill'"),
        ({"sinks": [print]}, "is not a sink: it has no name and no background and no write and no close"),
    ],
)
def test_a_setting_in_code_that_means_nothing_is_refused(setting, message):
    with pytest.raises((ValueError, TypeError), match=message):
        configure(**setting)


def test_lines_are_utf_8_whatever_the_stream_can_write():
    raw = io.BytesIO()
    latin = io.TextIOWrapper(raw, encoding="latin-1")
    StreamSink(lambda: latin).write([Record(b'{"human":"\xe2\x98\x83"}', 2, None)])
    assert raw.getvalue() == b'{"human":"\xe2\x98\x83"}\n'


@pytest.mark.parametrize(("no_color", "painted"), [({}, True), ({"NO_COLOR": ""}, True), ({"NO_COLOR": "1"}, False)])
def test_a_terminal_gets_colours_unless_it_is_asked_not_to(no_color, painted):
    ours, theirs = pty.openpty()
    program = "from narration_core import Narrator; Narrator('pool').warn('spawn', 't', 'Spawning')"
    environment = {"NARRATION_FORMAT": "auto", **no_color}
    subprocess.run([sys.executable, "-c", program], stdout=theirs, check=True, env=environment)
    os.close(theirs)
    assert (b"\x1b[33m" in os.read(ours, 1000)) is painted
    os.close(ours)


def test_a_replaced_stdout_is_followed(capsys):
    configure(output="json", strict=False)
    narrate("a", "t", "Heard")
    flush()
    assert json.loads(capsys.readouterr().out)["human"] == "Heard"
    configure()


def test_a_file_is_opened_again_after_rotation(tmp_path, memory):
    path = tmp_path / "events.jsonl"
    configure(sinks=[FileSink(path)], strict=False)
    narrate("a", "one", "Before")
    flush()
    path.rename(tmp_path / "events.1")
    narrate("a", "two", "After")
    flush()
    path.unlink()
    narrate("a", "three", "Removed")
    flush()
    assert json.loads((tmp_path / "events.1").read_text())["target"] == "one"
    assert json.loads(path.read_text())["target"] == "three"


@pytest.mark.fault
@pytest.mark.skipif(os.geteuid() != 0, reason="mounting a small disk needs root")
def test_a_full_disk_spoils_no_other_line_and_writing_goes_on_when_there_is_room(tmp_path, memory):
    mount = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=256k", "tmpfs", str(tmp_path)], capture_output=True, check=False
    )
    if mount.returncode != 0:
        pytest.skip(f"cannot mount a small disk here: {mount.stderr.decode().strip()}")
    try:
        path = tmp_path / "events.jsonl"
        (tmp_path / "ballast").write_bytes(b"x" * 236_000)
        configure(sinks=[FileSink(path), memory], strict=False)
        for number in range(500):
            narrate("fill", str(number), "Filling the disk with a line of a usual length")
        flush(0.5)
        *whole, rest = path.read_text().split("\n")
        assert all(json.loads(line) for line in whole)
        assert any(event.action == "sink_failed" for event in memory.events)
        (tmp_path / "ballast").unlink()
        configure(sinks=[FileSink(path)], strict=False)
        narrate("fill", "again", "Room again")
        flush(10)
        *lines, last = path.read_text().splitlines()
        assert json.loads(last)["target"] == "again"
        assert {line for line in lines if not line.endswith("}")} <= {rest}
    finally:
        configure()
        subprocess.run(["umount", str(tmp_path)], check=False)


def test_a_package_run_as_a_program_is_named_after_itself(tmp_path):
    (tmp_path / "greeter").mkdir()
    (tmp_path / "greeter" / "__main__.py").write_text(
        "from narration_core import Narrator; Narrator('a')('greet', 't', 'Hello')"
    )
    done = subprocess.run([sys.executable, "-m", "greeter"], cwd=tmp_path, capture_output=True, check=True, env={})
    assert json.loads(done.stdout)["emitted_by"] == "greeter@unversioned"
