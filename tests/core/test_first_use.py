"""Whatever the first use of the facade is, it configures it; what cannot work is refused, and nothing keeps it mute."""

import io
import json
import os
import subprocess
import sys
import threading

import pytest

from narration_core import FileSink, MemorySink, Narrator, StreamSink, configure

narrate = Narrator("tester")


def child(program, **environment):
    """Run a program; return the actions of the events on its standard output and on its standard error."""
    done = subprocess.run(
        [sys.executable, "-c", program],
        env={**os.environ, **environment},
        capture_output=True,
        check=True,
        timeout=60,
    )
    return [
        [json.loads(line)["action"] for line in stream.splitlines() if line.startswith(b"{")]
        for stream in (done.stdout, done.stderr)
    ]


SAID = "Narrator('x')('told', 't', 'Said')"
NARRATOR = "from narration_core import Narrator"
FIRST_USES = {
    "a narrator": (f"{NARRATOR}; {SAID}", ["told"]),
    "a kept level": (f"{NARRATOR}; say = Narrator('x').warn; say('told', 't', 'Said')", ["told"]),
    "a span": (f"{NARRATOR}\nwith Narrator('x').span('told', 't', 'Saying'): pass", ["told", "told"]),
    "a traced function": (f"{NARRATOR}\n@Narrator('x').traced\ndef told(): pass\ntold()", ["told", "told"]),
    "a declared point": (
        "from narration_core import Catalogue; Catalogue('x').point('told', 'told', 't', 'Said')()",
        ["told"],
    ),
    "a child process": (
        f"""import sys; from narration_core import capture_process
capture_process([sys.executable, "-c", "{NARRATOR}; {SAID}"])""",
        ["told", "process_end"],
    ),
    "a log record": (
        """import logging; from narration_core.bridges.stdlib import NarrationHandler
logging.basicConfig(handlers=[NarrationHandler()], level="INFO"); logging.info("Said")""",
        ["log"],
    ),
    "sampling": (
        f"from narration_core import Narrator, sample; sample('told', per_second=1)\nfor _ in range(3): {SAID}",
        ["told", "narration_sampled"],
    ),
    "warming up": (f"from narration_core import Narrator, warm_up; warm_up(); {SAID}", ["told"]),
    "flushing": (f"from narration_core import Narrator, flush; flush(); {SAID}", ["told"]),
    "statistics": (f"from narration_core import Narrator, stats; stats(); {SAID}", ["told"]),
    "an executor": (
        """from narration_core import NarratingExecutor, Narrator
NarratingExecutor(1).submit(Narrator("x"), "told", "t", "Said").result()""",
        ["told"],
    ),
}


@pytest.mark.parametrize("use", FIRST_USES)
def test_every_first_use_configures_the_facade(use):
    program, told = FIRST_USES[use]
    assert child(program) == [told, []]


@pytest.mark.parametrize("first", ["open_job('j1')", "publish(event)"])
def test_a_channel_that_is_used_first_gets_the_events_of_its_job(first):
    program = f"""
import asyncio
from narration_core import ChannelError, Event, Narrator, close_job, open_job, publish, subscribe
event = Event(emitted_at_ms=1, level="info", actor="x", action="published", target="t", human="Said", job_id="j1")
narrate = Narrator("x")
{first}
try:
    open_job("j1")
except ChannelError:
    pass
narrate("told", "t", "Said", job_id="j1")
assert publish(event)
async def read():
    reader = subscribe("j1")
    close_job("j1")
    async for delivery in reader:
        narrate("read", delivery.event.action, "Read an event")
asyncio.run(read())
"""
    assert child(program) == [["told", "read", "read"], []]


@pytest.mark.req("ORCH-3308")
def test_the_environment_moves_the_lines_to_standard_error():
    said = f"{NARRATOR}; {SAID}"
    assert child(said, NARRATION_STREAM="stderr") == [[], ["told"]]
    assert child(said, NARRATION_STREAM="stdout") == [["told"], []]
    assert child(said, NARRATION_STREAM="syslog")[0] == ["setting_ignored", "told"]


@pytest.mark.parametrize("argv", ["[]", "['']", "[None]", "[b'x']", "None", "['\\ud800']", "[pathlib.Path('x')]", "7"])
def test_an_odd_argv_does_not_keep_it_mute(argv):
    said = f"{NARRATOR}; {SAID}"
    assert child(f"import pathlib, sys\nsys.argv = {argv}\n{said}") == [["told"], []]
    assert child(f"import sys\ndel sys.argv\n{said}") == [["told"], []]


@pytest.mark.req("DEL-03")
@pytest.mark.parametrize("delivery", ["caller", "queued"])
def test_without_another_thread_everything_is_written_all_the_same(delivery):
    program = """
import _thread, threading
def refuse(*_, **__):
    raise RuntimeError("can't start new thread")
_thread.start_new_thread = threading._start_new_thread = refuse
try:
    threading._start_joinable_thread = refuse
except AttributeError:
    pass
from narration_core import Narrator, flush
narrate = Narrator("x")
narrate("told", "t", "Said password=hunter2X9swordfish")
narrate.fatal("told", "t", "Said {device}", device="cpu")
assert flush() == 0
"""
    done = subprocess.run(
        [sys.executable, "-c", program],
        env={**os.environ, "NARRATION_DELIVERY": delivery},
        capture_output=True,
        check=True,
        timeout=60,
    )
    told = [json.loads(line) for line in done.stdout.splitlines()]
    assert [(line["human"], line["level"]) for line in told] == [
        ("Said password=[REDACTED]", "info"),
        ("Said cpu", "fatal"),
    ]
    assert done.stderr == b""


