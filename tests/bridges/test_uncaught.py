import asyncio
import gc
import json
import subprocess
import sys
import threading

import pytest

from narration_core import Narrator, bind
from narration_core.bridges.uncaught import watch

narrate = Narrator("batch")
SECRET = "hunter2-made-up-pass"


@pytest.fixture
def watching(narration, monkeypatch):
    monkeypatch.setattr(threading, "excepthook", threading.__excepthook__)  # pytest has its own
    stop = watch(narrate)
    yield narration
    stop()


@pytest.mark.req("INT-04")
def test_a_thread_that_fails_is_told_with_the_ids_of_its_work(memory, monkeypatch):
    monkeypatch.setattr(threading, "excepthook", threading.__excepthook__)  # pytest has its own

    def work():
        with bind(correlation_id="req-1"):
            raise KeyError("gone")

    stop = watch(narrate)
    try:
        thread = threading.Thread(target=work, name="worker-1")
        thread.start()
        thread.join()
    finally:
        stop()
    (told,) = memory.events
    assert (told.action, told.level, told.target, told.correlation_id) == ("uncaught", "error", "worker-1", "req-1")
    assert told.extra["frames"][-1].endswith("work")


def test_a_thread_that_ends_in_order_is_not_told(watching):
    thread = threading.Thread(name="worker-1")
    for error in (KeyError("gone"), SystemExit(1)):
        threading.excepthook(threading.ExceptHookArgs((type(error), error, None, thread)))
    watching.assert_event(action="uncaught", level="error", error_kind="KeyError", target="worker-1")
    watching.assert_count(1, action="uncaught")


@pytest.mark.req("INT-04")
def test_a_task_that_fails_is_told_with_the_ids_of_its_work(watching):
    async def work():
        with bind(correlation_id="req-1"):
            raise KeyError("gone")

    async def main():
        task = asyncio.create_task(work())
        await asyncio.wait([task])
        del task
        gc.collect()

    asyncio.run(main())
    told = watching.assert_event(action="uncaught", level="error", error_kind="KeyError", target="asyncio")
    assert told.correlation_id == "req-1"


MAIN = f"""
from narration_core import Narrator, bind
from narration_core.bridges.uncaught import watch
watch(Narrator("batch"))
with bind(correlation_id="req-1"):
    raise RuntimeError("password={SECRET}")
"""


@pytest.mark.req("INT-04")
def test_a_program_that_fails_is_told_and_shows_no_secret():
    done = subprocess.run([sys.executable, "-c", MAIN], capture_output=True, text=True, check=False)
    assert done.returncode == 1
    told = json.loads(done.stdout)
    assert (told["level"], told["correlation_id"], told["error_kind"]) == ("fatal", "req-1", "RuntimeError")
    assert SECRET not in done.stdout + done.stderr
    assert done.stderr == ""


def test_a_hook_of_somebody_else_is_called_and_put_back(narration, monkeypatch):
    heard = []
    monkeypatch.setattr(sys, "excepthook", lambda *found: heard.append(found))
    theirs = sys.excepthook
    stop = watch(narrate)
    error = KeyError("gone")
    sys.excepthook(KeyError, error, None)
    sys.excepthook(KeyboardInterrupt, KeyboardInterrupt(), None)
    stop()
    assert [found[0] for found in heard] == [KeyError, KeyboardInterrupt]
    assert sys.excepthook is theirs
    narration.assert_event(action="uncaught", level="fatal", error_kind="KeyError")
    narration.assert_count(1, action="uncaught")


def test_an_exception_with_kept_ids_can_still_be_pickled():
    import pickle

    caught = None
    try:
        with bind(correlation_id="req-1", percent=5):
            raise KeyError("gone")
    except KeyError as error:
        caught = error
    again = pickle.loads(pickle.dumps(caught))  # noqa: S301 - our own
    assert again.args == ("gone",)
