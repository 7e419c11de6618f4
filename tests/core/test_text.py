import unicodedata
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from narration_core._text import MAX_TEXT, clean, fill, is_name, template_fields, to_name

BAD = "\r\n\t\x00\x07\x1b\x7f\x85\x9f\u200b\u200d\u202e\u2066\ufeff\u2028\ud800"


@pytest.mark.req("NARR-4002")
@pytest.mark.parametrize(
    ("dirty", "tidy"),
    [
        ("one\ntwo", "one two"),
        ("one\r\ntwo", "one  two"),
        ("a\tb", "a b"),
        ("bell\x07", "bell"),
        ("esc\x1b[31mred", "esc[31mred"),
        ("del\x7f", "del"),
        ("next\x85line", "next line"),
        ("para\u2029graph", "para graph"),
    ],
)
def test_control_characters_never_stay(dirty, tidy):
    assert clean(dirty) == tidy


@pytest.mark.req("NARR-4005")
@pytest.mark.parametrize(
    "invisible", ["\u200b", "\u200d", "\u2060", "\ufeff", "\u202e", "\u2066", "\u00ad", "\U000e0041"]
)
def test_invisible_characters_are_removed(invisible):
    assert clean(f"pass{invisible}word") == "password"


def test_lone_surrogates_become_replacement_characters():
    assert clean("a\ud83db") == "a\ufffdb"


@pytest.mark.parametrize("text", ["plain", "Grüße", "夜里灯未眠", "🚀 up", ""])
def test_good_text_comes_back_as_the_same_object(text):
    assert clean(text) is text


def test_long_text_is_cut_and_says_so():
    cut = clean("x" * (MAX_TEXT + 5))
    assert cut == "x" * MAX_TEXT + "...[5 more characters]"


@given(st.text(alphabet=st.one_of(st.characters(), st.sampled_from(BAD)), max_size=200))
def test_clean_text_is_one_line_and_stays_clean(text):
    once = clean(text)
    assert clean(once) == once
    assert len(once.splitlines()) <= 1
    assert not any(unicodedata.category(char) in {"Cc", "Cs", "Zl", "Zp"} for char in once)


@pytest.mark.req("NARR-4003")
@pytest.mark.parametrize("name", ["spawn", "pool-managerd", "a.b_c", "x1"])
def test_names_are_plain_ascii(name):
    assert is_name(name)


@pytest.mark.req("NARR-4003")
@pytest.mark.parametrize("name", ["", "Spawn", "spаwn", "a b", "a\n", "x" * 129, "é"])  # noqa: RUF001 - a homograph on purpose
def test_other_names_are_not(name):
    assert not is_name(name)
    assert is_name(to_name(name))


def test_templates_are_filled_from_fields():
    assert fill("Loading {model} on {device}: {percent:>3} %", {"model": "m", "device": "GPU0", "percent": 7}) == (
        "Loading m on GPU0:   7 %"
    )


@pytest.mark.parametrize(
    "template",
    ["{nobody}", "{x.__class__}", "{x[0]}", "{x!r}", "{x:{width}}", "{", "}", "{}", "{0}", "{x:>99999}", "{x:d}"],
)
def test_what_is_no_plain_field_stays_as_written(template):
    assert fill(template, {"x": "text", "width": 5}) == template


@pytest.mark.parametrize(("count", "text"), [(0, "0 stories"), (1, "1 story"), (1.5, "1.5 stories"), (2, "2 stories")])
def test_a_spec_of_two_nouns_counts(count, text):
    assert fill("Told {n:story|stories}", {"n": count}) == f"Told {text}"
    assert fill("{n:story|stories} told at {x:>3} %", {"n": count, "x": 7}) == f"{text} told at   7 %"


@pytest.mark.parametrize("value", ["text", True, None, "1"])
def test_what_is_no_number_is_not_counted(value):
    assert fill("{n:story|stories}", {"n": value}) == "{n:story|stories}"


@pytest.mark.parametrize(("value", "text"), [(7, "||7"), (datetime(2026, 1, 2, tzinfo=UTC), "2|26")])
def test_a_bar_in_other_specs_is_theirs(value, text):
    assert fill("{x:|>3}" if value == 7 else "{x:%-d|%y}", {"x": value}) == text


def test_known_and_unknown_fields_mix():
    assert fill("{x} and {nobody}", {"x": 1}) == "1 and {nobody}"


def test_values_are_never_templates():
    assert fill("{x}", {"x": "{y} {0.__class__}", "y": "no"}) == "{y} {0.__class__}"


def test_a_value_that_cannot_be_formatted_leaves_the_template():
    class Rude:
        def __format__(self, spec):
            raise RuntimeError("no")

    assert fill("{x}", {"x": Rude()}) == "{x}"


def test_doubled_braces_are_braces():
    assert fill("{{x}} {x}", {"x": 1}) == "{x} 1"


@given(st.text(), st.dictionaries(st.text(max_size=5), st.text(max_size=5)))
def test_any_template_gives_text(template, fields):
    assert isinstance(fill(template, fields), str)


def test_the_fields_of_a_template():
    assert template_fields("{a} {b:>3} {a.b}") == ("a", "b")
