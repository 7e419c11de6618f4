import logging
import logging.handlers
import queue
import subprocess
import sys

import pytest

from narration_core import bind
from narration_core.bridges.stdlib import NarrationHandler

SECRET = "hunter2-made-up-pass"


@pytest.fixture
def log():
    logger = logging.getLogger("tests.stdlib")
    logger.setLevel(1)
    logger.propagate = False
    logger.handlers = [NarrationHandler()]
    yield logger
    logger.handlers = []


@pytest.mark.req("INT-04")
def test_fields_that_nobody_registered_are_kept(log, memory):
    log.warning("Slow", extra={"rack": 7, "parts": ["a", 1], "device": "sda", "actor": "ignored", "none": None})
    (event,) = memory.events
    assert event.extra == {"parts": ["a", 1], "rack": 7}
    assert (event.device, event.actor) == ("sda", "tests.stdlib")


@pytest.mark.req("INT-04")
def test_an_exception_that_came_through_a_queue_is_kept(log, memory):
    records = queue.Queue()
    handler = logging.handlers.QueueHandler(records)
    try:
        raise KeyError("gone")
    except KeyError:
        handler.handle(log.makeRecord("tests.stdlib", 40, __file__, 1, "It broke", (), sys.exc_info()))
    log.handle(records.get())
    (event,) = memory.events
    assert "KeyError: 'gone'" in event.human + event.extra.get("exception", "")


def test_the_text_of_an_exception_alone_is_kept(log, memory):
    record = log.makeRecord("tests.stdlib", 40, __file__, 1, "It broke", (), None)
    record.exc_text = "Traceback (most recent call last):\nKeyError: 'gone'"
    log.handle(record)
    assert memory.events[0].extra["exception"].endswith("KeyError: 'gone'")


def test_where_a_record_was_made_is_kept(log, memory):
    log.info("Here", stack_info=True)
    assert "test_where_a_record_was_made_is_kept" in memory.events[0].extra["stack"]


@pytest.mark.req("INT-04")
def test_a_message_that_does_not_fit_its_arguments_is_told(log, memory, capsys):
    # pytest's own handlers cannot format it either, and raise.
    arguments = ("one", f"password={SECRET}")
    log.handlers[0].handle(log.makeRecord("tests.stdlib", 20, __file__, 1, "%s of %d", arguments, None))
    (event,) = memory.events
    assert (event.human, event.error_kind) == ("%s of %d", "logging_format")
    assert event.extra["arguments"][0] == "one"
    assert "TypeError" in event.extra["exception"]
    assert SECRET not in str(event)
    assert capsys.readouterr().err == ""


def test_an_exception_that_is_logged_after_its_scope_is_in_its_story(log, memory):
    try:
        with bind(correlation_id="req-1"):
            raise KeyError("gone")
    except KeyError:
        log.exception("It broke")
    assert memory.events[0].correlation_id == "req-1"


def test_the_documented_configuration_tells_info():
    program = """
import logging
from narration_core.bridges.stdlib import NarrationHandler
logging.basicConfig(handlers=[NarrationHandler()], level="INFO")
logging.getLogger("shop").info("Open")
"""
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert '"human":"Open"' in done.stdout
