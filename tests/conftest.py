"""Fixtures that every test may use."""

import signal
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import settings

from narration_core import MemorySink, configure

# How fast a shared machine is says nothing about the code.
settings.register_profile("narration", deadline=None)
settings.load_profile("narration")

ROOT = Path(__file__).resolve().parent.parent


@pytest.fixture
def root() -> Path:
    """Return the checkout's top folder."""
    return ROOT


@pytest.fixture
def memory() -> Iterator[MemorySink]:
    """Send everything to memory, mistakes mended as in production; the defaults come back afterwards."""
    sink = MemorySink()
    configure(sinks=[sink], level="trace", strict=False, service="tests", version="1")
    yield sink
    configure()


@pytest.fixture
def strict(memory: MemorySink) -> MemorySink:
    """Send everything to memory; mistakes raise."""
    configure(sinks=[memory], level="trace", strict=True, service="tests", version="1")
    return memory


@pytest.fixture(autouse=True)
def signals_as_before() -> Iterator[None]:
    """Give signals their handlers back: a command that ran in this process ignores them when its work is done.

    Every process that a later test starts would inherit that, and no longer end when it is told to.
    """
    before = {number: signal.getsignal(number) for number in (signal.SIGHUP, signal.SIGINT, signal.SIGTERM)}
    yield
    for number, handler in before.items():
        if signal.getsignal(number) is not handler:
            signal.signal(number, handler)
