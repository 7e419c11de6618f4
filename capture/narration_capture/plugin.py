"""The pytest plugin. Loaded in every run of every project that has it installed, so it imports nothing by itself."""

from __future__ import annotations

import importlib
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import pytest

from narration_capture._item_state import EAR

if TYPE_CHECKING:
    from collections.abc import Generator, Iterator
    from contextlib import AsyncExitStack

    from narration_capture._collector import FeatureFile
    from narration_capture._fixture import NarrationCapture
    from narration_capture._scenario_run import ScenarioRun
    from narration_capture._session import NarrationSession
    from narration_core import Sources

SESSION: Final[pytest.StashKey[NarrationSession]] = pytest.StashKey()

_MARKERS: Final = (
    "narrated_errors: the test expects error events and does not assert on each",
    "narrated-errors: a scenario that expects error events and does not assert on each",
    "narration-required: a scenario that must narrate",
    "silent-ok: a scenario that must not narrate",
    "req(*ids): the requirement ids that this test proves",
)


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add the options and settings of narration."""
    group = parser.getgroup("narration", "narration under test")
    group.addoption("--narration-records", metavar="DIR", help="where run records go (default: .narration/records)")
    group.addoption("--narration-messages", metavar="FILE", help="write Cucumber Messages (NDJSON) to this file")
    parser.addini("narration_features", "folder of the feature files", default="features")
    parser.addini("narration_stories", "folder of the golden stories", default="snapshots")
    parser.addini(
        "narration_steps", "folders of step definitions, loaded by themselves", type="args", default=["steps"]
    )
    parser.addini("narration_requirements", "TSV file whose first column names the tags of requirements", default="")


def pytest_configure(config: pytest.Config) -> None:
    """Register the markers, those of the requirement ids included."""
    for marker in _MARKERS:
        config.addinivalue_line("markers", marker)
    table = config.getini("narration_requirements")
    if table:
        path = config.rootpath / table
        if not path.is_file():
            raise pytest.UsageError(f"narration_requirements: there is no file {path}")
        for line in path.read_text("utf-8").splitlines()[1:]:
            columns = line.split("\t")
            if columns[0]:
                config.addinivalue_line("markers", f"{columns[0]}: {columns[-1]}")


@pytest.hookimpl(tryfirst=True)
def pytest_sessionstart(session: pytest.Session) -> None:
    """Empty the records before any process, xdist's workers included, writes to them."""
    state = importlib.import_module("narration_capture._session").NarrationSession(session.config)
    session.config.stash[SESSION] = state


def pytest_collect_file(file_path: Path, parent: pytest.Collector) -> FeatureFile | None:
    """Collect feature files as they are."""
    if file_path.suffix != ".feature":
        return None
    state = parent.config.stash[SESSION]
    if not state.takes(file_path):
        return None
    state.load_steps()
    from narration_capture._collector import FeatureFile  # noqa: PLC0415 - see the module's docstring

    collected: FeatureFile = FeatureFile.from_parent(parent, path=file_path)
    return collected


@pytest.hookimpl(wrapper=True)
def pytest_make_collect_report(
    collector: pytest.Collector,
) -> Generator[None, pytest.CollectReport, pytest.CollectReport]:
    """Check every step of the scenarios of a file against the definitions."""
    report = yield
    if report.passed and "pytest_bdd" in sys.modules and isinstance(collector, pytest.Module):
        collector.config.stash[SESSION].check(report)
    return report


def pytest_collection_finish(session: pytest.Session) -> None:
    """Look, in a full run, for what nothing uses any more."""
    session.config.stash[SESSION].collected(session)


@pytest.fixture
def narration_sources() -> Sources | None:
    """Clock and ids of a test's events; override it with `CountingSources()` to make them repeatable."""
    return None


@pytest.fixture
def narration(request: pytest.FixtureRequest, narration_sources: Sources | None) -> Iterator[NarrationCapture]:
    """Capture everything that this test narrates."""
    from narration_capture._fixture import capture  # noqa: PLC0415 - as above

    with capture(request.node.name, sources=narration_sources) as ear:
        request.node.stash[EAR] = ear
        yield ear


