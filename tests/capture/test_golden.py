"""Golden stories: compared, written, never lost (COV-03, ORCH-3307)."""

import re

import pytest

pytestmark = pytest.mark.req("ORCH-3307", "COV-03")

STORY = """\
Scenario: An engine is spawned

Given a pool

When the pool manager spawns llama
  pool-managerd | spawn | GPU0 | c1 j1
      Spawning engine llama

Then the narration includes "Spawning engine llama"
"""


def reword(project, old, new):
    path = project.path / "steps/pools.py"
    path.write_text(path.read_text("utf-8").replace(old, new), "utf-8")


def test_a_story_is_plain_text_under_its_steps(pools):
    assert pools.stories() == {"pools/an_engine_is_spawned.story": STORY}


def test_a_changed_sentence_shows_as_one_plain_diff(pools):
    reword(pools, "Spawning engine {engine}", "Spawning engine {engine} now")
    result = pools.run()
    result.assert_outcomes(failed=1)
    result.stdout.fnmatch_lines(
        [
            "the story differs from the golden one",
            "--- golden snapshots/pools/an_engine_is_spawned.story",
            "+++ narrated now",
            "   pool-managerd | spawn | GPU0 | c1 j1",
            "-      Spawning engine llama",
            "+      Spawning engine llama now",
        ]
    )
    assert "\x1b" not in result.stdout.str()
    assert "Traceback" not in result.stdout.str()


def test_a_lost_correlation_id_shows(pools):
    reword(pools, 'correlation_id="req-1", ', "")
    result = pools.run()
    result.assert_outcomes(failed=1)
    result.stdout.fnmatch_lines(["-  pool-managerd | spawn | GPU0 | c1 j1", "+  pool-managerd | spawn | GPU0 | j1"])


@pytest.mark.parametrize(
    ("old", "new", "shown"),
    [
        ('Narrator("pool-managerd")', 'Narrator("pool-manager")', "+  pool-manager | spawn | GPU0 | c1 j1"),
        ('"spawn", "GPU0"', '"spawned", "GPU0"', "+  pool-managerd | spawned | GPU0 | c1 j1"),
        ('"spawn", "GPU0"', '"spawn", "GPU1"', "+  pool-managerd | spawn | GPU1 | c1 j1"),
        ('narrate("spawn"', 'narrate.warn("spawn"', "+  pool-managerd | spawn | GPU0 | c1 j1 | warn"),
    ],
    ids=["actor", "action", "target", "level"],
)
def test_whatever_changes_shows(pools, old, new, shown):
    reword(pools, old, new)
    result = pools.run()
    result.assert_outcomes(failed=1)
    result.stdout.fnmatch_lines([shown])


def test_a_muted_point_shows(pools):
    pools.feature("""
        Feature: Pools
          Scenario: An engine is spawned
            Given a pool
            When the pool manager spawns llama
    """)
    pools.accept()
    reword(pools, 'narrate("spawn"', 'narrate.mute("spawn"')
    result = pools.run()
    result.assert_outcomes(failed=1)
    result.stdout.fnmatch_lines(
        ["nothing was narrated, but there is a golden story: snapshots/pools/an_engine_is_spawned.story"]
    )


def test_a_missing_story_fails_and_is_not_written(project):
    project.feature()
    project.steps()
    result = project.run()
    result.assert_outcomes(failed=1)
    assert project.stories() == {}
    result.stdout.fnmatch_lines(["snapshots/pools/an_engine_is_spawned.story: there is no golden story yet.*"])


def test_new_stories_alone_can_be_written(pools):
    reword(pools, "Spawning engine", "Starting engine")
    pools.feature("""
        Feature: Pools
          Scenario: An engine is spawned
            When the pool manager spawns llama
          Scenario: A new one
            When the pool manager spawns qwen
    """)
    before = pools.stories()["pools/an_engine_is_spawned.story"]
    pools.run("--snapshot-update-new-only").assert_outcomes(passed=1, failed=1)
    assert pools.stories()["pools/an_engine_is_spawned.story"] == before
    assert "pools/a_new_one.story" in pools.stories()


