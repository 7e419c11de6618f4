"""Small projects to run the plugin in, each in a folder of its own."""

import importlib
import sys
import textwrap
from collections.abc import Iterator
from pathlib import Path

import pytest
import syrupy
from syrupy.extensions.base import SnapshotCollectionStorage

from narration_core.following import normalise

# A run inside this process must find these modules as they are here: pytester forgets what a run imports.
for _name in (
    "scenario_run",
    "collector",
    "golden",
    "inventory",
    "cucumber_messages",
    "review",
    "step_modules",
    "step_registry",
):
    importlib.import_module(f"narration_capture._{_name}")

PYPROJECT = """
[tool.pytest]
strict = true
filterwarnings = ["error"]
narration_features = "features"
testpaths = ["features"]
addopts = ["-p", "no:hypothesispytest", "--import-mode=importlib"]
"""

STEPS = """
import asyncio
from narration_core import Narrator, bind
from pytest_bdd import given, parsers, then, when

narrate = Narrator("pool-managerd")

@given("a pool")
def pool():
    pass

@when(parsers.parse("the pool manager spawns {engine}"))
def spawn(engine):
    with bind(correlation_id="req-1", job_id="job-1"):
        narrate("spawn", "GPU0", "Spawning engine {engine}", engine=engine)
"""

FEATURE = """
Feature: Pools
  Scenario: An engine is spawned
    Given a pool
    When the pool manager spawns llama
    Then the narration includes "Spawning engine llama"
"""


class Project:
    """A small project with features, steps and stories."""

    def __init__(self, pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch) -> None:
        self.pytester = pytester
        self.monkeypatch = monkeypatch
        # A file rewritten within a second may be as long as before: its compiled form would look fresh.
        monkeypatch.setattr(sys, "dont_write_bytecode", True)
        monkeypatch.setenv("PYTHONDONTWRITEBYTECODE", "1")
        self.path = pytester.path
        self.write("pyproject.toml", PYPROJECT)

    def write(self, name: str, text: str) -> Path:
        path = self.path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(textwrap.dedent(text).lstrip("\n"), "utf-8")
        return path

    def set(self, key: str, value: str) -> None:
        """Set a key of pytest's configuration, as TOML."""
        path = self.path / "pyproject.toml"
        lines = path.read_text("utf-8").splitlines()
        kept = [line for line in lines if not line.startswith(f"{key} =")]
        path.write_text("\n".join([*kept, f"{key} = {value}", ""]), "utf-8")

    def unset(self, key: str) -> None:
        """Remove a key of pytest's configuration."""
        path = self.path / "pyproject.toml"
        lines = path.read_text("utf-8").splitlines()
        path.write_text("\n".join([*(line for line in lines if not line.startswith(f"{key} =")), ""]), "utf-8")

    def feature(self, text: str = FEATURE, name: str = "pools") -> Path:
        return self.write(f"features/{name}.feature", text)

    def steps(self, text: str = "", name: str = "pools") -> Path:
        return self.write(f"steps/{name}.py", STEPS + textwrap.dedent(text))

    def run(self, *args: str) -> pytest.RunResult:
        """Run pytest: in this process, which is quick, unless the run spreads over processes anyway."""
        if any(arg.startswith("-n") for arg in args):
            return self.pytester.runpytest_subprocess(*args, timeout=120)
        for name in [name for name in sys.modules if name.split(".")[0] == "steps"]:
            self.monkeypatch.delitem(sys.modules, name)
        syrupy_session, folder = syrupy._syrupy, SnapshotCollectionStorage.snapshot_dirname
        try:
            return self.pytester.runpytest_inprocess(*args)
        finally:
            syrupy._syrupy, SnapshotCollectionStorage.snapshot_dirname = syrupy_session, folder

    def accept(self, *args: str) -> pytest.RunResult:
        """Write the golden stories as they are now."""
        return self.run("--snapshot-update", *args)

    def stories(self) -> dict[str, str]:
        folder = self.path / "snapshots"
        return {
            path.relative_to(folder).as_posix(): path.read_text("utf-8") for path in sorted(folder.rglob("*.story"))
        }


@pytest.fixture
def project(pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch) -> Project:
    return Project(pytester, monkeypatch)


@pytest.fixture
def pools(project: Project) -> Project:
    """A project with one scenario and its golden story."""
    project.feature()
    project.steps()
    result = project.accept()
    result.assert_outcomes(passed=1)
    return project


@pytest.fixture(autouse=True)
def normalisers_of_inner_runs_stay_inside() -> Iterator[None]:
    """Take back what a suite run inside this process registered: stories of the outer run must not change."""
    own, repeating = dict(normalise._own), set(normalise._repeating)
    yield
    normalise._own.clear()
    normalise._own.update(own)
    normalise._repeating.clear()
    normalise._repeating.update(repeating)
