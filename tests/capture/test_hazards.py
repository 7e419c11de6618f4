"""What goes silently green by default with pytest-bdd and syrupy is red here; rounded figures (12) are in tests/ci."""

import pytest

pytestmark = pytest.mark.req("BDD-01")


def test_1_two_scenarios_of_one_name(project):
    project.steps()
    project.feature("""
        Feature: Pools
          Scenario: An engine is spawned
            Given a pool
          Rule: Elsewhere
            Scenario: An engine is spawned
              Given a pool
    """)
    result = project.run()
    assert result.ret != 0
    result.stdout.fnmatch_lines(
        ["*.feature:5: duplicate scenario: two scenarios *spawned', the other on line 2: they would share a story"]
    )


def test_1_two_names_that_become_one_test(project):
    project.steps()
    project.feature("""
        Feature: Pools
          Scenario: An engine is spawned
            Given a pool
          Scenario: An engine is spawned!
            Given a pool
    """)
    result = project.run()
    assert result.ret != 0
    result.stdout.fnmatch_lines(["features/pools.feature:4: duplicate scenario: * become one test name: rename one"])


def test_2_a_scenario_without_steps(project):
    project.steps()
    project.feature("""
        Feature: Pools
          Scenario: Nothing happens
          Scenario: An engine is spawned
            Given a pool
    """)
    result = project.run()
    assert result.ret != 0
    result.stdout.fnmatch_lines(["features/pools.feature:2: scenario without steps: 'Nothing happens' *"])


def test_2_a_feature_without_scenarios(project):
    project.feature("Feature: Pools\n")
    result = project.run()
    assert result.ret != 0
    result.stdout.fnmatch_lines(["features/pools.feature:1: empty feature: *"])


def test_3_an_async_step_is_awaited(project):
    project.steps("""
        @then("the impossible holds")
        async def impossible():
            await asyncio.sleep(0)
            assert 1 == 2, "awaited"
    """)
    project.feature("""
        Feature: Pools
          Scenario: An engine is spawned
            Given a pool
            Then the impossible holds
    """)
    result = project.run()
    result.assert_outcomes(failed=1)
    result.stdout.fnmatch_lines(["*AssertionError: awaited*"])


def test_3_an_async_generator_step_cannot_run(project):
    project.steps("""
        @then("it is tidied")
        async def tidy():
            yield
    """)
    project.feature("""
        Feature: Pools
          Scenario: An engine is spawned
            Then it is tidied
    """)
    result = project.run()
    assert result.ret != 0
    result.stdout.fnmatch_lines(["features/pools.feature:3: step that cannot run: steps/pools.py:* async generator*"])


def test_4_a_step_that_two_definitions_match(project):
    project.steps("""
        @given(parsers.parse("user {name} exists"))
        def any_user(name): ...

        @given("user bob exists")
        def bob(): ...
    """)
    project.feature("""
        Feature: Pools
          Scenario: An engine is spawned
            Given user bob exists
    """)
    result = project.run()
    assert result.ret != 0
    result.stdout.fnmatch_lines(
        [
            "*:3: ambiguous step: *user bob exists' matches 2 definitions: 'user bob exists' at steps/*; 'user {name}*",
        ]
    )


def test_5_an_unknown_step_is_found_before_anything_runs(project):
    project.steps("""
        @given("a side effect")
        def effect():
            open("happened", "w").close()
    """)
    project.feature("""
        Feature: Pools
          Scenario: An engine is spawned
            Given a side effect
            Then the pool manager spawn llama
    """)
    result = project.run()
    assert result.ret != 0
    assert not (project.path / "happened").exists()
    result.stdout.fnmatch_lines(
        ["features/pools.feature:4: unknown step: no definition matches 'Then the pool manager spawn llama'*"]
    )


def test_5_a_step_under_the_wrong_keyword_says_so(project):
    project.steps()
    project.feature("""
        Feature: Pools
          Scenario: An engine is spawned
            Given the pool manager spawns llama
    """)
    result = project.run()
    assert result.ret != 0
    result.stdout.fnmatch_lines(["*unknown step: *it is defined for when only, here it is a given"])


def test_6_a_placeholder_without_a_column(project):
    project.steps()
    project.feature("""
        Feature: Pools
          Scenario Outline: An engine is spawned
            When the pool manager spawns <missing>
            Examples:
              | engine |
              | llama  |
    """)
    result = project.run()
    assert result.ret != 0
    result.stdout.fnmatch_lines(
        ["features/pools.feature:3: placeholder without a column: <missing> would stay as it is; columns are engine"]
    )


