import asyncio
import json
import os
import signal
import subprocess
import sys

import pytest

from narration_core import bind
from narration_core._process import MAX_LINE, capture_process, capture_process_async


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


@pytest.mark.req("CTX-02")
def test_a_child_is_given_the_ids_that_are_bound_here_whatever_its_environment_said(memory):
    program = (
        "from narration_core import Narrator, accept_environment\n"
        "ids = accept_environment()\n"
        "Narrator('child')('work', ids.correlation_id, 'Working', session_id=ids.session_id)\n"
    )
    with bind(correlation_id="req-1", session_id="s-1"):
        capture_process(python(program), env={**os.environ, "X_CORRELATION_ID": "of-an-earlier-request"})
    (event,) = by_action(memory, "work")
    assert (event.target, event.session_id) == ("req-1", "s-1")


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


WAITING = """
import signal, sys, time
signal.signal(signal.SIGTERM, lambda *_: (print("bye", flush=True), sys.exit(3)))
print("ready", flush=True)
while True:
    signal.pause()
"""
PARENT = """
import sys
from narration_core import capture_process
capture_process([sys.executable, "-c", sys.argv[1]])
"""


ASYNC_PARENT = """
import asyncio, sys
from narration_core import capture_process_async
asyncio.run(capture_process_async([sys.executable, "-c", sys.argv[1]]))
"""
TWO_CHILDREN = """
import asyncio, sys
from narration_core import capture_process_async
async def main():
    await asyncio.gather(*(capture_process_async([sys.executable, "-c", sys.argv[1]]) for _ in range(2)))
asyncio.run(main())
"""
SERVER = """
import asyncio, signal, sys
from narration_core import Narrator, capture_process_async
narrate = Narrator("server")
async def main():
    loop = asyncio.get_running_loop()
    loop.add_signal_handler(signal.SIGTERM, lambda: narrate("stop", "server", "Stopping"))
    await capture_process_async([sys.executable, "-c", sys.argv[1]])
    narrate("again", "server", "Waiting for another signal")
    heard = asyncio.Event()
    loop.remove_signal_handler(signal.SIGTERM)
    loop.add_signal_handler(signal.SIGTERM, heard.set)
    signal.raise_signal(signal.SIGTERM)
    await heard.wait()
asyncio.run(main())
"""


def terminated_when_ready(program, children=1):
    """Run a parent of waiting children, send it SIGTERM when they are ready; return what it told and its exit code."""
    parent = subprocess.Popen([sys.executable, "-c", program, WAITING], stdout=subprocess.PIPE, text=True)
    told, ready = [], 0
    with parent.stdout:
        for line in parent.stdout:
            told.append(json.loads(line))
            ready += told[-1].get("text") == "ready"
            if told[-1].get("text") == "ready" and ready == children:
                parent.terminate()
    return told, parent.wait()


@pytest.mark.req("INT-03")
@pytest.mark.parametrize(("program", "children"), [(PARENT, 1), (ASYNC_PARENT, 1), (TWO_CHILDREN, 2)])
def test_sigterm_of_the_parent_reaches_the_child(program, children):
    told, code = terminated_when_ready(program, children)
    assert sorted(event["text"] for event in told if "text" in event) == ["bye"] * children + ["ready"] * children
    assert [event["exit_code"] for event in told if "exit_code" in event] == [3] * children
    assert code == -signal.SIGTERM


@pytest.mark.req("INT-03")
def test_sigterm_reaches_the_child_and_once_the_handler_of_the_loop():
    told, code = terminated_when_ready(SERVER)
    assert [event["action"] for event in told].count("stop") == 1
    assert [event["exit_code"] for event in told if "exit_code" in event] == [3]
    assert told[-1]["action"] == "again"
    assert code == 0


@pytest.mark.req("INT-03")
def test_a_child_is_narrated_while_the_event_loop_goes_on(memory):
    async def main():
        with bind(correlation_id="req-1"):
            return await capture_process_async(python("print('hello')"), job_id="job-1")

    assert asyncio.run(main()).raw == 1
    (said,) = by_action(memory, "raw_output")
    assert (said.correlation_id, said.job_id) == ("req-1", "job-1")


def test_a_cancelled_capture_ends_its_child(memory):
    async def main():
        heard = asyncio.Event()
        loop = asyncio.get_running_loop()
        task = asyncio.create_task(
            capture_process_async(python(WAITING), on_event=lambda _: loop.call_soon_threadsafe(heard.set))
        )
        await heard.wait()
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task

    asyncio.run(main())
    (end,) = by_action(memory, "process_end")
    assert end.extra["exit_code"] == 3


def run_command(*arguments, **options):
    return subprocess.run(
        [sys.executable, "-m", "narration_core.cli", "run", *arguments],
        capture_output=True, text=True, check=False, **options,
    )  # fmt: skip


@pytest.mark.req("INT-03")
def test_a_program_that_only_prints_is_run_as_narration():
    program = "import sys; print('password=hunter2-made-up-pass'); print('x', file=sys.stderr); sys.exit(4)"
    done = run_command("--service", "billing", "--correlation-id", "req-1", "--", *python(program))
    told = [json.loads(line) for line in done.stdout.splitlines()]
    assert done.returncode == 4
    assert [event["actor"] for event in told] == ["billing"] * 3
    assert {event["correlation_id"] for event in told} == {"req-1"}
    assert {event["emitted_by"] for event in told} == {"billing@unversioned"}
    assert "hunter2" not in done.stdout + done.stderr
    assert run_command("--", *python("import os; os.kill(os.getpid(), 9)")).returncode == 137
    assert run_command("/nowhere/at/all").returncode == 127
    assert run_command("--correlation-id", "two words", "true").returncode == 2


@pytest.mark.fault
@pytest.mark.parametrize("stream", ["stdout", "stderr"])
def test_what_is_run_ends_when_whoever_reads_it_has_seen_enough(stream):
    program = f"import sys\nwhile True: print('more', file=sys.{stream})"
    reader, writer = os.pipe()
    child = subprocess.Popen(
        [sys.executable, "-m", "narration_core.cli", "run", *python(program)], stdout=writer, stderr=subprocess.PIPE
    )
    os.close(writer)
    assert os.read(reader, 10)
    os.close(reader)
    _, said = child.communicate(timeout=60)
    assert (child.returncode, said) == (1, b"")


@pytest.mark.fault
def test_what_is_run_goes_on_while_a_hub_listens(tmp_path):
    """Whoever read standard output is gone; the hub, which is down, would still take what comes."""
    done = tmp_path / "done"
    program = f"for i in range(8000): print(f'{{i:20}}')\nopen({str(done)!r}, 'w')"
    reader, writer = os.pipe()
    os.close(reader)
    subprocess.run(
        [sys.executable, "-m", "narration_core.cli", "run", *python(program)],
        stdout=writer, stderr=subprocess.PIPE, env={**os.environ, "NARRATION_HUB": "http://127.0.0.1:1"},
        timeout=60, check=True,
    )  # fmt: skip
    os.close(writer)
    assert done.exists()
