"""End to end: no secret of any rule leaves in an event, wherever the call puts it."""

import json

import pytest

from narration_core import MemorySink, Narrator, bind
from narration_core.redaction._rule import compiled
from narration_core.redaction._rules import catalogue

pytestmark = pytest.mark.req("ORCH-3302")

narrate = Narrator("redaction-test")


@pytest.mark.parametrize("family", sorted({rule.name[0] for rule in catalogue()}))
@pytest.mark.narrated_errors
def test_no_secret_of_any_rule_is_in_any_line(memory: MemorySink, family: str) -> None:
    for rule in catalogue():
        if rule.optional or rule.name[0] != family:
            continue
        example = rule.examples[0]
        found = next(compiled(rule.pattern).finditer(example))
        secret = " ".join((found["s"] if "(?P<s>" in rule.pattern else found.group()).split())
        narrate("probe", example, "Looked at {note}", note=example)
        narrate("probe", "x", example, cute=example, story=example, extra={"deep": [example, (example.encode(),)]})
        with bind(context_note=example):
            narrate.warn("probe", "x", "A note is bound")
        try:
            raise ValueError(example)
        except ValueError:
            narrate.error("probe", "x", "It failed")
        lines = [line.decode() for line in memory.lines]
        assert lines
        for written in (secret, json.dumps(secret)[1:-1]):
            assert not any(written in line for line in lines), rule.name
        memory.close()
