"""What a marker says is no name and no value: text that was redacted stays as it is."""

import pytest

from narration_core.redaction import RedactionPolicy, Redactor
from narration_core.redaction._rules import catalogue

pytestmark = pytest.mark.req("NARR-3009")

LINES = (
    "git+https://q7Zk2Xw9Lr4Tn8Vb3Mc6:Tr4verse@example.org/a.git",
    "smtps://ann%40example.org:Tr4verse-9@mail:465",
    'if ("t1ny-castle" === private_key) {',
    "root:$6$saltsalt$q7Zk2Xw9Lr4Tn8Vb3Mc6Jd1Ph5Gs0FyQ:19000:0:99999:7:::",
    "GET /v1?page=2&api_key=sk-q7Zk2Xw9Lr4Tn8Vb3Mc6Jd1Ph5Gs&sort=asc HTTP/1.1",
)


@pytest.mark.parametrize("marker", ["plain", "rule"])
@pytest.mark.parametrize("text", [*LINES, *(example for rule in catalogue() for example in rule.examples)])
def test_redacting_twice_changes_nothing_more(text: str, marker: str) -> None:
    redactor = Redactor(RedactionPolicy(marker=marker))  # type: ignore[arg-type]  # one of two
    once = redactor.text(text)
    assert redactor.text(once) == once


def test_the_next_parameter_of_an_address_stays() -> None:
    assert Redactor().text(LINES[-1]) == "GET /v1?page=2&api_key=[REDACTED]&sort=asc HTTP/1.1"
