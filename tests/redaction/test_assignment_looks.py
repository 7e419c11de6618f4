"""A sentence about a password is told quickly; the quick look never takes an assignment for one."""

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from narration_core.redaction import Redactor, redact
from narration_core.redaction._assigned_values import has_structure, secret_value
from narration_core.redaction._assignment_looks import _in_a_sentence
from narration_core.redaction._assignment_pattern import BARE, TAIL
from narration_core.redaction._rule import compiled

pytestmark = pytest.mark.req("NARR-5005")

REDACTOR = Redactor()
WORDS = (
    "for is was with to as set now the user invalid ann authentication failed name value default per second 7 "
    "t1n-whistle reset changed generated q7Zk2Xw9Lr4T xkcdqzvwpt Name foo.bar IS Was es jest Value 1 2"
).split()
SIGNS = [
    ": ",
    ":",
    " = ",
    "=",
    ", ",
    ". ",
    " ",
    " ",
    " ",
    " ",
    " ",
    " ",
    ") ",
    " (",
    '"',
    " '",
    "' ",
    "\n",
    " -> ",
    " - ",
    "|",
    "; ",
    " :: ",
    ".= ",
]
NAMES = [
    "password",
    "passwords",
    "db_password",
    "token",
    "tokens",
    "api_key",
    "secret",
    "--password",
    "seed_phrase",
    "Passwd",
    "SECRET_KEY",
]


@given(
    name=st.sampled_from(NAMES),
    before=st.sampled_from(["", "the ", "--", "new ", "x.", "client "]),
    rest=st.lists(st.tuples(st.sampled_from(SIGNS), st.sampled_from(WORDS)), max_size=6).map(
        lambda pairs: "".join(map("".join, pairs))
    ),
)
@example(name="password", before="", rest=" field 1: t1n-whistle")
@example(name="password", before="", rest=" field: t1n-whistle")
@example(name="password", before="new ", rest=", Value=xkcdqzvwpt 7")
@example(name="password", before="", rest=", 't1n-whistle'")
@example(name="password", before="--", rest=" swordfish on")
@example(name="password", before="", rest=" is xkcdqzvwptzq now")
@example(name="token", before="", rest=" xkcdqzvwptzq for ann")
@example(name="password", before="", rest=" for the user ann IS t1n-whistle")
@example(name="password", before="", rest=" for ann is t1n-whistle")
@example(name="seed", before="", rest=" phrase legal winner thank year wave")
def test_a_quick_look_finds_no_sentence_where_a_closer_one_finds_a_secret(name: str, before: str, rest: str) -> None:
    text = f"{before}{name}{rest}"
    for word in ("passw", "token", "key", "secret", "seed", "phrase"):
        at = text.lower().find(word)
        if at < 0 or not _in_a_sentence(text, at, at + len(word)):
            continue
        found = compiled(TAIL).match(text, at + len(word))
        if found is not None:
            begin, end = found.span(found.lastindex)
            if not has_structure(text, found, begin, end, quoted=found.lastindex != BARE):
                assert secret_value(text, at, found, begin, end, REDACTOR.verdict) is None, text


@pytest.mark.parametrize(
    "text",
    [
        "Failed password for invalid user ann from 10.0.0.7 port 22612 ssh2",
        'FATAL:  password authentication failed for user "ann"',
        "2684 tokens per second, 90 ms per token, 7 ms in all",
        "duplicate key value violates the constraint",
        "withCredentials start",
        "session opened for user ann",
    ],
)
def test_usual_sentences_are_told_quickly(text: str) -> None:
    words = [word for word in ("passw", "token", "key", "credential", "session") if word in text.lower()]
    at = text.lower().index(words[0])
    assert _in_a_sentence(text, at, at + len(words[0]))
    assert redact(text) is text
