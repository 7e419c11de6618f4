"""The pytest plugin. It loads in every run of every project that has it installed, and does nothing until asked.

Asking is the setting `narration_features` or `narration_strict`, a `--narration-*` option, or the fixture `narration`.
"""

from __future__ import annotations

import importlib
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import pytest

from narration_capture._item_state import CAPTURE, CHECKED
from narration_capture._settings import STEPS

if TYPE_CHECKING:
    from collections.abc import Generator, Iterator
    from contextlib import AsyncExitStack

    from narration_capture._collector import FeatureFile
    from narration_capture._fixture import NarrationCapture
    from narration_capture._records import Run
    from narration_capture._session import NarrationSession
    from narration_core import Sources

SESSION: Final[pytest.StashKey[NarrationSession]] = pytest.StashKey()
_RUN: Final[pytest.StashKey[Run]] = pytest.StashKey()

_MARKERS: Final = (
    "narrated_errors: the test expects error events and does not name each",
    "narrated-errors: a scenario that expects error events and does not name each",
    "narration-required: a scenario that must narrate",
    "silent-ok: a scenario that must not narrate",
    "any-order: a scenario in which the order of the events of a step does not matter",
)
_OPTIONS: Final = ("narration_records", "narration_messages")


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add the options and settings of narration."""
    group = parser.getgroup("narration", "narration under test")
    group.addoption(
        "--narration-records", metavar="DIR", help="folder of the run records (default: .narration/records)"
    )
    group.addoption("--narration-messages", metavar="FILE", help="write Cucumber Messages (NDJSON) to this file")
    parser.addini("narration_features", "folder of the feature files that are collected as they are", default="")
    parser.addini("narration_strict", "check the steps of scenarios in test modules too", type="bool", default=False)
    parser.addini("narration_stories", "folder of the golden stories", default="snapshots")
    parser.addini("narration_steps", "folders of step definitions that are loaded", type="args", default=[STEPS])
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
        config.addinivalue_line("markers", "req(*ids): the requirement ids that this test proves")
        for line in path.read_text("utf-8").splitlines()[1:]:
            columns = line.split("\t")
            if columns[0]:
                config.addinivalue_line("markers", f"{columns[0]}: {columns[-1]}")


def _asked(config: pytest.Config) -> bool:
    """Tell whether a setting or an option asks for narration."""
    settings = (config.getini("narration_features"), config.getini("narration_strict"))
    return any(settings) or any(config.getoption(name, default=None) for name in _OPTIONS)


def _state(config: pytest.Config) -> NarrationSession | None:
    return config.stash.get(SESSION, None)


def _ask(config: pytest.Config) -> NarrationSession:
    """Return the session's state; created when something asks for it first."""
    state = _state(config)
    if state is None:
        state = importlib.import_module("narration_capture._session").NarrationSession(config)
        config.stash[SESSION] = state
    return state


@pytest.hookimpl(tryfirst=True)
def pytest_sessionstart(session: pytest.Session) -> None:
    """Empty the records before any process, xdist's workers included, writes to them."""
    if _asked(session.config):
        _ask(session.config).begin()


@pytest.hookimpl(optionalhook=True)
def pytest_configure_node(node: Any) -> None:
    """Tell a worker of xdist which run it belongs to."""
    from narration_capture._narrowing import narrowing  # noqa: PLC0415 - xdist runs only
    from narration_capture._records import Run as NewRun  # noqa: PLC0415 - as above

    state = _state(node.config)
    if state is None and _RUN not in node.config.stash:
        # A test of a worker may be the first to ask: all workers write records of the same run.
        node.config.stash[_RUN] = NewRun.begin(narrowing(node.config))
    node.workerinput["narration_run"] = tuple(state.run if state is not None else node.config.stash[_RUN])


@pytest.hookimpl(optionalhook=True)
def pytest_testnodedown(node: Any) -> None:
    """Take what a worker of xdist found when it collected."""
    state = _state(node.config)
    if state is not None:
        state.take_from_worker(getattr(node, "workeroutput", {}))


