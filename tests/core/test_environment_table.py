"""The table of environment variables holds what the code reads, and nothing else."""

import ast
import re

import pytest

from narration_core.environment import VARIABLES

FOLDERS = (
    "narration_core",
    "capture/narration_capture",
    "worker/narration_worker",
    "hub/narration_hub",
    "ci/narration_ci",
)
PLACES = {"os.environ", "environment", "values"}
"""How the code names a mapping of environment variables."""
READERS = {"switch", "_environment", "_is_on", "os.getenv"}
"""Functions that are given the name of a variable first."""


def constants(tree):
    return {
        to.id: node.value.value
        for node in ast.walk(tree)
        if isinstance(node, (ast.Assign, ast.AnnAssign)) and isinstance(node.value, ast.Constant)
        for to in (node.targets if isinstance(node, ast.Assign) else [node.target])
        if isinstance(to, ast.Name)
    }


def read_by(source):
    """Return the names of the environment variables that a source reads."""
    tree = ast.parse(source)
    named = constants(tree)
    found = set()
    for node in ast.walk(tree):
        asked = []
        if isinstance(node, ast.Call):
            called = ast.unparse(node.func)
            reads = called in READERS or called in {f"{place}.get" for place in PLACES}
            asked += node.args[:1] if reads else []
            asked += [keyword.value for keyword in node.keywords if keyword.arg == "envvar"]
        elif isinstance(node, ast.Subscript) and ast.unparse(node.value) in PLACES:
            asked.append(node.slice)
        elif isinstance(node, ast.Compare) and ast.unparse(node.comparators[0]) in PLACES:
            asked.append(node.left)
        for name in asked:
            if isinstance(name, ast.Constant):
                found.add(name.value)
            elif isinstance(name, ast.Name) and name.id in named:
                found.add(named[name.id])
    return {name for name in found if name.isupper()}


def test_every_way_to_read_a_variable_is_seen():
    source = """
NAME: Final = "F"
switch("A", default=True); _environment("B", (), ""); os.environ.get("C"); environment["D"]; "E" in os.environ
os.environ.get(NAME); click.option("--g", envvar="G"); os.getenv("H"); other.get("I")
"""
    assert read_by(source) == set("ABCDEFGH")


def test_the_table_holds_what_the_code_reads(root):
    paths = [path for folder in FOLDERS for path in (root / folder).rglob("*.py")]
    assert set().union(*(read_by(path.read_text("utf-8")) for path in paths)) == set(VARIABLES)


@pytest.mark.parametrize("name", VARIABLES)
def test_every_variable_says_what_it_decides_and_what_holds_without_it(name):
    variable = VARIABLES[name]
    assert variable.meaning.endswith(".")
    assert variable.default
    if variable.values and variable.default.isalpha() and variable.default != "off":
        assert variable.default in variable.values


def test_the_documents_name_no_variable_that_is_not_read(root):
    for page in (root / "docs").glob("*.md"):
        named = set(re.findall(r"\bNARRATION_[A-Z_]+\b", page.read_text("utf-8")))
        assert named <= set(VARIABLES), page.name
