"""What clean text costs: one scan and nothing else, whatever number of rules there is. Counts and ratios, no times."""

import contextlib
import re
import sys
import time
from collections.abc import Callable, Iterator
from types import FrameType

import pytest

from benchmarks.redaction_candidates import CLEAN, EVENT
from narration_core.redaction import Redactor
from narration_core.redaction._rule import compiled

pytestmark = pytest.mark.req("NARR-5005")


@contextlib.contextmanager
def patterns_used() -> Iterator[list[object]]:
    """One item for each time that the pattern of a rule is asked for inside."""
    calls: list[object] = []

    def note(frame: FrameType, event: str, _: object) -> None:
        if event == "call" and frame.f_code is compiled.__code__:
            calls.append(frame)

    sys.setprofile(note)
    try:
        yield calls
    finally:
        sys.setprofile(None)


@pytest.fixture
def scans() -> tuple[Redactor, list[str]]:
    """A redactor and the texts that its engine scans."""
    redactor, scanned = Redactor(), []
    redactor.fields(EVENT)  # names are judged once
    scan = redactor.hits

    def counted(text: str) -> list[int]:
        scanned.append(text)
        return scan(text)

    redactor.hits = counted
    return redactor, scanned


def test_clean_text_is_scanned_once_and_no_rule_runs(scans: tuple[Redactor, list[str]]) -> None:
    redactor, scanned = scans
    with patterns_used() as used:
        assert redactor.text(CLEAN) is CLEAN
    assert scanned == [CLEAN]
    assert not used


def test_what_is_new_of_a_clean_event_is_scanned_once_and_no_rule_runs(scans: tuple[Redactor, list[str]]) -> None:
    redactor, scanned = scans
    new = EVENT | {"human": "Never said before", "target": "nor this"}
    with patterns_used() as used:
        assert redactor.fields(new) is new
        assert len(scanned) == 1
        assert "GPU0" not in scanned[0]
        assert redactor.fields(new) is new
    assert len(scanned) == 1
    assert not used


def test_only_rules_whose_literal_was_seen_run(scans: tuple[Redactor, list[str]]) -> None:
    redactor, _ = scans
    with patterns_used() as used:
        assert "[REDACTED]" in redactor.text("login failed: password=Tr4verse-9")
    assert 0 < len(used) < 20  # of some three hundred


def best(call: Callable[[], object], rounds: int = 12) -> float:
    took = []
    for _ in range(rounds):
        start = time.process_time_ns()
        for _ in range(2_000):
            call()
        took.append(time.process_time_ns() - start)
    return min(took)


def test_all_rules_cost_clean_text_less_than_a_search_for_a_dozen_words() -> None:
    pytest.importorskip("hyperscan", reason="the portable engine gives the same answers, but not at this price")
    redactor = Redactor()
    words = "password passwd secret token credential private session cookie bearer social ssn jwt"
    search = re.compile("|".join(words.split()), re.IGNORECASE).search
    joined = " ".join(str(value) for value in EVENT.values())
    assert search(CLEAN) is None
    assert search(joined) is None
    assert redactor.text(CLEAN) is CLEAN
    assert redactor.fields(EVENT) is EVENT
    assert best(lambda: redactor.text(CLEAN)) < best(lambda: search(CLEAN))
    assert best(lambda: redactor.fields(EVENT)) < best(lambda: search(joined))


@pytest.mark.parametrize(
    "line",
    [
        "usage prompt_tokens=5583 completion_tokens=7546 total_tokens=7153",
        "stop: max_tokens: 512, generated 512 tokens.",
        "could not find the property 'shop.port' with value 'ten', using default",
        "row 7: unexpected value 'ten' in column price, got 'ten'",
    ],
)
def test_an_everyday_line_opens_no_gate(line: str) -> None:
    redactor = Redactor()
    assert not redactor.hits(line)


@pytest.mark.parametrize("rest", ["12abc34de", "12,q7Zk2Xw9", "q7Zk2Xw9Lr4T", "1234567890123", "12.q7Zk2Xw9"])
@pytest.mark.parametrize("sign", ["=", ": ", ":"])
def test_more_than_a_small_number_opens_it(sign: str, rest: str) -> None:
    assert Redactor().hits(f"user_tokens{sign}{rest}")
