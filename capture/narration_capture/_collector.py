"""Feature files as tests, as they are: no binding module."""

from collections.abc import Iterable
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
from pytest_bdd import scenario

from narration_capture._compat import ENCODING, forget, registered_markers, test_name
from narration_capture._feature_check import inspect
from narration_capture._fixture import NarrationCapture
from narration_capture._golden import compare


class FeatureFile(pytest.Module):
    """A `.feature` file; its tests are its scenarios."""

    def funcnamefilter(self, name: str) -> bool:
        """Take every scenario, whatever the project calls its test functions."""
        return name.startswith("test_")

    def _getobj(self) -> ModuleType:
        return ModuleType(self.path.stem)

    def collect(self) -> Iterable[pytest.Item | pytest.Collector]:
        """Check the file and return its scenarios.

        Raises:
            CollectError: something in the file would go silently wrong; `path:line: what: why`, one each.
        """
        shown = self.nodeid or self.path.name
        found = inspect(self.path, shown, registered_markers(self.config))
        if found.faults:
            raise self.CollectError("\n".join(found.faults))
        forget(self.path)
        module = ModuleType(self.path.stem)
        module.__file__ = str(self.path)
        for one in found.scenarios:
            setattr(module, test_name(one.name), _bound(self.path, one.name, module.__name__))
        self.obj = module
        return super().collect()


def _bound(path: Path, name: str, module: str) -> Any:
    """Return the test function of a scenario; what it does itself comes after the last step."""

    def told(request: pytest.FixtureRequest, narration: NarrationCapture, snapshot: Any) -> None:
        compare(request.node, narration, snapshot)

    # pytest-bdd asks for fixtures by the names of the parameters.
    bound = scenario(path.name, name, encoding=ENCODING, features_base_dir=str(path.parent))(told)
    bound.__module__ = module
    bound.__name__ = test_name(name)
    return bound
