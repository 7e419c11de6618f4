"""`narration review` and `narration story-diff` (COV-03)."""

import os
import pty
import select
import subprocess
import sys

import pytest

from narration_capture import _review as reviewing

pytestmark = pytest.mark.req("COV-03")


def narration(project, *args, rc=None):
    done = subprocess.run(
        [sys.executable, "-c", "from narration_core.cli import main; main()", *args],
        cwd=project.path,
        capture_output=True,
        text=True,
        check=False,
        stdin=subprocess.DEVNULL,
    )
    assert rc is None or done.returncode == rc, done.stdout + done.stderr
    return done


def edit(project, old, new):
    path = project.path / "steps/pools.py"
    path.write_text(path.read_text("utf-8").replace(old, new), "utf-8")


@pytest.fixture
def waiting(pools):
    """One story reworded, one new, one whose scenario is gone."""
    pools.feature("""
        Feature: Pools
          Scenario: An engine is spawned
            Given a pool
            When the pool manager spawns llama
          Scenario: A new one
            When the pool manager spawns qwen
    """)
    edit(pools, "Spawning engine", "Starting engine")
    pools.write("snapshots/pools/gone.story", "Scenario: Gone\n")
    pools.run().assert_outcomes(failed=2)
    return pools


def test_nothing_waits(pools):
    assert "No story is pending." in narration(pools, "review", rc=0).stdout


def test_without_a_terminal_it_lists_and_exits_1(waiting):
    text = narration(waiting, "review", rc=1).stdout
    assert "changed flow (1):\n  snapshots/pools/an_engine_is_spawned.story" in text
    assert "removed (1):\n  snapshots/pools/gone.story" in text
    assert "new (1):\n  snapshots/pools/a_new_one.story" in text
    assert "narration review --accept NAME..." in text


def test_a_story_of_which_only_sentences_changed_is_reworded(pools):
    pools.feature("""
        Feature: Pools
          Scenario: An engine is spawned
            Given a pool
            When the pool manager spawns llama
    """)
    pools.accept()
    edit(pools, "Spawning engine", "Starting engine")
    pools.run().assert_outcomes(failed=1)
    assert "reworded (1):" in narration(pools, "review", rc=1).stdout
    text = narration(pools, "review", "--diff", rc=1).stdout
    assert "-      Spawning engine llama\n+      Starting engine llama" in text


def test_accepting_one_leaves_the_others(waiting):
    narration(waiting, "review", "--accept", "snapshots/pools/a_new_one.story", rc=0)
    assert sorted(waiting.stories()) == [
        "pools/a_new_one.story",
        "pools/an_engine_is_spawned.story",
        "pools/gone.story",
    ]
    assert "new (1)" not in narration(waiting, "review", rc=1).stdout


def test_accepting_all_makes_the_next_run_pass(waiting):
    narration(waiting, "review", "--accept-all", rc=0)
    waiting.run().assert_outcomes(passed=2)
    assert "pools/gone.story" not in waiting.stories()


def test_rejecting_all_keeps_the_golden_stories(waiting):
    before = waiting.stories()
    narration(waiting, "review", "--reject-all", rc=0)
    assert waiting.stories() == before


def test_a_scenario_that_was_renamed_leaves_nothing_waiting(waiting):
    waiting.feature("""
        Feature: Pools
          Scenario: An engine is spawned
            Given a pool
            When the pool manager spawns llama
          Scenario: A newer one
            When the pool manager spawns qwen
    """)
    waiting.run()
    text = narration(waiting, "review", rc=1).stdout
    assert "new (1):\n  snapshots/pools/a_newer_one.story" in text
    assert "a_new_one" not in text


def test_an_unknown_name_is_an_error(waiting):
    done = narration(waiting, "review", "--accept", "snapshots/nobody.story", rc=1)
    assert "no story is pending under the name 'snapshots/nobody.story'" in done.stderr


def step_through(project, keys):
    output = []
    stories = reviewing.pending_stories(project.path, [project.path / "snapshots/pools/gone.story"])
    done = reviewing.step_through(stories, iter(keys).__next__, output.append, str)
    return output, done


def test_stepping_through_accepts_rejects_and_skips(waiting):
    before = waiting.stories()
    output, done = step_through(waiting, "rxsa")
    assert [line for line in output if line.startswith("[")] == [
        "[1/3] changed flow: snapshots/pools/an_engine_is_spawned.story",
        "[2/3] removed: snapshots/pools/gone.story",
        "[3/3] new: snapshots/pools/a_new_one.story",
    ]
    assert done == {"accepted": 1, "rejected": 1, "skipped": 1}
    after = waiting.stories()
    assert {name: after[name] for name in before} == before
    assert "pools/a_new_one.story" in after


def test_a_capital_letter_is_for_all_the_rest(waiting):
    _, done = step_through(waiting, "sA")
    assert done == {"accepted": 2, "rejected": 0, "skipped": 1}
    assert "pools/gone.story" not in waiting.stories()
    assert step_through(waiting, "R")[1]["rejected"] == 2


def test_keys_pressed_ahead_are_not_lost(waiting):
    stories = reviewing.pending_stories(waiting.path, [waiting.path / "snapshots/pools/gone.story"])
    done = reviewing.step_through(stories, iter(["s\nr", "s"]).__next__, lambda _: None, str)
    assert done == {"accepted": 0, "rejected": 1, "skipped": 2}