def test_a_conflict_marker_in_a_story_is_named(pools):
    path = pools.path / "snapshots/pools/an_engine_is_spawned.story"
    text = path.read_text("utf-8")
    path.write_text(f"{text}<<<<<<< HEAD\n{text}=======\n{text}>>>>>>> other\n", "utf-8")
    result = pools.run()
    result.assert_outcomes(failed=1)
    result.stdout.fnmatch_lines(["snapshots/pools/*.story:10: the golden story has a conflict marker of git: *"])


def test_a_story_with_windows_line_ends_still_matches(pools):
    path = pools.path / "snapshots/pools/an_engine_is_spawned.story"
    path.write_bytes(path.read_bytes().replace(b"\n", b"\r\n"))
    pools.run().assert_outcomes(passed=1)


def test_rows_of_an_outline_have_a_story_each(project):
    project.steps()
    project.feature("""
        Feature: Pools
          Scenario Outline: An engine is spawned
            When the pool manager spawns <engine>
            Examples:
              | engine |
              | llama  |
              | qwen/3 |
    """)
    project.accept().assert_outcomes(passed=2)
    assert sorted(project.stories()) == [
        "pools/an_engine_is_spawned-1.story",
        "pools/an_engine_is_spawned-2.story",
    ]
    project.run().assert_outcomes(passed=2)


def test_equal_rows_and_rows_that_differ_in_case_have_a_story_each(project):
    project.steps()
    project.feature("""
        Feature: Pools
          Scenario Outline: An engine is spawned
            When the pool manager spawns <engine>
            Examples:
              | engine |
              | qwen3  |
              | Qwen3  |
              | qwen3  |
              | a::b   |
    """)
    project.accept().assert_outcomes(passed=4)
    assert [*project.stories()] == [f"pools/an_engine_is_spawned-{row}.story" for row in (1, 2, 3, 4)]
    result = project.run()
    result.assert_outcomes(passed=4)
    result.stdout.no_fnmatch_line("*orphan*")


def test_scenarios_of_one_name_in_two_features_have_a_story_each(project):
    project.steps()
    for name in ("pools", "more/pools", "engines"):
        project.feature(name=name)
    project.accept().assert_outcomes(passed=3)
    assert sorted(project.stories()) == [
        "engines/an_engine_is_spawned.story",
        "more/pools/an_engine_is_spawned.story",
        "pools/an_engine_is_spawned.story",
    ]


def test_what_is_volatile_is_left_out(project):
    project.steps("""
        import os, tempfile, uuid
        from narration_capture import normaliser, repeating

        normaliser("tokens", r"\\d+ tokens", "<n> tokens")
        repeating("progress")

        @when("it works")
        def works():
            with bind(correlation_id=str(uuid.uuid4()), worker_id=str(uuid.uuid4())) as bound:
                narrate("load", tempfile.gettempdir() + "/x/tiny.gguf", "Worker {worker_id} reads {path} in 12.5 ms",
                        worker_id=bound["worker_id"], device=tempfile.gettempdir() + "/a/b.bin",
                        **{"engine": "e"}) if False else None
                narrate("listen", "127.0.0.1:" + str(40000 + os.getpid() % 999), "Listening on port 4711 as pid 17")
                for number in range(os.getpid() % 5 + 1):
                    narrate("progress", "job", "Made " + str(number) + "0 tokens")
                narrate("end", "job", "Made 37 tokens in 1,204 ms for " + bound["correlation_id"])
    """)
    project.feature("""
        Feature: Pools
          Scenario: Work
            When it works
    """)
    project.accept().assert_outcomes(passed=1)
    story = project.stories()["pools/work.story"]
    assert story == (
        "Scenario: Work\n\nWhen it works\n"
        "  pool-managerd | listen | 127.0.0.1:<port> | c1\n      Listening on port <port> as pid <pid>\n"
        "  pool-managerd | progress | job | c1 (any number of times)\n      Made <n> tokens\n"
        "  pool-managerd | end | job | c1\n      Made <n> tokens in <duration> for c1\n"
    )
    for _ in range(3):
        project.run().assert_outcomes(passed=1)


