"""Fixtures of the worker's tests: random models, which write no sense but are real inference of any size."""

from collections.abc import Callable
from pathlib import Path

import pytest

from support.small_models import random_model


@pytest.fixture(scope="session")
def make_model(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str, float], Path]:
    """Return a function that writes a random model of so many megabytes, once, and returns its file."""
    folder = tmp_path_factory.mktemp("models")

    def make(name: str, megabytes: float) -> Path:
        path = folder / name
        return path if path.exists() else random_model(path, megabytes)

    return make
