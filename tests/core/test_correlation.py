import os
import uuid

import pytest
from hypothesis import given
from hypothesis import strategies as st

from narration_core import (
    Inbound,
    Narrator,
    accept,
    accept_environment,
    bind,
    is_correlation_id,
    new_correlation_id,
    outbound_environment,
    outbound_headers,
)
from narration_core._clock import SYSTEM
from narration_core._correlation import parse_traceparent

TRACE, SPAN = "4bf92f3577b34da6a3ce929d0e0e4736", "00f067aa0ba902b7"


@pytest.mark.req("NARR-2001")
def test_new_ids_are_uuid_4():
    assert uuid.UUID(new_correlation_id()).version == 4


@pytest.mark.skipif(not hasattr(os, "fork"), reason="this system cannot fork")
def test_a_forked_child_makes_ids_of_its_own():
    SYSTEM.span_id()  # what is made ahead must not be there twice
    reader, writer = os.pipe()
    child = os.fork()
    if not child:
        os.write(writer, (SYSTEM.trace_id() + SYSTEM.span_id()).encode())
        os._exit(0)
    os.waitpid(child, 0)
    of_child = os.read(reader, 100).decode()
    os.close(reader)
    os.close(writer)
    ours = {SYSTEM.span_id() for _ in range(200)}
    assert len(ours) == 200
    assert not ours & {of_child[:16], of_child[16:32], of_child[32:]}


def test_a_span_is_never_a_number_that_could_be_a_card(monkeypatch):
    given = [b"\x11" * 8 + b"\x1a" * 504]
    monkeypatch.setattr(os, "urandom", lambda _: given.pop())
    sources = type(SYSTEM)()
    assert {sources.span_id() for _ in range(63)} == {"1a" * 8}
    given = [b"\x1b" * 512, b"\x11" * 512]
    assert sources.span_id() == "1b" * 8  # where all are such numbers, others are made


@pytest.mark.req("NARR-2002")
@pytest.mark.parametrize("good", ["a", "req-1", "A.b_c:d-9", "x" * 128, "ee0a6dfd-8a3c-4a92-9c74-8a7f4bd2b1f5"])
def test_acceptable_ids(good):
    assert is_correlation_id(good)


@pytest.mark.req("NARR-2002")
@pytest.mark.parametrize("bad", ["", "x" * 129, "a b", "a\n", "a/b", "é", "a\x00", "{x}", "<script>", "a\ud800"])
def test_other_ids(bad):
    assert not is_correlation_id(bad)


@given(st.text(max_size=200))
def test_an_accepted_id_holds_only_what_is_allowed(text):
    if is_correlation_id(text):
        assert text.isascii()
        assert all(char.isalnum() or char in "._:-" for char in text)


@pytest.mark.req("NARR-2003")
def test_headers_in_and_out():
    ids = accept({"x-correlation-id": "req-1", "Traceparent": f"00-{TRACE}-{SPAN}-01"}, trust="inside")
    assert ids[:5] == ("req-1", TRACE, SPAN, False, "01")
    with bind(correlation_id=ids.correlation_id, trace_id=ids.trace_id, span_id="b7ad6b7169203331"):
        assert outbound_headers() == {
            "X-Correlation-Id": "req-1",
            "traceparent": f"00-{TRACE}-b7ad6b7169203331-01",
        }


@pytest.mark.req("NARR-2006")
def test_without_ids_there_are_no_headers_and_no_field(memory):
    Narrator("tester")("a", "t", "No id here")
    assert outbound_headers() == {}
    assert b"correlation_id" not in memory.lines[0]


def test_a_bad_inbound_id_is_replaced_and_said_to_be():
    ids = accept({"X-Correlation-Id": "two words"})
    assert ids.refused
    assert uuid.UUID(ids.correlation_id).version == 4
    assert not accept({}).refused


