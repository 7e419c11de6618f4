"""The plugin as it is loaded: in projects that do not use it, and with their steps and tags where they do."""

import subprocess
import sys

import pytest

from narration_capture._feature_check import inspect

NOTHING_LOADED = """
import sys

def test_nothing_of_ours_is_loaded():
    names = {"narration_core", "narration_worker", "msgspec", "hyperscan"}
    ours = [name for name in sys.modules if name.split(".")[0] in names]
    assert ours == []
"""


def test_a_run_without_narration_loads_no_narration(project):
    project.unset("narration_features")
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
    project.write("conftest.py", 'pytest_plugins = ["narration_capture.gherkin", "steps.pools"]\n')
    project.write("tests/test_pools.py", 'from pytest_bdd import scenarios\nscenarios("../features")\n')
    project.pytester.syspathinsert(project.path)
    result = project.run("tests")
    result.assert_outcomes(passed=1)
    project.set("narration_strict", "true")
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
    assert [(case.row, case.name) for case in found.cases] == [(1, "Many")]


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


def test_step_modules_may_import_each_other(project):
    project.feature()
    project.steps()
    # "a" comes before "pools" in the order of loading, and brings it along.
    project.write("steps/a.py", "from steps.pools import STEPS_OF_POOLS\n")
    project.write("steps/pools.py", (project.path / "steps/pools.py").read_text("utf-8") + "\nSTEPS_OF_POOLS = 1\n")
    project.accept().assert_outcomes(passed=1)


@pytest.mark.parametrize("arguments", [(), ("-n2",)], ids=["serial", "xdist"])
def test_feature_files_that_nobody_runs_are_named(pools, arguments):
    pools.write("other/features/shop.feature", "Feature: a\n  Scenario: b\n    Given c\n")
    pools.write("bound/bound.feature", "Feature: a\n  Scenario: b\n    When the pool manager spawns llama\n")
    pools.write(
        "test_bound.py",
        """
        from pytest_bdd import scenarios, when
        scenarios("bound")

        @when("the pool manager spawns llama")
        def spawn():
            pass
        """,
    )
    result = pools.run(".", *arguments)
    result.assert_outcomes(passed=2)
    assert result.ret == 0
    result.stdout.fnmatch_lines(
        ["feature files outside of narration_features, which nobody ran: other/features/shop.feature; *"]
    )
    pools.run("features", *arguments).stdout.no_fnmatch_line("*which nobody ran*")
