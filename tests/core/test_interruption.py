"""What a value raises stays here; what a signal handler raises, and Ctrl-C, reaches the program."""

import ctypes
import datetime as dt
import functools
import io
import json
import signal
import subprocess
import sys
import textwrap
import threading
import time
from collections.abc import Mapping

import pytest

from narration_core import Catalogue, FileSink, Narrator, StreamSink, bind, configure, redact, stats
from narration_core._interruption import is_from_outside

narrate = Narrator("tester")
said = Catalogue("tester").point("said", "say", "t", "Said {device} {percent}")


class Own(BaseException):
    """Inherits what everybody lets pass."""


KINDS = (SystemExit, KeyboardInterrupt, GeneratorExit, Own, MemoryError)


def hostile(kind):
    """Return objects that raise this wherever an event may ask them, by name: pytest must not ask them."""

    def raises(*_args, **_options):
        raise kind

    class Told:
        __str__ = __repr__ = __format__ = raises

    class Exits:
        __str__ = __repr__ = sys.exit

    class Number:
        __float__ = __int__ = __index__ = __bool__ = __len__ = raises

    class Items(dict):
        items = __iter__ = __getitem__ = keys = raises

    class Listed(list):
        __iter__ = __len__ = __getitem__ = raises

    class Foreign(Mapping):
        __iter__ = __getitem__ = __len__ = raises

    class Masked:
        __class__ = property(raises)
        __getattribute__ = raises

    class Day(dt.date):
        isoformat = raises

    class FailureError(Exception):
        __str__ = raises
        __cause__ = property(raises)

    made = (Told(), Exits(), Number(), Items(a=1), Listed([1]), Foreign(), Masked(), Day(2026, 1, 1), FailureError("x"))
    return {type(value).__name__: value for value in made}


def escaped(use, value):
    """Return the name of what a use raises; pytest would not survive showing the value."""
    try:
        use(value)
    except BaseException as error:  # noqa: BLE001 - that is the question
        return type(error).__name__
    return None


def in_a_span(value):
    with narrate.span("act", "t", "Acting on {odd}", odd=value) as span:
        span.note(other=value)
        span.progress(value, "Half way")


def in_a_scope(value):
    with bind(job_id=value, odd=value):
        narrate("act", "t", "Acts for {job_id}")


def in_an_except(value):
    try:
        raise RuntimeError(value) from (value if issubclass(type(value), BaseException) else None)
    except RuntimeError:
        narrate.error("act", "t", "Fails")


USES = {
    "sentence": lambda value: narrate("act", "t", "Acts on {device} {percent:.3f}", device=value, percent=value),
    "nested": lambda value: narrate("act", "t", "Acts", odd={"of": [value, (value,)], "and": {"so": value}}),
    "names": lambda value: narrate(value, value, value, cute=value, story=value, emitted_at_ms=value),
    "actor": lambda value: Narrator(value)("act", "t", "Acts"),
    "point": lambda value: said(device=value, percent=value),
    "span": in_a_span,
    "scope": in_a_scope,
    "an except": in_an_except,
}


@pytest.mark.req("NARR-9003")
@pytest.mark.parametrize("use", USES)
@pytest.mark.parametrize("name", hostile(Own))
@pytest.mark.parametrize("kind", KINDS)
def test_nothing_that_a_value_raises_ends_the_program(memory, kind, name, use):
    assert escaped(USES[use], hostile(kind)[name]) is None
    assert memory.lines
    for line in memory.lines:
        json.loads(line)


@pytest.mark.parametrize("name", sorted(hostile(Own).keys() - {"Exits"}))
@pytest.mark.parametrize("kind", [SystemExit, KeyboardInterrupt])
def test_redacting_a_value_never_raises(kind, name):
    assert escaped(lambda value: redact({"a": [value]}), hostile(kind)[name]) is None


class Reading:
    """A value that takes its time to say what it is."""

    def __init__(self, act):
        self.act = act

    def __str__(self):
        self.act()
        return "read"


def forever():
    while True:
        pass


WAITS = {"loop": forever, "sleep": lambda: time.sleep(60)}


class Server:
    def stop(self, _number, _frame):
        signal.signal(signal.SIGALRM, signal.SIG_IGN)
        self.leave()

    def leave(self):
        raise SystemExit(0)


def timed_out(_number, _frame):
    raise TimeoutError


HANDLERS = {
    "Ctrl-C": (signal.default_int_handler, KeyboardInterrupt),
    "a timeout": (timed_out, TimeoutError),
    "an exit": (lambda *_: sys.exit(0), SystemExit),
    "a method": (Server().stop, SystemExit),
    "a partial": (functools.partial(lambda _, __, code: sys.exit(code), code=3), SystemExit),
}


