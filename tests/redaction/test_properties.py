"""A secret of any rule, put anywhere in a value of any shape, does not leave; what is clean stays as it is."""

import itertools
import json
import string
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from narration_core.redaction import RedactionPolicy, Redactor
from narration_core.redaction._rule import compiled
from narration_core.redaction._rules import catalogue
from narration_core.redaction._spans import merged

pytestmark = pytest.mark.req("ORCH-3302")

REDACTOR = Redactor()
KEPT = settings(max_examples=100, deadline=None, suppress_health_check=[HealthCheck.too_slow])


def secret_of(rule: Any, example: str) -> str:
    group = "s" if "(?P<s>" in rule.pattern else 0
    matches = [match[group] for match in compiled(rule.pattern).finditer(example)]
    # The longest: a rule that looks inside what it finds also meets shorter words that hold nothing.
    fitting = [text for text in matches if text and (rule.check is None or rule.check(text))]
    return max(fitting or filter(None, matches), key=len)


SECRETS = [
    (rule.name, example, secret_of(rule, example))
    for rule in catalogue()
    if not rule.optional
    for example in rule.examples
]
# Words that end where a secret starts would make another text of it: "xghp_" is no token.
PLAIN = st.text(alphabet=string.ascii_lowercase + " ", max_size=30)
ANY = st.text(max_size=40)
KEYS = st.sampled_from(["note", "message", "body", "data", "x", "items", "detail", "reply", "line"])


@st.composite
def placed(draw: st.DrawFn) -> tuple[str, Any]:
    """A secret and a nested value that holds it somewhere."""
    _, example, secret = draw(st.sampled_from(SECRETS))
    value: Any = f"{draw(PLAIN)} {example} {draw(PLAIN)}" if "\n" not in example else f"{draw(PLAIN)}\n{example}\n"
    if draw(st.booleans()):
        value = value.encode()
    for _ in range(draw(st.integers(0, 5))):
        around = draw(st.lists(st.one_of(ANY, st.integers(), st.none(), st.booleans()), max_size=3))
        shape = draw(st.sampled_from(["list", "tuple", "dict", "pair", "exception", "json"]))
        if shape == "list":
            value = [*around, value]
        elif shape == "tuple":
            value = (value, *around)
        elif shape == "dict":
            value = {"first": around, draw(KEYS): value}
        elif shape == "pair":
            value = [draw(KEYS), value]
        elif shape == "exception" and isinstance(value, str):
            value = ValueError(value)
        elif shape == "json" and isinstance(value, str | list | dict):
            try:
                value = json.dumps({"inside": value})
            except TypeError:
                value = [value]
    return secret, value


@KEPT
@given(placed())
def test_a_secret_never_leaves(case: tuple[str, Any]) -> None:
    secret, value = case
    hidden = f"{REDACTOR.value(value)!r}"
    for told in (secret, repr(secret)[1:-1], json.dumps(secret)[1:-1], secret.replace("\n", "\\n")):
        assert told not in hidden
    assert "internal-error" not in REDACTOR.counts


@KEPT
@given(placed())
def test_redaction_is_idempotent(case: tuple[str, Any]) -> None:
    once = REDACTOR.value(case[1])
    assert repr(REDACTOR.value(once)) == repr(once)


@KEPT
@given(
    st.recursive(
        ANY | st.integers() | st.floats() | st.none() | st.binary(max_size=40),
        lambda inner: st.lists(inner, max_size=4) | st.dictionaries(ANY, inner, max_size=4),
        max_leaves=12,
    )
)
def test_any_value_is_taken_and_what_the_gate_calls_clean_is_the_same_object(value: Any) -> None:
    hidden = REDACTOR.value(value)
    again = REDACTOR.value(hidden)
    assert again is hidden or repr(again) == repr(hidden)
    if isinstance(value, str):
        assert hidden is value or REDACTOR.gate(value)
    assert "internal-error" not in REDACTOR.counts


@KEPT
@given(
    st.dictionaries(
        st.sampled_from(["actor", "human", "tokens_in", "target", "n", "engine"]),
        PLAIN | st.integers(0, 10**6) | st.floats(0, 1),
    )
)
def test_clean_events_are_the_same_object(event: dict[str, object]) -> None:
    assert REDACTOR.fields(event) is event


@KEPT
@given(st.sampled_from(SECRETS), PLAIN, PLAIN)
def test_both_engines_agree(case: tuple[str, str, str], before: str, after: str) -> None:
    portable = Redactor(RedactionPolicy(engine="ahocorasick"))
    text = f"{before} {case[1]} {after}"
    assert portable.text(text) == REDACTOR.text(text)


@KEPT
@given(st.text(max_size=300), st.sampled_from(SECRETS))
def test_words_far_from_a_secret_stay(text: str, case: tuple[str, str, str]) -> None:
    hidden = REDACTOR.text(f"engine started on GPU0\n\n{case[1]}\n\n")
    assert hidden.startswith("engine started on GPU0")
    spans = merged(REDACTOR.wanted_spans(text))
    assert all(start < end <= len(text) for start, end in spans)
    assert all(one[1] < two[0] for one, two in itertools.pairwise(spans))
