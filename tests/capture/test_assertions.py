"""Each assertion: that it holds, that it fails, and that its message names the cause (NARR-6001)."""

import re

import pytest

from narration_capture import capture
from narration_core import Narrator, bind

orchestrator = Narrator("orchestratord")
manager = Narrator("pool-managerd")

pytestmark = pytest.mark.req("NARR-6001")


@pytest.fixture
def story():
    """Three events of one request, held in a capture of their own."""
    with capture("A request") as narration, bind(correlation_id="req-xyz", job_id="job-123"):
        orchestrator("admission", "session-9", "Accepted request at queue position {queue_position}", queue_position=3)
        manager("spawn", "GPU0", "Spawning engine {engine} on {device}", engine="llamacpp-v1", device="GPU0")
        manager.warn("slow", "GPU0", "Engine is slow to start", cute="Sleepy engine", error_kind="slow_start")
    return narration


def message(call, *args, **kwargs):
    with pytest.raises(AssertionError) as failure:
        call(*args, **kwargs)
    return str(failure.value)


def test_includes(story):
    assert story.assert_includes("Spawning engine").action == "spawn"
    assert story.assert_includes("Sleepy").action == "slow"
    assert story.captured[1].asserted_by == ("assert_includes",)
    text = message(story.assert_includes, "Spawning motor llamacpp-v1 on GPU0")
    assert "no event says 'Spawning motor llamacpp-v1 on GPU0'" in text
    assert "nearest is event 2 of 3" in text
    assert "  - Spawning motor llamacpp-v1 on GPU0\n  + Spawning engine llamacpp-v1 on GPU0" in text
    assert "story of 3 events:" in text


def test_event(story):
    assert story.assert_event(actor="pool-managerd", action="spawn", device="GPU0").engine == "llamacpp-v1"
    assert [captured.asserted_by for captured in story.captured] == [(), ("assert_event",), ()]
    text = message(story.assert_event, actor="pool-managerd", action="spawn", device="GPU1")
    assert "no event has actor='pool-managerd', action='spawn', device='GPU1'" in text
    assert "nearest is event 2 of 3" in text
    assert "  - device  'GPU1'\n  + device  'GPU0'" in text


def test_event_with_other_ways_to_want_a_value(story):
    story.assert_event(engine=re.compile("^llamacpp"), device=..., percent=None, queue_position=None)
    story.assert_event(queue_position=lambda value: value > 2)
    text = message(story.assert_event, action="spawn", device=None)
    assert "device=absent" in text
    assert "- device  absent" in text


def test_event_with_a_misspelt_field_says_so(story):
    assert "'devise' is not a field of an event; did you mean 'device'?" in message(story.assert_event, devise="GPU0")


def test_event_when_nothing_was_narrated():
    with capture() as narration:
        pass
    assert "nothing was narrated" in message(narration.assert_event, action="spawn")


def test_field(story):
    story.assert_field("engine", "llamacpp-v1")
    story.assert_field("queue_position")
    assert "no event has engine='vllm'" in message(story.assert_field, "engine", "vllm")
    assert "no event has pool_id=any value" in message(story.assert_field, "pool_id")


def test_correlation_id(story):
    assert story.assert_correlation_id() == "req-xyz"
    assert story.assert_correlation_id("req-xyz") == "req-xyz"
    assert not any(captured.asserted_by for captured in story.captured)
    assert "event 1 of 3 carries 'req-xyz', not 'req-abc'" in message(story.assert_correlation_id, "req-abc")


def test_correlation_id_that_one_event_lost(story):
    story.feed({"actor": "pool-managerd", "action": "ready", "human": "Ready"})
    assert "event 4 of 4 carries no correlation id, not 'req-xyz': pool-managerd ready" in message(
        story.assert_correlation_id
    )


def test_correlation_id_that_nobody_has():
    with capture() as narration:
        manager("spawn", "GPU0", "Spawning")
    assert "no event carries a correlation id" in message(narration.assert_correlation_id)
    narration.clear()
    assert "nothing was narrated" in message(narration.assert_correlation_id)


def test_story(story):
    story.assert_story([("orchestratord", "admission"), ("pool-managerd", "slow")])
    assert [captured.asserted_by for captured in story.captured] == [("assert_story",), (), ("assert_story",)]
    story.assert_story([("orchestratord", "admission", "session-9"), {"engine": ...}, "slow to start"], only=True)
    story.clear()
    story.assert_story([], only=True)


