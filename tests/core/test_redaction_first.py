"""Redaction sees what a call gives before anything else changes it: whatever the way into an event and out of it."""

import logging
import sys
from collections.abc import Callable
from typing import NamedTuple

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from narration_core import MemorySink, NarrationMistake, Narrator, flush
from narration_core._pipeline import PIPELINE
from narration_core._process import capture_process
from narration_core._text import MAX_READ, MAX_TEXT, clean
from narration_core.bridges.stdlib import NarrationHandler

pytestmark = pytest.mark.req("NARR-3001")

narrate = Narrator("tester")
SECRET = "ghp_" + "q7Zk2Xw9Lr4Tn8Vb3Mc6Jd1Ph5Gs0FyQ4uK8"


class Login(NamedTuple):
    user: str
    password: str


def survives(secret: str, lines: list[bytes]) -> bool:
    size = max(6, len(secret) * 35 // 100)
    text = b"\n".join(lines).decode()
    return any(secret[at : at + size] in text for at in range(len(secret) - size + 1))


def by_human(text: str) -> None:
    narrate.info("act", "t", text.replace("{", "{{").replace("}", "}}"))


def by_target(text: str) -> None:
    narrate.info("act", text, "Said {target}")


def by_field(text: str) -> None:
    narrate.info("act", "t", "Said {detail} to {device}", detail=text, device=text[:30])


def by_list(text: str) -> None:
    narrate.info("act", "t", "Said", detail={"said": [text, {"again": text}]})


def by_exception(text: str) -> None:
    try:
        raise ValueError(text) from KeyError(text)
    except ValueError:
        narrate.error("act", "t", "It failed: {exception}")


def by_logging(text: str) -> None:
    logger = logging.getLogger("redaction-first")
    logger.handlers, logger.propagate = [NarrationHandler()], False
    logger.warning("said %s", text)


WAYS: dict[str, Callable[[str], None]] = {
    way.__name__: way for way in (by_human, by_target, by_field, by_list, by_exception, by_logging)
}


def coloured(secret: str, at: int) -> str:
    return f"{secret[:at]}\x1b[31m{secret[at:]}\x1b[0m"


def invisible(secret: str, at: int) -> str:
    return f"{secret[:at]}\u200b{secret[at:]}"


def controlled(secret: str, at: int) -> str:
    return f"{secret[:at]}\x00{secret[at:]}"


def at_the_cut(secret: str, at: int) -> str:
    return " " * (MAX_TEXT - at) + secret


DISGUISES = {disguise.__name__: disguise for disguise in (coloured, invisible, controlled, at_the_cut)}


@given(way=st.sampled_from(sorted(WAYS)), disguise=st.sampled_from(sorted(DISGUISES)), at=st.integers(1, 39))
@example(way="by_human", disguise="at_the_cut", at=38)
@example(way="by_logging", disguise="coloured", at=4)
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_a_secret_leaves_by_no_way_in_any_disguise(way: str, disguise: str, at: int, memory: MemorySink) -> None:
    before = len(memory.lines)
    WAYS[way](DISGUISES[disguise](SECRET, at))
    flush()
    lines = memory.lines[before:]
    assert lines
    assert not survives(SECRET, lines)


def test_a_childs_output_is_read_as_it_was_printed(memory: MemorySink) -> None:
    body = "MIIEmadeUpByHand0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijkl"
    lines = [
        f"token \x1b[1m{coloured(SECRET, 9)}",
        "Password:",
        "meadow-7Falcon",
        "-----BEGIN " + "PRIVATE KEY-----",
        *[body] * 30,
        "-----END " + "PRIVATE KEY-----",
        "ready",
    ]
    result = capture_process([sys.executable, "-c", f"print({chr(10).join(lines)!r})"])
    flush()
    assert not survives(SECRET, memory.lines)
    assert not survives("meadow-7Falcon", memory.lines)
    assert not survives(body, memory.lines)
    assert result.last_words[-1] == "ready"


@pytest.mark.parametrize("spec", ["", ":>30", ":.4", ":d", ":,"])
def test_a_marker_ignores_the_format_of_a_template(spec: str, memory: MemorySink) -> None:
    narrate.info("act", "t", f"Code {{pin{spec}}} and {{detail:.3}}", pin=918273, detail="abcdef")
    assert memory.events[0].human == "Code [REDACTED] and abc"


def test_a_named_tuple_in_a_field_keeps_its_names_until_it_is_redacted(memory: MemorySink) -> None:
    narrate.info("act", "t", "Said", detail=Login("ann", "meadow"))
    assert memory.events[0].extra["detail"] == ["ann", "[REDACTED]"]


def test_an_event_that_is_passed_on_again_stays_as_it_is(memory: MemorySink) -> None:
    by_human("x" * (MAX_TEXT + 50) + f" password={SECRET}")
    by_field(f"password={SECRET} {coloured(SECRET, 3)}")
    for event in list(memory.events):
        PIPELINE.relay(event)
        assert memory.events[-1].to_dict() == event.to_dict()


def test_an_endless_text_is_read_up_to_a_limit(memory: MemorySink) -> None:
    by_human("y" * 1_000_000)
    human = memory.events[0].human or ""
    assert human == "y" * MAX_TEXT + f"...[{1_000_000 - MAX_TEXT} more characters]"
    assert clean(human) == human
    assert MAX_READ == MAX_TEXT + 16 * 1024


@pytest.mark.parametrize("name", [SECRET, SECRET.lower(), f"login password={SECRET}", coloured(SECRET, 4)])
def test_a_secret_in_a_name_does_not_leave_either(name: str, memory: MemorySink) -> None:
    for _ in range(2):
        narrate(name, "t", "Said")
        Narrator(f"at {name}")("act", "t", "Said")
        Narrator(name)("act", "t", "Said")
    flush()
    assert len(memory.lines) == 6
    assert not survives(SECRET.lower()[4:], memory.lines)


@pytest.mark.usefixtures("strict")
def test_a_mistake_does_not_show_the_secret_of_a_name() -> None:
    with pytest.raises(NarrationMistake) as raised:
        narrate(f"login password={SECRET}", "t", "Said")
    assert "login" in str(raised.value)
    assert not survives(SECRET, [str(raised.value).encode()])
