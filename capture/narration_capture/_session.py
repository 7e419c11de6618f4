"""One pytest session in one process: steps loaded, scenarios checked, tests recorded, problems reported."""

import os
import sys
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import pytest

from narration_capture import _records as records
from narration_capture import _settings as settings
from narration_capture._item_state import CAPTURE, REPORTS
from narration_capture._narrowing import is_narrowed_by_hand, narrowing

if TYPE_CHECKING:
    from narration_capture._fixture import NarrationCapture
    from narration_capture._inventory import Inventory
    from narration_capture._scenario_run import ScenarioRun

_OUTPUT: Final = "narration"
_SHOWN: Final = 3
_NOT_TAGS: Final = frozenset(("parametrize", "usefixtures", "syrupy_snapshot"))


class NarrationSession:
    """The plugin's state while a session runs.

    Args:
        config: pytest's configuration.
    """

    def __init__(self, config: pytest.Config) -> None:
        self.config = config
        self.root = config.rootpath
        self.features = settings.features_folder(config)
        self.stories = settings.stories_folder(config)
        self.problems: list[str] = []
        self.notes: list[str] = []
        self.is_collect_only = bool(config.getoption("collectonly", default=False))
        worker: dict[str, Any] | None = getattr(config, "workerinput", None)
        self.is_worker = worker is not None
        self._process = worker["workerid"] if worker is not None else records.MAIN
        given = worker.get("narration_run") if worker is not None else None
        self.run = records.Run(*given) if given else records.Run.begin(narrowing(config))
        folder = config.getoption("--narration-records")
        self.folder = Path(config.invocation_params.dir / folder) if folder else self.root / ".narration" / "records"
        self._recorder = records.Recorder(self.folder, self._process)
        target = config.getoption("--narration-messages")
        self.messages = Path(config.invocation_params.dir / target) if target else None
        self._began = self._loaded = self._broken = False
        self._collected: dict[Path, Sequence[Path] | None] = {}
        self._bound: list[Path] = []
        self._unused: list[str] = []
        self._outside: set[Path] = set()

    def begin(self) -> None:
        """Empty the records, once; collecting alone changes nothing on disk."""
        if self._began or self.is_collect_only:
            return
        self._began = True
        try:
            records.prepare(self.folder, self.root, self.run)
        except OSError as error:
            self._recorder.stop()
            self.notes.append(f"run records are not written: {self.folder}: {error.strerror}")
        if self.messages is not None and not self.is_worker:
            from narration_capture import _cucumber_messages as messages  # noqa: PLC0415 - only when requested

            messages.clear(self.root)

    def _write_messages(self, write: Callable[[], None]) -> None:
        """Write a part of the messages that were asked for; what cannot be written fails the run and no test."""
        try:
            write()
        except OSError as error:
            self.problems.append(f"--narration-messages: {error.filename} cannot be written: {error.strerror}")
            self.messages = None

    # -- collection ----------------------------------------------------------------------------

    def collects(self, path: Path) -> bool:
        """Tell whether a feature file is collected as it is."""
        return self.features is not None and path.resolve().is_relative_to(self.features.resolve())

    def passes_by(self, path: Path) -> None:
        """Note a feature file outside of the features' folder."""
        if self.features is not None:
            self._outside.add(path)

    def load_steps(self) -> None:
        """Load the vocabulary and the project's own step definitions, once, when the first feature is collected.

        Raises:
            UsageError: pytest-bdd or syrupy is missing, or a module of steps was not loaded.
        """
        if self._loaded:
            return
        self._loaded = True
        try:
            from narration_capture import _golden  # noqa: F401, PLC0415 - the test extra may be missing
        except ImportError as error:
            raise pytest.UsageError(f"features need `pip install 'narration-core[test]'`: {error}") from None
        from narration_capture._step_modules import load  # noqa: PLC0415 - as above

        self.config.pluginmanager.import_plugin(settings.VOCABULARY)
        load(self.config, settings.step_folders(self.config))

    def check(self, collector: pytest.Module, report: pytest.CollectReport) -> None:
        """Match the steps of a module's scenarios; fail its report if a step is unknown, ambiguous or cannot run."""
        is_feature = _is_feature_file(collector)
        if is_feature:
            self._collected[collector.path] = collector.stories  # type: ignore[attr-defined]  # as was asked before
        items = [item for item in report.result or () if isinstance(item, pytest.Item) and self.runs(item)]
        if not report.passed or _first_scenario(items) is None:
            return
        from narration_capture import _compat, _step_registry  # noqa: PLC0415 - as above

        faults = _step_registry.faults_of(items, self.root)
        if faults and (is_feature or self.config.getini("narration_strict")):
            self._broken = True
            _compat.collect_error(report, "\n".join(faults))

    def runs(self, item: pytest.Item) -> bool:
        """Tell whether narration runs a scenario: one of a feature file, or one that asks for it."""
        return (
            _is_feature_file(item.parent)
            or bool(self.config.getini("narration_strict"))
            or "narration" in getattr(item, "fixturenames", ())
            or (not self._loaded and self.config.pluginmanager.has_plugin(settings.VOCABULARY))
        )

    def collected(self, items: Sequence[pytest.Item]) -> None:
        """Look at everything that was collected, before options deselect tests."""
        if self.features is None:
            return
        first = _first_scenario(items)
        if first is not None:
            from narration_capture import _step_registry  # noqa: PLC0415 - as above
            from narration_capture._compat import scenario_of  # noqa: PLC0415 - as above
            from narration_capture._golden import story_path  # noqa: PLC0415 - as above

            self._bound = [story_path(item) for item in items if scenario_of(item) is not None]
            folders = [folder.resolve() for folder in settings.step_folders(self.config)]
            if not self.is_worker and not self._broken and not first.session.testsfailed:
                self._unused = _step_registry.unused(first, folders, self.root)
        output: dict[str, Any] | None = getattr(self.config, "workeroutput", None)
        if output is not None:
            found = {
                str(path): None if stories is None else [str(story) for story in stories]
                for path, stories in self._collected.items()
            }
            outside = [*map(str, _unbound(self._outside))]
            output[_OUTPUT] = {"collected": found, "bound": [*map(str, self._bound)], "outside": outside}

    def take_from_worker(self, output: Mapping[str, Any]) -> None:
        """Take what a worker of xdist collected; all workers collect the same."""
        found = output.get(_OUTPUT)
        if found and not self._collected:
            self._collected = {
                Path(path): None if stories is None else [Path(story) for story in stories]
                for path, stories in found["collected"].items()
            }
            self._bound = [Path(path) for path in found["bound"]]
            self._outside = {Path(path) for path in found["outside"]}

    def _take_inventory(self, features: Path) -> None:
        """In a run of all features, look for stories and step definitions that no scenario uses."""
        from narration_capture import _inventory as inventory  # noqa: PLC0415 - as above

        every = {path for path in features.rglob("*.feature") if path.is_file()}
        if not every:
            self.problems.append(f"narration_features: there is no feature file under {features}")
            return
        left_out = every - set(self._collected)
        if left_out:
            why = f" (narrowed by {self.run.narrowed})" if self.run.narrowed else ""
            self.notes.append(
                f"feature files not collected: {len(left_out)} of {len(every)}{why}; "
                "orphan stories and unused steps were not checked"
            )
            return
        found = inventory.take(self._collected, self._bound, features, self.stories)
        problems = [*self._unused, *found.collisions]
        problems += [
            f"{self._shown(path)}: orphan story: no scenario has it any more; delete it or rename it back"
            for path in found.orphans
        ]
        # Somebody who picks tests by hand is at work: the full run will fail.
        (self.notes if is_narrowed_by_hand(self.config) else self.problems).extend(problems)
        self.notes += [
            f"{self._shown(feature)} could not be collected: its stories ({len(paths)}) were not checked"
            for feature, paths in found.kept.items()
            if paths
        ]
        if self.is_collect_only:
            return
        try:
            inventory.write(self.root, features, found)
            self._clear_pending(inventory.expected(self._collected, self._bound), found)
        except OSError as error:
            self.notes.append(f"the inventory of stories is not written: {error}")

    def _clear_pending(self, expected: set[Path], found: "Inventory") -> None:
        from narration_capture._review import PENDING  # noqa: PLC0415 - as above

        pending = self.root / PENDING
        for path in pending.rglob("*.story"):
            golden = self.root / path.relative_to(pending)
            if golden not in expected and not found.keeps(golden):
                path.unlink()  # its scenario was renamed or deleted: there is nothing left to decide

    def _shown(self, path: Path) -> str:
        return path.relative_to(self.root).as_posix() if path.is_relative_to(self.root) else str(path)

    # -- tests ---------------------------------------------------------------------------------

    def shorten(self, item: pytest.Item, failure: pytest.ExceptionInfo[BaseException]) -> None:
        """Leave only the step's own frames in the traceback of a scenario."""
        if _run_of(item) is None:
            return
        folders = tuple(
            f"{Path(sys.modules[name].__file__ or '').parent}{os.sep}" for name in _MACHINERY if name in sys.modules
        )
        own = failure.traceback.filter(lambda entry: not str(entry.path).startswith(folders))
        if own:
            failure.traceback = own

    def reported(self, item: pytest.Item, report: pytest.TestReport) -> None:
        """Take the report of a phase of a test; after the last one, record the test."""
        reports = item.stash.setdefault(REPORTS, [])
        reports.append(report)
        narration = item.stash.get(CAPTURE, None)
        run = _run_of(item)
        if report.when == "call" and run is not None and narration is not None:
            self._report_scenario(item, report, run, narration)
        if report.failed and narration is not None:
            from narration_capture._failure_text import numbered_story  # noqa: PLC0415 - as above

            story = numbered_story(narration.captured, lost=narration.lost)
            if story not in str(report.longrepr):
                report.sections.append(("Narration", story))
        if report.when == "teardown" and not self.is_collect_only:
            self._recorder.write(_record(item, records.outcome_of(reports), narration))

    def _report_scenario(
        self, item: pytest.Item, report: pytest.TestReport, run: "ScenarioRun", narration: "NarrationCapture"
    ) -> None:
        from narration_capture._assertions import NarrationFailure  # noqa: PLC0415 - as above
        from narration_capture._golden import story_path, tags_of  # noqa: PLC0415 - as above

        item.user_properties += [
            ("feature", run.path),
            ("line", run.scenario.line_number),
            ("tags", " ".join(sorted(tags_of(item) - _NOT_TAGS))),
            ("story", self._shown(story_path(item))),
            ("narrated", len(narration.captured)),
        ]
        report.user_properties = list(item.user_properties)
        if self.messages is not None:
            from narration_capture._cucumber_messages import Part  # noqa: PLC0415 - as above

            part = Part(self.root, self._process)
            self._write_messages(lambda: part.write(run, int(report.start * 1000)))
        if report.failed:
            failed = run.failed_step()
            if failed is not None and isinstance(run.error, NarrationFailure):
                report.longrepr = f"{run.path}:{failed.step.line}: {failed.step.text}\n\n{run.error}"
            lines = [f"{run.path}:{run.scenario.line_number}: {run.scenario.keyword}: {run.scenario.name}"]
            lines += [f"  {step.outcome:<8}{step.step.text}" for step in run.all_steps()]
            if failed is not None and not isinstance(run.error, Exception | None):
                lines.append(f"  the step ended with {type(run.error).__name__}: {run.error}")
            report.sections.append(("Scenario", "\n".join(lines)))

    def _note_outside(self) -> None:
        """Say which feature files pytest came by and nobody ran."""
        outside = _unbound(self._outside)
        if outside and not self.is_worker:
            shown = [os.path.relpath(path, self.root) for path in sorted(outside)]
            more = f" and {len(shown) - _SHOWN} more" if len(shown) > _SHOWN else ""
            self.notes.append(
                f"feature files outside of narration_features, which nobody ran: {', '.join(shown[:_SHOWN])}{more}; "
                "a project of its own needs a run of its own"
            )

    def finish(self, session: pytest.Session) -> None:
        """Close the records; a problem makes the run fail."""
        self._recorder.close()
        self._note_outside()
        if not self.is_worker and self.features is not None:
            self._take_inventory(self.features)
        if self.messages is not None and not self.is_worker and not self.is_collect_only:
            from narration_capture import _cucumber_messages as messages  # noqa: PLC0415 - as above

            target, success = self.messages, session.exitstatus == pytest.ExitCode.OK
            self._write_messages(lambda: messages.assemble(self.root, target, success=success))
        if self.problems and session.exitstatus == pytest.ExitCode.OK:
            session.exitstatus = pytest.ExitCode.TESTS_FAILED