def test_story_that_is_out_of_order(story):
    text = message(story.assert_story, [("pool-managerd", "spawn"), ("orchestratord", "admission")])
    assert "entry 2 of 2 (actor='orchestratord', action='admission') is out of order: it is event 1" in text


def test_story_with_a_missing_entry(story):
    text = message(story.assert_story, [("pool-managerd", "spawn"), ("pool-managerd", "ready")])
    assert "entry 2 of 2 (actor='pool-managerd', action='ready') did not happen after event 2" in text


def test_story_with_more_than_it_should_have(story):
    text = message(story.assert_story, [("orchestratord", "admission")], only=True)
    assert "the story should end after 1 event, but event 2 follows: pool-managerd spawn" in text
    text = message(story.assert_story, [("orchestratord", "admission"), ("pool-managerd", "ready")], only=True)
    assert "entry 2 of 2 (actor='pool-managerd', action='ready') is not event 2" in text
    assert "- action  'ready'\n  + action  'spawn'" in text


def test_none(story):
    story.assert_none(level="error")
    assert "nothing should have level='warn', but event 3 has" in message(story.assert_none, level="warn")


def test_count(story):
    story.assert_count(2, actor="pool-managerd")
    assert "2 events have actor='pool-managerd', not 1" in message(story.assert_count, 1, actor="pool-managerd")


def test_every(story):
    story.assert_every("job_id", "job-123")
    assert "event 1 of 3 has engine=None, not any value" in message(story.assert_every, "engine")


def test_no_secrets(story):
    story.assert_no_secrets("hunter2")
    story.feed({"actor": "a", "action": "login", "human": "Fine", "note": {"list": ["so hunter2 it is"]}})
    text = message(story.assert_no_secrets, "s3same", "hunter2")
    assert "secret 2 is in 'note.list' of event 4: a login" in text
    assert "hunter2" not in text


def test_no_secrets_finds_what_the_rules_know_without_being_told(story):
    story.feed({"actor": "a", "action": "login", "human": "Calling with password=made-up-secret"})
    text = message(story.assert_no_secrets)
    assert "something that the redaction rules hide is in 'human' of event 4" in text
    assert "made-up-secret" not in text


def test_no_secrets_refuses_an_empty_one(story):
    with pytest.raises(ValueError, match="empty secret"):
        story.assert_no_secrets("")


def test_a_long_story_is_shown_around_what_matters():
    with capture() as narration:
        for number in range(200):
            manager("step", f"GPU{number}", "Stepping")
    text = message(narration.assert_event, action="step", target="GPU7", device="x")
    assert "GPU7 " in text
    assert "(160 more events are not shown)" in text
    assert len(text.splitlines()) < 110


ERRS = """
from narration_core import Narrator
import pytest
narrate = Narrator("pool-managerd")

def fail():
    narrate.error("spawn", "GPU0", "Engine did not start", error_kind="spawn_failed")

def test_unnoticed(narration):
    fail()

def test_asserted(narration):
    fail()
    narration.assert_event(action="spawn", level="error")

@pytest.mark.narrated_errors
def test_marked(narration):
    fail()
"""


def test_an_error_that_nobody_asserts_fails_the_test(project):
    project.unset("narration_features")
    project.write("tests/test_errors.py", ERRS)
    result = project.run("tests")
    result.assert_outcomes(passed=2, failed=1)
    result.stdout.fnmatch_lines(
        [
            "the test narrated an error that no assertion names:",
            "  error: pool-managerd spawn: Engine did not start",
            "name each by its action, *",
        ]
    )


def test_an_error_in_a_scenario_needs_a_step_or_a_tag(project):
    project.steps("""
        @when("it breaks")
        def breaks():
            narrate.error("spawn", "GPU0", "Engine did not start", error_kind="spawn_failed")
    """)
    project.feature("""
        Feature: Pools
          Scenario: Unnoticed
            When it breaks
          Scenario: Asserted
            When it breaks
            Then "pool-managerd" narrates "spawn"
          @narrated-errors
          Scenario: Tagged
            When it breaks
    """)
    project.accept().assert_outcomes(passed=2, failed=1)
    result = project.run()
    result.assert_outcomes(passed=2, failed=1)
    result.stdout.fnmatch_lines(["the test narrated an error that no assertion names:"])


