"""What is sent is the wire types: the hand-written templates give the same bytes as the encoder."""

import msgspec
import pytest

from narration_core import Delivery, MemorySink, Narrator, configure
from narration_worker import wire
from narration_worker.errors import CODES, WorkerError
from narration_worker.http import sse

TEXTS = ["", "plain", 'quote " backslash \\', "line\nbreak\ttab\x00", "é ü", "🚀", "夜里", "\u2028\ufffd", "</script>"]


def as_encoded(name, data):
    return b"event: %b\ndata: %b\n\n" % (name, msgspec.json.encode(data))


@pytest.mark.req("M0-W-1310")
@pytest.mark.parametrize("text", TEXTS)
def test_the_token_template_gives_the_encoders_bytes(text):
    token = wire.Token(text, 17)
    assert sse.as_bytes(Delivery(5, None, 0, ("token", token))) == as_encoded(b"token", token)


@pytest.mark.req("M0-W-1310")
@pytest.mark.parametrize("text", TEXTS)
def test_the_narration_template_gives_the_encoders_bytes(text):
    records = []

    class Keep(MemorySink):
        def write(self, batch):
            records.extend(batch)

    configure(sinks=[Keep()], strict=True)
    Narrator("worker")("execute", "job-1", "Said {detail}", detail=text or "nothing")
    (record,) = records
    data = wire.Narration(msgspec.json.decode(record.line), record.formatted)
    assert sse.as_bytes(Delivery(9, record)) == as_encoded(b"narration", data)


@pytest.mark.parametrize(
    "data",
    [
        wire.Started("job-1", "haiku.gguf", 1_700_000_000_000, 7),
        wire.Metrics(10, 99.5, 3),
        wire.End(31, 12, "stop", "end", 20, 7),
        wire.Error("CANCELLED", "the request was cancelled", retriable=False),
    ],
)  # fmt: skip
def test_every_other_event_is_encoded_from_its_type(data):
    name = wire.STREAM_EVENT_NAMES[type(data)]
    assert sse.as_bytes(Delivery(2, None, 0, (name, data))) == as_encoded(name.encode(), data)


def test_a_gap_is_sent_as_its_type():
    assert sse.as_bytes(Delivery(40, None, 12)) == as_encoded(b"gap", wire.Gap(12))


@pytest.mark.req("M0-W-1500")
@pytest.mark.parametrize("code", CODES)
def test_an_error_carries_what_its_code_means(code):
    body = WorkerError(code, "what failed").to_wire()
    known = CODES[code]
    assert (body.code, body.retriable, body.hint, body.number) == (code, known.retriable, known.hint, known.number)


def test_a_stream_that_can_be_resumed_has_ids():
    deliveries = [
        Delivery(4, None, 0, ("token", wire.Token("a", 0))),
        Delivery(5, None, 0, ("token", wire.Token("b", 1))),
    ]
    assert sse.with_ids(deliveries) == b"".join(
        b"id: %d\n%b" % (delivery.event_id, sse.as_bytes(delivery)) for delivery in deliveries
    )
    assert sse.with_ids(deliveries).startswith(b"id: 4\nevent: token\n")
