import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from narration_core._event import Event, decode, encode
from narration_core._line_limit import shortened, shortened_text

TEXTS = st.text(alphabet=st.characters(codec="utf-8"), max_size=9000)


def event(**extra):
    return Event(emitted_at_ms=1, level="info", actor="a", action="b", target="t", human="Says it", extra=extra)


@given(st.dictionaries(st.sampled_from(["one", "two", "three"]), TEXTS | st.lists(st.integers(), max_size=3000)), TEXTS)
def test_a_shortened_line_fits_and_can_be_read(extra, target):
    given_event = Event(emitted_at_ms=1, level="info", actor="a", action="b", target=target, human="Says", extra=extra)
    line = shortened(given_event, 1000)
    assert len(line) <= 1000
    read = decode(line)
    assert (read.actor, read.action, read.human) == ("a", "b", "Says")


def test_a_line_that_fits_stays():
    assert shortened(event(text="x" * 100), 4096) == encode(event(text="x" * 100))


@pytest.mark.parametrize("text", ["x" * 5000, "é" * 5000, '"' * 5000, "🙂" * 3000])
def test_the_longest_text_is_cut_and_says_by_how_much(text):
    read = json.loads(shortened(event(text=text, other="short"), 2000))
    kept, _, marker = read["text"].rpartition("...[")
    assert read["other"] == "short"
    assert text.startswith(kept)
    assert marker == f"{len(text) - len(kept)} more characters]"
    assert len(kept) * (len(json.dumps(text[0], ensure_ascii=False).encode()) - 2) > 1500


def test_a_text_that_was_cut_before_counts_what_is_gone_altogether():
    read = json.loads(shortened(event(text="x" * 8192 + "...[1000 more characters]"), 2000))
    kept, _, marker = read["text"].rpartition("...[")
    assert marker == f"{9192 - len(kept)} more characters]"


def test_a_line_for_people_is_cut_between_characters():
    assert shortened_text("short", 100) == b"short"
    line = shortened_text("é" * 5000, 1000)
    assert len(line) <= 1000
    assert line.decode().endswith(" more characters]")
