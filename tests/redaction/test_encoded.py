"""Secrets that a text holds in base64 or hexadecimal, in whatever they are carried, and data that only looks alike."""

import base64
import json
import random
import textwrap

import pytest
from hypothesis import given
from hypothesis import strategies as st

from narration_core.redaction import RedactionPolicy, Redactor, redact
from narration_core.redaction._decoding import base64_of, decoded

pytestmark = pytest.mark.req("NARR-3001", "NARR-3002")

SECRET = "vexil-Qm7Tz94kLw"
INNER = (
    json.dumps({"user": "ann", "password": SECRET}),
    json.dumps({"data": {"clientSecret": SECRET}}),
    f"DB_PASSWORD={SECRET}\nDB_HOST=db1\n",
    f"user=ann&api_key={SECRET}",
    f"Authorization: Bearer {SECRET}Xw9Lr4Tn8Vb3",
    f"postgres://svc:{SECRET}@db1:5432/app",
    f"PASSPHRASE: {SECRET}",
)
CARRIERS = (
    "{}",
    "payload {} of 3",
    '{{"body": "{}"}}',
    "data={}",
    "GET /v1/jobs/{}",
    "GET /v1?state={}&n=1",
    "eval $(echo {} | base64 -d)",
    "\x1b[32m{}\x1b[0m",
)


def coded(text: str, encoding: str = "utf-8") -> str:
    return base64.b64encode(text.encode(encoding)).decode()


def whole(text: str) -> None:
    """The encoded text is gone and nothing more changes."""
    hidden = redact(text)
    assert "[REDACTED]" in hidden
    assert redact(hidden) == hidden


@pytest.mark.parametrize("carrier", CARRIERS, ids=ascii)
@pytest.mark.parametrize("inner", INNER, ids=lambda inner: inner[:12])
def test_what_is_encoded_goes_when_it_holds_a_secret(inner: str, carrier: str) -> None:
    web = base64.urlsafe_b64encode(inner.encode()).decode()
    for text in (coded(inner), coded(inner).rstrip("="), web, inner.encode().hex(), inner.encode().hex().upper()):
        whole(carrier.format(text))
        assert text[4:20] not in redact(carrier.format(text))


def test_encoded_twice_in_utf_16_and_over_several_lines() -> None:
    for text in (coded(coded(INNER[0])), coded(f"$password = '{SECRET}'", "utf-16-le")):
        assert redact(f"-enc {text}") == "-enc [REDACTED]"
    lines = "\n".join(textwrap.wrap(coded(json.dumps({"a": "b" * 300, "password": SECRET})), 76))
    assert redact(f"data:\n{lines}\nend") == "data:\n[REDACTED]\nend"


@pytest.mark.parametrize(
    "inner",
    [
        json.dumps({"total_tokens": 12, "max_tokens": 512, "token_type": "bearer"}),
        "the password must be changed, said the secretary",
        json.dumps({"user": "ann", "theme": "dark", "password": None}),
        "token: expired\n",
    ],
)
def test_what_holds_no_secret_stays(inner: str) -> None:
    for text in (coded(inner), inner.encode().hex()):
        assert redact(f"payload {text} of 3") == f"payload {text} of 3"


def test_bytes_that_are_no_text_stay() -> None:
    redactor = Redactor()
    pick = random.Random(4)  # noqa: S311 - nobody guesses it
    for size in (24, 48, 90, 600):
        for _ in range(200):
            redactor.text(f"data:image/png;base64,{base64.b64encode(pick.randbytes(size)).decode()}")
    assert "encoded" not in redactor.counts


def test_both_engines_and_a_policy_without_the_rule() -> None:
    text = f"payload {coded(INNER[0])}"
    for engine in ("hyperscan", "ahocorasick"):
        assert Redactor(RedactionPolicy(engine=engine)).text(text) == "payload [REDACTED]"
    assert redact(text, RedactionPolicy(off=frozenset({"encoded"}))) == text


@given(st.binary(min_size=0, max_size=8), st.sampled_from([b"password", b"token=", b"api_key"]), st.binary(max_size=8))
def test_a_word_shows_in_base64_wherever_it_stands(before: bytes, word: bytes, after: bytes) -> None:
    text = base64.b64encode(before + word + after).decode()
    assert any(piece in text for piece in base64_of(word))


@given(st.text(st.characters(codec="utf-8", exclude_categories=["Cc", "Cs", "Co", "Cn"]), min_size=12, max_size=200))
def test_text_is_read_back(text: str) -> None:
    assert decoded(coded(text)) == text or "\ufffd" in text
    assert decoded(text.encode().hex()) == text or "\ufffd" in text


def test_a_value_of_any_length_is_read_in_bounds() -> None:
    assert len(decoded("cGFz" * 100_000)) <= 16_384