@pytest.mark.req("NARR-9003")
@pytest.mark.parametrize("wait", WAITS)
@pytest.mark.parametrize("handler", HANDLERS)
def test_what_a_signal_handler_raises_while_a_value_is_read_reaches_the_program(memory, handler, wait):
    handle, kind = HANDLERS[handler]
    before = signal.signal(signal.SIGALRM, handle)

    def act():
        signal.setitimer(signal.ITIMER_REAL, 0.01)
        WAITS[wait]()

    try:
        with pytest.raises(kind):
            narrate("act", "t", "Acts on {odd}", odd=[Reading(act)])
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)
    narrate("act", "t", "Goes on")
    assert memory.events[-1].human == "Goes on"


@pytest.fixture
def timing_out():
    before = signal.signal(signal.SIGALRM, timed_out)
    yield lambda: signal.raise_signal(signal.SIGALRM)
    signal.signal(signal.SIGALRM, before)


@pytest.mark.parametrize("step", ["while the stream is asked for", "while it is flushed"])
def test_a_timeout_in_the_middle_of_a_write_reaches_the_program_and_costs_no_line(tmp_path, timing_out, step):
    """A `TimeoutError` is an `OSError`, like what a broken output raises."""
    due = []

    def pause(where):
        if due == [where]:
            due.clear()
            timing_out()

    class Printed(io.TextIOWrapper):
        def flush(self):
            pause("while it is flushed")
            super().flush()

    def stream():
        pause("while the stream is asked for")
        return file

    with Printed((tmp_path / "events").open("wb")) as file:
        configure(sinks=[StreamSink(stream)], strict=False)
        narrate("act", "t", "Before")
        due.append(step)
        with pytest.raises(TimeoutError):
            narrate("act", "t", "Meanwhile")
        narrate("act", "t", "After")
        assert not stats()["sink_failures"]
        configure(sinks=[])
    lines = (tmp_path / "events").read_text().splitlines()
    assert [json.loads(line)["human"] for line in lines] == ["Before", "Meanwhile", "After"]


def test_what_another_thread_sends_reaches_the_thread(memory):
    started, caught = threading.Event(), []

    def spin():
        started.set()
        forever()

    def work():
        try:
            narrate("act", "t", "Acts on {odd}", odd=Reading(spin))
        except SystemExit as error:
            caught.append(error)

    thread = threading.Thread(target=work)
    thread.start()
    started.wait()
    ctypes.pythonapi.PyThreadState_SetAsyncExc(ctypes.c_ulong(thread.ident), ctypes.py_object(SystemExit))
    thread.join(30)
    assert caught


def test_an_exception_that_was_never_raised_comes_from_nowhere():
    assert not is_from_outside(KeyboardInterrupt())


@pytest.mark.fault
def test_ctrl_c_during_the_first_event_leaves_the_facade_to_the_next_one():
    program = textwrap.dedent("""
        import os, signal, sys
        from narration_core import Narrator
        n = Narrator("svc")
        signal.signal(signal.SIGINT, signal.default_int_handler)  # a shell's background jobs ignore it
        def interrupt(frame, event, arg):
            if frame.f_code.co_name == "apply":
                sys.setprofile(None)
                signal.raise_signal(signal.SIGINT)
        sys.setprofile(interrupt)
        try:
            n("start", "t", "Starts")
        except KeyboardInterrupt:
            sys.setprofile(None)
            n("stop", "t", "Stops in order")
    """)
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, timeout=60, check=True)
    assert [json.loads(line)["action"] for line in done.stdout.splitlines()] == ["stop"], done.stderr


CALLS = {
    "fast": lambda: narrate("act", "t", "Deep {device}", device="cpu"),
    "slow": lambda: narrate("act", "t", "Deep {odd} \u00e9 password=hunter2-made-up", odd={"a": [1, {"b": 2}]}),
    "error": lambda: narrate.error("act", "t", "Deep", error_kind="x"),
    "point": lambda: said(device="cpu", percent=1),
}


@pytest.mark.req("NARR-9003")
@pytest.mark.parametrize("name", CALLS)
def test_a_full_stack_costs_at_most_the_event_and_never_the_output(tmp_path, name):
    """Wherever in a call the stack is full, nothing stays taken, and nothing is raised but by the caller's own call."""
    path = tmp_path / "events"
    configure(sinks=[FileSink(path)], strict=False)
    raised = []

    def descend(levels):
        if levels:
            return descend(levels - 1)
        try:
            CALLS[name]()
        except RecursionError as error:
            step = error.__traceback__
            while step.tb_next is not None:
                step = step.tb_next
            raised.append(step.tb_frame.f_globals["__name__"])
        return None

    CALLS[name]()
    for levels in range(sys.getrecursionlimit()):
        try:
            descend(levels)
        except RecursionError:
            break
        # The next call finds nobody writing: its line is there when it returns.
        narrate("act", "t", "After {queue_position}", queue_position=levels)
        assert json.loads(path.read_bytes().splitlines()[-1]).get("queue_position") == levels
    configure(sinks=[])
    assert not {module for module in raised if module.startswith("narration")}