@pytest.mark.parametrize(
    "header",
    [
        "",
        "00",
        f"00-{TRACE}-{SPAN}",
        f"ff-{TRACE}-{SPAN}-01",
        f"00-{'0' * 32}-{SPAN}-01",
        f"00-{TRACE}-{'0' * 16}-01",
        f"00-{TRACE.upper()}-{SPAN}-01",
        f"00-{TRACE}0{SPAN}-01",
        f"00-{TRACE[:-1]}\ud800-{SPAN}-01",
        f"00-{TRACE}-{SPAN}-01-more",
        f"00-{TRACE}-{SPAN}-xx",
        "x" * 10_000,
    ],
)
def test_an_invalid_traceparent_is_ignored(header):
    assert parse_traceparent(header) is None


def test_a_later_version_is_read_as_far_as_it_is_known():
    assert parse_traceparent(f"01-{TRACE}-{SPAN}-01-more") == (TRACE, SPAN, "01")


def test_ids_that_no_service_would_accept_are_not_sent():
    with bind(correlation_id="req\r\nX-Evil: 1", trace_id="short", span_id=SPAN):
        assert outbound_headers() == {}


@pytest.mark.req("CTX-02")
def test_from_outside_only_the_correlation_id_is_taken_over():
    headers = {"X-Correlation-Id": "req-1", "traceparent": f"00-{TRACE}-{SPAN}-01", "baggage": "job_id=j1"}
    ids = accept(headers)
    assert ids == Inbound("req-1", None, None, refused=False, link=f"00-{TRACE}-{SPAN}-01")
    assert accept({"traceparent": "nonsense"}).link is None


@pytest.mark.req("CTX-02")
def test_job_and_session_travel_as_baggage_between_services_inside():
    with bind(correlation_id="req-1", job_id="job-1", session_id="s1"):
        sent = outbound_headers(trust="inside")
        assert sent == {"X-Correlation-Id": "req-1", "baggage": "job_id=job-1,session_id=s1"}
        assert outbound_headers() == {"X-Correlation-Id": "req-1"}
        ids = accept(sent, trust="inside")
    assert (ids.job_id, ids.session_id) == ("job-1", "s1")
    with bind(job_id="two words"):
        assert outbound_headers(trust="inside") == {}


@pytest.mark.parametrize(
    ("sent", "job"),
    [
        ("job_id=a", "a"),
        (" user = x , job_id = a ; p=1 ", "a"),
        ("job_id=a,job_id=b", "a"),
        ("job_id=", None),
        ("job_id=two words", None),
        ("job_id", None),
        ("other=1", None),
        ("job_id=" + "a" * 129, None),
        ("x=" + "y" * 8192 + ",job_id=a", None),
    ],
)
def test_baggage_is_read_as_w3c_writes_it(sent, job):
    assert accept({"Baggage": sent}, trust="inside").job_id == job


@pytest.mark.parametrize("odd", [7, None, ["abc"], b"abc", 1.5, True])
@pytest.mark.parametrize("trust", ["edge", "inside"])
def test_headers_that_are_no_text_are_no_ids(odd, trust):
    inbound = accept({"x-correlation-id": odd, "traceparent": odd, "baggage": odd, b"x": odd, 7: odd}, trust=trust)
    assert is_correlation_id(inbound.correlation_id)
    assert (inbound.trace_id, inbound.job_id, inbound.refused) == (None, None, odd is not None)


IDS = st.from_regex(r"[A-Za-z0-9._:-]{1,128}", fullmatch=True)


@pytest.mark.req("CTX-02")
@given(IDS, st.none() | IDS, st.none() | IDS)
def test_ids_reach_a_process_that_is_started_here(correlation, job, session):
    given_ids = {"correlation_id": correlation, "job_id": job, "session_id": session}
    with bind(trace_id=TRACE, span_id=SPAN, **{name: value for name, value in given_ids.items() if value}):
        variables = outbound_environment()
    assert all(name.replace("_", "").isupper() for name in variables)
    inbound = accept_environment({"PATH": "/bin", **variables})
    assert inbound == Inbound(correlation, TRACE, SPAN, refused=False, trace_flags="01", job_id=job, session_id=session)


def test_a_process_that_nobody_gave_ids_makes_its_own():
    inbound = accept_environment({"PATH": "/bin", "x-correlation-id": "not-a-variable"})
    assert uuid.UUID(inbound.correlation_id).version == 4
    assert inbound[1:] == (None, None, False, None, None, None, None)
    assert outbound_environment() == {}
