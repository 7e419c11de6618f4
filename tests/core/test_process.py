import os
import signal
import sys

import pytest

from narration_core import bind
from narration_core._process import MAX_LINE, capture_process


def python(program):
    return [sys.executable, "-c", program]


def by_action(memory, action):
    return [event for event in memory.events if event.action == action]


@pytest.mark.req("NARR-9001")
def test_a_childs_narration_is_passed_on_with_the_callers_context(memory):
    program = (
        "from narration_core import Narrator, bind\n"
        "n = Narrator('child')\n"
        "n('work', 'a', 'Working {{x}}', worker_id='w')\n"
        "with bind(correlation_id='its-own'): n.warn('work', 'b', 'Working')\n"
    )
    with bind(correlation_id="req-1"):
        result = capture_process(python(program), job_id="job-1")
    first, second = by_action(memory, "work")
    assert (first.actor, first.human, first.correlation_id, first.job_id) == ("child", "Working {x}", "req-1", "job-1")
    assert (second.level, second.correlation_id) == ("warn", "its-own")
    assert first.emitted_by != "tests@1"
    assert (result.exit_code, result.narrated, result.raw) == (0, 2, 0)
    (end,) = by_action(memory, "process_end")
    assert (end.level, end.extra["exit_code"], end.job_id) == ("info", 0, "job-1")
    assert end.duration_ms > 0


def test_other_lines_become_raw_output(memory):
    result = capture_process(
        python("import sys; print('hello {target}'); print('careful', file=sys.stderr)"), actor="tool"
    )
    said = {(event.extra["stream"], event.level, event.actor, event.human) for event in by_action(memory, "raw_output")}
    assert said == {
        ("stdout", "info", "tool", "Printed: hello {target}"),
        ("stderr", "warn", "tool", "Printed: careful"),
    }
    assert result.raw == 2


@pytest.mark.fault
def test_garbage_harms_nothing(memory):
    program = (
        "import sys\n"
        "out = sys.stdout.buffer\n"
        "out.write(b'\\xff\\xfe invalid\\n')\n"
        "out.write(b'x' * 1_000_000 + b'\\n')\n"
        'out.write(b\'{"not": "an event"}\\n{broken\\n\')\n'
        "out.write(b'no line end')\n"
    )
    result = capture_process(python(program))
    texts = [event.extra["text"] for event in by_action(memory, "raw_output")]
    assert len(texts) == result.raw == 5
    assert texts[0] == "\ufffd\ufffd invalid"
    assert texts[1].endswith(f"[{1_000_000 - MAX_LINE} more bytes]")
    assert texts[4] == "no line end"
    assert max(map(len, memory.lines)) < 64 * 1024


def test_failures_are_told_with_the_last_words(memory):
    result = capture_process(python("import sys; print('about to fail'); sys.exit(3)"))
    (end,) = by_action(memory, "process_end")
    assert result.exit_code == 3
    assert (end.level, end.error_kind, end.extra["exit_code"]) == ("error", "exit_3", 3)
    assert end.extra["last_words"] == ["about to fail"]


@pytest.mark.fault
def test_a_killed_child_is_told_by_its_signal(memory):
    capture_process(python("import os, signal; os.kill(os.getpid(), signal.SIGKILL)"))
    (end,) = by_action(memory, "process_end")
    assert end.error_kind == "sigkill"
    assert "was killed by sigkill" in end.human


def test_a_child_that_takes_too_long_is_killed(memory):
    result = capture_process(python("import time; time.sleep(600)"), timeout_s=0.3)
    assert result.exit_code == -9


def test_a_program_that_is_not_there_is_narrated_and_raised(memory):
    with pytest.raises(FileNotFoundError):
        capture_process(["/nowhere/at-all"])
    (event,) = by_action(memory, "process_start")
    assert event.error_kind == "FileNotFoundError"


@pytest.mark.fault
def test_a_grandchild_that_keeps_the_pipes_is_not_waited_for(memory):
    program = "import subprocess; print(subprocess.Popen(['sleep', '30']).pid)"
    result = capture_process(python(program), timeout_s=4)
    os.kill(int(result.last_words[0]), signal.SIGKILL)
    assert result.exit_code == 0
    assert result.duration_ms < 30_000


def test_what_a_listener_raises_is_raised_when_the_child_has_ended(memory):
    def refuse(_):
        raise LookupError("not wanted")

    # More than a pipe holds: a child that nobody reads would never end.
    with pytest.raises(LookupError):
        capture_process(python("for _ in range(5000): print('y' * 100)"), on_event=refuse)
    assert by_action(memory, "process_end")


def test_a_command_that_is_text_is_refused(memory):
    with pytest.raises(TypeError, match=r"cmd must be a list of arguments, not 'echo hi'"):
        capture_process("echo hi")


def test_a_child_that_narrates_in_the_middle_of_a_line_is_understood(memory):
    program = (
        "import sys; from narration_core import Narrator, flush\n"
        "sys.stdout.write('Loading...'); sys.stdout.flush(); Narrator('kid')('load', 'model', 'Loading'); flush()"
    )
    result = capture_process(python(program))
    assert (result.narrated, result.raw) == (1, 1)
    assert by_action(memory, "load")[0].actor == "kid"
    assert by_action(memory, "raw_output")[0].extra["text"] == "Loading..."


def test_a_child_of_a_console_program_narrates_to_be_read(memory, monkeypatch):
    monkeypatch.setenv("NARRATION_FORMAT", "pretty")
    said = "from narration_core import Narrator; Narrator('kid')('load', 'model', 'Loading')"
    for env in (None, {**os.environ}):
        result = capture_process(python(said), env=env)
        assert (result.narrated, result.raw) == (1, 0)
    assert capture_process(python(said), env={**os.environ, "NARRATION_FORMAT": "off"}).narrated == 0
    assert [event.human for event in by_action(memory, "load")] == ["Loading"] * 2
