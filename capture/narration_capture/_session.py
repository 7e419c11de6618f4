"""One pytest session in one process: steps loaded, scenarios checked, tests recorded, leftovers told."""

import contextlib
import functools
import importlib
import os
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from narration_capture import _records as records
from narration_capture._item_state import EAR, REPORTS

if TYPE_CHECKING:
    from narration_capture._captured import Heard
    from narration_capture._fixture import NarrationCapture

VOCABULARY = "narration_capture.gherkin"


class NarrationSession:
    """What the plugin knows while a session runs.

    Args:
        config: pytest's configuration.
    """

    def __init__(self, config: pytest.Config) -> None:
        self.config = config
        self.root = config.rootpath
        self.is_worker = hasattr(config, "workerinput")
        folder = config.getoption("--narration-records")
        self.folder = Path(config.invocation_params.dir / folder) if folder else self.root / ".narration" / "records"
        self.complaints: list[str] = []
        self.left_out = 0
        self._loaded = False
        self._broken = False
        process = config.workerinput["workerid"] if self.is_worker else records.MAIN  # type: ignore[attr-defined]  # xdist's
        self._recorder = records.Recorder(self.folder, process)
        self._process = process
        target = config.getoption("--narration-messages")
        self.messages = Path(config.invocation_params.dir / target) if target else None
        if not self.is_worker:
            records.begin(self.folder, self.root)
            if self.messages is not None:
                from narration_capture import _cucumber_messages as messages  # noqa: PLC0415 - only when they are asked for

                messages.clear(self.root)

    @property
    def features(self) -> Path:
        """The folder of feature files."""
        return self.root / str(self.config.getini("narration_features"))

    @property
    def stories(self) -> Path:
        """The folder of golden stories."""
        return self.root / str(self.config.getini("narration_stories"))

    @property
    def steps(self) -> list[Path]:
        """The folders of the project's own step definitions that exist."""
        return [folder for name in self.config.getini("narration_steps") if (folder := self.root / name).is_dir()]

    # -- collection ----------------------------------------------------------------------------

    @functools.cached_property
    def missing_extra(self) -> str | None:
        """Why scenarios cannot run here, as one line; None where the extra `test` is installed."""
        try:
            for name in ("narration_capture._compat", "syrupy.extensions.single_file"):
                importlib.import_module(name)
        except ImportError as error:
            return f"scenarios need `pip install 'narration-core[test]'`: {error}"
        return None

    def takes(self, feature: Path) -> bool:
        """Tell whether a feature file is collected.

        Without the extra `test` it is left to whichever tool runs it: the project may use narration at run time only.
        The terminal summary says so.

        Raises:
            UsageError: the extra is missing, and the feature was asked for by name or has golden stories.
        """
        if self.missing_extra is None:
            return True
        asked_for = [Path(self.config.invocation_params.dir / arg.partition("::")[0]) for arg in self.config.args]
        if self.features in asked_for or feature in asked_for or next(self.stories.rglob("*.story"), None):
            raise pytest.UsageError(self.missing_extra)
        self.left_out += 1
        return False

    def load_steps(self) -> None:
        """Load the vocabulary and the project's own step definitions, once, when the first feature is collected."""
        if self._loaded:
            return
        self._loaded = True
        from narration_capture._golden import StoryExtension  # noqa: PLC0415 - only where there are scenarios

        StoryExtension.features_folder = self.features.name
        StoryExtension.stories_folder = str(self.config.getini("narration_stories"))
        manager = self.config.pluginmanager
        manager.import_plugin(VOCABULARY)
        names = []
        for folder in self.steps:
            if str(folder.parent) not in sys.path:
                sys.path.insert(0, str(folder.parent))
            names += [f"{folder.name}.{path.stem}" for path in sorted(folder.glob("*.py")) if path.stem != "__init__"]
        # All before the first is imported: one may bring another along, whose assertions would then say little.
        pytest.register_assert_rewrite(*names)
        for name in names:
            manager.import_plugin(name)

    def check(self, report: pytest.CollectReport) -> None:
        """Turn the report of a file into a failure when a step of its scenarios is unknown, ambiguous or cannot run."""
        items = [item for item in report.result if isinstance(item, pytest.Item)]
        if self._a_scenario(items) is None:
            return
        from narration_capture import _compat, _step_registry  # noqa: PLC0415 - only where there are scenarios

        faults = _step_registry.faults_of(items, self.root)
        if faults:
            self._broken = True
            _compat.collect_error(report, "\n".join(faults))

    def collected(self, session: pytest.Session) -> None:
        """In a serial run of all features, look for step definitions that nothing uses."""
        item = self._a_scenario(session.items)
        if item is None or self.is_worker or session.testsfailed or self._broken or not self._is_full():
            return
        from narration_capture import _step_registry  # noqa: PLC0415 - as above

        self.complaints += _step_registry.unused(item, [folder.resolve() for folder in self.steps], self.root)

    def _take_inventory(self) -> None:
        """In a run of all features, look for stories that no scenario tells any more."""
        if self.is_worker or not self.features.is_dir() or self.missing_extra is not None or not self._is_full():
            return
        from narration_capture import _inventory as inventory  # noqa: PLC0415 - as above

        found = inventory.take(self.features, self.stories)
        for path in found.orphans:
            shown = path.relative_to(self.root).as_posix()
            self.complaints.append(f"{shown}: orphan story: no scenario tells it any more; delete it or rename it back")
        self.complaints += found.clashes
        pending = self.root / inventory.PENDING
        for path in pending.rglob("*.story"):
            if self.root / path.relative_to(pending) not in found.expected:
                path.unlink()  # its scenario was renamed or deleted: there is nothing left to decide

    def _a_scenario(self, items: Sequence[pytest.Item]) -> pytest.Item | None:
        if "pytest_bdd" not in sys.modules or self.missing_extra is not None:
            return None
        from narration_capture._compat import scenario_of  # noqa: PLC0415 - as above

        return next((item for item in items if scenario_of(item) is not None), None)

    def _is_full(self) -> bool:
        """Tell whether this run takes in the whole folder of features."""
        features = self.features
        if not features.is_dir():
            return False
        from narration_capture._compat import is_narrowed  # noqa: PLC0415 - as above

        if is_narrowed(self.config):
            return False
        places = [self.config.invocation_params.dir / arg for arg in self.config.args]
        return any("::" not in str(place) and features.is_relative_to(place) for place in places)

    # -- tests ---------------------------------------------------------------------------------

    def reported(self, item: pytest.Item, report: pytest.TestReport) -> None:
        """Take the report of a phase of a test; after the last one, record the test."""
        reports = item.stash.setdefault(REPORTS, [])
        reports.append(report)
        ear = item.stash.get(EAR, None)
        if report.when == "call":
            self._explain(item, report, ear)
        if report.when == "teardown":
            self._recorder.write(_record(item, records.outcome_of(reports), ear))

    def _explain(self, item: pytest.Item, report: pytest.TestReport, ear: "NarrationCapture | None") -> None:
        if "narration_capture._scenario_run" not in sys.modules:
            return
        from narration_capture._assertions import NarrationFailure  # noqa: PLC0415 - as above
        from narration_capture._scenario_run import RUN  # noqa: PLC0415 - as above

        run = item.stash.get(RUN, None)
        if run is None or ear is None:
            return
        from narration_capture._golden import story_path, tags_of  # noqa: PLC0415 - as above

        story = story_path(item)
        item.user_properties += [
            ("feature", run.path),
            ("line", run.scenario.line_number),
            ("tags", " ".join(sorted(tags_of(item) - {"parametrize", "usefixtures", "syrupy_snapshot"}))),
            ("story", story.relative_to(self.root).as_posix() if story.is_relative_to(self.root) else story.name),
            ("narrated", len(ear.heard)),
        ]
        report.user_properties = list(item.user_properties)
        if self.messages is not None:
            from narration_capture._compat import example_of  # noqa: PLC0415 - as above
            from narration_capture._cucumber_messages import Part  # noqa: PLC0415 - as above

            Part(self.root, self._process).write(run, example_of(item).values(), int(report.start * 1000))
        if report.failed:
            failed = run.failed_step()
            if failed is not None and isinstance(run.error, NarrationFailure):
                report.longrepr = f"{run.path}:{failed.step.line}: {failed.step.text}\n\n{run.error}"
            lines = [f"{run.path}:{run.scenario.line_number}: {run.scenario.keyword}: {run.scenario.name}"]
            lines += [f"  {step.outcome:<8}{step.step.text}" for step in run.all_steps()]
            report.sections.append(("Scenario", "\n".join(lines)))

    def finish(self, session: pytest.Session) -> None:
        """Close the records; a complaint makes the run fail."""
        self._recorder.close()
        self._take_inventory()
        if self.messages is not None and not self.is_worker:
            from narration_capture import _cucumber_messages as messages  # noqa: PLC0415 - as above

            messages.assemble(self.root, self.messages, success=session.exitstatus == pytest.ExitCode.OK)
        if self.complaints and session.exitstatus == pytest.ExitCode.OK:
            session.exitstatus = pytest.ExitCode.TESTS_FAILED


