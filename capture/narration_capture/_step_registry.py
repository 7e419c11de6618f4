"""The strict step registry: every step has exactly one definition, checked before anything runs."""

import inspect
from collections.abc import Iterable, Sequence
from difflib import get_close_matches
from pathlib import Path
from typing import Final

import pytest

from narration_capture._compat import (
    ANY_KIND,
    Scenario,
    Step,
    StepFunctionContext,
    example_of,
    function_place,
    scenario_of,
    visible_steps,
)
from narration_capture._scenario_run import make_runnable
from narration_capture._settings import STEPS

USED = pytest.StashKey[set[int]]()

_WHERE: Final = (
    "no definitions of this project were found: they are read from the folders that narration_steps names "
    f"({STEPS}/ by default), and from every conftest.py in the feature's folder or above it"
)


def faults_of(items: Sequence[pytest.Item], root: Path) -> list[str]:
    """Match every step of collected scenarios with its definition, and make the definitions runnable.

    Args:
        items: what one file was collected as.
        root: the folder that messages are relative to.

    Returns:
        `path:line: what: why`, one for each step that is unknown, ambiguous or cannot run.
    """
    faults: dict[str, None] = {}
    known: list[StepFunctionContext] | None = None
    for item in items:
        template = scenario_of(item)
        if template is None:
            continue
        if known is None:
            known = list(visible_steps(item))
        used = item.config.stash.setdefault(USED, set())
        for step in template.render(example_of(item)).steps:
            fitting = _fitting(step, known)
            used.update(id(context.step_func) for context in fitting)
            fault = _fault(step, fitting, known, root)
            if fault:
                path = Path(template.feature.filename)
                shown = path.relative_to(root) if path.is_relative_to(root) else path
                faults[f"{shown.as_posix()}:{step.line_number}: {fault}"] = None
            else:
                make_runnable(fitting[0])
                used.add(id(fitting[0].step_func))
    return [*faults, *(_WHERE for fault in [*faults][:1] if not any(map(_is_own, known or ())))]


def _is_own(context: StepFunctionContext) -> bool:
    """Tell whether a definition is the project's own, not one that comes with a plugin."""
    return inspect.unwrap(context.step_func).__module__.split(".")[0] not in {"narration_capture", "pytest_bdd"}


def _fitting(step: Step, known: Iterable[StepFunctionContext]) -> list[StepFunctionContext]:
    """Return the definitions of a step; a function that stands for several kinds is one of them."""
    fitting = [context for context in known if _defines(context, step)]
    if step.type is ANY_KIND:
        fitting = list({id(inspect.unwrap(context.step_func)): context for context in fitting}.values())
    return fitting


def _defines(context: StepFunctionContext, step: Step) -> bool:
    return (context.type is None or context.type == step.type) and bool(context.parser.is_matching(step.name))


def _fault(step: Step, fitting: list[StepFunctionContext], known: list[StepFunctionContext], root: Path) -> str | None:
    written = f"{step.keyword.strip()} {step.name}"
    if not fitting:
        return f"unknown step: no definition matches {written!r}{_advice(step, known)}"
    if len(fitting) > 1:
        places = "; ".join(
            sorted(f"{context.parser.name!r} at {function_place(context.step_func, root)}" for context in fitting)
        )
        return f"ambiguous step: {written!r} matches {len(fitting)} definitions: {places}"
    function = fitting[0].step_func
    if inspect.isasyncgenfunction(function):
        return (
            f"step that cannot run: {function_place(function, root)} is an async generator; "
            "make it an `async def` and use the fixture `cleanup` for what comes after"
        )
    return None


def _advice(step: Step, known: list[StepFunctionContext]) -> str:
    other = next((context for context in known if context.parser.is_matching(step.name)), None)
    if other is not None:
        return f"; it is defined for {other.type} only, here it is a {step.type}"
    close = get_close_matches(step.name, [context.parser.name for context in known], n=1, cutoff=0.5)
    return f"; nearest is {close[0]!r}" if close else ""


def unused(item: pytest.Item, folders: Sequence[Path], root: Path) -> list[str]:
    """Return the step definitions of these folders that no collected scenario uses.

    Args:
        item: any collected scenario; it sees the definitions.
        folders: where the project's own steps are.
        root: the folder that messages are relative to.
    """
    used = item.config.stash.get(USED, set())
    lines = set()
    for context in visible_steps(item):
        place = function_place(context.step_func, root)
        path = (root / place.rsplit(":", 1)[0]).resolve()
        if id(context.step_func) not in used and any(path.is_relative_to(folder) for folder in folders):
            lines.add(f"{place}: unused step: no scenario uses {context.parser.name!r}")
    return sorted(lines)


__all__ = ["Scenario", "faults_of", "unused"]