def test_a_scenario_that_must_narrate(project):
    project.steps()
    project.feature("""
        Feature: Pools
          @narration-required
          Scenario: Quiet
            Given a pool
    """)
    result = project.run()
    result.assert_outcomes(failed=1)
    result.stdout.fnmatch_lines(["the scenario is tagged @narration-required, but nothing was narrated"])


def test_a_scenario_that_must_not_narrate(project):
    project.steps()
    project.feature("""
        Feature: Pools
          @silent-ok
          Scenario: Loud
            When the pool manager spawns llama
          @silent-ok
          Scenario: Quiet
            Given a pool
    """)
    result = project.run()
    result.assert_outcomes(failed=1, passed=1)
    result.stdout.fnmatch_lines(["the scenario is tagged @silent-ok, but it narrates: remove the tag"])


def test_an_unregistered_tag_is_a_collection_error(project):
    project.steps()
    project.feature("""
        Feature: Pools
          @silentok
          Scenario: Quiet
            Given a pool
    """)
    result = project.run()
    assert result.ret != 0
    result.stdout.fnmatch_lines(["features/pools.feature:2: unregistered tag: @silentok is not a marker *"])


def test_what_a_scenario_leaves_for_the_end_is_told_afterwards(project):
    project.steps("""
        @given("a pool that is drained")
        async def drained(cleanup):
            async def drain():
                await asyncio.sleep(0)
                narrate("drain", "default", "Draining the pool")
            cleanup.push_async_callback(drain)
    """)
    project.feature("""
        Feature: Pools
          Scenario: Drained
            Given a pool that is drained
            When the pool manager spawns llama
    """)
    project.accept().assert_outcomes(passed=1)
    story = project.stories()["pools/drained.story"]
    assert story.endswith("\nAfterwards\n  pool-managerd | drain | default | -\n      Draining the pool\n")


FLEET = """
    @given(parsers.parse("a request for {engine}"), target_fixture="engine")
    def request_for(engine):
        return engine

    @when("it is answered in the background")
    async def answered(engine):
        async def work(number):
            await asyncio.sleep(0)
            narrate("work", f"part{number}", "Working on {engine}", engine=engine)
        with bind(correlation_id="req-" + engine):
            await asyncio.gather(*(work(number) for number in range(3)))
"""

FLEET_FEATURE = """
    Feature: Fleet
      Scenario: First
        Given a request for llama
        When it is answered in the background
      Scenario: Second
        Given a request for qwen
        When it is answered in the background
        Then every event carries one and the same correlation id
      Scenario Outline: Many
        Given a request for <engine>
        When it is answered in the background
        Then the levels are counted:
          | level | count |
          | info  | 3     |
        Examples:
          | engine |
          | one    |
          | two    |
          | three  |
"""

SHUFFLE = """
    import random
    def pytest_collection_modifyitems(items):
        random.Random({seed}).shuffle(items)
"""


@pytest.mark.parametrize(
    ("arguments", "passed"),
    [
        ((), 6),
        (("-n4",), 6),
        (("-n2", "--dist=loadfile"), 6),
        (("features/fleet.feature::test_second",), 1),
        (("features/fleet.feature::test_many[2]",), 1),
        (("-k", "many"), 3),
        (("features/pools.feature",), 1),
    ],
    ids=["serial", "n4", "loadfile", "node-id", "row", "k", "file"],
)
def test_every_way_to_run_gives_the_same_stories_and_verdicts(pools, arguments, passed):
    pools.steps(FLEET)
    pools.feature(FLEET_FEATURE, name="fleet")
    pools.accept().assert_outcomes(passed=6)
    written = pools.stories()
    pools.run(*arguments).assert_outcomes(passed=passed)
    pools.accept(*arguments).assert_outcomes(passed=passed)
    assert pools.stories() == written