@pytest.mark.parametrize(
    ("claim", "said"),
    [
        (
            lambda narration: narration.assert_none(levle="error"),
            "'levle' is not a field of an event; did you mean 'level'?",
        ),
        (
            lambda narration: narration.assert_none(level="warning"),
            "'warning' is not a level of an event: choose one of trace, debug",
        ),
        (
            lambda narration: narration.assert_count(0, acter="pool"),
            "'acter' is not a field of an event; did you mean 'actor'?",
        ),
    ],
    ids=["field", "level", "count"],
)
def test_what_no_event_could_ever_have_cannot_be_asserted_absent(story, claim, said):
    assert said in message(claim, story)


@pytest.mark.parametrize(
    ("claim", "said"),
    [
        (lambda narration: narration.assert_event(), "assert_event: name at least one field"),
        (lambda narration: narration.assert_includes(""), "every event includes an empty text"),
        (lambda narration: narration.assert_story([]), "say only=True for silence"),
        (lambda narration: narration.assert_story([5]), "5 is not an entry of a story: write (actor, action)"),
        (
            lambda narration: narration.assert_story([("a", "b", "c", "d")]),
            "('a', 'b', 'c', 'd') is not an entry of a story",
        ),
        (lambda narration: narration.assert_story([{}], only=True), "{} is not an entry of a story"),
    ],
    ids=["event", "includes", "story", "number", "four", "empty entry"],
)
def test_a_claim_that_every_test_fulfils_is_a_mistake(story, claim, said):
    with pytest.raises(ValueError, match=re.escape(said)):
        claim(story)


def lose_an_order():
    narrate = Narrator("shop")
    with bind(correlation_id="req-1"):
        narrate("add", "apple", "Adding {target} to the cart")
        narrate.error("db", "orders", "Lost the order", error_kind="lost")


def unexpected(assertion):
    with capture() as shop:
        lose_an_order()
        assertion(shop)
    return [captured.event.action for captured in shop.unexpected()]


@pytest.mark.req("PLUG-02")
@pytest.mark.parametrize(
    "assertion",
    [
        lambda shop: shop.assert_correlation_id("req-1"),
        lambda shop: shop.assert_every("actor"),
        lambda shop: shop.assert_field("correlation_id"),
        lambda shop: shop.assert_count(2),
        lambda shop: shop.assert_count(2, actor="shop"),
        lambda shop: shop.assert_event(actor="shop"),
        lambda shop: shop.assert_event(action=..., actor="shop"),
        lambda shop: shop.assert_includes("o"),
        lambda shop: shop.assert_event(human=re.compile("o")),
        lambda shop: shop.assert_none(level="fatal"),
        lambda shop: shop.assert_no_secrets("hunter2"),
        lambda shop: shop.assert_no_orphans(),
        lambda shop: shop.assert_story(["Adding apple"]),
        lambda shop: shop.assert_story([{"actor": "shop"}, {"actor": "shop"}]),
        lambda shop: shop.assert_story([{"actor": "shop"}, {"actor": "shop"}], only=True, any_order=True),
    ],
    ids=map(str, range(99)),
)
def test_an_assertion_that_does_not_name_an_error_does_not_expect_it(assertion):
    assert unexpected(assertion) == ["db"]


@pytest.mark.req("PLUG-02")
@pytest.mark.parametrize(
    "assertion",
    [
        lambda shop: shop.assert_event(action="db"),
        lambda shop: shop.assert_event(level="error"),
        lambda shop: shop.assert_field("error_kind", "lost"),
        lambda shop: shop.assert_includes("Lost the order"),
        lambda shop: shop.assert_count(1, level="error"),
        lambda shop: shop.assert_story([("shop", "add"), ("shop", "db")]),
        lambda shop: shop.assert_story([("shop", "db"), "Adding apple"], any_order=True),
    ],
    ids=map(str, range(99)),
)
def test_an_assertion_that_names_an_error_expects_it(assertion):
    assert unexpected(assertion) == []


@pytest.mark.req("PLUG-02")
@pytest.mark.parametrize(
    "assertion",
    [
        lambda shop: shop.assert_correlation_id(),
        lambda shop: shop.assert_every("actor"),
        lambda shop: shop.assert_count(2),
        lambda shop: shop.assert_count(1, level="error"),
        lambda shop: shop.assert_none(level="fatal"),
    ],
    ids=map(str, range(99)),
)
def test_an_assertion_over_all_events_makes_no_point_asserted(assertion):
    with capture() as shop:
        lose_an_order()
        assertion(shop)
    assert [captured.asserted_by for captured in shop.captured] == [(), ()]
