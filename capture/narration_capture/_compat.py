"""Every name of pytest, pytest-bdd and syrupy that is not public; a contract test holds them.

A new release of one of the three that moves something is mended here and nowhere else.
"""

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from _pytest.compat import ascii_escaped
from pytest_bdd import exceptions as bdd_exceptions
from pytest_bdd.compat import get_fixture_names, getfixturedefs
from pytest_bdd.feature import features as _features
from pytest_bdd.gherkin_parser import GherkinDocument, get_gherkin_document
from pytest_bdd.gherkin_parser import Scenario as GherkinScenario
from pytest_bdd.parser import Scenario, ScenarioTemplate, Step
from pytest_bdd.scenario import make_python_name, scenario_wrapper_template_registry
from pytest_bdd.steps import StepFunctionContext, step_function_context_registry

ENCODING = "utf-8-sig"
"""How feature files are read: UTF-8, with or without a byte-order mark."""

__all__ = [
    "ENCODING",
    "GherkinDocument",
    "GherkinScenario",
    "GherkinSyntaxError",
    "Scenario",
    "ScenarioTemplate",
    "Step",
    "StepFunctionContext",
    "collect_error",
    "example_of",
    "forget",
    "read_feature",
    "registered_markers",
    "scenario_of",
    "test_name",
    "visible_steps",
]


class GherkinSyntaxError(Exception):
    """A feature file that cannot be read as Gherkin.

    Attributes:
        line: where, counted from 1.
        why: what is wrong.
    """

    def __init__(self, line: int, why: str) -> None:
        super().__init__(f"{line}: {why}")
        self.line = line
        self.why = why


def read_feature(path: Path) -> GherkinDocument:
    """Return a feature file as Gherkin, with every scenario, also those of one name.

    Raises:
        GherkinSyntaxError: the file is no Gherkin, is empty, or is not UTF-8.
        OSError: the file cannot be read.
    """
    try:
        return get_gherkin_document(str(path), ENCODING)
    except bdd_exceptions.GherkinParseError as error:
        raise GherkinSyntaxError(error.line or 1, error.message) from None
    except UnicodeDecodeError as error:
        raise GherkinSyntaxError(1, f"the file is not UTF-8: {error.reason} at byte {error.start}") from None
    except (TypeError, KeyError):
        raise GherkinSyntaxError(1, "the file holds no feature: it should start with `Feature: <name>`") from None


def forget(path: Path) -> None:
    """Let pytest-bdd read a feature file anew: it keeps every file that it ever read in this process."""
    _features.pop(os.path.abspath(path), None)  # noqa: PTH100 - pytest-bdd's key, links left as they are


def scenario_of(item: pytest.Item) -> ScenarioTemplate | None:
    """Return the scenario that a collected test stands for, or None when it is no scenario."""
    function = getattr(item, "obj", None)
    try:
        return scenario_wrapper_template_registry.get(function) if function is not None else None
    except TypeError:  # something that cannot be weakly referenced is no scenario
        return None


def example_of(item: pytest.Item) -> dict[str, str]:
    """Return the row of examples of a collected scenario; empty when it has none."""
    callspec = getattr(item, "callspec", None)
    return dict(callspec.params.get("_pytest_bdd_example", {})) if callspec is not None else {}


def visible_steps(item: pytest.Item) -> Iterator[StepFunctionContext]:
    """Yield every step definition that a test can see, each once."""
    manager = item.session._fixturemanager  # noqa: SLF001 - pytest has no public list of fixtures
    seen: set[int] = set()
    for name in get_fixture_names(manager):
        if not name.startswith("pytestbdd_stepdef"):
            continue
        for definition in getfixturedefs(manager, name, item) or ():
            context = step_function_context_registry.get(definition.func)
            if context is not None and id(context) not in seen:
                seen.add(id(context))
                yield context


def test_name(scenario: str, row: tuple[str, ...] | None = None) -> str:  # noqa: PT028 - it is no test
    """Return the name of the test that a scenario becomes; pytest-bdd's and pytest's rules.

    Args:
        scenario: the scenario's name.
        row: the values of its row of examples.
    """
    name = f"test_{make_python_name(scenario)}"
    return name if row is None else f"{name}[{ascii_escaped('-'.join(row))}]"


test_name.__test__ = False  # type: ignore[attr-defined]  # its name does not make it a test


def registered_markers(config: pytest.Config) -> set[str]:
    """Return the names of all registered markers."""
    return {line.split(":")[0].split("(")[0].strip() for line in config.getini("markers")}


def collect_error(report: pytest.CollectReport, message: str) -> None:
    """Turn a report of a collection that went well into one that failed, with a message."""
    report.outcome = "failed"
    report.longrepr = message
    report.result = []


def is_narrowed(config: pytest.Config) -> bool:
    """Tell whether options leave out tests of the folders that are run: -k, -m, --lf, --deselect, --ignore."""
    names = ("keyword", "markexpr", "lf", "failedfirst_only", "deselect", "ignore", "ignore_glob", "stepwise")
    return any(bool(config.getoption(name, default=None)) for name in names)


def function_place(function: Any, root: Path) -> str:
    """Return `path:line` of a function, relative to a folder where it lies under it."""
    code = getattr(function, "__wrapped__", function).__code__
    path = Path(code.co_filename)
    return f"{path.relative_to(root) if path.is_relative_to(root) else path}:{code.co_firstlineno}"