@pytest.mark.parametrize("seed", [1, 2])
def test_random_order_gives_the_same_stories(pools, seed):
    pools.steps(FLEET)
    pools.feature(FLEET_FEATURE, name="fleet")
    pools.accept().assert_outcomes(passed=6)
    pools.write("conftest.py", SHUFFLE.format(seed=seed))
    result = pools.run("-v")
    result.assert_outcomes(passed=6)
    names = re.findall(r"::(test_\S+) PASSED", result.stdout.str())
    assert names != sorted(names)


def test_unused_step_definitions_fail_a_full_serial_run(pools):
    pools.steps("""
        @when("nobody says this")
        def nobody(): ...
    """)
    result = pools.run()
    assert result.ret != 0
    result.stdout.fnmatch_lines(["steps/pools.py:*: unused step: no scenario uses 'nobody says this'"])
    assert pools.run("-k", "engine").ret == 0


def test_a_failing_step_names_itself_and_shows_the_scenario(pools):
    pools.steps("""
        @then("all is well")
        async def well():
            raise RuntimeError("no, it is not")
    """)
    pools.feature("""
        Feature: Pools
          Scenario: An engine is spawned
            When the pool manager spawns llama
            Then all is well
            And "pool-managerd" narrates "spawn"
    """)
    result = pools.run()
    result.assert_outcomes(failed=1)
    result.stdout.fnmatch_lines(
        [
            "*RuntimeError: no, it is not",
            "features/pools.feature:2: Scenario: An engine is spawned",
            "  passed  When the pool manager spawns llama",
            "  failed  Then all is well",
            '  skipped And "pool-managerd" narrates "spawn"',
        ]
    )
    assert "asyncio/runners.py" not in result.stdout.str()
    assert "pytest_bdd/scenario.py" not in result.stdout.str()


def test_context_variables_survive_from_step_to_step(project):
    project.steps("""
        from narration_core import bound

        @given("a bound request")
        async def bind_it():
            bind(correlation_id="req-kept").__enter__()

        @when("a later step narrates")
        def later():
            assert bound()["correlation_id"] == "req-kept"
            narrate("late", "step", "Later")
    """)
    project.feature("""
        Feature: Pools
          Scenario: Kept
            Given a bound request
            When a later step narrates
            Then every event carries the correlation id "req-kept"
          Scenario: Not kept
            When the pool manager spawns llama
            Then every event carries the correlation id "req-1"
    """)
    project.accept().assert_outcomes(passed=2)


def test_junit_properties_tell_the_scenario(pools):
    pools.run("--junitxml=out.xml", "-n2").assert_outcomes(passed=1)
    text = (pools.path / "out.xml").read_text("utf-8")
    assert '<property name="feature" value="features/pools.feature"' in text
    assert '<property name="story" value="snapshots/pools/an_engine_is_spawned.story"' in text
    assert '<property name="narrated" value="1"' in text


def test_a_story_that_is_not_utf_8_differs_and_can_be_replaced(pools):
    path = pools.path / "snapshots/pools/an_engine_is_spawned.story"
    golden = path.read_text("utf-8")
    path.write_bytes(b"\xff\xfe" + golden.encode())
    result = pools.run()
    result.assert_outcomes(failed=1)
    result.stdout.fnmatch_lines(["the story differs from the golden one", "-\ufffd\ufffdScenario: *", "+Scenario: *"])
    pools.accept().assert_outcomes(passed=1)
    assert path.read_text("utf-8") == golden


def test_a_story_is_compared_also_where_nothing_can_be_written(pools):
    folder = pools.path / ".narration/pending"
    folder.parent.mkdir(exist_ok=True)
    folder.write_text("a file where the folder would be")
    pools.run().assert_outcomes(passed=1)
    path = pools.path / "snapshots/pools/an_engine_is_spawned.story"
    path.write_text(path.read_text("utf-8").replace("llama", "vllm"), "utf-8")
    result = pools.run()
    result.assert_outcomes(failed=1)
    result.stdout.fnmatch_lines(
        [
            "the story differs from the golden one",
            "*vllm*",
            "`narration review` cannot show it, because .narration/pending cannot be written: Not a directory",
        ]
    )
