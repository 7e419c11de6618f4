"""Rules that a feature file must keep, checked without running anything."""

import re
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Final, NamedTuple

from narration_capture._feature_file import FeatureSource, GherkinSyntaxError, Node, ScenarioSource, read
from narration_capture._test_names import PREFIX, test_name

# `x < 5 and y > 2` has none: a name does not begin or end with a space.
_PLACEHOLDER: Final = re.compile(r"<([^<>\s](?:[^<>\n]*[^<>\s])?)>")
_PATTERN_CHARACTERS: Final = frozenset("^$*+?{}[]\\|()")


class CheckedFeature(NamedTuple):
    """A feature file and what is wrong with it.

    Attributes:
        source: the file as read; None if it cannot be read.
        faults: `path:line: what: why`, one each.
    """

    source: FeatureSource | None
    faults: tuple[str, ...]

    @property
    def scenarios(self) -> tuple[ScenarioSource, ...]:
        """Its scenarios, in order."""
        return self.source.scenarios if self.source is not None else ()


def inspect(path: Path, shown: str, markers: Iterable[str] | None = None) -> CheckedFeature:
    """Read a feature file and check what would go wrong in silence.

    Args:
        path: the file.
        shown: its name in messages.
        markers: the registered tags; not checked if absent.
    """
    try:
        source = read(path, shown)
    except GherkinSyntaxError as error:
        return CheckedFeature(None, (f"{shown}:{error.line}: not a feature file: {error.why}",))
    except OSError as error:
        return CheckedFeature(None, (f"{shown}:1: not a feature file: it cannot be read: {error.strerror}",))
    faults = [f"{shown}:{line}: {what}" for line, what in _faults(source, markers)]
    return CheckedFeature(source, tuple(faults))


def _faults(source: FeatureSource, markers: Iterable[str] | None) -> Iterator[tuple[int, str]]:
    if not source.scenarios:
        yield source.feature["location"]["line"], "empty feature: it has no scenario, so nothing would run"
    yield from _same_names(source.scenarios)
    for scenario in source.scenarios:
        if not _has_name(scenario):
            yield scenario.line, "scenario without a name: its test and its story need a letter or a digit"
        if not scenario.node["steps"]:
            yield scenario.line, f"scenario without steps: {scenario.name!r} would pass without doing anything"
        if scenario.is_outline:
            yield from _examples(scenario)
    if markers is not None:
        known = set(markers)
        for tag in source.tags():
            if not is_registered(tag.name, known):
                what = f"@{tag.name} is not a marker of this project (a typo?); register it under `markers`"
                yield tag.line, f"unregistered tag: {what}"


def _has_name(scenario: ScenarioSource) -> bool:
    return bool(test_name(scenario.name).removeprefix(PREFIX))


def is_registered(tag: str, markers: set[str]) -> bool:
    """Tell whether a tag is a marker, or one with a value: `@jira:SHOP-1` and `@retry(2)` need `jira` and `retry`."""
    return tag in markers or re.split(r"[:(]", tag, maxsplit=1)[0] in markers


def _same_names(scenarios: Iterable[ScenarioSource]) -> Iterator[tuple[int, str]]:
    first: dict[str, ScenarioSource] = {}
    for scenario in scenarios:
        if not _has_name(scenario):
            continue  # said once already
        other = first.setdefault(test_name(scenario.name), scenario)
        if other is scenario:
            continue
        where = f"line {other.line}"
        if other.name == scenario.name:
            why = f"two scenarios are called {scenario.name!r}, the other on {where}: they would share a story"
        else:
            why = f"{scenario.name!r} and {other.name!r} ({where}) become one test name: rename one"
        yield scenario.line, f"duplicate scenario: {why}"


def _examples(scenario: ScenarioSource) -> Iterator[tuple[int, str]]:
    """Yield what is wrong with an outline; in a plain scenario `<x>` is text."""
    tables: list[Node] = scenario.node["examples"]
    for table in tables:
        if not table.get("tableHeader") or not table.get("tableBody"):
            yield table["location"]["line"], "examples without rows: nothing would run for them"
    headers = [
        {cell["value"] for cell in table["tableHeader"]["cells"]} for table in tables if table.get("tableHeader")
    ]
    columns: set[str] = set.intersection(*headers) if headers else set()
    for line, text in _texts(scenario.node):
        for name in _PLACEHOLDER.findall(text):
            if name not in columns:
                has = f"columns are {', '.join(sorted(columns))}" if columns else "the examples have no columns"
                yield line, f"placeholder without a column: <{name}> would stay as it is; {has}"
            elif _PATTERN_CHARACTERS & set(name):
                why = "Gherkin's compiler takes the column's name as a pattern: use letters, digits and spaces"
                yield line, f"placeholder without a column: <{name}> would stay as it is; {why}"


def _texts(node: Node) -> Iterator[tuple[int, str]]:
    """Yield each text of an outline in which placeholders are filled in."""
    yield node["location"]["line"], node["name"]
    for step in node["steps"]:
        yield step["location"]["line"], step["text"]
        if "docString" in step:
            yield step["docString"]["location"]["line"], step["docString"]["content"]
        for row in step["dataTable"]["rows"] if "dataTable" in step else ():
            yield row["location"]["line"], " ".join(cell["value"] for cell in row["cells"])
