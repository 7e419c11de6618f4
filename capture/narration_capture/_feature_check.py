"""What is wrong with a feature file, found without running anything."""

import re
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Final, NamedTuple

from narration_capture._compat import GherkinDocument, GherkinScenario, GherkinSyntaxError, read_feature, test_name

_PLACEHOLDER: Final = re.compile(r"<([^<>\n]+)>")


class Found(NamedTuple):
    """A scenario as it stands in the file.

    Attributes:
        name: its name.
        line: its line.
        rows: the rows of its examples; None when it has no examples.
        tags: its own tags and those of its rule, feature and examples.
    """

    name: str
    line: int
    rows: tuple[tuple[str, ...], ...] | None
    tags: frozenset[str]

    def tests(self) -> list[str]:
        """Return the names of the tests that the scenario becomes."""
        if self.rows is None:
            return [test_name(self.name)]
        return [test_name(self.name, row) for row in self.rows]


class FeatureFile(NamedTuple):
    """A feature file and what is wrong with it.

    Attributes:
        name: the feature's name.
        scenarios: its scenarios, in order.
        faults: `path:line: what: why`, one each.
    """

    name: str
    scenarios: tuple[Found, ...]
    faults: tuple[str, ...]


def inspect(path: Path, shown: str, markers: Iterable[str] | None = None) -> FeatureFile:
    """Read a feature file and look for what would go silently wrong.

    Args:
        path: the file.
        shown: how messages call it.
        markers: the registered tags; not checked when absent.
    """
    try:
        document = read_feature(path)
    except GherkinSyntaxError as error:
        return FeatureFile("", (), (f"{shown}:{error.line}: not a feature file: {error.why}",))
    feature = document.feature
    scenarios = list(_scenarios(document))
    faults = [f"{shown}:{line}: {what}" for line, what in _faults(document, scenarios, markers)]
    found = tuple(_found(scenario, outer) for scenario, outer in scenarios)
    return FeatureFile(feature.name, found, tuple(faults))


def _scenarios(document: GherkinDocument) -> Iterator[tuple[GherkinScenario, frozenset[str]]]:
    """Yield every scenario with the tags that it has from outside, those of rules included."""
    feature = document.feature
    outer = frozenset(tag.name.removeprefix("@") for tag in feature.tags)
    for child in feature.children:
        if child.scenario:
            yield child.scenario, outer
        elif child.rule:
            tags = outer | {tag.name.removeprefix("@") for tag in child.rule.tags}
            for inner in child.rule.children:
                if inner.scenario:
                    yield inner.scenario, tags


def _found(scenario: GherkinScenario, outer: frozenset[str]) -> Found:
    own = {tag.name.removeprefix("@") for tag in scenario.tags}
    rows = None
    if scenario.examples:
        tables = scenario.examples
        own |= {tag.name.removeprefix("@") for table in tables for tag in table.tags}
        rows = tuple(
            tuple(cell.value or "" for cell in row.cells) for table in tables for row in table.table_body or ()
        )
    return Found(scenario.name, scenario.location.line, rows, outer | own)


def _faults(
    document: GherkinDocument, scenarios: list[tuple[GherkinScenario, frozenset[str]]], markers: Iterable[str] | None
) -> Iterator[tuple[int, str]]:
    if not scenarios:
        yield document.feature.location.line, "empty feature: it has no scenario, so nothing would run"
    yield from _same_names([scenario for scenario, _ in scenarios])
    for scenario, _ in scenarios:
        line = scenario.location.line
        if not scenario.name.strip():
            yield line, "scenario without a name: its test and its story could not be told apart"
        if not scenario.steps:
            yield line, f"scenario without steps: {scenario.name!r} would pass without doing anything"
        yield from _placeholders(scenario)
    if markers is not None:
        yield from _tags(document, set(markers))


def _same_names(scenarios: list[GherkinScenario]) -> Iterator[tuple[int, str]]:
    first: dict[str, GherkinScenario] = {}
    for scenario in scenarios:
        other = first.setdefault(test_name(scenario.name), scenario)
        if other is scenario:
            continue
        where = f"line {other.location.line}"
        if other.name == scenario.name:
            why = f"two scenarios are called {scenario.name!r}, the other on {where}: only one of them would run"
        else:
            why = f"{scenario.name!r} and {other.name!r} ({where}) become one test name: rename one"
        yield scenario.location.line, f"duplicate scenario: {why}"


def _placeholders(scenario: GherkinScenario) -> Iterator[tuple[int, str]]:
    tables = scenario.examples
    for table in tables:
        if table.table_header is None or not table.table_body:
            yield (
                table.location.line,
                "examples without rows: the scenario would run once, with its <placeholders> as text",
            )
    headers = [{cell.value for cell in table.table_header.cells} for table in tables if table.table_header is not None]
    columns = set.intersection(*headers) if headers else set()
    for line, text in _texts(scenario, outline=bool(tables)):
        for name in _PLACEHOLDER.findall(text):
            if name not in columns:
                has = f"columns are {', '.join(sorted(columns))}" if columns else "the scenario has no examples"
                yield line, f"placeholder without a column: <{name}> would stay as it is; {has}"


def _texts(scenario: GherkinScenario, *, outline: bool) -> Iterator[tuple[int, str]]:
    """Yield each text in which placeholders are filled in; tables and doc strings of plain scenarios may hold `<x>`."""
    if outline:
        yield scenario.location.line, scenario.name
    for step in scenario.steps:
        yield step.location.line, step.text
        if not outline:
            continue
        if step.docstring is not None:
            yield step.docstring.location.line, step.docstring.content
        for row in step.datatable.rows if step.datatable is not None else ():
            yield row.location.line, " ".join(cell.value or "" for cell in row.cells)


def _tags(document: GherkinDocument, markers: set[str]) -> Iterator[tuple[int, str]]:
    feature = document.feature
    tags = [*feature.tags]
    for child in feature.children:
        if child.rule:
            tags += child.rule.tags
    for scenario, _ in _scenarios(document):
        tags += scenario.tags
        for table in scenario.examples:
            tags += table.tags
    for tag in tags:
        if tag.name.removeprefix("@") not in markers:
            yield (
                tag.location.line,
                f"unregistered tag: {tag.name} is no marker of this project (a typo?); register it under `markers`",
            )
