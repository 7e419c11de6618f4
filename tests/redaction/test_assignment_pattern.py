# ruff: noqa: E501 - tables
"""What stands around a word of a name: the fast ways of reading it and the slow one agree."""

import pytest
import regex
from hypothesis import example, given, settings
from hypothesis import strategies as st

from narration_core.redaction import _assignment_pattern as assignment

pytestmark = pytest.mark.req("NARR-3002")

FLAGS = regex.ASCII | regex.VERSION0
PATTERN = regex.compile(assignment.TAIL, FLAGS)
BRANCH = "|\n(?P<suffix>"
START = assignment.TAIL.index("(?P<suffix>")
SLOW = regex.compile(assignment.TAIL[:START] + assignment.TAIL[assignment.TAIL.rindex(BRANCH) + 2 :], FLAGS)
PIECES = (
    "_x|.y|=|: |:| = |=>| |  |bearer |Token |abc|q7Z|9|/etc/x|$A|%22|\"|'|`|(|)|[|]|{|}|<|>|&|&quot;|;|,|, |\n|\t|\\|\\n|Some(|string(12) "
    '|value|x=1| y=2|é|пар|str|//|.|-|--|!|@b|u\'|[REDACTED]|#|basic |\r\n|is |a |: "|": "abc"|":"q",|": "Bearer abc"|\\"'
).split("|")


def found(pattern: regex.Pattern[str], text: str) -> object:
    match = pattern.match(text)
    if match is None:
        return None
    spans = {name: match.span(name) for name, said in match.groupdict().items() if said}
    return match.lastgroup, match.span(match.lastgroup), match.end("suffix"), spans


@settings(max_examples=1000)
@given(st.lists(st.sampled_from(PIECES), max_size=9).map("".join))
@example("=q7Z ")
@example(': str = "q7Z"')
@example(": Bearer abc x")
@example('": "Bearer abc"')
def test_the_fast_ways_find_what_the_slow_one_does(text: str) -> None:
    assert found(PATTERN, text) == found(SLOW, text)


def test_groups_are_known_by_their_numbers() -> None:
    names = PATTERN.groupindex
    for name in "suffix close more assign open inside pair comma tag cell call dash space".split():
        assert getattr(assignment, name.upper()) == names[name]
    assert (names["v6"], names["v5"]) == (assignment.BARE, assignment.BACKTICKS)
