import gc
import signal
import subprocess
import sys
import threading

import pytest

from narration_core._undisturbed import loaded, made_once, undisturbed


def test_work_runs_where_no_handler_and_no_collection_runs():
    told = undisturbed(lambda: (threading.get_ident(), gc.isenabled(), undisturbed(threading.get_ident)))
    thread, collecting, nested = told
    assert thread != threading.get_ident()
    assert not collecting
    assert nested == thread
    assert gc.isenabled()


def test_what_work_raises_is_raised():
    with pytest.raises(ZeroDivisionError):
        undisturbed(lambda: 1 // 0)
    assert gc.isenabled()


def test_a_handler_that_interrupts_the_wait_asks_for_the_same_work():
    answers = []

    def work():
        if not answers:
            signal.raise_signal(signal.SIGUSR1)  # handled on the thread that waits, while this one goes on
            interrupted.wait(10)
        answers.append(threading.get_ident())
        return len(answers)

    def handler(*_):
        interrupted.set()
        nested.append(undisturbed(work))

    interrupted, nested = threading.Event(), []
    before = signal.signal(signal.SIGUSR1, handler)
    try:
        first = undisturbed(work)
    finally:
        signal.signal(signal.SIGUSR1, before)
    assert sorted([first, *nested]) == [1, 2]


def test_without_another_thread_the_work_is_done_here(monkeypatch):
    def refuse(*_):
        raise RuntimeError("can't start new thread")

    monkeypatch.setattr("narration_core._undisturbed.start_new_thread", refuse)
    assert undisturbed(threading.get_ident) == threading.get_ident()


def test_a_module_is_loaded_once():
    assert loaded("colorsys") is sys.modules["colorsys"]
    with pytest.raises(ImportError):
        loaded("no_such_module_at_all")


def test_what_is_made_once_is_made_when_it_is_first_asked_for():
    made = []
    get = made_once(lambda: made.append(1) or object())
    assert made == []
    assert get() is get()
    assert made == [1]


@pytest.mark.fault
def test_daemon_threads_that_narrate_do_not_abort_the_process_at_its_end():
    # The portable engine gives up the interpreter's lock in every scan, and the interpreter ends daemon threads there.
    program = """
import sys, threading
from narration_core import Narrator, RedactionPolicy, StreamSink, configure
narrate = Narrator("child")
configure(sinks=[StreamSink(lambda: sys.stdout)], redaction=RedactionPolicy(engine="ahocorasick"))
running = threading.Barrier(4)
def work(name):
    number = 0
    while True:
        number += 1
        narrate("work", "t", f"Word {name} {number:x} " + "abc "[number % 4] * (number % 40))
        if number == 20:
            running.wait()
for name in "xyz":
    threading.Thread(target=work, args=(name,), daemon=True).start()
running.wait()
"""
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, check=False, timeout=60)
    assert (done.returncode, done.stderr) == (0, b"")
    assert done.stdout.count(b"\n") >= 60


def test_who_ends_the_interpreter_works_by_itself():
    program = """
import atexit

atexit.register(lambda: print(undisturbed(threading.get_ident) == threading.get_ident()))
import threading
from narration_core._undisturbed import undisturbed
print(undisturbed(threading.get_ident) == threading.get_ident())
"""
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, check=True, timeout=60)
    assert done.stdout.split() == [b"False", b"True"]


def test_work_is_done_here_when_its_thread_ends_before_it_begins(monkeypatch):
    """Without memory Python starts a thread that cannot run a single call."""
    monkeypatch.setattr("narration_core._undisturbed.start_new_thread", lambda *_: 0)
    monkeypatch.setattr("narration_core._undisturbed._BEGIN_S", 0.01)
    assert undisturbed(threading.get_ident) == threading.get_ident()