def pytest_collect_file(file_path: Path, parent: pytest.Collector) -> FeatureFile | None:
    """Collect feature files as they are."""
    state = _state(parent.config)
    if state is None or not file_path.name.endswith((".feature", ".feature.md")):
        return None
    if not state.collects(file_path):
        state.passes_by(file_path)
        return None
    state.load_steps()
    from narration_capture._collector import FeatureFile  # noqa: PLC0415 - needs pytest-bdd and syrupy

    collected: FeatureFile = FeatureFile.from_parent(parent, path=file_path)
    return collected


@pytest.hookimpl(wrapper=True, trylast=True)
def pytest_make_collect_report(
    collector: pytest.Collector,
) -> Generator[None, pytest.CollectReport, pytest.CollectReport]:
    """Check every step of the scenarios of a file against the definitions."""
    _go_on()
    try:
        report = yield
    finally:
        _settle(collector.config)
    state = _state(collector.config)
    if state is not None and "pytest_bdd" in sys.modules and isinstance(collector, pytest.Module):
        state.check(collector, report)
    return report


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """See every test before options deselect some."""
    if _state(config) is None and any("narration" in getattr(item, "fixturenames", ()) for item in items):
        _ask(config).begin()
    state = _state(config)
    if state is not None:
        state.collected(items)


@pytest.fixture
def narration_sources() -> Sources | None:
    """Clock and ids of a test's events; override it with `CountingSources()` to make them repeatable."""
    return None


@pytest.fixture
def narration(request: pytest.FixtureRequest, narration_sources: Sources | None) -> Iterator[NarrationCapture]:
    """Capture everything that this test narrates."""
    from narration_capture._fixture import capture_test  # noqa: PLC0415 - nothing is imported until asked

    _ask(request.config).begin()
    with capture_test(request.node.name, request.instance, narration_sources) as capture:
        request.node.stash[CAPTURE] = capture
        yield capture


@pytest.fixture
def cleanup(narration: NarrationCapture) -> AsyncExitStack:  # noqa: ARG001 - the scenario has one
    """Take what must be done after the last step, async or not; runs on the scenario's event loop."""
    from narration_capture._scenario_run import running  # noqa: PLC0415 - as above

    run = running()
    if run is None:
        raise RuntimeError("the fixture `cleanup` belongs to scenarios; a test has its own fixtures")
    return run.cleanup


# -- phases of a test -----------------------------------------------------------------------------
# Innermost, so that pytest still captures what the sinks write.


@pytest.hookimpl(wrapper=True, trylast=True)
def pytest_runtest_setup(item: pytest.Item) -> Generator[None, None, None]:
    """Let the sinks write while pytest captures."""
    _go_on()
    try:
        yield
    except BaseException:
        _new_errors(item)
        raise
    finally:
        _settle(item.config)


@pytest.hookimpl(wrapper=True, trylast=True)
def pytest_runtest_call(item: pytest.Item) -> Generator[None, None, None]:
    """Fail a test that narrated an error which no assertion in it names."""
    __tracebackhide__ = True
    _go_on()
    try:
        yield
    except BaseException:
        _new_errors(item)
        raise
    finally:
        _settle(item.config)
    _fail_for_errors(item)


@pytest.hookimpl(wrapper=True, trylast=True)
def pytest_runtest_teardown(item: pytest.Item) -> Generator[None, None, None]:
    """Close the capture of a test when its fixtures are taken down, and check what they narrated."""
    __tracebackhide__ = True
    _go_on()
    try:
        yield
    finally:
        capture = item.stash.get(CAPTURE, None)
        if capture is not None:
            importlib.import_module("narration_capture._fixture").stop(capture)
        _settle(item.config)
    _fail_for_errors(item)


def _settle(config: pytest.Config) -> None:
    """Let the sinks write now, so that lines are part of this test's captured output and not of the terminal's."""
    if "narration_core" in sys.modules:
        # A person who debugs after a phase wants to see what is told at once.
        hold = config.getoption("capture", default="no") != "no" and not config.getoption("usepdb", default=False)
        importlib.import_module("narration_capture._between_phases").settle(hold=hold)


