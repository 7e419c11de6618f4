"""Every rule of the catalogue proves itself by its own examples and bounds."""

import re

import pytest

from narration_core.redaction import RedactionPolicy, Redactor
from narration_core.redaction._rule import Rule, compiled
from narration_core.redaction._rules import catalogue
from narration_core.redaction._spans import BY_NAME

pytestmark = pytest.mark.req("NARR-3001", "NARR-3002", "NARR-3003", "NARR-3004", "NARR-3005", "NARR-3009")

RULES = catalogue()
EVERY = {rule.name for rule in RULES} | {BY_NAME}


def only(rule: Rule, engine: str = "") -> Redactor:
    wanted = {rule.name} if rule.inner is None else {rule.name, BY_NAME}  # what is encoded must hold something
    return Redactor(
        RedactionPolicy(off=frozenset(EVERY - wanted), on=frozenset({rule.name}), marker="rule", engine=engine)
    )


def test_names_are_unique_and_fit_a_marker() -> None:
    assert len({rule.name for rule in RULES}) == len(RULES)
    assert all(re.fullmatch(r"[a-z0-9][a-z0-9-]+", rule.name) for rule in RULES)


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.name)
@pytest.mark.parametrize("engine", ["hyperscan", "ahocorasick"])
def test_a_rule_finds_its_examples_and_nothing_else(rule: Rule, engine: str) -> None:
    redactor = only(rule, engine)
    assert len(rule.examples) >= 2
    assert len(rule.counterexamples) >= 2
    assert rule.source
    for example in rule.examples:
        assert redactor.text(example).count(f"[REDACTED:{rule.name}]") == 1, example
    for example in rule.counterexamples:
        assert redactor.text(example) is example


@pytest.mark.parametrize("rule", [rule for rule in RULES if rule.sieve], ids=lambda rule: rule.name)
def test_what_a_rule_finds_passes_its_sieve_in_a_long_text(rule: Rule) -> None:
    redactor = only(rule)
    for example in rule.examples:
        text = f"{example}{' word' * 500}"
        assert redactor.text(text).count(f"[REDACTED:{rule.name}]") == 1, example


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.name)
def test_a_rule_is_bounded_and_has_something_for_the_gate(rule: Rule) -> None:
    assert rule.literals or rule.shapes
    assert all(literal.isascii() for literal in rule.literals)
    # No unbounded repeat: every `*` and `+` stands in a class or makes a quantifier possessive.
    bare = re.sub(r"\\.", "", rule.pattern)
    bare = re.sub(r"\[\^?\]?[^\]]*\]", "C", bare)
    assert not re.search(r"\*|(?<![}?*+])\+", bare), bare


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.name)
def test_a_rule_is_linear(rule: Rule) -> None:
    pattern = compiled(rule.pattern)
    for seed in (rule.examples[0], rule.counterexamples[0] + " ", *(literal for literal in rule.literals[:2])):
        # The module raises when it takes longer; a pattern that backtracks takes minutes here.
        for _ in pattern.finditer(seed * (20_000 // len(seed)), timeout=20):
            pass


def test_the_default_policy_hides_every_example_that_is_not_optional() -> None:
    redactor = Redactor()
    for rule in RULES:
        if not rule.optional:
            for example in rule.examples:
                assert "[REDACTED]" in redactor.text(example), (rule.name, example)
    assert "internal-error" not in redactor.counts
