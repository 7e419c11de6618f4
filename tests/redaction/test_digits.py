"""Text that is remembered as clean is clean whatever its digits are."""

import random
import re
from typing import NoReturn

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from narration_core.redaction import RedactionPolicy, Redactor
from narration_core.redaction._digits import any_digits
from narration_core.redaction._engines import Entry
from narration_core.redaction._rules import catalogue

pytestmark = pytest.mark.req("NARR-5005")

ALL = RedactionPolicy(on=frozenset(rule.name for rule in catalogue() if rule.optional), ips=True, uuids=True)


def other_digits(text: str, pick: random.Random) -> str:
    """Return a text with each digit replaced by any."""
    return re.sub("[0-9]", lambda _: str(pick.randrange(10)), text)


@pytest.mark.parametrize(
    ("entry", "loose"),
    [
        (Entry(literal="token"), None),
        (Entry(shape=r"[0-9a-f]{16}[^0-9]\d\w"), None),
        (Entry(shape=r"[^1-3]x{2,31}\x31", caseless=True), Entry(shape=r"(?:[^1-3]|[0-9])x{2,31}\x31", caseless=True)),
        (Entry(literal="sq0"), Entry(shape="sq[0-9]", caseless=True)),
        (Entry(shape=r"v[1-4]\.(?:25)?"), Entry(shape=r"v(?:[1-4]|[0-9])\.(?:[0-9][0-9])?")),
    ],
)
def test_only_what_depends_on_digits_is_looked_for_with_any(entry: Entry, loose: Entry | None) -> None:
    assert any_digits(entry) == loose


@pytest.mark.parametrize("policy", [RedactionPolicy(), ALL], ids=["default", "all rules"])
def test_no_example_of_a_rule_is_clean_because_others_were(policy: RedactionPolicy) -> None:
    pick = random.Random(7)  # noqa: S311 - no secret
    redactor = Redactor(policy)
    wanted = [rule for rule in catalogue() if policy is ALL or not rule.optional]
    for rule in wanted:
        for secret in rule.examples:
            for _ in range(20):
                redactor.clean(other_digits(secret, pick))
            assert not redactor.clean(secret), (rule.name, secret)


@given(text=st.text("09123456 -:.+%/avVxeyAKTS_", min_size=1, max_size=40), seed=st.integers(0, 9))
def test_memory_says_no_more_than_a_scan(text: str, seed: int) -> None:
    redactor = Redactor()
    pick = random.Random(seed)  # noqa: S311 - no secret
    for variant in (other_digits(text, pick), other_digits(text, pick), text):
        assert not redactor.clean(variant) or not Redactor().gate(variant)


def test_the_same_sentence_with_other_numbers_needs_no_scan(monkeypatch: pytest.MonkeyPatch) -> None:
    redactor = Redactor()
    assert redactor.clean("Spawned engine llamacpp-v1 in 1234 ms")
    assert redactor.clean("Spawned engine llamacpp-v1 in 4321 ms")

    def must_not(_: str) -> list[int]:
        raise AssertionError("scanned")

    monkeypatch.setattr(redactor, "hits", must_not)
    assert redactor.clean("Spawned engine llamacpp-v1 in 8755 ms")
    with pytest.raises(AssertionError, match="scanned"):
        redactor.clean("Spawned engine llamacpp-v1 in 87555 ms")


def test_what_never_comes_again_is_scanned_once(monkeypatch: pytest.MonkeyPatch) -> None:
    redactor = Redactor()
    assert redactor.clean("warm up")

    def must_not() -> NoReturn:
        raise AssertionError("scanned for other digits")

    plan = redactor.plan()._replace(loose=must_not)
    monkeypatch.setattr(redactor, "plan", lambda: plan)
    assert redactor.clean("job-71f0a1b2c3d4e5f6")
    assert redactor.clean("job-82e1b2c3d4e5f6a7")
    with pytest.raises(AssertionError, match="scanned for other digits"):
        redactor.clean("job-93f9a0b1c2d3e4f5")


def test_what_is_remembered_stays_bounded() -> None:
    redactor = Redactor()
    for number in range(20_000):
        fields = {"human": f"Said {number:b} 1".replace("1", "a").replace("0", "b") + " 0"}
        assert redactor.fields(fields) is fields
    assert len(redactor.clean_texts) < 10_000
    assert len(redactor.clean_shapes) < 10_000


def test_a_text_of_the_policys_own_pattern_is_never_remembered() -> None:
    redactor = Redactor(RedactionPolicy(patterns={"order": "order 4[0-9]+"}))
    assert redactor.fields({"target": "order 31"}) == {"target": "order 31"}
    assert redactor.fields({"target": "order 41"}) == {"target": "[REDACTED]"}


@given(digest=st.text("0123456789abcdef", min_size=64, max_size=64) | st.text("0123456789", min_size=64, max_size=64))
@example(digest="4111111111111111" * 4)
@example(digest="e" * 64)
def test_no_rule_takes_a_digest_by_itself_for_a_secret(digest: str) -> None:
    assert Redactor(ALL).text(digest) is digest
