"""A feature file, read and compiled by the official Gherkin parser: one reading for collection, checks and reports."""

import re
import warnings
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, Final, Literal, NamedTuple

from gherkin.ast_builder import AstBuilder
from gherkin.errors import CompositeParserException, ParserError
from gherkin.parser import Parser
from gherkin.pickles.compiler import Compiler
from gherkin.stream.id_generator import IdGenerator

ENCODING: Final = "utf-8-sig"
"""How feature files are read: UTF-8, with or without a byte-order mark."""

MARKDOWN: Final = ".feature.md"
"""Gherkin in Markdown; refused, so that nobody takes it for tests."""

StepKind = Literal["given", "when", "then", "any"]
_KINDS: Final[Mapping[str, StepKind]] = {"Context": "given", "Action": "when", "Outcome": "then"}
_POSITION: Final = re.compile(r"^\(\d+:\d+\): ")

Node = dict[str, Any]


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


class Tag(NamedTuple):
    """A tag as written, without its `@`."""

    name: str
    line: int


class StepSource(NamedTuple):
    """A step with its placeholders filled in.

    Attributes:
        keyword: as written: "Given", "And", "*".
        text: what follows the keyword.
        line: its line in the file.
        kind: which definitions it may match; a first `*` or `And` matches those of every kind.
        docstring: the text below it.
        table: the rows of cells below it.
    """

    keyword: str
    text: str
    line: int
    kind: StepKind
    docstring: str | None
    table: tuple[tuple[str, ...], ...] | None


class Case(NamedTuple):
    """One run of a scenario: a plain scenario has one, an outline has one for each row.

    Attributes:
        row: the number of its row, from 1 over all tables of examples; None for a plain scenario.
        values: the row, by column.
        name: the scenario's name with its placeholders filled in.
        tags: its own, and those of the examples, scenario, rule and feature.
        steps: its steps, those of the backgrounds first.
        pickle: the compiled scenario, as Cucumber Messages have it.
    """

    row: int | None
    values: Mapping[str, str]
    name: str
    tags: tuple[str, ...]
    steps: tuple[StepSource, ...]
    pickle: Node


class ScenarioSource(NamedTuple):
    """A scenario or outline.

    Attributes:
        node: its part of the syntax tree.
        name: its name, placeholders as they are.
        line: its line in the file.
        rule: the name of its rule.
        cases: its runs.
    """

    node: Node
    name: str
    line: int
    rule: str | None
    cases: tuple[Case, ...]

    @property
    def is_outline(self) -> bool:
        """Whether it has examples."""
        return bool(self.node["examples"])

    @property
    def tags(self) -> frozenset[str]:
        """The tags of any of its runs."""
        return frozenset(tag for case in self.cases for tag in case.tags)


class FeatureSource(NamedTuple):
    """A feature file that could be read.

    Attributes:
        text: the file's text.
        document: its syntax tree.
        scenarios: its scenarios, in order.
    """

    text: str
    document: Node
    scenarios: tuple[ScenarioSource, ...]

    @property
    def feature(self) -> Node:
        """The feature's part of the syntax tree."""
        node: Node = self.document["feature"]
        return node

    @property
    def name(self) -> str:
        """The feature's name."""
        return str(self.feature["name"])

    def tags(self) -> Iterator[Tag]:
        """Yield every tag of the file, each as often as it is written."""
        for node in self._tagged():
            for tag in node["tags"]:
                yield Tag(tag["name"].removeprefix("@"), tag["location"]["line"])

    def _tagged(self) -> Iterator[Node]:
        yield self.feature
        yield from (child["rule"] for child in self.feature["children"] if "rule" in child)
        for scenario in self.scenarios:
            yield scenario.node
            yield from scenario.node["examples"]


def read(path: Path, uri: str = "", ids: IdGenerator | None = None) -> FeatureSource:
    """Read and compile a feature file.

    Args:
        path: the file.
        uri: how messages refer to it.
        ids: numbers the nodes of the tree.

    Raises:
        GherkinSyntaxError: the file is not Gherkin, is empty, is not UTF-8, or is Markdown.
        OSError: the file cannot be read.
    """
    if path.name.endswith(MARKDOWN):
        raise GherkinSyntaxError(1, "Gherkin in Markdown is not read, so nothing in it would run; use a `.feature`")
    try:
        text = path.read_bytes().decode(ENCODING)  # only `\n` ends a line of Gherkin
    except UnicodeDecodeError as error:
        raise GherkinSyntaxError(1, f"the file is not UTF-8: {error.reason} at byte {error.start}") from None
    ids = ids or IdGenerator()
    document: Node = {**_parse(text, ids), "uri": uri}
    if not document.get("feature"):
        raise GherkinSyntaxError(1, "the file has no feature: it should start with `Feature: <name>`")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", FutureWarning)  # a column name is a pattern to the compiler, even an odd one
        _check_columns(document)
        compiled: Any = Compiler(ids).compile(document)  # type: ignore[arg-type]  # the type's own optional keys
    return FeatureSource(text, document, tuple(_scenarios(document, list(compiled))))


