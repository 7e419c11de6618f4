import json
import os
import signal
import subprocess
import sys
import textwrap
import threading
import time

import pytest

from narration_core import Narrator, Record, configure, flush, stats
from narration_core._event import Event, encode
from narration_core._levels import EMITTING
from narration_core._writer import Writer

narrate = Narrator("tester")


def record(number, level="info"):
    event = Event(actor="a", action="b", target=str(number), level=level)
    return Record(encode(event), EMITTING.index(level), event)


class Gate:
    """A sink that writes only while its gate is open."""

    name = "gate"
    background = True

    def __init__(self, *, is_open=True):
        self.open = threading.Event()
        self.entered = threading.Event()
        self.batches = []
        self.error = None
        self.closed = False
        if is_open:
            self.open.set()

    def write(self, batch):
        self.entered.set()
        self.open.wait(30)
        if self.error is not None:
            raise self.error
        self.batches.append(list(batch))

    def close(self):
        self.closed = True

    @property
    def targets(self):
        return [written.event.target for batch in self.batches for written in batch]

    @property
    def actions(self):
        return [written.event.action for batch in self.batches for written in batch]


class Notices:
    def __init__(self):
        self.told = []

    def dropped(self, _sink, counts):
        self.told.append(("dropped", counts))
        return record("dropped", "warn")

    def failed(self, sink, error, _retry_s):
        self.told.append(("failed", sink.name, type(error).__name__))

    def recovered(self, sink):
        self.told.append(("recovered", sink.name))


def test_events_arrive_in_order():
    gate = Gate()
    writer = Writer(gate, Notices())
    for number in range(1000):
        writer.put(record(number))
    assert writer.flush(10) == 0
    assert gate.targets == [str(number) for number in range(1000)]
    assert writer.close(10) == 0
    assert gate.closed


@pytest.mark.req("NARR-9003")
def test_the_lowest_levels_go_first_and_the_loss_is_told():
    gate = Gate(is_open=False)
    notices = Notices()
    writer = Writer(gate, notices, capacity=32)
    writer.put(record("first"))
    assert gate.entered.wait(10)
    for number in range(16):
        writer.put(record(f"debug-{number}", "debug"))
    for number in range(16):
        writer.put(record(f"info-{number}", "info"))
    for number in range(20):
        writer.put(record(f"warn-{number}", "warn"))
    writer.put(record("late info", "info"))
    gate.open.set()
    assert writer.flush(10) == 0
    for number in range(20):
        assert f"warn-{number}" in gate.targets
    assert not [target for target in gate.targets if target.startswith("debug") or target == "late info"]
    (told,) = notices.told
    assert told[1]["debug"] == 16
    assert told[1]["info"] == sum(writer.lost) - 16
    assert len(gate.targets) - 1 + sum(writer.lost) == 16 + 16 + 20 + 2
    writer.close(10)


def test_a_full_queue_of_the_same_level_keeps_what_came_first():
    gate = Gate(is_open=False)
    writer = Writer(gate, Notices(), capacity=10)
    writer.put(record("writing"))
    assert gate.entered.wait(10)
    for number in range(50):
        writer.put(record(number))
    assert writer.queued == 11
    gate.open.set()
    writer.flush(10)
    assert gate.targets == ["writing", "dropped", *(str(number) for number in range(10))]
    assert writer.lost[EMITTING.index("info")] == 40
    writer.close(10)


def test_a_queue_that_is_half_full_is_written_without_a_pause(monkeypatch):
    monkeypatch.setattr("narration_core._writer.LINGER_S", 3600)
    gate = Gate()
    writer = Writer(gate, Notices(), capacity=32)
    writer.put(record("first"))
    assert gate.entered.wait(10)
    gate.entered.clear()
    for number in range(17):
        writer.put(record(number))
    assert gate.entered.wait(10)
    writer.close(10)
    assert len(gate.targets) == 18


