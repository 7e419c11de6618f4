"""Who gets Python's lock first."""

import ctypes
import sys
import threading

import pytest

from narration_worker.jobs.gil_priority import use_exact_timers

_PR_GET_TIMERSLACK = 30


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux lets a thread choose how exact its timers are")
def test_the_thread_that_goes_first_has_exact_timers_and_no_other():
    exact = []

    def inference():
        use_exact_timers()
        exact.append(ctypes.CDLL(None).prctl(_PR_GET_TIMERSLACK, 0, 0, 0, 0))

    thread = threading.Thread(target=inference)
    thread.start()
    thread.join()
    assert exact == [1]
    assert ctypes.CDLL(None).prctl(_PR_GET_TIMERSLACK, 0, 0, 0, 0) > 1
