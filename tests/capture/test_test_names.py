"""Names of tests and of story files: safe on every system, and never a value of a row."""

import re

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from narration_capture._test_names import safe_name, story_file, test_name

pytestmark = pytest.mark.req("ORCH-3306")

RESERVED = re.compile(r"(con|prn|aux|nul|com\d|lpt\d)(\..*)?$", re.IGNORECASE)


@given(st.text(max_size=300))
@example("con")
@example("AUX.txt")
@example("..")
@example("-rf *")
@example("C:\\$(rm) `x`; 'y' \"z\"")
@example("a.")
@example("é" * 200)
def test_a_story_has_a_name_that_every_system_and_shell_takes(name):
    for made in (safe_name(name), story_file(test_name(name)), story_file(name, (1, 2))):
        assert re.fullmatch(r"[\w.-]+", made)
        assert not RESERVED.match(made)
        assert not made.startswith("-")
        assert not made.endswith(".")
        assert made.strip(".")
    assert len(story_file(name, (1,)).encode()) <= 130


def test_long_names_that_differ_at_their_end_have_a_story_each():
    assert story_file("test_" + "a" * 300 + "b") != story_file("test_" + "a" * 300 + "c")


def test_neither_a_value_of_a_row_nor_a_secret_is_part_of_a_name(project):
    project.steps()
    project.feature("""
        Feature: Pools
          Scenario Outline: Logging in with <password>
            When the pool manager spawns <password>
            Examples:
              | password              |
              | hunter2-is-the-secret |
    """)
    project.accept().assert_outcomes(passed=1)
    assert [*project.stories()] == ["pools/logging_in_with_password-1.story"]
    result = project.run("--collect-only", "-q")
    result.stdout.fnmatch_lines(["features/pools.feature::test_logging_in_with_password[[]1[]]"])
    result.stdout.no_fnmatch_line("*hunter2*")


def test_a_reserved_name_is_made_safe_and_repetitions_share_a_story(project):
    project.steps()
    project.feature("""
        Feature: Pools
          Scenario: con
            When the pool manager spawns llama
    """)
    project.write(
        "conftest.py",
        """
        import pytest

        def pytest_generate_tests(metafunc):
            metafunc.fixturenames.append("__repeat_step")
            metafunc.parametrize("__repeat_step", range(2))
        """,
    )
    project.accept().assert_outcomes(passed=2)
    assert [*project.stories()] == ["pools/con_.story"]


def test_a_parametrized_autouse_fixture_gives_each_of_its_values_a_story(project):
    project.steps()
    project.feature()
    project.write(
        "conftest.py",
        """
        import pytest

        @pytest.fixture(params=["sqlite", "pg"], autouse=True)
        def backend(request):
            return request.param
        """,
    )
    project.accept().assert_outcomes(passed=2)
    assert [*project.stories()] == [f"pools/an_engine_is_spawned-{number}.story" for number in (1, 2)]
    result = project.run()
    result.assert_outcomes(passed=2)
    assert result.ret == 0


def test_rows_keep_their_numbers_beside_other_parameters(project):
    project.steps()
    project.feature("""
        Feature: Pools
          Scenario Outline: Spawning <engine>
            When the pool manager spawns <engine>
            Examples:
              | engine |
              | llama  |
              | vllm   |
              | llama  |
    """)
    project.write(
        "conftest.py",
        """
        import pytest

        @pytest.fixture(params=["sqlite", "pg"], autouse=True)
        def backend(request):
            return request.param
        """,
    )
    project.accept().assert_outcomes(passed=6)
    assert [*project.stories()] == [
        f"pools/spawning_engine-{row}-{other}.story" for row in (1, 2, 3) for other in (1, 2)
    ]
    assert "spawns vllm" in project.stories()["pools/spawning_engine-2-2.story"]


@pytest.mark.parametrize(
    "parameters",
    [
        '"zone", ["a", "b"]',
        '["zone"], [pytest.param("a"), pytest.param("b", id="other")]',
        '"zone,port", [("a", 1), ("b", 2)]',
        'argvalues=[pytest.param("a", 1), ("b", 2)], argnames=("zone", "port")',
    ],
)
def test_bound_outlines_count_rows_and_other_parameters_by_themselves(project, parameters):
    project.write(
        "bound/pools.feature",
        """
        Feature: Pools
          Scenario Outline: Spawning <engine>
            When the pool manager spawns <engine>
            Examples:
              | engine |
              | llama  |
              | vllm   |
        """,
    )
    project.write(
        "tests/test_pools.py",
        f"""
        import pytest
        from pytest_bdd import parsers, scenario, when
        from narration_capture._compat import parameter_numbers, row_of

        @when(parsers.parse("the pool manager spawns {{engine}}"))
        def spawn(engine):
            pass

        @pytest.mark.parametrize({parameters})
        @scenario("../bound/pools.feature", "Spawning <engine>")
        def test_spawning(request, narration, {"zone, port" if "port" in parameters else "zone"}):
            engine = request.node.callspec.params["_pytest_bdd_example"]["engine"]
            number, *others = parameter_numbers(request.node)
            assert row_of(request.node) == number == ["llama", "vllm"].index(engine) + 1
            assert set(others) == {{["a", "b"].index(zone) + 1}}
        """,
    )
    project.run("tests").assert_outcomes(passed=4)
