"""Fixtures that every test may use."""

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
