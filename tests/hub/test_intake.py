"""What anyone may send, and what comes of it."""

import json

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from narration_hub.errors import HubError
from narration_hub.intake import Intake, Known, RefusedError, lines_of
from support.hub import event

SECRET = "sk-ant-api03-" + "aZ9_x" * 18 + "AA"


@pytest.fixture(scope="module")
def intake():
    return Intake()


def said(taken):
    return json.loads(taken.frame.partition(b"data: ")[2])


@pytest.mark.req("SSE-04", "SSE-03")
def test_an_everyday_event_is_kept_byte_for_byte(intake):
    line = event()
    taken = intake.take(line, "")
    assert taken.line == line
    assert said(taken)["formatted"] == "[poold     ] spawn          : Spawning an engine"


@pytest.mark.req("SSE-04")
def test_the_id_of_a_forwarder_is_taken_off(intake):
    line = event()
    taken = intake.take(line[:-1] + b',"event_id":"abc-7"}', "")
    assert (taken.line, taken.event_id) == (line, "abc-7")
    elsewhere = intake.take(b'{"event_id":"abc-7",' + line[1:], "")
    assert (elsewhere.line, elsewhere.event_id) == (line, "abc-7")


@pytest.mark.req("SSE-04", "HUB-01")
def test_secrets_are_hidden_again_and_the_sentence_is_rebuilt(intake):
    taken = intake.take(event(human=f"Calling with {SECRET}", formatted=f"[x] y: {SECRET}", extra={"k": [SECRET]}), "")
    assert SECRET.encode() not in taken.frame
    assert SECRET not in taken.event.human
    assert said(taken)["formatted"].endswith(taken.event.human)


@pytest.mark.req("SSE-04", "HUB-01")
@pytest.mark.parametrize(
    "more",
    [
        f'"hub":"password={SECRET}"',
        f'"hub":{{"producer":"{SECRET}"}}',
        f'"note":"password={SECRET}","note":"nothing"',
        f'"detail":{{"a":"{SECRET}","a":1}}',
        f'"event_id":"password={SECRET}","event_id":"abc-7"',
    ],
    ids=["our mark", "inside our mark", "a key twice", "a key twice inside", "an id twice"],
)
def test_no_secret_stands_behind_a_key_that_is_not_read(intake, more):
    line = event()
    taken = intake.take(line[:-1] + b"," + more.encode() + b"}", "")
    assert SECRET.encode() not in taken.line + taken.frame
    assert b'"hub"' not in taken.line


@pytest.mark.req("SSE-04")
def test_a_line_of_text_with_ids_is_enough(intake):
    taken = intake.take(b'{"formatted":"hello there","job_id":"job-1","correlation_id":"req-1"}', "gateway")
    assert said(taken)["event"] | {"emitted_at_ms": 0} == {
        "actor": "gateway", "action": "text", "target": "-", "human": "hello there", "level": "info", "job_id": "job-1",
        "correlation_id": "req-1", "origin": "text", "emitted_at_ms": 0,
    }  # fmt: skip


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        (b"nonsense", "not a JSON object"),
        (b"[]", "not a JSON object"),
        (b"{}", "no actor"),
        (b'{"actor":"a","action":"b"}', "no human"),
        (b'{"actor":1,"action":"b","human":"c"}', "no actor"),
        (event(job=""), "job_id"),
        (event(job="x" * 257), "job_id"),
        (event(correlation_id=7), "correlation_id"),
        (event(percent="many"), "wrong type"),
        (event(level="loud"), "wrong type"),
        (b'{"a":' * 5000 + b"1" + b"}" * 5000, "not a JSON object"),
        (event(human="x" * 200_000), "bytes"),
        (event(emitted_at_ms=-1), "emitted_at_ms must be milliseconds since 1970"),
        (event(emitted_at_ms=10**30), "emitted_at_ms must be milliseconds since 1970"),
        (b'{"actor":"\xff","action":"b","human":"c"}', "not a JSON object"),
    ],
)
def test_what_is_no_event_is_refused_with_a_reason(intake, line, reason):
    with pytest.raises(RefusedError, match=reason):
        intake.take(line, "")


LEAVES = st.none() | st.booleans() | st.integers() | st.text()
VALUES = st.recursive(LEAVES, lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner), max_leaves=8)


@pytest.mark.req("SSE-04")
@given(st.dictionaries(st.text(max_size=20), VALUES, max_size=4), st.text(min_size=1, max_size=60))
def test_whatever_is_taken_in_is_one_clean_line(intake, more, human):
    line = json.dumps({**more, "actor": "A b", "action": "go", "human": human, "job_id": "j"}).encode()
    try:
        taken = intake.take(line, "")
    except RefusedError:
        return
    head, _, end = taken.frame.partition(b"\ndata: ")
    assert head == b"event: narration"
    assert end.endswith(b"\n\n")
    data = end[:-2]
    assert not set(data) & set(b"\r\n")
    text = data.decode()
    assert not any(mark in text for mark in "\x85\u2028\u2029\x0b\x0c\x1c\x1d\x1e\u202e")
    assert msgspec.json.decode(data)["event"]["actor"] == "a_b"


@pytest.mark.parametrize("body", [b"", b"\n\n", b"[]", b" [ ] "])
def test_an_empty_batch_is_a_sign_of_life(body):
    assert lines_of(body) == []


def test_arrays_and_lines_hold_the_same_events():
    two = [event(), event(job="job-2")]
    assert lines_of(b"\n".join(two)) == two == lines_of(b"[" + b", ".join(two) + b"]")


@pytest.mark.parametrize("body", [b"[", b"[1,", b"[\xff]"])
def test_half_an_array_is_refused(body):
    with pytest.raises(HubError, match="array"):
        lines_of(body)


@pytest.mark.parametrize("body", [b"\n".join([b"{}"] * 501), b"[" + b",".join([b"{}"] * 501) + b"]"])
def test_more_than_500_events_are_too_many(body):
    with pytest.raises(HubError, match="501"):
        lines_of(body)


@pytest.mark.req("SSE-07")
def test_what_was_seen_is_known_per_owner():
    known = Known(most=3)
    assert known.is_new("a", "p-1")
    assert known.is_new("a", "p-3")
    assert not known.is_new("a", "p-2")
    assert not known.is_new("a", "p-3")
    assert known.is_new("b", "p-3")
    assert known.is_new("a", None)
    assert known.is_new("a", "strange")
    assert not known.is_new("a", "strange")
    for other in ("s1", "s2", "s3"):
        assert known.is_new("a", other)
    assert known.is_new("a", "strange")