@pytest.mark.fault
def test_first_events_that_come_at_once_are_all_there():
    program = """
import sys, threading
sys.setswitchinterval(1e-6)
from narration_core import Narrator
start = threading.Barrier(24)
def work(number):
    start.wait()
    Narrator(f"svc{number}")("told", str(number), "Said by {worker_id}", worker_id=f"w{number}")
threads = [threading.Thread(target=work, args=(number,)) for number in range(24)]
for thread in threads: thread.start()
for thread in threads: thread.join()
"""
    assert child(program) == [["told"] * 24, []]


@pytest.mark.fault
def test_signal_handlers_that_narrate_from_the_first_event_on_lose_nothing():
    program = """
import signal
from narration_core import Narrator
narrate = Narrator("x")
beats = depth = 0
def beat(*_):
    global beats, depth
    if depth == 5:  # a slow machine gets the next signal before the last is handled
        return
    depth += 1
    beats += 1
    narrate("beat", str(beats), "Beating")
    depth -= 1
signal.signal(signal.SIGALRM, beat)
signal.setitimer(signal.ITIMER_REAL, 0.0005, 0.0005)
number = 0
while beats < 50:
    number += 1
    narrate("told", str(number), "Said {queue_position}", queue_position=number)
signal.setitimer(signal.ITIMER_REAL, 0)
narrate.fatal("end", "t", "Counted {tokens_in} and {tokens_out}", tokens_in=number, tokens_out=beats)
"""
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, check=True, timeout=120)
    lines = [json.loads(line) for line in done.stdout.splitlines()]
    end = lines[-1]
    assert end["action"] == "end"
    for action, count in (("told", end["tokens_in"]), ("beat", end["tokens_out"])):
        assert sorted(int(line["target"]) for line in lines if line["action"] == action) == list(range(1, count + 1))


# -- what configure refuses ----------------------------------------------------------------------


class Sink:
    """The documented sink."""

    name = "own"
    background = False

    def __init__(self, **parts):
        for name, part in parts.items():
            setattr(self, name, part)

    def write(self, batch):
        """Take nothing."""

    def close(self):
        """Do nothing."""


class AsyncSink(Sink):
    """A sink that would never write."""

    async def write(self, batch):
        """Never run."""


TWICE = MemorySink()
REFUSED = {
    "capacity 0": ({"capacity": 0}, "capacity must be at least 1 event, not 0"),
    "capacity True": ({"capacity": True}, "capacity must be at least 1 event, not True"),
    "capacity as text": ({"capacity": "9"}, "capacity must be at least 1 event, not '9'"),
    "a level that is a number": ({"level": 20}, "level must be one of trace"),
    "a level that is none": ({"level": "loud"}, "loud"),
    "an unknown delivery": ({"delivery": "post"}, "delivery must be one of caller, queued, not 'post'"),
    "sinks that are text": ({"sinks": "events.jsonl"}, "sinks must be a list of sinks"),
    "sinks that are a stream": ({"sinks": io.StringIO()}, "sinks must be a list of sinks"),
    "one sink without a list": ({"sinks": MemorySink()}, "sinks must be a list of sinks"),
    "a sink twice": ({"sinks": [TWICE, TWICE]}, "is in the list twice"),
    "a class": ({"sinks": [MemorySink]}, r"MemorySink is a class, not a sink: write MemorySink\(...\)"),
    "a stream": ({"sinks": [io.StringIO()]}, r"is a stream, not a sink: write StreamSink\(lambda: stream\)"),
    "a path": ({"sinks": ["events.jsonl"]}, r"is a path, not a sink: write FileSink\('events.jsonl'\)"),
    "StreamSink of a stream": ({"sinks": [StreamSink(io.StringIO())]}, r"write StreamSink\(lambda: stream\)"),
    "a folder that is not there": ({"sinks": [FileSink("/nowhere/at/all/x.jsonl")]}, "/nowhere/at/all does not exist"),
    "a file that is a folder": ({"sinks": [FileSink("/tmp")]}, "/tmp is a folder"),
    "no write": ({"sinks": [Sink(write=None)]}, "write must be a method, not None"),
    "no name": ({"sinks": [Sink(name="")]}, "name must be text that is not empty"),
    "a name that is a number": ({"sinks": [Sink(name=3)]}, "name must be text that is not empty, not 3"),
    "background as text": ({"sinks": [Sink(background="yes")]}, "background must be True"),
    "an async write": ({"sinks": [AsyncSink()]}, "write must be a plain method; an async one would never run"),
    "a write of nothing": ({"sinks": [Sink(write=lambda: None)]}, r"write cannot be called as write\(batch\)"),
    "a close of something": ({"sinks": [Sink(close=lambda _: None)]}, r"close cannot be called as close\(\)"),
}


@pytest.mark.parametrize("what", REFUSED)
def test_what_cannot_work_is_refused_and_what_worked_goes_on(memory, what):
    options, message = REFUSED[what]
    with pytest.raises((TypeError, ValueError, OSError), match=message):
        configure(**options)
    narrate("told", "t", "Said")
    assert [event.action for event in memory.events] == ["told"]


def test_a_sink_that_is_passed_again_from_many_threads_stays_open(tmp_path):
    sink = FileSink(tmp_path / "events.jsonl")
    try:
        threads = [threading.Thread(target=lambda: configure(sinks=[sink], strict=False)) for _ in range(8)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        narrate("told", "t", "Said")
        assert [json.loads(line)["action"] for line in sink.path.read_bytes().splitlines()] == ["told"]
    finally:
        configure()
