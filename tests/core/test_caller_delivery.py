"""Delivery by the caller: what a call promises when it returns, held with real pipes, signals, forks and kills."""

import io
import json
import os
import signal
import subprocess
import sys
import textwrap
import threading
import time
from pathlib import Path

import pytest

from narration_core import FileSink, Narrator, Record, StreamSink, configure, flush, stats
from narration_core._caller_delivery import WAITING_LINES, LineWriter
from narration_core._event import Event, encode
from narration_core._levels import EMITTING
from narration_core._output import PIPE_LIMIT, DescriptorOutput

narrate = Narrator("tester")


def record(number, level="info", **fields):
    event = Event(emitted_at_ms=1, actor="a", action="b", target=str(number), level=level, human="Says it", **fields)
    return Record(encode(event), EMITTING.index(level), event)


class Notices:
    def __init__(self):
        self.told = []

    def dropped(self, _sink, counts):
        self.told.append(("dropped", counts))
        return record("dropped", "warn")

    def failed(self, _sink, error, _retry_s):
        self.told.append(("failed", type(error).__name__))

    def recovered(self, _sink):
        self.told.append(("recovered",))


class Pipe:
    """A stream that is a pipe, and what came out of it."""

    def __init__(self):
        self.reader, writer = os.pipe()
        self.stream = os.fdopen(writer, "w", encoding="utf-8")
        os.set_blocking(self.reader, False)
        self.data = b""

    def sink(self, **options):
        return StreamSink(lambda: self.stream, name="pipe", **options)

    def fill(self):
        """Write until the pipe has no room at all."""
        descriptor = self.stream.fileno()
        os.set_blocking(descriptor, False)
        try:
            while True:
                os.write(descriptor, b"x" * 4095 + b"\n")
        except BlockingIOError:
            os.set_blocking(descriptor, True)

    def read(self):
        """Return everything that came and was not asked for yet."""
        self.drain()
        data, self.data = self.data, b""
        return data

    def drain(self):
        """Take what is in the pipe, so that there is room."""
        try:
            while block := os.read(self.reader, 1 << 20):
                self.data += block
        except BlockingIOError:
            pass

    def targets(self):
        return [json.loads(line)["target"] for line in self.read().splitlines() if line.startswith(b"{")]

    def close(self):
        os.close(self.reader)
        self.stream.close()


@pytest.fixture
def pipe():
    made = Pipe()
    yield made
    made.close()


def test_a_line_is_in_the_pipe_when_the_call_returns(pipe):
    writer = LineWriter(pipe.sink(), Notices())
    for number in range(100):
        writer.put(record(number))
        assert pipe.targets() == [str(number)]
    assert writer._thread is None


def test_a_line_is_in_the_file_when_the_call_returns(tmp_path):
    path = tmp_path / "events.jsonl"
    writer = LineWriter(FileSink(path), Notices())
    for number in range(100):
        writer.put(record(number))
        assert json.loads(path.read_text().splitlines()[-1])["target"] == str(number)
    assert writer._thread is None
    assert writer.close(1) == 0


def test_a_stuck_pipe_delays_no_caller_and_loses_nothing_that_fits(pipe):
    pipe.fill()
    writer = LineWriter(pipe.sink(), Notices())
    for number in range(50):
        writer.put(record(number))
    assert writer.state == "waiting"
    assert writer.queued == 50
    pipe.drain()
    assert writer.flush(10) == 0
    assert pipe.targets() == [str(number) for number in range(50)]
    assert writer.state == "ready"
    writer.put(record("after"))
    assert pipe.targets() == ["after"]
    assert writer.close(5) == 0


def test_a_stuck_pipe_keeps_the_higher_levels_and_reports_the_loss(pipe):
    pipe.fill()
    notices = Notices()
    writer = LineWriter(pipe.sink(), notices, capacity=20)
    for number in range(30):
        writer.put(record(number, "debug"))
    for number in range(10):
        writer.put(record(f"warn-{number}", "warn"))
    pipe.drain()
    assert writer.flush(10) == 0
    told = pipe.targets()
    assert [target for target in told if target.startswith("warn-")] == [f"warn-{number}" for number in range(10)]
    assert notices.told[0][0] == "dropped"
    assert sum(writer.lost) == 40 - (len(told) - told.count("dropped"))
    writer.close(5)


