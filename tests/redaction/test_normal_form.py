"""Secrets in text that is encoded: every form is scanned, what is hidden is the text as it was written."""

import html
import json
import urllib.parse
from collections.abc import Callable

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from narration_core.redaction import LineRedactor, Redactor, redact
from narration_core.redaction._normal_form import _OVERSTRUCK, _UNSEEN, _in_place, _without, normal, normal_forms
from narration_core.redaction._spans import Secret

pytestmark = pytest.mark.req("NARR-3001")

WIDE_NAME = "\uff50\uff41\uff53\uff53\uff57\uff4f\uff52\uff44"
SECRET = "vexil-Qm7Tz94kLw"


def in_json(text: str) -> str:
    return json.dumps({"body": text})


def in_ascii_escapes(text: str) -> str:
    return "".join(f"\\u{ord(char):04x}" if char in "pa=:" else char for char in text)


def in_colours(text: str) -> str:
    if "\x1b" in text:  # a program colours text once
        return text
    return text[:2] + "\x1b[1;31m" + text[2:5] + "\x1b[0m" + text[5:]


def with_zero_width(text: str) -> str:
    return "\u200b".join((text[:3], text[3:]))


ENCODERS: dict[str, Callable[[str], str]] = {
    "json": in_json,
    "repr": repr,
    "entities": html.escape,
    "percent": urllib.parse.quote,
    "unicode escapes": in_ascii_escapes,
    "colours": in_colours,
    "zero width": with_zero_width,
}


