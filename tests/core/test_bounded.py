"""Caches are bounded in entries and in bytes."""

import sys

from hypothesis import given
from hypothesis import strategies as st

from narration_core import _text
from narration_core._bounded import BoundedDict, BoundedSet


@given(st.lists(st.text(max_size=300), max_size=300))
def test_a_set_never_holds_more_than_its_limits(texts):
    cache: BoundedSet[str] = BoundedSet(entries=50, size=8000)
    seen = cache.seen
    for text in texts:
        cache.keep(text)
        assert len(seen) <= 50
        assert sum(map(sys.getsizeof, seen)) <= 4 * 8000
        assert sum(map(len, seen)) <= 8000
        assert text in seen or len(text) > 900


@given(st.lists(st.tuples(st.text(max_size=300), st.binary(max_size=300)), max_size=300))
def test_a_dictionary_never_holds_more_than_its_limits(pairs):
    cache = BoundedDict(entries=50, size=8000)
    found = cache.found
    for key, value in pairs:
        assert cache.keep(key, value) is value
        assert len(found) <= 50
        assert found.get(key, value) == value


def test_a_large_text_is_used_but_not_kept():
    before = len(_text._templates.found)
    for number in range(20):
        text = f"Got {{device}} {number} " + "x" * 200_000
        assert _text.fill(text, {"device": "cpu"}).startswith(f"Got cpu {number}")
    assert len(_text._templates.found) == before


def test_templates_of_moderate_size_take_a_bounded_number_of_bytes():
    for number in range(3000):
        _text.fill(f"Got {{device}} {number} " + "x" * 5_000, {"device": "cpu"})
    assert sum(map(sys.getsizeof, _text._templates.found)) < 2 << 20
