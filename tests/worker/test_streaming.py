"""Text from token bytes: whole characters, no half of a stop text."""

import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from narration_worker.model.text_stream import TextStream

ALPHABET = "ab\u20ac\U0001f680"


def stream(pieces, stops=()):
    text = TextStream(stops)
    shown = []
    for piece in pieces:
        shown.append(text.feed(piece))
        if text.matched is not None:
            break
    shown.append(text.finish())
    return shown, text.matched


def split(data, cuts):
    edges = sorted({0, len(data), *(cut % (len(data) + 1) for cut in cuts)})
    return [data[start:end] for start, end in itertools.pairwise(edges)]


def earliest(text, stops):
    """Say independently which stop text ends a text: the earliest, of several there the longest."""
    places = [(text.find(stop), -len(stop), stop) for stop in stops if stop in text]
    return min(places) if places else None


@pytest.mark.req("M0-W-1824")
@given(st.text(), st.lists(st.integers(0, 1000)))
def test_text_arrives_whole_however_its_bytes_are_cut(text, cuts):
    text = text.encode("utf-8", "replace").decode()
    shown, _ = stream(split(text.encode(), cuts))
    assert "".join(shown) == text
    for part in shown:
        assert "\ufffd" not in part or "\ufffd" in text


@given(st.lists(st.binary(max_size=5)))
def test_any_bytes_become_the_text_that_python_makes_of_them(pieces):
    shown, _ = stream(pieces)
    assert "".join(shown) == b"".join(pieces).decode("utf-8", "replace")


@given(
    st.text(ALPHABET, max_size=30),
    st.lists(st.integers(0, 200), max_size=20),
    st.lists(st.text(ALPHABET, min_size=1, max_size=4), max_size=4),
)
def test_the_earliest_stop_text_ends_the_stream_and_none_of_it_is_shown(text, cuts, stops):
    shown, matched = stream(split(text.encode(), cuts), stops)
    expected = earliest(text, stops)
    if expected is None:
        assert matched is None
        assert "".join(shown) == text
    else:
        assert matched is not None
        assert "".join(shown) == text[: expected[0]]
        assert text[expected[0] :].startswith(matched)


def test_a_stop_text_over_two_tokens_is_never_half_shown():
    text = TextStream(["STOP"])
    assert text.feed(b"go ST") == "go "
    assert text.feed(b"OP more") == ""
    assert text.matched == "STOP"
    assert text.finish() == ""


def test_what_only_looked_like_a_stop_text_is_shown_after_all():
    text = TextStream(["STOP"])
    assert text.feed(b"ST") == ""
    assert text.feed(b"EP") == "STEP"
    assert text.feed(b"ST") == ""
    assert text.finish() == "ST"
    assert text.matched is None


def test_half_a_character_at_the_end_is_one_replacement():
    text = TextStream()
    assert text.feed("\u20ac".encode()[:2]) == ""
    assert text.finish() == "\ufffd"