@pytest.fixture
def cleanup(narration: NarrationCapture) -> AsyncExitStack:  # noqa: ARG001 - the scenario has one
    """Take what is to be done after the last step, async or not; runs on the scenario's event loop."""
    from narration_capture._scenario_run import running  # noqa: PLC0415 - as above

    run = running()
    if run is None:
        raise RuntimeError("the fixture `cleanup` belongs to scenarios; a test has its own fixtures")
    return run.cleanup


@pytest.hookimpl(wrapper=True)
def pytest_runtest_call(item: pytest.Item) -> Generator[None, None, None]:
    """Fail a test that narrated an error which nothing in it asserts."""
    __tracebackhide__ = True
    yield
    if "narration_core" in sys.modules:
        importlib.import_module("narration_capture._session").settle()
    ear = item.stash.get(EAR, None)
    if (
        ear is not None
        and not any(item.iter_markers("narrated_errors"))
        and not any(item.iter_markers("narrated-errors"))
    ):
        severe = ear.unacknowledged()
        if severe:
            from narration_capture._session import unacknowledged  # noqa: PLC0415 - as above

            pytest.fail(unacknowledged(ear, severe), pytrace=False)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item, call: pytest.CallInfo[None]
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Show the scenario so far in a failing report; record the test when it is over."""
    if call.excinfo is not None and "narration_capture._scenario_run" in sys.modules:
        importlib.import_module("narration_capture._session").shorten(item, call.excinfo)
    report = yield
    item.config.stash[SESSION].reported(item, report)
    return report


@pytest.hookimpl(tryfirst=True)
def pytest_sessionfinish(session: pytest.Session) -> None:
    """Close the records and tell what a full run found."""
    state = session.config.stash.get(SESSION, None)
    if state is not None:
        state.finish(session)


def pytest_terminal_summary(terminalreporter: Any, config: pytest.Config) -> None:
    """Tell what a full run found."""
    state = config.stash.get(SESSION, None)
    if state is not None and state.left_out:
        terminalreporter.write_line(f"narration: feature files not collected: {state.left_out}; {state.missing_extra}")
    if state is not None and state.complaints:
        terminalreporter.write_sep("=", "narration", red=True)
        for line in state.complaints:
            terminalreporter.write_line(line)


# -- scenarios; these hooks exist only where pytest-bdd is installed, which may be another release than ours ------


@pytest.hookimpl(optionalhook=True)
def pytest_bdd_before_scenario(request: pytest.FixtureRequest, scenario: Any) -> None:
    """Open the scenario's capture and context."""
    if request.config.stash[SESSION].missing_extra is not None:
        return
    from narration_capture._scenario_run import RUN, start  # noqa: PLC0415 - as above

    request.node.stash[RUN] = start(scenario, request.getfixturevalue("narration"), request.config.rootpath)


@pytest.hookimpl(optionalhook=True)
def pytest_bdd_before_step(step: Any) -> None:
    """Note which step is running."""
    run = _running()
    if run is not None:
        run.before(step)


@pytest.hookimpl(optionalhook=True)
def pytest_bdd_after_step() -> None:
    """Note that the step went well."""
    run = _running()
    if run is not None:
        run.after()


@pytest.hookimpl(optionalhook=True)
def pytest_bdd_step_error(exception: Exception) -> None:
    """Note that the step failed."""
    run = _running()
    if run is not None:
        run.after(exception)


@pytest.hookimpl(optionalhook=True)
def pytest_bdd_after_scenario() -> None:
    """Do what steps left for the end, and end the scenario's loop."""
    if _running() is not None:
        importlib.import_module("narration_capture._scenario_run").stop()


def _running() -> ScenarioRun | None:
    module = sys.modules.get("narration_capture._scenario_run")
    run: ScenarioRun | None = None if module is None else module.running()
    return run