def _parse(text: str, ids: IdGenerator) -> Node:
    try:
        parsed: Any = Parser(AstBuilder(ids)).parse(text)
    except CompositeParserException as error:
        first = error.errors[0]
        raise GherkinSyntaxError(_line_of(first), _POSITION.sub("", str(first))) from None
    except ParserError as error:
        raise GherkinSyntaxError(_line_of(error), _POSITION.sub("", str(error))) from None
    except RecursionError:
        raise GherkinSyntaxError(1, "the parser gave up: too deeply nested") from None
    return dict(parsed)


def _line_of(error: Exception) -> int:
    location = getattr(error, "location", None) or {}
    return int(location.get("line") or 1)


def _nodes(document: Node) -> Iterator[tuple[Node, str | None]]:
    """Yield every scenario of the tree, with the name of its rule."""
    for child in document["feature"]["children"]:
        if "scenario" in child:
            yield child["scenario"], None
        elif "rule" in child:
            for inner in child["rule"]["children"]:
                if "scenario" in inner:
                    yield inner["scenario"], str(child["rule"]["name"])


def _check_columns(document: Node) -> None:
    """Refuse column names that the compiler, which takes them as patterns, cannot read."""
    for scenario, _ in _nodes(document):
        for table in scenario["examples"]:
            for cell in table.get("tableHeader", {}).get("cells", ()):
                try:
                    re.compile(f"<{cell['value']}>")
                except re.error:
                    raise GherkinSyntaxError(
                        cell["location"]["line"],
                        f"the column name {cell['value']!r} has characters that Gherkin's compiler takes as a pattern: "
                        "use letters, digits and spaces",
                    ) from None


def _scenarios(document: Node, pickles: list[Node]) -> Iterator[ScenarioSource]:
    steps = {step["id"]: step for step in _all_steps(document)}
    by_scenario: dict[str, list[Node]] = {}
    for pickle in pickles:
        by_scenario.setdefault(pickle["astNodeIds"][0], []).append(pickle)
    for node, rule in _nodes(document):
        values = list(_rows(node)) if node["examples"] else [{}]
        cases = tuple(
            Case(
                index if node["examples"] else None,
                row,
                str(pickle["name"]),
                tuple(tag["name"].removeprefix("@") for tag in pickle["tags"]),
                tuple(_step(step, steps[step["astNodeIds"][0]]) for step in pickle["steps"]),
                pickle,
            )
            for index, (pickle, row) in enumerate(zip(by_scenario.get(node["id"], ()), values, strict=False), start=1)
        )
        yield ScenarioSource(node, str(node["name"]), int(node["location"]["line"]), rule, cases)


def _all_steps(document: Node) -> Iterator[Node]:
    for child in document["feature"]["children"]:
        for inner in (child, *child.get("rule", {}).get("children", ())):
            yield from inner.get("background", {}).get("steps", ())
            yield from inner.get("scenario", {}).get("steps", ())


def _rows(node: Node) -> Iterator[dict[str, str]]:
    for table in node["examples"]:
        names = [cell["value"] for cell in table.get("tableHeader", {}).get("cells", ())]
        for row in table.get("tableBody", ()) if names else ():
            yield dict(zip(names, (cell["value"] for cell in row["cells"]), strict=False))


def _step(pickle: Node, node: Node) -> StepSource:
    argument = pickle.get("argument", {})
    table = argument.get("dataTable")
    return StepSource(
        str(node["keyword"]).strip(),
        str(pickle["text"]),
        int(node["location"]["line"]),
        _KINDS.get(pickle["type"] or "", "any"),
        argument["docString"]["content"] if "docString" in argument else None,
        tuple(tuple(cell["value"] for cell in row["cells"]) for row in table["rows"]) if table else None,
    )
