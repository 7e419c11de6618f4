"""Every name of pytest, pytest-bdd and syrupy that is not public; a contract test holds them.

A new release of one of the three that moves something is mended here and nowhere else.
"""

import os
from collections import OrderedDict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, Final

import pytest
from pytest_bdd import scenario as bind_scenario
from pytest_bdd.compat import get_fixture_names, getfixturedefs
from pytest_bdd.feature import features as _features
from pytest_bdd.gherkin_parser import Cell, DataTable, Location, Row
from pytest_bdd.parser import Feature, Rule, Scenario, ScenarioTemplate, Step
from pytest_bdd.scenario import scenario_wrapper_template_registry
from pytest_bdd.steps import StepFunctionContext, step_function_context_registry

from narration_capture._feature_file import ENCODING, Case, FeatureSource, ScenarioSource, StepSource

__all__ = [
    "Scenario",
    "ScenarioTemplate",
    "Step",
    "StepFunctionContext",
    "bind",
    "bound_files",
    "collect_error",
    "example_of",
    "function_place",
    "parameter_numbers",
    "registered_markers",
    "row_of",
    "scenario_of",
    "visible_steps",
]

ROW: Final = "_pytest_bdd_example"
_INTERNAL: Final = "__"
"""How plugins begin the names of parameters that repeat a test and change nothing in it."""


class ExampleRow(dict[str, str]):
    """A row of examples, as pytest-bdd hands it to a scenario, and the compiled scenario that belongs to it."""

    def __init__(self, case: Case) -> None:
        super().__init__(case.values)
        self.case = case


class _AnyKind(str):
    """The type of a step that definitions of every kind may match: a first `*` or `And`."""

    __slots__ = ()
    __hash__ = str.__hash__

    def __eq__(self, other: object) -> bool:
        return isinstance(other, str)

    def __ne__(self, other: object) -> bool:
        return not self == other


ANY_KIND: Final = _AnyKind("any")


class CompiledScenario(ScenarioTemplate):
    """A scenario whose steps are those of Gherkin's own compiler."""

    cases: tuple[Case, ...]

    def render(self, context: Mapping[str, object]) -> Scenario:
        """Return the scenario of a row."""
        case = context.case if isinstance(context, ExampleRow) else self.cases[0]
        return Scenario(
            feature=self.feature,
            keyword=self.keyword,
            name=case.name,
            line_number=self.line_number,
            steps=[_step(step) for step in case.steps],
            tags=self.tags,
            description=self.description,
            rule=self.rule,
        )


def _step(source: StepSource) -> Step:
    return Step(
        name=source.text,
        type=ANY_KIND if source.kind == "any" else source.kind,
        indent=0,
        line_number=source.line,
        keyword=source.keyword,
        datatable=_table(source) if source.table is not None else None,
        docstring=source.docstring,
    )


def _table(source: StepSource) -> DataTable:
    at = Location(column=1, line=source.line)
    rows = [Row(id="", location=at, cells=[Cell(at, cell) for cell in row]) for row in source.table or ()]
    return DataTable(location=at, rows=rows)


def _plain(tags: Iterable[str]) -> set[str]:
    """Return the tags that pytest can take for the name of a marker; hooks of projects see these."""
    return {tag for tag in tags if not set(tag) & set(":(")}


def _names(node: Mapping[str, Any]) -> set[str]:
    return {tag["name"].removeprefix("@") for tag in node["tags"]}


def bind(path: Path, source: FeatureSource, after: Callable[..., None], names: Mapping[str, str]) -> dict[str, Any]:
    """Return the test functions of a feature file, by name.

    Args:
        path: the feature file.
        source: the same, as read.
        after: runs after the last step of each scenario; its parameters are fixtures.
        names: the name of each scenario's test.
    """
    node = source.feature
    feature = Feature(
        scenarios=OrderedDict(),
        filename=str(path),
        rel_filename=path.name,
        language=node["language"],
        keyword=node["keyword"],
        name=node["name"],
        tags=_plain(_names(node)),
        background=None,
        line_number=node["location"]["line"],
        description=node["description"],
    )
    for scenario in source.scenarios:
        feature.scenarios[scenario.name] = _template(feature, scenario)
    # pytest-bdd keeps every file that it read; it takes ours for that.
    _features[os.path.abspath(path)] = feature  # noqa: PTH100 - pytest-bdd's key, links left as they are
    return {names[scenario.name]: _bound(path, scenario, after, names[scenario.name]) for scenario in source.scenarios}


def bound_files() -> set[Path]:
    """Return the feature files that pytest-bdd has read: those whose scenarios a module binds, and ours."""
    return set(map(Path, _features))