def test_a_call_at_warn_waits_for_its_line_but_not_for_ever(pipe):
    writer = LineWriter(pipe.sink(), Notices())
    writer.put(record("first"))
    token = writer._token.pop()  # another thread is writing, and does not come back
    writer.put(record("info"))
    assert writer.queued == 1
    began = time.monotonic()
    writer.put(record("warn", "warn"))
    assert time.monotonic() - began >= 0.05
    writer._token.append(token)
    writer.put(record("last"))
    assert pipe.targets() == ["first", "info", "warn", "last"]


def test_beyond_some_lines_callers_wait_for_the_one_that_writes(pipe):
    writer = LineWriter(pipe.sink(), Notices())
    token = writer._token.pop()
    for number in range(WAITING_LINES - 1):
        writer.put(record(number))
    waiting = threading.Thread(target=writer.put, args=(record("waits"),))
    waiting.start()
    while not writer._waiting:
        assert waiting.is_alive()
    writer._token.append(token)
    waiting.join(10)
    assert len(pipe.targets()) == WAITING_LINES


@pytest.mark.req("DEL-01")
def test_a_call_at_warn_comes_back_when_another_thread_has_written_its_line(tmp_path):
    writer = LineWriter(FileSink(tmp_path / "events.jsonl"), Notices())
    others = [0, 0, 0]
    stop = threading.Event()

    def busy(mine):
        while not stop.is_set():
            writer.put(record(others[mine], "warn"))
            others[mine] += 1

    threads = [threading.Thread(target=busy, args=(mine,)) for mine in range(len(others))]
    for thread in threads:
        thread.start()
    for number in range(30):
        writer.put(record(f"mine-{number}", "warn"))
        assert f'"mine-{number}"' in (tmp_path / "events.jsonl").read_text()
    stop.set()
    for thread in threads:
        thread.join()
    # Whoever waits for its whole deadline lets the others write thousands of lines for each of its own.
    assert max(others) < 30 * 1000, others
    assert min(others) > 0, others
    assert writer.close(1.0) == 0


def test_a_handler_that_raises_leaves_nothing_locked_and_nothing_twice(tmp_path):
    """Raise at every bytecode of a call in turn: a handler may raise anywhere."""
    path = tmp_path / "events.jsonl"
    writer = LineWriter(FileSink(path), Notices())
    writer.put(record("warm"))
    for number in range(400):
        left = number

        def interrupt(frame, event, _):
            nonlocal left
            frame.f_trace_opcodes = True
            if event == "opcode" and "narration_core" in frame.f_code.co_filename:
                left -= 1
                if left < 0 and frame.f_code.co_name in {"output", "line", "json_line", "ready", "step"}:
                    left = 1 << 60
                    raise KeyboardInterrupt
            return interrupt

        sys.settrace(interrupt)
        try:
            writer.put(record(number))
        except KeyboardInterrupt:
            pass
        finally:
            sys.settrace(None)
    writer.put(record("last"))
    assert writer.flush(5) == 0
    targets = [json.loads(line)["target"] for line in path.read_text().splitlines()]
    assert targets == ["warm", *map(str, range(400)), "last"]
    assert writer.close(5) == 0


def test_a_call_from_inside_a_call_leaves_its_line_to_the_holder(pipe):
    sink = pipe.sink()
    writer = LineWriter(sink, Notices())
    line = sink.line
    inside = [record("inside"), record("inside, warn", "warn")]

    def narrating(this, longest):
        while inside:
            writer.put(inside.pop(0))
        return line(this, longest)

    sink.line = narrating
    writer.put(record("outside"))
    assert pipe.targets() == ["outside", "inside", "inside, warn"]


@pytest.mark.req("DEL-03")
def test_an_event_that_cannot_be_written_costs_that_event(pipe):
    sink = pipe.sink()
    line = sink.line

    def choosy(this, longest):
        if this.event.target == "poison":
            raise ValueError("not this one")
        return line(this, longest)

    sink.line = choosy
    writer = LineWriter(sink, Notices())
    for target in ("before", "poison", "after"):
        writer.put(record(target))
    assert writer.flush(5) == 0
    assert [target for target in pipe.targets() if target != "dropped"] == ["before", "after"]
    assert sum(writer.lost) == 1
    writer.close(5)


