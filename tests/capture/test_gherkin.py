"""The vocabulary that other projects use as it is: each step holds, and each fails."""

import re
from pathlib import Path

import pytest

from narration_capture import one_table, rows
from narration_capture._compat import StepFunctionContext, function_place
from narration_capture.gherkin import wanted

pytestmark = pytest.mark.req("ORCH-3306")

STEPS = """
    @when("a request is served")
    def served():
        with bind(correlation_id="req-1"):
            narrate("admission", "session", "Accepted the request", queue_position=3)
            narrate("spawn", "GPU0", "Spawning an engine", device="GPU0", percent=25)
            narrate.warn("slow", "GPU0", "Engine is slow", error_kind="slow_start")

    @when("a thread loses its context")
    def lost():
        import threading
        thread = threading.Thread(target=lambda: narrate("drift", "x", "Drifting"))
        thread.start()
        thread.join()

    @when("a secret slips through")
    def slips():
        from narration_core import configure, RedactionPolicy
        configure(redaction=RedactionPolicy(off=frozenset(("assignment", "secret-by-name", "key-value", "password"))))
        narrate("login", "x", "Trying hunter2made-up")
        configure()
"""

SERVED = "When a request is served"
HOLDS = {
    'the narration includes "Spawning an engine"': None,
    'the narration does not include "Stopping"': None,
    '"pool-managerd" narrates "spawn"': None,
    '"pool-managerd" narrates "spawn" with:': [("device", "GPU0"), ("percent", "25"), ("job_id", "(absent)")],
    "an event is narrated with:": [("field", "value"), ("queue_position", "..."), ("human", "/^Accepted/")],
    "no event is narrated with:": [("level", "error")],
    "every event is narrated with:": [("correlation_id", "req-1")],
    "the story includes, in order:": [("actor", "action"), ("pool-managerd", "admission"), ("pool-managerd", "slow")],
    "the story includes, in any order:": [
        ("actor", "action"),
        ("pool-managerd", "slow"),
        ("pool-managerd", "admission"),
    ],
    'eventually "pool-managerd" narrates "slow"': None,
    "the story is exactly:": [("action", "target"), ("admission", ""), ("spawn", "GPU0"), ("slow", "")],
    'every event carries the correlation id "req-1"': None,
    "every event carries one and the same correlation id": None,
    'the narration never tells "hunter2"': None,
    "the narration tells no secret": None,
    "no event lost its context": None,
    'nothing is narrated at level "error"': None,
    '1 event is narrated at level "warn"': None,
    '2 events are narrated at level "info"': None,
    "the levels are counted:": [("level", "count"), ("info", "2"), ("warn", "1")],
}
FAILS = {
    'the narration includes "Stopping an engine"': (None, "no event says 'Stopping an engine'"),
    'the narration does not include "Spawning"': (None, "event 2 has"),
    '"pool-managerd" narrates "stop"': (None, "no event has actor='pool-managerd', action='stop'"),
    '"pool-managerd" narrates "spawn" with:': ([("device", "GPU1")], "- device  'GPU1'"),
    "an event is narrated with:": ([("devise", "GPU0")], "did you mean 'device'?"),
    "no event is narrated with:": ([("level", "warn")], "nothing should have level='warn'"),
    "every event is narrated with:": ([("device", "GPU0")], "event 1 of 3 has device=None"),
    "the story includes, in order:": ([("action", "target"), ("slow", ""), ("spawn", "")], "is out of order"),
    "the story is exactly:": ([("action", "target"), ("admission", "")], "but event 2 follows"),
    'every event carries the correlation id "req-2"': (None, "carries 'req-1', not 'req-2'"),
    'the narration never tells "Accepted"': (None, "secret 1 is in 'human' of event 1"),
    "nothing is narrated": (None, "3 events have any fields at all, not 0"),
    'nothing is narrated at level "warn"': (None, "event 3 has"),
    '3 events are narrated at level "warn"': (None, "1 event has level='warn', not 3"),
    "the levels are counted:": ([("level", "count"), ("info", "2")], "1 event has level='warn', not 0"),
}


def scenario(number, step, table):
    lines = [f"  Scenario: Number {number}", f"    {SERVED}", f"    Then {step}"]
    return "\n".join([*lines, *(f"      | {' | '.join(row)} |" for row in table or ())])


def test_every_step_holds_where_it_should(project):
    project.steps(STEPS)
    text = "\n".join(scenario(number, step, table) for number, (step, table) in enumerate(HOLDS.items()))
    project.feature(f"Feature: Vocabulary\n{text}\n")
    project.accept().assert_outcomes(passed=len(HOLDS))


def test_every_step_fails_where_it_should_and_says_why(project):
    project.steps(STEPS)
    text = "\n".join(scenario(number, step, table) for number, (step, (table, _)) in enumerate(FAILS.items()))
    project.feature(f"Feature: Vocabulary\n{text}\n")
    result = project.accept()
    result.assert_outcomes(failed=len(FAILS))
    output = result.stdout.str()
    assert [message for _, message in FAILS.values() if message not in output] == []


def test_a_lost_context_and_a_leak_are_found(project):
    project.steps(STEPS)
    project.feature("""
        Feature: Vocabulary
          Scenario: Lost
            When a thread loses its context
            Then no event lost its context
          Scenario: Leak
            When a secret slips through
            Then the narration never tells "hunter2made-up"
          Scenario: Silent
            Given a pool
            Then the story matches the golden story
          Scenario: Unrelated
            When a request is served
            And the pool manager spawns llama
            Then every event carries one and the same correlation id
            And the story matches the golden story
    """)
    result = project.accept()
    result.assert_outcomes(failed=3, passed=1)
    result.stdout.fnmatch_lines(["assert_no_orphans: 1 event came without this test's context; *"])


def test_every_step_is_in_the_documentation(root):
    text = (root / "docs/gherkin.md").read_text("utf-8")
    source = (root / "capture/narration_capture/gherkin.py").read_text("utf-8")
    output = re.findall(r"@then\((?:parsers\.(?:parse|re)\()?r?(['\"])(.+?)\1\)", source)
    assert len(output) == source.count("@then(")
    plain = [re.sub(r"\\\{.+?\\\}", ".+", re.escape(step)) for _, step in output if "(?P<" not in step]
    missing = [step for step in plain if not re.search(f"`{step}`", text)]
    assert missing == []
    assert 'events are narrated at level "warn"' in text


def test_cells_ask_for_values():
    assert wanted("...") is ...
    assert wanted("(absent)") is None
    assert wanted("/^a+$/").search("aaa")
    assert wanted("25")(25)
    assert wanted("true")(True)  # noqa: FBT003 - the value is the test
    assert not wanted("25")(2.5)


def test_tables_become_dicts():
    assert rows([["a", "b"], ["1", "2"]]) == [{"a": "1", "b": "2"}]
    assert one_table([["field", "value"], ["a", "1"]]) == {"a": "1"}
    with pytest.raises(ValueError, match="row 1 of the table has 3 cells"):
        one_table([["a", "b", "c"]])
    with pytest.raises(ValueError, match="names 'a' twice"):
        one_table([["a", "1"], ["a", "2"]])


def test_the_private_names_that_we_stand_on_are_there(request):
    from pytest_bdd.steps import step_function_context_registry

    assert {"type", "step_func", "parser", "converters"} <= set(StepFunctionContext.__dataclass_fields__)
    assert hasattr(request.session, "_fixturemanager")
    assert step_function_context_registry is not None
    assert function_place(test_cells_ask_for_values, Path(__file__).parent).startswith("test_gherkin.py:")
