"""Feature files run with the steps, texts and tables of Gherkin's own compiler, or are refused by a rule."""

import json
import textwrap

import pytest
from gherkin.parser import Parser
from gherkin.pickles.compiler import Compiler
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from narration_capture._feature_check import inspect

pytestmark = pytest.mark.req("BDD-01")

FEATURES = {
    "placeholders": """
        Feature: Placeholders
          Scenario Outline: row <n>
            * 3 < <n> and <<n>> and < n> stay, <a b> goes
            Examples:
              | n | a b |
              | 4 | <n> |
              | \\\\ | \\| |
    """,
    "text in angle brackets": """
        Feature: Mail
          Scenario: a
            * Bob <bob@example.org> writes
    """,
    "docstrings": '''
        Feature: Documents
          Scenario: a
            * the body is
              """
                  indented: 4
                deeper: 2
              """
            * the code is
              ```json
              {"a":
                "\\"\\"\\""}
              ```
    ''',
    "docstrings in outlines": '''
        Feature: Documents
          Scenario Outline: a
            * the body is
              """
                <x>: 1
              """
            * the table is
              | <x> | y |
              | 1   |   |
            Examples: first
              | x |
              | 1 |
            Examples: second
              | x |
              | 1 |
              | 2 |
    ''',
    "first steps": """
        Feature: Conjunctions
          Background:
            And the shop is open
          Scenario: star
            * a customer comes
            And the customer leaves
          Scenario: but
            But nobody comes
    """,
    "rules": """
        Feature: Rules
          Background:
            * outside
          Rule: one
            Background:
              * inside
            Scenario: a
              * step a
          Rule: two
            Example: b
              * step b
    """,
    "another language": """
        # language: de
        Funktionalität: Läden
          Szenario: Öffnen
            * ein Laden öffnet
            Und er bleibt offen
    """,
    "comments and blank lines": """
        # a comment
        Feature: Comments

          Some words, with <angle> brackets.

          # another
          Scenario: a
            # before a step
            * one

            * two
    """,
    "names of every kind": """
        Feature: Names
          Scenario: con
            * a
          Scenario: 3 engines: "x" / y?
            * b
          Scenario: 4 engines: "x" / y?
            * c
    """,
}

STEPS = """
import json
from pathlib import Path
from pytest_bdd import given, parsers

def write(**step):
    with Path("steps.jsonl").open("a") as file:
        file.write(json.dumps(step) + "\\n")

@given(parsers.re(r"(?s)(?!the (?:body|code|table) is)(?P<text>.*)"))
def plain(text):
    write(text=text)

@given(parsers.re(r"(?P<text>the (?:body|code) is)"))
def with_text(text, docstring):
    write(text=text, docstring=docstring)

@given("the table is")
def with_table(datatable):
    write(text="the table is", table=datatable)
"""


def official(text):
    """The steps of every compiled scenario, in order."""
    document = {**Parser().parse(text), "uri": ""}
    for pickle in Compiler().compile(document):
        for step in pickle["steps"]:
            argument = step.get("argument", {})
            found = {"text": step["text"]}
            if "docString" in argument:
                found["docstring"] = argument["docString"]["content"]
            if "dataTable" in argument:
                found["table"] = [[cell["value"] for cell in row["cells"]] for row in argument["dataTable"]["rows"]]
            yield found