def survives(secret: str, text: str) -> bool:
    """Tell whether a piece of a secret can still be read in any form of a text."""
    size = max(6, len(secret) * 35 // 100)
    texts = [text, *(form.text for form in normal_forms(text))]
    return any(secret[at : at + size] in told for told in texts for at in range(len(secret) - size + 1))


@given(
    secret=st.text("abcdefghkmnpqrstuvwxyzABCDEFGHKLMNPQRSTUVWXYZ23456789_-", min_size=10, max_size=40).map(
        lambda text: f"{text[0]}7Q{text}"
    ),
    layers=st.lists(st.sampled_from(sorted(ENCODERS)), max_size=5),
    around=st.sampled_from(['{{"password": "{}"}}', "login password={} failed", "password: '{}'"]),
)
@example(secret=SECRET, layers=["json"] * 5, around='{{"password": "{}"}}')
@example(secret=SECRET, layers=["percent"] * 2, around="login password={} failed")
def test_no_depth_of_encoding_hides_a_secret(secret: str, layers: list[str], around: str) -> None:
    text = around.format(secret)
    for layer in layers:
        text = ENCODERS[layer](text)
    assert not survives(secret, redact(text)), text


@given(
    secret=st.text("kQ7\"'\\/nu%&;#<>{}[],=@! \n\t\u00e9\u0431\U0001f600", min_size=8, max_size=30),
    depth=st.integers(0, 5),
)
@example(secret='quo"te\\and\\nback5', depth=2)
@example(secret="100%25&amp;done", depth=1)
def test_any_password_in_json_in_json(secret: str, depth: int) -> None:
    secret = f"k7!{secret}z"  # blanks at the ends of a value stay
    text = json.dumps({"password": secret})
    for _ in range(depth):
        text = json.dumps({"body": text})
    told = redact(text)
    for _ in range(depth):
        told = json.loads(told)["body"]
    assert json.loads(told) == {"password": "[REDACTED]"}


@pytest.mark.parametrize(
    ("text", "hidden"),
    [
        ('{"p\\u0061ssword": "vexil-Qm7"}', '{"p\\u0061ssword": "[REDACTED]"}'),
        ("&#112;assword=vexil-Qm7 n=1", "&#112;assword=[REDACTED] n=1"),
        ("p\u0430ssword=vexil-Qm7", "p\u0430ssword=[REDACTED]"),
        ("pass\u200bword=vexil-Qm7", "pass\u200bword=[REDACTED]"),
        ("password\uff1avexil-Qm7", "password\uff1a[REDACTED]"),
        (f"{WIDE_NAME}=vexil-Qm7", f"{WIDE_NAME}=[REDACTED]"),
        ("pas\bssword=vexil-Qm7", "pas\bssword=[REDACTED]"),
        ("pass\x9b1mword=vexil-Qm7", "pass\x9b1mword=[REDACTED]"),
        ("p\x00a\x00s\x00s\x00word=vexil-Qm7", "p\x00a\x00s\x00s\x00word=[REDACTED]"),
        ("pass\x1b[1mword=vex\x1b[0mil-Qm7 end", "pass\x1b[1mword=[REDACTED] end"),
        ("q=%70assword%3Dvexil-Qm7%26n%3D1", "q=%70assword%3D[REDACTED]%26n%3D1"),
        ("x=%2570assword%253Dvexil-Qm7%2526n%253D1", "x=%2570assword%253D[REDACTED]%2526n%253D1"),
        ("\\u001b[31mpass\\u001b[0mword=vexil-Qm7", "\\u001b[31mpass\\u001b[0mword=[REDACTED]"),
        ("mail ann\uff20example.org now", "mail [REDACTED] now"),
        ("%22token%22%3A%20%22q7Zk2Xw9Lr4T%22", "%22token%22%3A%20%22[REDACTED]%22"),
        ("token = &quot;q7Zk2Xw9Lr4T&quot;;", "token = &quot;[REDACTED]&quot;;"),
        ("password=a&amp;b&lt;7 n=1", "password=[REDACTED] n=1"),
        ('{\\"token\\":\\"q7Zk2Xw9Lr4T\\"}', '{\\"token\\":\\"[REDACTED]\\"}'),
        ("/in?next=%2Fcb%3Fapi_key%3Dq7Zk2Xw9Lr4T%26n%3D1", "/in?next=%2Fcb%3Fapi_key%3D[REDACTED]%26n%3D1"),
    ],
)  # fmt: skip
def test_only_the_secret_goes_and_the_encoding_around_it_stays(text: str, hidden: str) -> None:
    assert redact(text) == hidden


def test_names_of_fields_are_read_in_their_normal_form() -> None:
    for name in (
        "p\u0430ssword",
        "\uff50\uff41\uff53\uff53\uff57\uff4f\uff52\uff44",
        "pass\u200bword",
        "p\\u0061ssword",
    ):
        assert redact({name: "meadow"}) == {name: "[REDACTED]"}


def characters(text: str) -> list[Secret]:
    """Return where each character of a text is."""
    return [Secret(at, at + 1, "x") for at in range(len(text))]


@given(text=st.text(st.sampled_from('ab%2504&#;\\u"n\x1b[1m\u200b\uff50\u0430\x9b'), max_size=60))
def test_each_place_of_a_form_is_a_place_of_the_text(text: str) -> None:
    for form in normal_forms(text):
        ends = [span[:2] for span in form.spans(characters(form.text))]
        assert all(0 <= start < end <= len(text) for start, end in ends)
        assert ends == sorted(ends)
        assert all(
            text[start] == char
            for char, (start, end) in zip(form.text, ends, strict=True)
            if char == "b" == text[start:end]
        )


@given(text=st.text(st.sampled_from('ab%2504&#;\\u"n\x1b[1m\u200b\uff50\u0430\x9b\b'), max_size=60))
def test_each_place_of_a_text_is_a_place_of_its_form(text: str) -> None:
    for form in normal_forms(text):
        found = characters(form.text)
        for (at, after, _), (start, end, rule) in zip(found, form.places(form.spans(found)), strict=True):
            assert start <= at < after <= end
            assert rule == "x"


@given(text=st.text(st.sampled_from("ab \x1b[1mM\u200b\uff50\u0430\x9b\x1f\x00\x7f\u00e9\n"), max_size=60))
def test_what_is_not_seen_is_found_the_same_way_with_and_without_backspaces(text: str) -> None:
    alone = _without(_UNSEEN, text)
    assert alone == _without(_OVERSTRUCK, text)


def test_text_that_says_what_it_says_has_no_other_form() -> None:
    for text in (
        "plain 100 %, a & b, C",
        "\u043f\u0430\u0440\u043e\u043b\u044c",
        "\u65e5\u672c\u8a9e",
        "two\nlines\there",
    ):
        assert normal_forms(text) == []
        assert normal(text) == text


def test_a_clean_text_that_is_encoded_stays_the_same_object() -> None:
    redactor = Redactor()
    for text in ("Gr\u00f6\u00dfe 5 %20 da", "C:\\new\\table", "a &lt;b&gt; \x1b[31mred\x1b[0m", "caf\u00e9"):
        assert redactor.text(text) is text
        assert redactor.clean(text)
        event: dict[str, object] = {"human": text}
        assert redactor.fields(event) is event


def test_digits_of_an_escape_are_not_any_digits() -> None:
    redactor = Redactor()
    for _ in range(4):
        redactor.clean("path \\u0071\\u0061 x")
    assert not redactor.clean("path \\u0070\\u0061ssword=x")
    for _ in range(4):
        redactor.clean("p%60ssword=vexil-Qm7")
    assert redact("p%61ssword=vexil-Qm7") == "p%61ssword=[REDACTED]"


TOKEN = "q7Zk2Xw9Lr4Tn8Vb" + "3Mc6Jd1Ph5Gs0FyQ4uK8"


@pytest.mark.parametrize("broken", ["\n", "\r\n", "\n    ", "\\\n", "\\n"], ids=ascii)
@pytest.mark.parametrize("prefix", ["ghp_", "glpat-", "sk-proj-"])
def test_a_token_goes_on_in_the_line_after_its_prefix(prefix: str, broken: str) -> None:
    assert redact(f"sent {prefix}{broken}{TOKEN} on") == "sent [REDACTED] on"


def test_a_token_goes_on_in_the_next_line_of_a_process() -> None:
    lines = LineRedactor(Redactor())
    assert [lines.line(line) for line in ("sent ghp_", f"{TOKEN} on")] == ["sent ghp_", "[REDACTED] on"]


@pytest.mark.parametrize(
    "text",
    ["multi-\nresponsibilities of all_\nunderstandable names", "build_\n20261101123456 of main", "a-\n" + "0f" * 20],
)
def test_a_line_that_ends_with_a_hyphen_is_no_token(text: str) -> None:
    assert redact(text) is text


@given(st.text(st.sampled_from("ab =,аеорсухпьéščöü漢字仮ıＡあ—「"), min_size=1, max_size=60))
def test_a_long_text_looks_like_its_pieces(piece: str) -> None:
    """What is found out for all of a long text at once is what is found out run by run."""
    text = f"{piece} " * 1200
    folded = _in_place(text)
    run_by_run = _without(_UNSEEN, text)
    if folded is not None:
        assert folded == (text if run_by_run is None else run_by_run[0])


def test_a_text_with_what_is_not_one_character_is_not_looked_at_at_once() -> None:
    for other in ("\u200b", "\u2026", "\x1b", "\u00bd"):
        assert _in_place("é" * 2000 + other) is None
    assert _in_place("пароль=é " * 2000) == "пароль=e " * 2000


@pytest.mark.parametrize(
    "front", ["", "  ", "2026-01-02 12:00:00 INFO ", "> ", "| ", "[app] ", "app-1  | ", "\x1b[32m"], ids=ascii
)
@pytest.mark.parametrize("kind", ["RSA PRIVATE KEY", "OPENSSH PRIVATE KEY", "PRIVATE KEY"])
def test_a_private_key_line_by_line_with_something_in_front_of_each(front: str, kind: str) -> None:
    lines = LineRedactor(Redactor())
    body = [(TOKEN * 3)[index : index + 64] for index in range(6)]
    for line in (f"-----BEGIN {kind}-----", *body, TOKEN[:22] + "==", f"-----END {kind}-----"):
        hidden = lines.line(front + line)
        assert TOKEN[:12] not in hidden
        assert not any(piece[20:44] in hidden for piece in body)
    told = f"{front}built {'0f' * 20}"
    assert lines.line(told) is told