def test_a_story_may_be_called_by_the_end_of_its_name(waiting):
    assert "Accepted 1." in narration(waiting, "review", "--accept", "pools/a_new_one", rc=0).stdout
    assert "pools/a_new_one.story" in waiting.stories()
    assert (
        "no story is pending under the name 'new_one'"
        in narration(waiting, "review", "--accept", "new_one", rc=1).stderr
    )


def test_quitting_changes_nothing(waiting):
    before = waiting.stories()
    assert step_through(waiting, "q")[1]["skipped"] == 3
    assert waiting.stories() == before


def test_in_a_terminal_it_asks_and_takes_one_key(waiting):
    main, other = pty.openpty()
    process = subprocess.Popen(
        [sys.executable, "-c", "from narration_core.cli import main; main()", "review"],
        cwd=waiting.path,
        stdin=other,
        stdout=other,
        stderr=other,
    )
    os.close(other)
    output = b""
    try:
        while process.poll() is None:
            # A key that comes before the program listens is lost, as in any terminal: then press it again.
            if select.select([main], [], [], 1.0)[0]:
                output += os.read(main, 4096)
            elif b"q quit" in output:
                os.write(main, b"q")
    except OSError:  # the other end is closed: it has ended
        pass
    finally:
        os.close(main)
        process.kill() if process.poll() is None else None
    assert b"[1/3]" in output
    assert process.wait(30) in {0, -9}
    assert len(waiting.stories()) == 2


# -- story-diff ------------------------------------------------------------------------------------


@pytest.fixture
def committed(pools):
    pools.steps()
    pools.feature("""
        Feature: Pools
          Scenario: An engine is spawned
            Given a pool
            When the pool manager spawns llama
          Scenario Outline: Many
            When the pool manager spawns <engine>
            Examples:
              | engine |
              | one    |
              | two    |
    """)
    pools.accept()
    git(pools, "init", "-q", "-b", "main")
    git(pools, "add", "-A")
    git(pools, "-c", "user.name=x", "-c", "user.email=x@example.org", "commit", "-q", "-m", "base")
    return pools


def git(project, *args):
    subprocess.run(["git", *args], cwd=project.path, check=True)


def test_no_difference_says_so(committed):
    assert narration(committed, "story-diff", "main", rc=0).stdout == "No golden story differs from `main`.\n"


def test_the_markdown_marks_words_above_the_diff(committed):
    edit(committed, "Spawning engine {engine}", "Starting the engine {engine}")
    committed.accept()
    (committed.path / "snapshots/pools/many-2.story").unlink()
    committed.write("snapshots/pools/extra.story", "Scenario: Extra ``` fence\n")
    text = narration(committed, "story-diff", "main", rc=0).stdout
    assert text.startswith("### Stories: 2 reworded, 1 removed, 1 new\n\n| | story | lines |\n")
    assert "| reworded | `snapshots/pools/an_engine_is_spawned.story` | +1 -1 |" in text
    assert "~~Spawning~~ **Starting the** engine llama" in text
    assert "-      Spawning engine llama\n+      Starting the engine llama" in text
    assert "<details open><summary>reworded:" in text
    assert "<details><summary>new:" in text
    assert "````diff" in text


def test_a_long_markdown_is_cut_with_a_pointer(committed):
    edit(committed, "Spawning engine {engine}", "Starting the engine {engine}")
    committed.accept()
    text = narration(committed, "story-diff", "main", "--limit", "1000", rc=0).stdout
    assert len(text) <= 1100
    assert "more stories do not fit here" in text


def test_a_base_that_is_not_there_is_an_error(committed):
    done = narration(committed, "story-diff", "nowhere", rc=1)
    assert "cannot compare with 'nowhere'" in done.stderr


def test_a_feature_that_cannot_be_read_keeps_its_stories(waiting):
    before = waiting.stories()
    waiting.feature("<<<<<<< HEAD\nFeature: Pools\n")
    result = waiting.run()
    assert result.ret != 0
    result.stdout.no_fnmatch_line("*orphan*")
    done = narration(waiting, "review", "--accept-all", rc=0)
    assert "features/pools.feature could not be collected: 2 stories are kept" in done.stderr
    assert before.keys() <= waiting.stories().keys()


def test_orphans_are_unknown_after_a_feature_changed(waiting):
    waiting.feature("Feature: Pools\n  Scenario: Gone\n    Given a pool\n")
    done = narration(waiting, "review", "--accept-all", rc=0)
    assert "feature files changed since the last full run: orphan stories are unknown" in done.stderr
    assert "pools/gone.story" in waiting.stories()


def test_story_diff_shows_what_is_pending(waiting):
    git(waiting, "init", "-q", "-b", "main")
    git(waiting, "add", "snapshots")
    git(waiting, "-c", "user.email=a@example.org", "-c", "user.name=a", "commit", "-q", "-m", "one")
    shown = narration(waiting, "story-diff", "main", rc=0).stdout
    assert "No golden story differs from `main`." in shown
    assert "### Pending: 2" in shown
    assert "- changed flow: `snapshots/pools/an_engine_is_spawned.story`" in shown
