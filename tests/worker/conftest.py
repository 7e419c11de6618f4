"""Fixtures of the worker's tests: the bundled model, and random models of any size, which generate nonsense."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from narration_worker.config import BUNDLED
from narration_worker.model.engine import Engine
from support.small_models import random_model


@pytest.fixture(scope="module")
def bundled() -> Iterator[Engine]:
    """Yield an engine with the bundled model."""
    engine = Engine(BUNDLED, "cpu")
    engine.load(None)
    yield engine
    engine.close()


@pytest.fixture(scope="session")
def make_model(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str, float], Path]:
    """Return a function that writes a random model of so many megabytes, once, and returns its file."""
    folder = tmp_path_factory.mktemp("models")

    def make(name: str, megabytes: float) -> Path:
        path = folder / name
        return path if path.exists() else random_model(path, megabytes)

    return make
