import gc
import signal
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