def test_lines_to_a_pipe_are_short_enough_never_to_mix(pipe):
    writer = LineWriter(pipe.sink(), Notices())
    extra = {"text": "é" * 5000, "list": list(range(2000))}
    writer.put(record("long", extra=extra))
    line = pipe.read()
    assert len(line) <= PIPE_LIMIT
    event = json.loads(line)
    assert event["human"] == "Says it"
    assert event["text"].endswith(" more characters]")
    kept, _, _ = event["text"].partition("...[")
    assert event["text"] == f"{kept}...[{5000 - len(kept)} more characters]"


def test_files_take_long_lines_whole(tmp_path):
    path = tmp_path / "events.jsonl"
    writer = LineWriter(FileSink(path), Notices())
    writer.put(record("long", extra={"text": "x" * 8000}))
    assert json.loads(path.read_text())["text"] == "x" * 8000
    writer.close(5)


def test_queued_delivery_leaves_the_writing_to_the_thread(pipe):
    writer = LineWriter(pipe.sink(), Notices(), delivery="queued")
    for number in range(300):
        writer.put(record(number))
    assert writer.flush(10) == 0
    assert pipe.targets() == [str(number) for number in range(300)]
    assert writer._thread.is_alive()
    assert writer.close(5) == 0


def test_callers_help_a_queue_that_is_nearly_full_when_its_thread_gets_no_turn():
    with Path(os.devnull).open("w", encoding="utf-8") as stream:
        writer = LineWriter(StreamSink(lambda: stream), Notices(), delivery="queued", capacity=400)
        writer.put(record("first"))  # from now on the output is known
        assert writer.flush(10) == 0
        records = [record(number) for number in range(2000)]
        interval = sys.getswitchinterval()
        sys.setswitchinterval(1000)
        try:
            for one in records:
                writer.put(one)
        finally:
            sys.setswitchinterval(interval)
        assert sum(writer.lost) == 0
        assert writer.close(10) == 0


def test_a_broken_pipe_is_reported_once_and_flush_does_not_wait(pipe):
    notices = Notices()
    os.close(pipe.reader)
    pipe.reader = os.open("/dev/null", os.O_RDONLY)
    writer = LineWriter(pipe.sink(), notices)
    for number in range(5):
        writer.put(record(number))
    began = time.monotonic()
    assert writer.flush(60) == 5
    assert time.monotonic() - began < 30
    assert notices.told == [("failed", "BrokenPipeError")]
    writer.close(0.1)


class Tee(io.TextIOBase):
    """What a notebook or a tee is: a stream with a descriptor that is not all of it."""

    def __init__(self, descriptor):
        self.descriptor = descriptor
        self.text = ""

    def fileno(self):
        return self.descriptor

    def write(self, text):
        self.text += text
        return len(text)


def test_a_stream_that_does_more_than_write_is_not_passed_by(pipe):
    tee = Tee(pipe.stream.fileno())
    writer = LineWriter(StreamSink(lambda: tee), Notices())
    writer.put(record("tee"))
    assert json.loads(tee.text)["target"] == "tee"
    assert pipe.read() == b""


def test_a_stream_that_narrates_what_it_is_given_ends():
    class Loop(io.TextIOBase):
        lines = 0

        def write(self, text):
            self.lines += 1
            writer.put(record(f"about {len(text)}"))
            return len(text)

    loop = Loop()
    writer = LineWriter(StreamSink(lambda: loop), Notices())
    writer.put(record("one"))
    assert loop.lines == 2
    assert writer.echoes == 1


def test_what_was_printed_before_an_event_comes_before_it(pipe):
    writer = LineWriter(pipe.sink(), Notices())
    print("row 1", file=pipe.stream)
    writer.put(record("event"))
    print("row 2", file=pipe.stream, flush=True)
    printed, event, after = pipe.read().splitlines()
    assert (printed, json.loads(event)["target"], after) == (b"row 1", "event", b"row 2")


@pytest.mark.req("DEL-02")
def test_the_descriptor_of_a_closed_stream_is_left_to_its_next_owner(pipe, tmp_path):
    with (tmp_path / "closed").open("w") as stream:
        number = stream.fileno()
        writer = LineWriter(StreamSink(lambda: stream), Notices())
        writer.put(record("before"))
    taken = os.open(tmp_path / "database", os.O_CREAT | os.O_RDWR)
    assert taken == number
    writer.put(record("after"))
    assert writer.close(0.1) == 1
    os.close(taken)
    assert (tmp_path / "database").read_bytes() == b""
    assert len((tmp_path / "closed").read_text().splitlines()) == 1