def _record(item: pytest.Item, outcome: str, ear: "NarrationCapture | None") -> dict[str, Any]:
    run = state = template = None
    tags: set[str] = {mark.name for mark in item.iter_markers()}
    if "narration_capture._scenario_run" in sys.modules:
        from narration_capture._golden import STATE  # noqa: PLC0415 - as above
        from narration_capture._scenario_run import RUN  # noqa: PLC0415 - as above

        run = item.stash.get(RUN, None)
        state = item.stash.get(STATE, None)
    if "narration_capture._compat" in sys.modules:
        from narration_capture._compat import scenario_of  # noqa: PLC0415 - as above

        template = scenario_of(item)
    heard = [*ear.heard, *ear.lost] if ear is not None else []
    return {
        "test": item.nodeid,
        "scenario": run.scenario.name if run is not None else template.name if template is not None else None,
        "feature": item.nodeid.split("::")[0] if template is not None else None,
        "tags": sorted(tags - {"parametrize", "usefixtures", "syrupy_snapshot"}),
        "outcome": outcome,
        "story": state,
        "events": [records.of_event(one) for one in heard],
    }


_emitted_before = 0


def settle() -> None:
    """Let the sinks write now, so that a test's lines are shown with that test and not between others."""
    global _emitted_before  # noqa: PLW0603 - tests that emitted nothing should not wait for the sinks
    from narration_core import flush, stats  # noqa: PLC0415 - as above

    emitted = sum(stats()["emitted"].values())
    if emitted != _emitted_before:
        _emitted_before = emitted
        with contextlib.suppress(Exception):  # a sink that fails is its own test's affair
            flush(1.0)