@pytest.mark.parametrize("name", FEATURES)
def test_steps_get_what_the_official_compiler_gives(project, name):
    text = textwrap.dedent(FEATURES[name]).lstrip("\n")
    project.write("features/shop.feature", text)
    project.write("steps/shop.py", STEPS)
    result = project.run()
    outcomes = result.parseoutcomes()
    assert outcomes.keys() == {"passed"}, result.stdout.str()
    steps = [json.loads(line) for line in (project.path / "steps.jsonl").read_text("utf-8").splitlines()]
    assert steps == list(official(text))


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        ("", "1: not a feature file: the file has no feature"),
        ("# only a comment\n", "1: not a feature file: the file has no feature"),
        ("Feature: a\n", "1: empty feature"),
        ("Feature: a\n  Scenario: b\n", "2: scenario without steps"),
        ("Feature: a\n  Scenario: ?!\n    * c\n", "2: scenario without a name"),
        ("Feature: a\n  Scenario: b\n    * c\n  Scenario: B\n    * c\n", "4: duplicate scenario"),
        ("Feature: a\n  Scenario Outline: b\n    * <c>\n    Examples:\n", "4: examples without rows"),
        (
            "Feature: a\n  Scenario Outline: b\n    * <d>\n    Examples:\n      | c |\n      | 1 |\n",
            "3: placeholder without",
        ),
        (
            "Feature: a\n  Scenario Outline: b\n    * <c?>\n    Examples:\n      | c? |\n      | 1 |\n",
            "3: placeholder without",
        ),
        (
            "Feature: a\n  Scenario Outline: b\n    * <c(>\n    Examples:\n      | c( |\n      | 1 |\n",
            "5: not a feature file: the column",
        ),
        ("Feature: a\n  Scenario: b\n    * c\n      | 1 | 2 |\n      | 1 |\n", "5: not a feature file: inconsistent"),
        ("# language: no-such\nFeature: a\n", "1: not a feature file: Language not supported"),
        ("Feature: a\n  Scenario: b\n    * c\nFeature: d\n", "4: not a feature file: "),
        ("Feature: a\n  Scenario:\n    * c\n  Scenario:\n    * d\n", "2: scenario without a name"),
        ("<<<<<<< HEAD\nFeature: a\n", "1: not a feature file: "),
        ('Feature: a\n  Scenario: b\n    * c\n      """\n', "5: not a feature file: unexpected end"),
    ],
)
def test_a_file_is_refused_by_a_rule_with_its_line(tmp_path, text, fault):
    path = tmp_path / "odd.feature"
    path.write_text(text, "utf-8")
    faults = inspect(path, "odd.feature").faults
    assert faults
    assert faults[0].startswith(f"odd.feature:{fault}"), faults
    assert not any("duplicate" in other for other in faults[1:]), faults


def test_only_a_line_feed_ends_a_line(tmp_path):
    text = "Feature: a\r\n  Scenario: b\rc\r\n    * d\re\r\n      | f\r | \u2028g |\r\n\u0085  * h\x0b\x0ci\r\n"
    path = tmp_path / "any.feature"
    path.write_bytes(text.encode())
    found = inspect(path, "any.feature")
    assert found.faults == ()
    ours = [step for scenario in found.scenarios for case in scenario.cases for step in case.steps]
    assert [step.text for step in ours] == [step["text"] for step in official(text)]
    assert [step.table and [[*row] for row in step.table] for step in ours] == [
        step.get("table") for step in official(text)
    ]
    assert found.scenarios[0].name == "b\rc"


def test_gherkin_in_markdown_is_refused(project):
    project.feature()
    project.steps()
    project.accept().assert_outcomes(passed=1)
    project.write("features/notes.feature.md", "# Feature: Notes\n\n## Scenario: a\n\n* Given a\n")
    result = project.run()
    result.assert_outcomes(errors=1)
    result.stdout.fnmatch_lines(["features/notes.feature.md:1: not a feature file: Gherkin in Markdown is not read, *"])


LINES = st.sampled_from(
    [
        "Feature: a",
        "  Scenario: b",
        "  Scenario Outline: c",
        "    Examples:",
        "      | x |",
        "      | [[x |",
        "    * s <x>",
        "    And y",
        '      """',
        "@t",
        "# language: fr",
        "  Rule: r",
        "  Background:",
        "",
        "\\",
        "Fonctionnalité: f",
        "\x00",
    ]
)


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(lines=st.lists(LINES, max_size=14))
def test_no_file_ends_in_a_traceback_and_all_that_is_taken_has_the_official_steps(tmp_path, lines):
    path = tmp_path / "any.feature"
    path.write_text("\n".join(lines), "utf-8")
    found = inspect(path, "any.feature")
    if not found.faults:
        ours = [step.text for scenario in found.scenarios for case in scenario.cases for step in case.steps]
        assert ours == [step["text"] for step in official("\n".join(lines))]