def test_a_descriptor_says_what_it_is(tmp_path, pipe):
    with (tmp_path / "file").open("w") as file:
        output = DescriptorOutput(file.fileno())
        assert (output.longest, output.may_be_slow) == (None, True)
    output = DescriptorOutput(pipe.stream.fileno())
    assert (output.longest, output.joined, output.may_be_slow) == (PIPE_LIMIT, PIPE_LIMIT, False)


# -- real processes -------------------------------------------------------------------------------

WAYS = {
    "exit": "pass",
    "_exit": "os._exit(0)",
    "term": "os.kill(os.getpid(), signal.SIGTERM); time.sleep(60)",
    "kill": "os.kill(os.getpid(), signal.SIGKILL); time.sleep(60)",
    "abort": "os.abort()",
    "exec": "os.execv(sys.executable, [sys.executable, '-c', ''])",
    "exception": "raise SystemExit(3)",
    "early atexit": "pass",
}


@pytest.mark.fault
@pytest.mark.req("DEL-01", "DEL-02")
@pytest.mark.parametrize("sink", ["stdout", "stderr", "file"])
@pytest.mark.parametrize("ending", WAYS)
def test_no_ending_loses_what_was_delivered(ending, sink, tmp_path):
    path = tmp_path / "events.jsonl"
    made = f"FileSink({str(path)!r})" if sink == "file" else f"StreamSink(lambda: sys.{sink})"
    early = "atexit.register(lambda: narrate('last', 't', 'Last words'))" if ending == "early atexit" else ""
    last = "" if ending == "early atexit" else "narrate('last', 't', 'Last words')"
    program = f"""
import atexit, os, signal, sys, time
late = []
atexit.register(lambda: [call() for call in late])
from narration_core import FileSink, Narrator, StreamSink, configure
configure(sinks=[{made}])
narrate = Narrator("child")
{early.replace("atexit.register(", "late.append(")}
narrate("one", "t", "One")
{last}
{WAYS[ending]}
"""
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, check=False, timeout=60)
    written = path.read_bytes() if sink == "file" else getattr(done, sink)
    actions = [json.loads(line)["action"] for line in written.splitlines() if line.startswith(b"{")]
    assert actions == ["one", "last"], (written, done.stderr)


@pytest.mark.fault
@pytest.mark.req("DEL-02")
@pytest.mark.parametrize("method", ["fork", "spawn", "forkserver"])
def test_children_of_multiprocessing_lose_nothing(method, tmp_path):
    (tmp_path / "main.py").write_text(
        textwrap.dedent("""
        import multiprocessing, os, sys
        from narration_core import Narrator
        narrate = Narrator("child")
        def work(number):
            narrate("begin", str(number), "Beginning")
            narrate.error("end", str(number), "Failing", error_kind="disk_full")
        if __name__ == "__main__":
            context = multiprocessing.get_context(sys.argv[1])
            with context.Pool(2) as pool:
                pool.map(work, range(6), chunksize=1)
            child = context.Process(target=work, args=(6,))
            child.start()
            child.join()
    """)
    )
    done = subprocess.run(
        [sys.executable, "main.py", method], cwd=tmp_path, capture_output=True, check=True, timeout=120
    )
    lines = [json.loads(line) for line in done.stdout.splitlines()]
    told = sorted((line["target"], line["action"]) for line in lines)
    assert told == sorted((str(number), action) for number in range(7) for action in ("begin", "end"))


@pytest.mark.fault
@pytest.mark.req("DEL-02")
@pytest.mark.parametrize("late", [False, True])
@pytest.mark.parametrize("method", ["fork", "spawn", "forkserver"])
def test_a_child_of_multiprocessing_that_ends_normally_writes_its_queue(method, late, tmp_path):
    imports = "from narration_core import Narrator"
    (tmp_path / "main.py").write_text(f"""
import multiprocessing, sys
{"" if late else imports}
def work():
    {imports if late else ""}
    for number in range(3):
        Narrator("child")("work", str(number), "Working")
if __name__ == "__main__":
    child = multiprocessing.get_context({method!r}).Process(target=work)
    child.start()
    child.join()
""")
    environment = {**os.environ, "NARRATION_DELIVERY": "queued"}
    done = subprocess.run(
        [sys.executable, "main.py"], cwd=tmp_path, env=environment, capture_output=True, check=True, timeout=60
    )
    assert [json.loads(line)["target"] for line in done.stdout.splitlines()] == ["0", "1", "2"]