def test_6_in_a_plain_scenario_angle_brackets_are_text(project):
    project.steps()
    project.feature("""
        Feature: Pools
          Scenario: An engine is spawned
            When the pool manager spawns <llama@models.example>
    """)
    project.accept().assert_outcomes(passed=1)
    assert (
        "When the pool manager spawns <llama@models.example>" in project.stories()["pools/an_engine_is_spawned.story"]
    )


def test_6_examples_without_rows(project):
    project.steps()
    project.feature("""
        Feature: Pools
          Scenario Outline: An engine is spawned
            When the pool manager spawns <engine>
            Examples:
              | engine |
    """)
    result = project.run()
    assert result.ret != 0
    result.stdout.fnmatch_lines(["features/pools.feature:4: examples without rows: *"])


def test_7_messages_are_complete_under_xdist(pools):
    serial = pools.path / "serial.ndjson"
    spread = pools.path / "spread.ndjson"
    pools.run("--narration-messages", str(serial)).assert_outcomes(passed=1)
    pools.run("--narration-messages", str(spread), "-n2").assert_outcomes(passed=1)
    kinds = [[line.split('"')[1] for line in path.read_text("utf-8").splitlines()] for path in (serial, spread)]
    assert sorted(kinds[0]) == sorted(kinds[1])
    assert "testStepFinished" in kinds[1]
    assert "attachment" in kinds[1]


def test_8_a_missing_step_sets_the_exit_code(project):
    project.steps()
    project.feature("""
        Feature: Pools
          Scenario: An engine is spawned
            Given a swimming pool
    """)
    assert project.run("--collect-only").ret != 0
    assert project.run().ret != 0


@pytest.mark.parametrize("arguments", [("features",), (), ("features", "-n2")], ids=["folder", "bare", "xdist"])
def test_9_an_orphan_story_is_found(pools, arguments):
    pools.write("snapshots/pools/an_engine_was_spawned.story", "Scenario: renamed\n")
    pools.write("snapshots/deleted/something.story", "Scenario: deleted\n")
    result = pools.run(*arguments)
    assert result.ret != 0
    result.stdout.fnmatch_lines_random(
        [
            "snapshots/pools/an_engine_was_spawned.story: orphan story: *",
            "snapshots/deleted/something.story: orphan story: *",
        ]
    )


def test_9_a_run_narrowed_by_hand_says_what_it_found_and_does_not_fail(pools):
    pools.write("snapshots/deleted/something.story", "Scenario: deleted\n")
    result = pools.run("-k", "engine")
    assert result.ret == 0
    result.stdout.fnmatch_lines(["snapshots/deleted/something.story: orphan story: *"])
    assert pools.run("features/pools.feature::test_an_engine_is_spawned").ret == 0


def test_10_a_scenario_that_fails_keeps_its_story_when_others_are_updated(pools):
    before = pools.stories()
    steps = pools.path / "steps/pools.py"
    steps.write_text(steps.read_text("utf-8").replace("Spawning", "Starting"), "utf-8")
    result = pools.accept()
    result.assert_outcomes(failed=1)
    assert pools.stories() == before


def test_11_updating_one_scenario_keeps_its_siblings(pools):
    pools.feature("""
        Feature: Pools
          Scenario: An engine is spawned
            When the pool manager spawns llama
          Scenario: Another one is spawned
            When the pool manager spawns qwen
    """)
    pools.accept()
    before = pools.stories()
    assert len(before) == 2
    pools.accept("features/pools.feature::test_another_one_is_spawned").assert_outcomes(passed=1)
    assert pools.stories() == before


def test_whoever_keeps_steps_elsewhere_is_told_where_they_are_read_from(project):
    project.feature()
    project.write(
        "tests/conftest.py", "from pytest_bdd import when\n\n@when('the pool manager spawns llama')\ndef _(): pass\n"
    )
    result = project.run()
    result.assert_outcomes(errors=1)
    result.stdout.fnmatch_lines(
        [
            "*unknown step: *",
            "no definitions of this project were found: they are read from the folders that narration_steps names*",
        ]
    )
    project.write("conftest.py", "from pytest_bdd import given\n\n@given('something else')\ndef _(): pass\n")
    project.run().stdout.no_fnmatch_line("no definitions of this project were found*")


def test_a_folder_of_steps_that_does_not_exist_is_an_error(project):
    project.feature()
    project.steps()
    project.set("narration_steps", '["step"]')
    result = project.run()
    assert result.ret != 0
    assert "narration_steps: there is no folder" in result.stdout.str() + result.stderr.str()