def shorten(item: pytest.Item, failure: pytest.ExceptionInfo[BaseException]) -> None:
    """Leave only the step's own frames in the traceback of a scenario."""
    from narration_capture._scenario_run import RUN  # noqa: PLC0415 - as above

    if item.stash.get(RUN, None) is None:
        return
    homes = tuple(
        f"{Path(sys.modules[name].__file__ or '').parent}{os.sep}" for name in _MACHINERY if name in sys.modules
    )
    own = failure.traceback.filter(lambda entry: not str(entry.path).startswith(homes))
    if own:
        failure.traceback = own


_MACHINERY = ("asyncio", "pluggy", "_pytest", "pytest_bdd", "narration_capture")


def unacknowledged(ear: "NarrationCapture", severe: "Sequence[Heard]") -> str:
    """Return the message about errors that were narrated and that nothing in the test asserts."""
    from narration_capture._failure_text import numbered_story  # noqa: PLC0415 - as above

    what = "an error that nothing in it asserts" if len(severe) == 1 else f"{len(severe)} errors that nothing asserts"
    lines = [f"the test narrated {what}:"]
    lines += [f"  {one.event.level}: {one.event.actor} {one.event.action}: {one.event.human}" for one in severe]
    lines.append("assert each one (assert_event, a Then step), or mark the test `narrated_errors`")
    return "\n".join([*lines, "", numbered_story(ear.heard, severe[0])])
