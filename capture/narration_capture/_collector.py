"""Feature files as tests, as they are: no binding module."""

from collections.abc import Iterable, Sequence
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from narration_capture import _compat
from narration_capture._feature_check import inspect
from narration_capture._fixture import NarrationCapture
from narration_capture._golden import compare, story_path
from narration_capture._test_names import test_name


class FeatureFile(pytest.Module):
    """A `.feature` file; its tests are its scenarios.

    Attributes:
        stories: where the stories of its scenarios are; None if the file has faults.
    """

    stories: Sequence[Path] | None = None

    def funcnamefilter(self, name: str) -> bool:
        """Take every scenario, whatever the project calls its test functions."""
        return name.startswith("test_")

    def _getobj(self) -> ModuleType:
        return ModuleType(self.path.stem)

    def collect(self) -> Iterable[pytest.Item | pytest.Collector]:
        """Check the file and return its scenarios.

        Raises:
            CollectError: something in the file would go wrong in silence; `path:line: what: why`, one each.
        """
        found = inspect(self.path, self.nodeid or self.path.name, _compat.registered_markers(self.config))
        if found.faults or found.source is None:
            raise self.CollectError("\n".join(found.faults))
        module = ModuleType(self.path.stem)
        module.__file__ = str(self.path)
        names = {scenario.name: test_name(scenario.name) for scenario in found.scenarios}
        for name, function in _compat.bind(self.path, found.source, _after_last_step, names).items():
            function.__module__ = module.__name__
            setattr(module, name, function)
        self.obj = module
        tests = list(super().collect())
        self.stories = [story_path(test) for test in tests if isinstance(test, pytest.Item)]
        return tests


def _after_last_step(request: pytest.FixtureRequest, narration: NarrationCapture, snapshot: Any) -> None:
    compare(request.node, narration, snapshot)