def test_waiting_instead_of_dropping():
    gate = Gate(is_open=False)
    writer = Writer(gate, Notices(), capacity=5, overflow="wait")
    sender = threading.Thread(target=lambda: [writer.put(record(number)) for number in range(500)])
    sender.start()
    assert gate.entered.wait(10)
    assert sender.is_alive()
    gate.open.set()
    sender.join(20)
    assert writer.flush(10) == 0
    assert len(gate.targets) == 500
    assert sum(writer.lost) == 0
    writer.close(10)


def test_eight_threads_lose_and_tear_nothing():
    gate = Gate()
    writer = Writer(gate, Notices(), capacity=1000, overflow="wait")

    def send(name):
        for number in range(5000):
            writer.put(record(f"{name}-{number}"))

    threads = [threading.Thread(target=send, args=(name,)) for name in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert writer.flush(20) == 0
    assert sorted(gate.targets) == sorted(f"{name}-{number}" for name in range(8) for number in range(5000))
    for name in range(8):
        own = [target for target in gate.targets if target.startswith(f"{name}-")]
        assert own == [f"{name}-{number}" for number in range(5000)]
    writer.close(10)


def test_a_failing_sink_rests_is_told_once_and_comes_back():
    gate = Gate()
    gate.error = OSError("no space")
    notices = Notices()
    writer = Writer(gate, notices, cool_off_s=0.01)
    writer.put(record(1))
    deadline = time.monotonic() + 20
    while writer.failures < 8 and time.monotonic() < deadline:
        threading.Event().wait(0.001)
    gate.error = None
    assert writer.flush(20) == 0
    assert gate.targets == ["1"]
    assert notices.told == [("failed", "gate", "OSError"), ("recovered", "gate")]
    writer.close(10)


def test_a_failing_sink_is_told_through_the_others(memory):
    gate = Gate()
    gate.error = OSError("disk on fire")
    configure(sinks=[gate, memory], strict=False)
    from narration_core._pipeline import PIPELINE

    narrate("a", "t", "x")
    deadline = time.monotonic() + 20
    while not any(event.action == "sink_failed" for event in memory.events) and time.monotonic() < deadline:
        threading.Event().wait(0.001)
    (told,) = [event for event in memory.events if event.action == "sink_failed"]
    assert told.extra["exception"] == "OSError: disk on fire"
    assert told.error_kind == "OSError"
    assert stats()["sink_failures"]["gate"] >= 3
    gate.error = None
    PIPELINE.outputs.writers[0]._stop.set()


def test_in_strict_mode_flushing_raises_what_a_sink_raised(memory):
    gate = Gate()
    gate.error = OSError("disk on fire")
    configure(sinks=[gate], strict=True)
    narrate("a", "t", "x")
    with pytest.raises(OSError, match="disk on fire"):
        flush(0.2)
    gate.error = None


def test_flush_says_how_much_is_left_when_time_is_up():
    gate = Gate(is_open=False)
    writer = Writer(gate, Notices())
    for number in range(3):
        writer.put(record(number))
    assert gate.entered.wait(10)
    assert writer.flush(0.01) >= 1
    gate.open.set()
    assert writer.flush(10) == 0
    writer.close(10)


def run(program, **options):
    return subprocess.run(
        [sys.executable, "-c", textwrap.dedent(program)],
        capture_output=True,
        timeout=60,
        check=False,
        env={"PATH": os.environ["PATH"], "NARRATION_SERVICE": "child"},
        **options,
    )


@pytest.mark.fault
def test_everything_is_written_at_exit():
    done = run("""
        from narration_core import Narrator
        narrate = Narrator("child")
        for number in range(1000):
            narrate("count", str(number), "Counting")
    """)
    assert len(done.stdout.splitlines()) == 1000
    assert done.stderr == b""


@pytest.mark.fault
def test_a_stuck_sink_ends_the_program_with_a_word():
    reader, writer = os.pipe()
    program = """
        from narration_core import Narrator, configure
        from narration_core import _exit
        _exit.EXIT_DEADLINE_S = 0.2
        configure(capacity=50_000)
        narrate = Narrator("child")
        for number in range(20_000):
            narrate("count", str(number), "Counting to fill the pipe")
    """
    done = subprocess.run(
        [sys.executable, "-c", textwrap.dedent(program)],
        stdout=writer,
        stderr=subprocess.PIPE,
        timeout=60,
        check=False,
    )
    os.close(reader)
    os.close(writer)
    assert done.returncode == 0
    assert b"narration: gave up on" in done.stderr
    assert b"sink stdout did not take them" in done.stderr


@pytest.mark.fault
@pytest.mark.parametrize("how", ["import os; os.close(1)", "import sys; sys.stdout = None"])
def test_a_closed_stdout_harms_nothing(how):
    done = run(f"""
        {how}
        from narration_core import Narrator
        Narrator("child")("a", "t", "Nobody hears this")
    """)
    assert done.returncode == 0


@pytest.mark.fault
def test_a_fork_in_the_middle_of_writing_duplicates_no_line_and_hangs_nobody():
    done = run("""
        import os
        from narration_core import Narrator, flush
        narrate = Narrator("child")
        for number in range(200):
            narrate("parent", f"before-{number}", "Before")
            if number % 20 == 0:
                pid = os.fork()
                if pid == 0:
                    narrate("child", f"child-{number}", "In the child")
                    flush(5)
                    os._exit(0)
                assert os.waitpid(pid, 0)[1] == 0
    """)
    assert done.returncode == 0, done.stderr
    lines = done.stdout.splitlines()
    assert len(lines) == len({line.split(b'"target":')[1].split(b",")[0] for line in lines}) == 210


@pytest.mark.fault
def test_multiprocessing_children_write_their_own_lines():
    done = run("""
        import multiprocessing
        from narration_core import Narrator, bind, flush
        narrate = Narrator("child")
        def work(number):
            narrate("work", f"job-{number}", "Working")
        if __name__ == "__main__":
            narrate("start", "pool", "Starting")
            for number in range(5):
                child = multiprocessing.get_context("fork").Process(target=work, args=(number,))
                child.start()
                child.join()
    """)
    assert len(done.stdout.splitlines()) == 6


@pytest.mark.fault
def test_a_fork_while_another_thread_tells_the_first_event_hangs_nobody():
    # What the first event sets up is guarded by a lock; whoever holds it is not there in the child.
    done = run("""
        import os, threading
        from narration_core import Narrator, flush
        narrate = Narrator("child")
        ready = threading.Barrier(2)
        def first():
            ready.wait()
            narrate("parent", "first", "The first event takes a while", unusual=[1])
        telling = threading.Thread(target=first)
        telling.start()
        ready.wait()
        for _ in range(10):
            pid = os.fork()
            if pid == 0:
                narrate("child", str(os.getpid()), "In the child")
                flush(20)
                os._exit(0)
            threading.Event().wait(0.005)
        telling.join()
        while True:
            try:
                assert os.wait()[1] == 0
            except ChildProcessError:
                break
    """)
    assert done.returncode == 0, done.stderr
    assert len(done.stdout.splitlines()) == 11


@pytest.mark.fault
def test_a_signal_handler_may_narrate_whatever_it_interrupts():
    # Real signals, as fast as they come, while the queue is full: it is then that locks are held.
    done = run("""
        import signal, sys
        from narration_core import Narrator, configure, flush, stats
        class Sink:
            name, background = "sink", True
            def write(self, batch): pass
            def close(self): pass
        configure(sinks=[Sink()], capacity=16)
        narrate = Narrator("child")
        narrate("warm", "up", "So that a handler takes microseconds", unusual=[1])
        heard = []
        def handler(*_):
            heard.append(1)
            narrate.warn("signal", "handler", "Interrupting")
        signal.signal(signal.SIGALRM, handler)
        signal.setitimer(signal.ITIMER_REAL, 0.0005, 0.0005)
        while len(heard) < 1000:
            narrate("loop", "main", "Working")
        signal.setitimer(signal.ITIMER_REAL, 0)
        assert flush(10) == 0
        assert stats()["emitted"]["warn"] == len(heard), stats()
    """)
    assert done.returncode == 0, done.stderr


@pytest.mark.fault
def test_a_signal_handler_may_narrate_while_the_first_event_loads_what_it_needs():
    # From the very first event on: that is when rules are imported and engines are made.
    done = run("""
        import gc, signal, sys
        from narration_core import Narrator, configure, flush, stats
        from narration_core.sinks import MemorySink
        configure(sinks=[MemorySink()])
        narrate = Narrator("child")
        heard = []
        def handler(*_):
            heard.append(1)
            if len(heard) == 100:  # on a slow machine each handler is interrupted by the next
                signal.setitimer(signal.ITIMER_REAL, 0)
            narrate.warn("signal", "handler", f"Interrupting with password={'x7Kq' * 4} the {len(heard)}th time")
        sys.setrecursionlimit(10_000)
        signal.signal(signal.SIGALRM, handler)
        signal.setitimer(signal.ITIMER_REAL, 0.002, 0.002)
        while len(heard) < 100:
            narrate("loop", "main", "Working")
        assert flush(10) == 0
        told = stats()
        assert told["emitted"]["warn"] == len(heard), told
        assert told["redacted"] == {"secret-by-name": len(heard)}, told
        assert (told["mistakes"], told["internal_errors"], told["fast_path"]["failed"]) == (0, 0, 0), told
        assert gc.isenabled()
    """)
    assert done.returncode == 0, done.stderr


def test_a_sink_that_ends_its_thread_does_not():
    gate = Gate()
    gate.error = SystemExit()
    writer = Writer(gate, Notices(), cool_off_s=0.01)
    writer.put(record(1))
    writer.flush(0.05)
    gate.error = None
    assert writer.flush(10) == 0
    writer.put(record(2))
    assert writer.flush(10) == 0
    assert gate.targets == ["1", "2"]
    writer.close(1)


class Choosy(Gate):
    """A sink that never takes one event."""

    def write(self, batch):
        if any(written.event.target == "poison" for written in batch):
            raise ValueError("not this one")
        super().write(batch)


def test_one_event_that_a_sink_never_takes_does_not_hold_up_the_others():
    sink, notices = Choosy(), Notices()
    writer = Writer(sink, notices, cool_off_s=0.01)
    for target in (*range(20), "poison", *range(20, 40)):
        writer.put(record(target))
    assert writer.flush(20) == 0
    assert sink.targets == [*map(str, range(40)), "dropped"]
    assert sum(writer.lost) == 1
    assert [told[0] for told in notices.told] == ["failed", "recovered", "dropped"]
    writer.close(1)


@pytest.mark.fault
def test_all_stuck_sinks_together_have_one_deadline_at_exit():
    done = run("""
        import time
        from narration_core import Narrator, configure
        from narration_core import _exit
        class Stuck:
            background = True
            def __init__(self, name): self.name = name
            def write(self, batch): time.sleep(1000)
            def close(self): pass
        _exit.EXIT_DEADLINE_S = 0.3
        def leaving(count):
            configure(sinks=[Stuck(str(number)) for number in range(count)])
            Narrator("child")("a", "t", "Nobody takes this")
            before = time.monotonic()
            _exit.finish()
            return time.monotonic() - before
        assert leaving(8) < 4 * leaving(1)
    """)
    assert done.returncode == 0, done.stderr
    assert all(f"sink {number} did not take them".encode() in done.stderr for number in range(8))


@pytest.mark.fault
@pytest.mark.req("NARR-9002")
def test_what_sampling_left_out_last_is_told_at_exit():
    done = run("""
        from narration_core import Narrator, sample
        sample("token", per_second=0, burst=1)
        for number in range(10):
            Narrator("child")("token", str(number), "Generating")
    """)
    assert [json.loads(line).get("skipped") for line in done.stdout.splitlines()] == [None, 9]


@pytest.mark.fault
def test_sigterm_tears_no_line():
    program = """
        import sys
        from narration_core import Narrator
        narrate = Narrator("child")
        number = 0
        while True:
            number += 1
            narrate("count", str(number), "Counting until somebody ends this")
    """
    with subprocess.Popen([sys.executable, "-c", textwrap.dedent(program)], stdout=subprocess.PIPE) as child:
        heard = [child.stdout.readline() for _ in range(500)]
        child.terminate()
        heard += child.stdout.readlines()
        assert child.wait(30) == -signal.SIGTERM
    targets = [
        int(json.loads(line)["target"]) for line in heard if b"narration_dropped" not in line and line.endswith(b"\n")
    ]
    assert len(targets) >= len(heard) - 2
    assert targets == sorted(targets)


TALKATIVE = """
import threading
from narration_core import Narrator, configure
import sys
configure(delivery=sys.argv[1])
narrate = Narrator("talkative")
heard = threading.Semaphore(0)
def talk():
    while True:
        narrate("talk", "it", "Talking")
        heard.release()
for _ in range(3):
    threading.Thread(target=talk, daemon=True).start()
for _ in range(1000):
    heard.acquire()
"""


@pytest.mark.parametrize("delivery", ["caller", "queued"])
def test_threads_that_go_on_telling_hold_up_no_exit(delivery):
    done = subprocess.run(
        [sys.executable, "-c", TALKATIVE, delivery],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        timeout=60,
        check=False,
    )
    assert (done.returncode, done.stderr) == (0, b"")


def test_a_writer_that_is_closed_ends_although_others_go_on():
    writer = Writer(Gate(), Notices())
    stop = threading.Event()

    def put():
        while not stop.is_set():
            writer.put(record(1))

    putting = threading.Thread(target=put)
    putting.start()
    try:
        writer.put(record(0))
        assert writer.close(5) == 0
        assert not writer._thread.is_alive()
    finally:
        stop.set()
        putting.join()


@pytest.mark.fault
def test_a_setup_lock_that_is_made_in_the_middle_of_a_fork_makes_no_noise():
    program = textwrap.dedent("""
        import os
        from narration_core import _locks
        os.register_at_fork(before=_locks.new_setup_lock)
        if not os.fork():
            os._exit(0)
        os.wait()
    """)
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, timeout=60, check=True)
    assert done.stderr == ""


@pytest.mark.req("DEL-03")
@pytest.mark.fault
def test_a_sink_that_cannot_be_closed_keeps_no_other_open_and_is_reported():
    program = textwrap.dedent("""
        import sys
        from narration_core import MemorySink, Narrator, configure
        class Odd:
            idle = False
            def __init__(self, name, error):
                self.name, self.background, self._error = name, name != "inline", error
            def write(self, batch):
                pass
            def close(self):
                print("closing", self.name)
                raise self._error
        configure(sinks=[Odd("first", RuntimeError("no")), Odd("inline", SystemExit(3))])
        Narrator("svc")("act", "t", "Says")
        memory = MemorySink()
        others = [Odd("exits", SystemExit(3)), Odd("last", KeyboardInterrupt()), Odd("inline", SystemExit(3))]
        configure(sinks=[memory, *others])
        print([event.target for event in memory.events])
        Narrator("svc")("act", "t", "Says")
    """)
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, timeout=60, check=False)
    assert done.stdout.splitlines() == ["closing first", "['first']", "closing exits", "closing last", "closing inline"]
    assert done.returncode == 0
    assert "Traceback" not in done.stderr
