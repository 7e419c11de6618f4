"""What the contract of the facade promises and no other test would miss."""

import ast
import base64
import json
import time
from pathlib import Path

import pytest

from narration_core import (
    NarrationMistake,
    Narrator,
    _correlation,
    accept,
    bind,
    configure,
    is_correlation_id,
    outbound_headers,
    redact,
)

narrate = Narrator("promises")
# Put together here, so that no scanner takes this file for a leak. None was ever valid.
KEYS = {
    "OpenAI": "sk-proj-" + "Ab3dE6gH9jK2mN5pQ8sT1vW4yZ7" + "cF0" * 7,
    "GitHub": "ghp_" + "aB3dE6gH9jK2mN5pQ8sT1vW4yZ7cF0aB3dE6",
    "AWS": "AKIA" + "Q3EGH7JK2MN5PQ8S",
    "Slack": "xoxb-" + "123456789012-1234567890123-" + "AbCdEfGhIjKlMnOpQrStUvWx",
    "Google": "AIza" + "SyA3dE6gH9jK2mN5pQ8sT1vW4yZ7cF0aB3d",
    "GitLab": "glpat-" + "aB3dE6gH9jK2mN5pQ8sT",
    "Stripe": "sk_live_" + "aB3dE6gH9jK2mN5pQ8sT1vW4",
}


def part(**fields):
    return base64.urlsafe_b64encode(json.dumps(fields).encode()).decode().rstrip("=")


SIGNATURE = "aB3dE6gH9jK2mN5pQ8sT1vW4yZ7cF0aB3dE6gH9jK2m"
JWT = ".".join((part(alg="HS256", typ="JWT"), part(sub="1234567890", name="Jane"), SIGNATURE))


@pytest.mark.req("ORCH-3305")
def test_a_sentence_has_at_most_a_hundred_characters(strict):
    narrate("load", "model", "x" * 100)
    with pytest.raises(NarrationMistake):
        narrate("load", "model", "x" * 101)
    assert [len(event.human) for event in strict.events] == [100]


@pytest.mark.req("ORCH-3305")
def test_a_longer_sentence_is_not_lost_in_production(memory):
    narrate("load", "model", "x" * 100)
    narrate("load", "model", "y" * 101)
    assert [event.human[:1] for event in memory.events] == ["x", "y"]
    assert memory.events[1].human.startswith("y" * 90)


@pytest.mark.req("ORCH-3310")
def test_the_decode_time_is_written_under_its_one_name(memory):
    narrate("decode", "model", "Decoded", decode_time_ms=7)
    assert '"decode_time_ms":7' in memory.lines[0].decode()
    assert "decode_ms" not in memory.lines[0].decode()


@pytest.mark.req("ORCH-3310")
def test_the_old_name_of_the_decode_time_is_mapped_when_it_is_narrated(memory):
    narrate("decode", "model", "Decoded", decode_ms=7)
    assert memory.events[0].decode_time_ms == 7
    assert '"decode_ms"' not in memory.lines[0].decode()


@pytest.mark.req("NARR-2002")
def test_the_check_of_an_id_uses_no_regular_expression():
    tree = ast.parse(Path(_correlation.__file__).read_text("utf-8"))
    imported = {alias.name for node in ast.walk(tree) if isinstance(node, ast.Import) for alias in node.names}
    imported |= {node.module for node in ast.walk(tree) if isinstance(node, ast.ImportFrom)}
    assert not imported & {"re", "regex"}


@pytest.mark.req("NARR-2002")
def test_the_check_of_an_id_takes_no_longer_for_a_longer_id():
    def fastest(value):
        def once():
            began = time.perf_counter_ns()
            for _ in range(200):
                is_correlation_id(value)
            return time.perf_counter_ns() - began

        return min(once() for _ in range(15))

    # Reading a million characters would take thousands of times as long.
    assert fastest("x" * 1_000_000) < 20 * fastest("x" * 128)
    assert [is_correlation_id("x" * length) for length in (0, 1, 128, 129, 1_000_000)] == [
        False,
        True,
        True,
        False,
        False,
    ]


@pytest.mark.req("NARR-2003")
def test_ids_survive_the_way_to_another_service_and_back(memory):
    with bind(correlation_id="req-1"), narrate.span("call", "worker", "Calling"):
        headers = outbound_headers()
    inbound = accept(headers, trust="inside")
    called = next(event for event in memory.events if event.action == "call")
    assert headers.keys() == {"X-Correlation-Id", "traceparent"}
    assert inbound.correlation_id == "req-1"
    assert (inbound.trace_id, inbound.parent_span_id) == (called.trace_id, called.span_id)
    assert accept({}).correlation_id != accept({}).correlation_id


@pytest.mark.req("NARR-3002", "NARR-3003")
@pytest.mark.parametrize("secret", [*KEYS.values(), JWT], ids=[*KEYS, "JWT"])
@pytest.mark.parametrize("around", ["{}", "Calling with {} now", "https://api.example/v1?x={}&y=1", "[{}]"])
def test_keys_and_tokens_are_redacted_wherever_they_stand(memory, secret, around):
    text = around.format(secret)
    narrate("call", text[:200], "Calling with what was given", reason=text)
    assert secret not in redact(text)
    assert secret not in memory.lines[0].decode()
    assert "[REDACTED]" in memory.lines[0].decode()


@pytest.mark.req("NARR-5001")
def test_a_disabled_level_looks_at_none_of_its_fields(memory):
    class Costly:
        """Says when somebody asks what it is."""

        def __str__(self):
            raise AssertionError("a disabled level asked for the text of a field")

        __repr__ = __format__ = __str__

    configure(sinks=[memory], level="warn")
    narrate.debug("spawn", "GPU0", "Spawning engine {engine}", engine=Costly())
    configure(sinks=[memory], level="mute")
    narrate.fatal("spawn", "GPU0", "Spawning engine {engine}", engine=Costly())
    assert not memory.events


@pytest.mark.req("NARR-5001")
def test_a_disabled_level_costs_about_as_much_as_an_empty_function(memory):
    configure(sinks=[memory], level="warn")

    def empty(action="", target="", human="", /, **fields):
        """Do nothing, with the same parameters."""

    def fastest(function):
        def once():
            began = time.perf_counter_ns()
            for _ in range(2000):
                function("spawn", "GPU0", "Spawning engine {engine}", engine="x")
            return time.perf_counter_ns() - began

        return min(once() for _ in range(15))

    assert fastest(narrate.debug) < 3 * fastest(empty)
    assert not memory.events
