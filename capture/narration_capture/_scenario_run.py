"""A running scenario: its steps, the event loop of its async steps, one context for all of them."""

import asyncio
import contextvars
import functools
import inspect
import sys
import time
from collections.abc import Callable, Coroutine, Generator
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any, Final, Literal, NamedTuple

import pytest

from narration_capture._captured import StepAt
from narration_capture._compat import Scenario, Step, StepFunctionContext, row_of
from narration_capture._fixture import NarrationCapture
from narration_capture._golden import ANY_ORDER, tags_of
from narration_capture._story import Head

Outcome = Literal["passed", "failed", "skipped"]

RUN: Final = pytest.StashKey["ScenarioRun"]()
_IS_RUNNABLE: Final = "__narration_step__"
_running: "ScenarioRun | None" = None

AFTERWARDS: Final = "Afterwards"
"""The heading of events after the last step."""


class StepRun(NamedTuple):
    """How a step went.

    Attributes:
        step: which.
        outcome: how it ended; "skipped" if an earlier one failed.
        duration_ns: how long it took, in nanoseconds.
        message: why it failed.
    """

    step: StepAt
    outcome: Outcome
    duration_ns: int
    message: str = ""


class ScenarioRun:
    """A scenario from its first step to its last.

    All steps, sync and async, run in one context: what one step binds, the next ones see. Async steps share one
    event loop, which moves only while one of them runs, so the order of events does not depend on timing.

    Args:
        scenario: its steps.
        row: the number of its row of examples.
        narration: its capture.
        root: the folder that paths are relative to.
    """

    def __init__(self, scenario: Scenario, row: int | None, narration: NarrationCapture, root: Path) -> None:
        self.scenario = scenario
        self.row = row
        self.narration = narration
        path = Path(scenario.feature.filename)
        self.path = (path.relative_to(root) if path.is_relative_to(root) else path).as_posix()
        self.steps = tuple(
            StepAt(index, f"{step.keyword.strip()} {step.name}", step.line_number)
            for index, step in enumerate(scenario.steps)
        )
        self.ended: list[StepRun] = []
        self._cleanup: AsyncExitStack | None = None
        self.error: BaseException | None = None
        self._began = 0
        self._context = contextvars.copy_context()
        self._runner: asyncio.Runner | None = None
        narration.head = Head(scenario.name, self.steps)

    # -- steps ---------------------------------------------------------------------------------

    def before(self, step: Step) -> None:
        """Note that a step begins."""
        index = next(number for number, candidate in enumerate(self.scenario.steps) if candidate is step)
        self.narration.step = self.steps[index]
        self._began = time.monotonic_ns()

    def after(self, error: BaseException | None = None) -> None:
        """Note that the step ended, and how."""
        step = self.narration.step
        if step is not None and (not self.ended or self.ended[-1].step != step):
            self.error = error
            took = time.monotonic_ns() - self._began
            message = str(error) or type(error).__name__ if error else ""
            self.ended.append(StepRun(step, "failed" if error else "passed", took, message))

    def failed_step(self) -> StepRun | None:
        """Return the step that failed."""
        return next((step for step in self.ended if step.outcome == "failed"), None)

    def all_steps(self) -> list[StepRun]:
        """Return every step with its outcome; those not reached are skipped."""
        return [*self.ended, *(StepRun(step, "skipped", 0) for step in self.steps[len(self.ended) :])]

    @property
    def cleanup(self) -> AsyncExitStack:
        """What must be done after the last step, on the scenario's loop, whatever happens."""
        if self._cleanup is None:
            self._cleanup = AsyncExitStack()
        return self._cleanup

    # -- running -------------------------------------------------------------------------------

    def call(self, function: Callable[..., Any], *args: Any, **kwargs: Any) -> Any:
        """Run a sync function in the scenario's context."""
        return self._context.run(function, *args, **kwargs)

    def wait(self, work: Coroutine[Any, Any, Any]) -> Any:
        """Run a coroutine to its end on the scenario's loop, in the scenario's context."""
        if self._runner is None:
            self._runner = asyncio.Runner()
        return self._runner.run(work, context=self._context)

    def close(self) -> None:
        """Run what steps left for the end, then end the loop."""
        try:
            if self._cleanup is not None:
                self.wait(self._cleanup.aclose())
        finally:
            if self._runner is not None:
                self._runner.close()


def start(scenario: Scenario, item: pytest.Item, narration: NarrationCapture) -> ScenarioRun:
    """Begin a scenario; steps called from now on run in it."""
    global _running  # noqa: PLW0603 - a process runs one test at a time
    _running = ScenarioRun(scenario, row_of(item), narration, item.config.rootpath)
    narration.step_order_matters = ANY_ORDER not in tags_of(item)
    return _running


def stop() -> None:
    """End the running scenario."""
    global _running
    run, _running = _running, None
    if run is not None:
        # SystemExit and the like pass pytest-bdd's hook for failed steps by.
        if (error := sys.exc_info()[1]) is not None:
            run.after(error)
        run.narration.step = StepAt(len(run.steps), AFTERWARDS, run.scenario.line_number)
        run.close()


def running() -> ScenarioRun | None:
    """Return the running scenario."""
    return _running


def make_runnable(context: StepFunctionContext) -> None:
    """Let a step definition run in the scenario's context, and be awaited when it is `async def`."""
    function = context.step_func
    if not hasattr(function, _IS_RUNNABLE):
        runnable = _runnable(function)
        setattr(runnable, _IS_RUNNABLE, True)
        context.step_func = runnable


def _runnable(function: Callable[..., Any]) -> Callable[..., Any]:
    if inspect.iscoroutinefunction(function):

        @functools.wraps(function)
        def run_async(*args: Any, **kwargs: Any) -> Any:
            __tracebackhide__ = True
            return _now().wait(function(*args, **kwargs))

        return run_async
    if inspect.isgeneratorfunction(function):

        @functools.wraps(function)
        def run_generator(*args: Any, **kwargs: Any) -> Generator[Any, None, None]:
            __tracebackhide__ = True
            step = function(*args, **kwargs)
            if (run := _running) is None:
                yield from step
                return
            yield run.call(next, step)
            run.call(next, step, None)

        return run_generator

    @functools.wraps(function)
    def run_sync(*args: Any, **kwargs: Any) -> Any:
        __tracebackhide__ = True
        run = _running
        return function(*args, **kwargs) if run is None else run.call(function, *args, **kwargs)

    return run_sync


def _now() -> ScenarioRun:
    if _running is None:
        raise RuntimeError("an `async def` step runs only in a scenario that narration runs: see narration_features")
    return _running
