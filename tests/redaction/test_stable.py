"""What was redacted stays as it is; a replacement of one's own; streams, lines, encodings of files."""

import subprocess
import sys
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from narration_core.redaction import LineRedactor, RedactionPolicy, Redactor, redact
from narration_core.redaction._stream import StreamRedactor

pytestmark = pytest.mark.req("NARR-3001")

SECRET = "orchard-7Lm2Qx"
_SIGNS = (
    "password token secret key api_key = : \" ' { } [ ] ( ) , ; \n \\ \\n %20 &amp; ann@example.org Bearer Basic "
    "Authorization Cookie sid= http:// user: @host -- -p is value name | < > </ / . - 1 mysql data: kind:Secret ? & # "
    "\u00e9 \u200b \x1b[1m [REDACTED] for curl true aws sk- MIIE"
)
_TOKENS = (
    " ",
    "ghp_" + "q7Zk2Xw9Lr4Tn8Vb3Mc6Jd1Ph5Gs0FyQ4uK8",
    "4111 1111 1111 1111",
    "-----BEGIN " + "PRIVATE KEY-----",
)
PIECES = [*_SIGNS.split(" "), *_TOKENS]
TEXTS = st.lists(st.sampled_from(PIECES), max_size=12).map("".join)
POLICIES = [
    RedactionPolicy(),
    RedactionPolicy(marker="rule"),
    RedactionPolicy(marker="fingerprint", fingerprint_key=b"k" * 16),
    RedactionPolicy(replacement="GONE GONE"),
    RedactionPolicy(replacement="x"),
]


@pytest.mark.parametrize(
    "redactor", list(map(Redactor, POLICIES)), ids=lambda of: f"{of.policy.marker} {of.policy.replacement}"
)
@given(text=TEXTS)
@example(text="mysql -p1----------BEGIN PRIVATE KEY-----isforvalue\\set")
@example(text="password \"/mysql -p:#$'")
@example(text="A" * 3000)
def test_redacting_twice_changes_nothing_more(redactor: Redactor, text: str) -> None:
    once = redactor.text(text)
    assert redactor.text(once) == once


@given(
    value=st.recursive(
        TEXTS | st.integers(),
        lambda inner: st.lists(inner, max_size=4) | st.dictionaries(TEXTS, inner, max_size=3),
        max_leaves=8,
    )
)
def test_values_are_stable_as_well(value: Any) -> None:
    once = redact(value)
    assert redact(once) == once


def test_a_replacement_of_ones_own() -> None:
    policy = RedactionPolicy(replacement="(hidden)")
    assert redact(f"login password={SECRET} n=1", policy) == "login password=(hidden) n=1"
    assert redact({"password": SECRET, "n": [SECRET]}, policy) == {"password": "(hidden)", "n": [SECRET]}
    assert redact({"password": [1, [2, {"a": SECRET}]]}, policy)["password"][1][1] == {"a": "(hidden)"}


@pytest.mark.parametrize(
    "replacement", ["ann@example.org", "password=meadow7", "4111 1111 1111 1111", f"token={SECRET * 2}"]
)
def test_a_replacement_that_a_rule_takes_for_a_secret_is_refused(replacement: str) -> None:
    with pytest.raises(ValueError, match="looks like a secret itself"):
        Redactor(RedactionPolicy(replacement=replacement))


@pytest.mark.parametrize("replacement", ["", "x" * 65, "two\nlines", "\x1b[31m"])
def test_a_replacement_that_is_no_short_text_is_refused(replacement: str) -> None:
    with pytest.raises(ValueError, match="1 to 64 printable characters"):
        RedactionPolicy(replacement=replacement)


def test_text_between_brackets_is_no_marker() -> None:
    assert SECRET not in redact(f"password='[REDACTED] {SECRET} [x]'")
    assert SECRET not in str(redact({"password": f"[REDACTED] {SECRET} [x]"}))


def test_a_token_longer_than_its_rule_goes_whole() -> None:
    assert redact("sent ghp_" + "q7Zk2Xw9" * 400 + " on") == "sent [REDACTED] on"


LINES = [
    "start",
    "Password:",
    SECRET,
    "",
    "passwords:",
    f"  - {SECRET}",
    f"  - {SECRET}2",
    "end",
    "user,password",
    f"ann,{SECRET}",
    "done",
]


def test_a_line_is_read_with_the_lines_before_it() -> None:
    lines = LineRedactor(Redactor())
    given = [lines.line(line) for line in LINES]
    assert SECRET not in str(given)
    assert [line for line in given if "[REDACTED]" not in line] == [
        "start",
        "Password:",
        "",
        "passwords:",
        "end",
        "user,password",
        "done",
    ]


def test_a_stream_that_is_flushed_after_every_line_loses_no_name() -> None:
    stream = StreamRedactor(Redactor())
    given = "".join(stream.feed(f"{line}\n") + stream.flush() for line in LINES) + stream.finish()
    assert SECRET not in given
    assert given.count("\n") == len(LINES)


def test_lines_keep_a_bounded_context() -> None:
    lines = LineRedactor(Redactor())
    lines.line("-----BEGIN " + "PRIVATE KEY-----")
    body = "MIIEmadeUpByHand0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijkl"
    assert all(body not in lines.line(body) for _ in range(300))
    assert len(lines._context._before) < 4096


def run(*arguments: str, stdin: bytes) -> subprocess.CompletedProcess[bytes]:
    return subprocess.run(
        [sys.executable, "-m", "narration_core.cli", "redact", *arguments],
        input=stdin,
        capture_output=True,
        check=False,
    )


@pytest.mark.parametrize("encoding", ["utf-16", "utf-16-le", "utf-16-be", "utf-32", "utf-8-sig"])
def test_the_command_keeps_the_encoding_of_a_file(encoding: str) -> None:
    text = f"login user=ann password={SECRET} n=1\nGr\u00f6\u00dfe 4\n" * 3
    done = run(stdin=text.encode(encoding))
    assert done.stdout.decode(encoding) == text.replace(SECRET, "[REDACTED]")


def test_the_command_takes_a_replacement_and_refuses_a_secret() -> None:
    assert run("--replacement", "(hidden)", stdin=f"password={SECRET}".encode()).stdout == b"password=(hidden)"
    refused = run("--replacement", "ann@example.org", stdin=b"")
    assert refused.returncode == 2
    assert b"looks like a secret itself" in refused.stderr


@pytest.mark.parametrize("sign", ["=", ": "])
def test_a_long_list_of_settings_stays_readable_when_it_was_redacted_before(sign: str) -> None:
    """More names than are looked at one by one, some hidden, some no secrets: nothing else of the text goes."""
    settings = [
        f"{name}_{number}{sign}{value}"
        for number in range(90)
        for name, value in (("password", "x-7Zk"), ("token", "ok"))
    ]
    text = "\n".join(settings)
    hidden = redact(text)
    assert hidden.count("[REDACTED]") == 90
    assert hidden.splitlines()[1::2] == settings[1::2]
    assert redact(hidden) == hidden


@pytest.mark.parametrize("unit", ['secret"="', "password=", "ghp_", "password = '", "пароль=é ", "key: x, "])
def test_the_places_where_a_long_text_is_cut_change_nothing(unit: str) -> None:
    short = redact(unit * 400)
    long = redact(unit * 40_000)
    assert ("[REDACTED]" in long) == ("[REDACTED]" in short)
    assert redact(long) == long