@pytest.mark.fault
def test_processes_on_one_pipe_mix_no_lines():
    program = """
import os
from narration_core import Narrator, register_field
register_field("long", str, "a long text")
narrate = Narrator("svc")
narrate("warm", "t", "Warm {queue_position}", queue_position=-1)
pids = []
for worker in range(4):
    pid = os.fork()
    if pid == 0:
        for i in range(400):
            narrate("work", f"w{worker}", "Working {queue_position}", queue_position=i, long="x" * (i * 20 % 6000))
        os._exit(0)
    pids.append(pid)
for pid in pids:
    os.waitpid(pid, 0)
"""
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, check=True, timeout=120)
    lines = [json.loads(line) for line in done.stdout.splitlines()]
    assert len(lines) == 1601
    for worker in range(4):
        mine = [line["queue_position"] for line in lines if line["target"] == f"w{worker}"]
        assert mine == list(range(400))


@pytest.mark.fault
@pytest.mark.parametrize("level", ["info", "warn"])
def test_a_kill_at_a_random_moment_loses_nothing_that_was_delivered(level, tmp_path):
    program = f"""
import mmap, os, sys
from narration_core import FileSink, Narrator, configure
configure(sinks=[FileSink(sys.argv[1])])
seen = mmap.mmap(os.open(sys.argv[2], os.O_RDWR), 4096)
say = Narrator("child").{level}
for number in range(1 << 40):
    say("count", "t", "Counting {{queue_position}}", queue_position=number)
    seen[:8] = number.to_bytes(8, "little")
"""
    for run in range(3):
        path, count = tmp_path / f"{run}.jsonl", tmp_path / f"{run}.count"
        count.write_bytes(b"\0" * 4096)
        child = subprocess.Popen([sys.executable, "-c", program, str(path), str(count)])
        while int.from_bytes(count.read_bytes()[:8], "little") < 500 + 101 * run:
            assert child.poll() is None
        child.send_signal(signal.SIGKILL)
        child.wait()
        delivered = int.from_bytes(count.read_bytes()[:8], "little")
        *lines, _ = path.read_bytes().split(b"\n")
        numbers = [json.loads(line)["queue_position"] for line in lines]
        assert numbers == list(range(len(numbers)))
        assert len(numbers) > delivered


@pytest.mark.fault
def test_head_ends_at_once():
    program = "from narration_core import Narrator\nfor i in range(2000): Narrator('svc')('a', 't', 'Line')"
    reader, writer = os.pipe()
    child = subprocess.Popen([sys.executable, "-c", program], stdout=writer, stderr=subprocess.PIPE)
    os.close(writer)
    os.read(reader, 10)
    os.close(reader)
    _, stderr = child.communicate(timeout=60)
    assert child.returncode == 0
    assert len(stderr.splitlines()) <= 1, stderr


def test_configure_again_with_the_same_sink_keeps_it_open(tmp_path):
    class Connection:
        name, background = "connection", True

        def __init__(self):
            self.open, self.actions = True, []

        def write(self, batch):
            assert self.open
            self.actions += [written.event.action for written in batch]

        def close(self):
            self.open = False

    sink, file = Connection(), FileSink(tmp_path / "events.jsonl")
    configure(sinks=[sink, file])
    narrate("one", "t", "One")
    configure(sinks=[sink, file], level="debug", delivery="queued")
    narrate.debug("two", "t", "Two")
    assert flush(10) == 0
    assert sink.open
    assert sink.actions == ["one", "two"]
    assert stats()["outputs"]["file:events.jsonl"]["delivery"] == "queued"
    configure(sinks=[file])
    assert not sink.open
    narrate("three", "t", "Three")
    assert [json.loads(line)["action"] for line in file.path.read_text().splitlines()] == ["one", "two", "three"]
    configure()