def _template(feature: Feature, source: ScenarioSource) -> CompiledScenario:
    template = CompiledScenario(
        feature=feature,
        keyword=source.node["keyword"],
        name=source.name,
        line_number=source.line,
        templated=source.is_outline,
        description=source.node["description"],
        tags=_plain(_common_tags(source)),
        rule=Rule("Rule", source.rule, "", set()) if source.rule is not None else None,
    )
    template.cases = source.cases
    return template


def _common_tags(source: ScenarioSource) -> set[str]:
    return set.intersection(*(set(case.tags) for case in source.cases))


def _bound(path: Path, source: ScenarioSource, after: Callable[..., None], name: str) -> Any:
    bound = bind_scenario(path.name, source.name, encoding=ENCODING, features_base_dir=str(path.parent))(after)
    common = _common_tags(source)
    marks = [_mark(tag) for tag in sorted(common - _plain(common))]
    if source.is_outline:
        rows = [
            pytest.param(
                ExampleRow(case),
                id=str(case.row),
                marks=[_mark(tag) for tag in dict.fromkeys(case.tags) if tag not in common],
            )
            for case in source.cases
        ]
        marks.append(pytest.mark.parametrize(ROW, rows))
    for mark in marks:
        bound = mark(bound)
    bound.__name__ = name
    return bound


def _mark(tag: str) -> pytest.MarkDecorator:
    """Return the marker of a tag; its name may have characters that `pytest.mark` refuses under `strict`."""
    return pytest.MarkDecorator(pytest.Mark(tag, (), {}, _ispytest=True), _ispytest=True)


def scenario_of(item: pytest.Item) -> ScenarioTemplate | None:
    """Return the scenario of a collected test, or None if it is not a scenario."""
    function = getattr(item, "obj", None)
    try:
        return scenario_wrapper_template_registry.get(function) if function is not None else None
    except TypeError:  # something that cannot be weakly referenced is not a scenario
        return None


def example_of(item: pytest.Item) -> Mapping[str, str]:
    """Return the row of examples of a collected scenario; empty if it has none."""
    callspec = getattr(item, "callspec", None)
    row: Mapping[str, str] = callspec.params.get(ROW, {}) if callspec is not None else {}
    return row


def row_of(item: Any) -> int | None:
    """Return the number of a scenario's row of examples, from 1, or None if it has none."""
    callspec = getattr(item, "callspec", None)
    return _number(item, ROW) if callspec is not None and ROW in callspec.indices else None


def parameter_numbers(item: Any) -> list[int]:
    """Return the number of a test's row, then those of its other parameters, each from 1; repetitions do not count."""
    callspec = getattr(item, "callspec", None)
    if callspec is None:
        return []
    names = [name for name in callspec.indices if not name.startswith(_INTERNAL)]
    return [_number(item, name) for name in sorted(names, key=lambda name: (name != ROW, name))]


def _number(item: Any, name: str) -> int:
    """Return the place of a parameter's value among its values, from 1.

    Where a test has several parameters, pytest's own index of a `parametrize` counts the tests, not the values.
    """
    value = item.callspec.params.get(name)
    for mark in item.iter_markers("parametrize"):
        places = [place for place, other in enumerate(_values(mark, name), start=1) if other is value]
        if len(places) == 1:
            return places[0]
    number: int = item.callspec.indices[name] + 1
    return number


def _values(mark: pytest.Mark, name: str) -> Iterator[object]:
    """Yield the values that a `parametrize` gives to a parameter."""
    given: Mapping[str, Any] = {**dict(zip(("argnames", "argvalues"), mark.args, strict=False)), **mark.kwargs}
    names = given["argnames"]
    if isinstance(names, str):
        names = [part.strip() for part in names.split(",")]
    if name not in names:
        return
    place = list(names).index(name)
    for entry in given["argvalues"]:
        if hasattr(entry, "marks"):  # pytest.param
            yield entry.values[place]
        else:
            yield entry if len(names) == 1 else entry[place]


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


def registered_markers(config: pytest.Config) -> set[str]:
    """Return the names of all registered markers: what stands before `:` or `(`, and before `: `."""
    lines: Sequence[str] = config.getini("markers")
    short = {line.split(":")[0].split("(")[0].strip() for line in lines}
    return short | {line.split(": ")[0].strip() for line in lines}


def collect_error(report: pytest.CollectReport, message: str) -> None:
    """Turn a report of a collection that went well into one that failed, with a message."""
    report.outcome = "failed"
    report.longrepr = message
    report.result = []


def function_place(function: Any, root: Path) -> str:
    """Return `path:line` of a function, relative to a folder if it lies under it."""
    code = getattr(function, "__wrapped__", function).__code__
    path = Path(code.co_filename)
    return f"{path.relative_to(root) if path.is_relative_to(root) else path}:{code.co_firstlineno}"
