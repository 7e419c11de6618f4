"""Run records: what the coverage gate reads (docs/architecture.md)."""

import json

import pytest

pytestmark = pytest.mark.req("ORCH-3312")


def records(project):
    folder = project.path / ".narration/records"
    lines = [line for path in sorted(folder.glob("*.jsonl")) for line in path.read_text("utf-8").splitlines()]
    return sorted((json.loads(line) for line in lines), key=lambda record: record["test"])


@pytest.mark.parametrize("arguments", [(), ("-n2",)], ids=["serial", "xdist"])
def test_a_record_says_what_was_told_and_asserted(pools, arguments):
    pools.run(*arguments)
    (record,) = records(pools)
    (event,) = record.pop("events")
    assert record == {
        "test": "features/pools.feature::test_an_engine_is_spawned",
        "scenario": "An engine is spawned",
        "feature": "features/pools.feature",
        "tags": [],
        "outcome": "passed",
        "story": "matched",
    }
    assert event.pop("point").startswith("steps/pools.py:14:")
    assert event == {
        "origin": "here",
        "actor": "pool-managerd",
        "action": "spawn",
        "level": "info",
        "correlation_id": "req-1",
        "job_id": "job-1",
        "span_id": None,
        "parent_span_id": None,
        "event": None,
        "duration_ms": None,
        "step": "When the pool manager spawns llama",
        "human": "Spawning engine llama",
        "asserted_by": ["assert_includes", "story"],
    }


def test_the_head_says_which_run_it_is(pools):
    pools.run()
    first = json.loads((pools.path / ".narration/records/run.json").read_text("utf-8"))
    pools.run()
    second = json.loads((pools.path / ".narration/records/run.json").read_text("utf-8"))
    assert first["format"] == 1
    assert first["root"] == str(pools.path)
    assert first["run_id"] != second["run_id"]


def test_old_records_never_count_for_a_new_run(pools):
    pools.run("-n2")
    pools.run()
    assert [path.name for path in sorted((pools.path / ".narration/records").iterdir())] == ["main.jsonl", "run.json"]


def test_a_story_that_differs_asserts_nothing(pools):
    path = pools.path / "steps/pools.py"
    path.write_text(path.read_text("utf-8").replace('"GPU0"', '"GPU1"'), "utf-8")
    pools.run()
    (record,) = records(pools)
    assert (record["outcome"], record["story"]) == ("failed", "differs")
    assert record["events"][0]["asserted_by"] == ["assert_includes"]


def test_records_go_where_they_are_wanted(pools):
    pools.run("--narration-records", "elsewhere")
    assert (pools.path / "elsewhere/main.jsonl").is_file()


def test_a_skipped_scenario_and_a_plain_test_are_recorded(project):
    project.write("tests/test_it.py", "def test_it(narration): ...\n")
    project.steps("""
        import pytest

        @given("a GPU")
        def gpu():
            pytest.skip("no GPU here")
    """)
    project.feature("""
        Feature: Pools
          Scenario: On a GPU
            Given a GPU
    """)
    project.run("features", "tests")
    plain, skipped = sorted(records(project), key=lambda record: record["outcome"])
    assert (plain["scenario"], plain["story"], plain["events"]) == (None, None, [])
    assert (skipped["outcome"], skipped["scenario"]) == ("skipped", "On a GPU")