def _go_on() -> None:
    """Let the sinks write what other threads narrated since the last phase, when pytest captured nothing."""
    if "narration_core" in sys.modules:
        importlib.import_module("narration_capture._between_phases").go_on()


def _new_errors(item: pytest.Item) -> list[Any]:
    """Return the errors since the last call that no assertion names."""
    capture = item.stash.get(CAPTURE, None)
    if capture is None or not capture.captured:
        return []
    checked = item.stash.get(CHECKED, 0)
    item.stash[CHECKED] = len(capture.captured)
    new = {id(captured) for captured in capture.captured[checked:]}
    return [captured for captured in capture.unexpected() if id(captured) in new]


def _fail_for_errors(item: pytest.Item) -> None:
    __tracebackhide__ = True
    severe = _new_errors(item)
    if severe and not any(mark.name in {"narrated_errors", "narrated-errors"} for mark in item.iter_markers()):
        from narration_capture._failure_text import unexpected  # noqa: PLC0415 - as above

        pytest.fail(unexpected(item.stash[CAPTURE].captured, severe), pytrace=False)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item, call: pytest.CallInfo[None]
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Show the story in a failing report; record the test when it is over."""
    state = _state(item.config)
    if state is not None and call.excinfo is not None:
        state.shorten(item, call.excinfo)
    report = yield
    if state is not None:
        state.reported(item, report)
    return report


@pytest.hookimpl(tryfirst=True)
def pytest_sessionfinish(session: pytest.Session) -> None:
    """Close the records and report what the run found."""
    state = _state(session.config)
    if state is not None:
        state.finish(session)


def pytest_unconfigure() -> None:
    """Let the sinks write what other threads narrated since the last test."""
    _go_on()


def pytest_terminal_summary(terminalreporter: Any, config: pytest.Config) -> None:
    """Show what the run found and what it did not check."""
    state = _state(config)
    problems = state.problems if state is not None else []
    notes = [*(state.notes if state is not None else []), *_not_collected(config)]
    if problems or notes:
        terminalreporter.write_sep("=", "narration", red=bool(problems))
    for line in (*problems, *notes):
        terminalreporter.write_line(line)


def _not_collected(config: pytest.Config) -> Iterator[str]:
    """Yield a line for feature files that were named on the command line and that no setting asks for."""
    state = _state(config)
    for name in dict.fromkeys(arg.split("::")[0] for arg in config.invocation_params.args):
        path = config.invocation_params.dir / name
        if name.endswith(".feature") and path.is_file() and (state is None or not state.collects(path)):
            yield (
                f"{name} was not collected by narration: set narration_features in pytest's configuration "
                f'to the folder of your feature files, for example narration_features = "{Path(name).parent}"'
            )


# -- scenarios; these hooks exist only where pytest-bdd is installed ------------------------------


@pytest.hookimpl(optionalhook=True)
def pytest_bdd_before_scenario(request: pytest.FixtureRequest, scenario: Any) -> None:
    """Open the scenario's capture and context."""
    state = _state(request.config)
    if state is not None and state.runs(request.node):
        from narration_capture._scenario_run import RUN, start  # noqa: PLC0415 - as above

        request.node.stash[RUN] = start(scenario, request.node, request.getfixturevalue("narration"))


@pytest.hookimpl(optionalhook=True)
def pytest_bdd_before_step(step: Any) -> None:
    """Note which step is running."""
    if (run := _running()) is not None:
        run.before(step)


@pytest.hookimpl(optionalhook=True)
def pytest_bdd_after_step() -> None:
    """Note that the step went well."""
    if (run := _running()) is not None:
        run.after()


@pytest.hookimpl(optionalhook=True)
def pytest_bdd_step_error(exception: Exception) -> None:
    """Note that the step failed."""
    if (run := _running()) is not None:
        run.after(exception)


@pytest.hookimpl(optionalhook=True)
def pytest_bdd_after_scenario() -> None:
    """Do what steps left for the end, and end the scenario's loop."""
    if _running() is not None:
        importlib.import_module("narration_capture._scenario_run").stop()


def _running() -> Any:
    module = sys.modules.get("narration_capture._scenario_run")
    return module.running() if module is not None else None
