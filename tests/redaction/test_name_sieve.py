# ruff: noqa: E501 - tables
"""What the sieve lets pass is safe by any closer look as well."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from narration_core.redaction import _secret_names as names
from narration_core.redaction._name_sieve import NameSieve
from narration_core.redaction._secret_words import folded

pytestmark = pytest.mark.req("NARR-5005")

WORDS = sorted(word for word in names._sieve._words if word.isascii())
OTHERS = "user db my is page public id name count url link reset field value mot de con trasena he slo monkey secretary x a1".split()
PIECES = st.one_of(st.sampled_from(WORDS), st.sampled_from(OTHERS), st.text("abcdekypasstoken", min_size=1, max_size=9))


@given(
    pieces=st.lists(st.tuples(PIECES, st.booleans()), min_size=1, max_size=4),
    joint=st.sampled_from(["", "_", "-", ".", " ", "1"]),
)
def test_a_harmless_name_holds_no_secret(pieces: list[tuple[str, bool]], joint: str) -> None:
    name = joint.join(piece.title() if capital else piece for piece, capital in pieces)
    parts = names.words(name)
    if names._sieve.harmless(folded(name), parts):
        assert names._by_words(name, name.lower(), parts) == names.SAFE


@pytest.mark.parametrize("name", ["worker_id", "hvbysczg", "X-Abcdef-Ghijk", "retries", "elapsedMs"])
def test_most_harmless_names_are_told_at_once(name: str) -> None:
    assert names._sieve.harmless(folded(name), names.words(name))


@pytest.mark.parametrize(
    ("name", "why"),
    [
        ("user_sig", "a word"),
        ("pin_code", "a word and the one before it"),
        ("mysecretthing", "the middle of a word"),
        ("abcdef", "the start"),
        ("dbgeheim", "the end"),
    ],
)
def test_each_reason_not_to_be_sure(name: str, why: str) -> None:
    sieve = NameSieve(frozenset(["sig", "pincode"]), ["secret"], ["abc"], ["geheim"])
    assert not sieve.harmless(folded(name), names.words(name)), why