def _is_feature_file(collector: object) -> bool:
    if "narration_capture._collector" not in sys.modules:
        return False
    from narration_capture._collector import FeatureFile  # noqa: PLC0415 - as above

    return isinstance(collector, FeatureFile)


def _unbound(features: set[Path]) -> set[Path]:
    """Return the feature files that no module of pytest-bdd binds."""
    if "pytest_bdd" not in sys.modules:
        return features
    from narration_capture._compat import bound_files  # noqa: PLC0415 - as above

    return features - bound_files()


def _first_scenario(items: Iterable[pytest.Item]) -> pytest.Item | None:
    if "pytest_bdd" not in sys.modules:
        return None
    from narration_capture._compat import scenario_of  # noqa: PLC0415 - as above

    return next((item for item in items if scenario_of(item) is not None), None)


def _run_of(item: pytest.Item) -> "ScenarioRun | None":
    if "narration_capture._scenario_run" not in sys.modules:
        return None
    from narration_capture._scenario_run import RUN  # noqa: PLC0415 - as above

    return item.stash.get(RUN, None)


def _record(item: pytest.Item, outcome: str, narration: "NarrationCapture | None") -> dict[str, Any]:
    run = _run_of(item)
    template = state = None
    if "pytest_bdd" in sys.modules:
        from narration_capture._compat import scenario_of  # noqa: PLC0415 - as above

        template = scenario_of(item)
    if run is not None:
        from narration_capture._golden import STATE  # noqa: PLC0415 - as above

        state = item.stash.get(STATE, None)
    captured = [*narration.captured, *narration.lost] if narration is not None else []
    return {
        "test": item.nodeid,
        "scenario": run.scenario.name if run is not None else template.name if template is not None else None,
        "feature": item.nodeid.split("::")[0] if template is not None else None,
        "tags": sorted({mark.name for mark in item.iter_markers()} - _NOT_TAGS),
        "outcome": outcome,
        "story": state,
        "events": [records.of_event(event) for event in captured],
    }


_MACHINERY: Final = ("asyncio", "pluggy", "_pytest", "pytest_bdd", "narration_capture")
