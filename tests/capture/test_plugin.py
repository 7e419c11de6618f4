"""The plugin in projects that do not use it, and the map of requirements."""

import subprocess
import sys

import pytest

from capture.static import inspect
from tools import requirements_map as mapping

NOTHING_LOADED = """
import sys

def test_nothing_of_ours_is_loaded():
    ours = [name for name in sys.modules if name.split(".")[0] in {"narration_core", "msgspec", "hyperscan", "worker"}]
    assert ours == []
"""


def test_a_run_without_narration_loads_no_narration(project):
    project.write("test_it.py", NOTHING_LOADED)
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-p", "no:hypothesispytest", "test_it.py"],
        cwd=project.path,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout


def test_scenarios_bound_in_modules_are_captured_and_checked_too(project):
    project.steps()
    project.feature()
    project.write("conftest.py", 'pytest_plugins = ["capture.gherkin", "steps.pools"]\n')
    project.write("tests/test_pools.py", 'from pytest_bdd import scenarios\nscenarios("../features")\n')
    project.pytester.syspathinsert(project.path)
    result = project.run("tests")
    result.assert_outcomes(passed=1)
    project.feature("Feature: Pools\n  Scenario: Odd\n    Given a swimming pool\n", name="odd")
    result = project.run("tests")
    assert result.ret != 0
    result.stdout.fnmatch_lines(["features/odd.feature:3: unknown step: *"])


def test_tags_of_a_file_of_requirements_are_registered(project):
    project.write("ids.tsv", "id\troom\trequirement\nPOOL-1\tx\tpools exist\n")
    path = project.path / "pyproject.toml"
    path.write_text(path.read_text("utf-8") + 'narration_requirements = "ids.tsv"\n', "utf-8")
    project.steps()
    project.feature("Feature: Pools\n  @POOL-1\n  Scenario: Known\n    Given a pool\n")
    project.run().assert_outcomes(passed=1)
    project.feature("Feature: Pools\n  @POOL-2\n  Scenario: Unknown\n    Given a pool\n")
    result = project.run()
    assert result.ret != 0
    result.stdout.fnmatch_lines(["features/pools.feature:2: unregistered tag: @POOL-2 *"])


def test_rules_and_examples_lend_their_tags(project):
    path = project.feature("""
        @outer
        Feature: Pools
          @rule
          Rule: Engines
            @own
            Scenario Outline: Many
              Given <x>
              @row
              Examples:
                | x |
                | 1 |
    """)
    (found,) = inspect(path, "pools.feature").scenarios
    assert found.tags == {"outer", "rule", "own", "row"}
    assert found.tests() == ["test_many[1]"]


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        ("", "no feature"),
        ("Feature: A\n  Scenario: B\n    Given c\n  Given d\nnonsense here", "not a feature file"),
        ("Scenario: A\n  Given b\n", "not a feature file"),
    ],
    ids=["empty", "nonsense", "no-feature"],
)
def test_a_file_that_is_no_feature_is_named_with_its_line(project, text, fault):
    path = project.path / "odd.feature"
    path.write_text(text, "utf-8")
    (message,) = inspect(path, "odd.feature").faults
    assert message.startswith("odd.feature:")
    assert fault in message


def test_a_file_that_is_not_utf8_is_named(project):
    path = project.path / "odd.feature"
    path.write_bytes(b"Feature: \xff\xfe\n")
    assert inspect(path, "odd.feature").faults[0].startswith("odd.feature:1: not a feature file: the file is not UTF-8")


def test_the_map_of_requirements_finds_proof_and_faults(tmp_path):
    (tmp_path / "features").mkdir()
    (tmp_path / "tests").mkdir()
    (tmp_path / "features/a.feature").write_text(
        "Feature: A\n  @ORCH-1 @slow\n  Scenario: B\n    Given c\n  @ORCH-9\n  Scenario: D\n    Given c\n", "utf-8"
    )
    (tmp_path / "tests/test_a.py").write_text(
        "import pytest\npytestmark = pytest.mark.req('ORCH-2')\n\n"
        "@pytest.mark.req('ORCH-3', 'ORCH-1')\ndef test_it_works(): ...\n",
        "utf-8",
    )
    proofs = [*mapping.of_features(tmp_path), *mapping.of_tests(tmp_path)]
    assert [(proof.id, proof.path, proof.line, proof.name) for proof in proofs] == [
        ("ORCH-1", "features/a.feature", 3, "B"),
        ("ORCH-9", "features/a.feature", 6, "D"),
        ("ORCH-2", "tests/test_a.py", 1, "all of test_a.py"),
        ("ORCH-3", "tests/test_a.py", 5, "it works"),
        ("ORCH-1", "tests/test_a.py", 5, "it works"),
    ]
    table = [
        mapping.Requirement("ORCH-1", "capture", "one"),
        mapping.Requirement("ORCH-2", "capture", "two"),
        mapping.Requirement("ORCH-3", "capture", "three"),
        mapping.Requirement("ORCH-4", "capture", "four"),
        mapping.Requirement("ORCH-5", "hub", "five"),
    ]
    assert mapping.faults(table, proofs) == [
        "features/a.feature:6: ORCH-9 is no requirement",
        "docs/requirements.tsv: ORCH-4 (capture) has no proof: four",
    ]
    text = mapping.page(table, proofs)
    assert "3 of 5 requirements have a proof." in text
    assert "| ORCH-5 | hub | five | open: the hub is not built yet |" in text
