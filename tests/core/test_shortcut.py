"""The short cut and the long way give the same bytes."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from narration_core import Catalogue, MemorySink, Narrator, RedactionPolicy, bind, configure, register_field
from narration_core import _fast_path as shortcut
from narration_core import _text as text
from narration_core._event import FIELDS, formatted
from narration_core._pipeline import PIPELINE

IDS = FIELDS[FIELDS.index("correlation_id") : FIELDS.index("engine")]
TEXTS = [name for name in FIELDS[FIELDS.index("engine") : FIELDS.index("emitted_by")] if name != "percent"]
EXTRA = {"shortcut.text": str, "shortcut-count": int, "shortcut_share": float, "shortcut_password": str}
for _name, _type in EXTRA.items():
    register_field(_name, _type, "of this test")
narrate = Narrator("tester")


def line(way, context, call):
    memory = MemorySink()
    configure(sinks=[memory], strict=False, service="tests", version="1")
    PIPELINE.short_cut = way == "short"
    try:
        with bind(**context):
            call()
    finally:
        configure()
    head, rest = memory.lines[-1].split(b",", 1)
    assert head.startswith(b'{"emitted_at_ms":1')
    return rest


def text_or_number(name):
    if EXTRA.get(name) in {int, float}:
        return st.integers(-(10**12), 10**12) | st.just(4111111111111111) | words
    return (
        st.integers(0, 99) if name.endswith("_ms") or name in {"tokens_in", "tokens_out", "queue_position"} else words
    )


words = st.text("abc {}%\"'é\n", min_size=1, max_size=12)


@given(data=st.data())
def test_both_ways_give_the_same_bytes(data):
    bindable = [*IDS[:6], "model_ref", "gpu_device", "identity", "tokens_in", *EXTRA]
    context = data.draw(st.fixed_dictionaries({}, optional={name: text_or_number(name) for name in bindable}))
    names = data.draw(
        st.lists(st.sampled_from([*TEXTS, *IDS, *EXTRA, "unheard_of", "cute", "story"]), unique=True, max_size=5)
    )
    fields = {name: data.draw(text_or_number(name)) for name in names}
    human = data.draw(
        st.sampled_from(
            [
                "Plain",
                "With {engine}",
                "On {gpu_device}",
                "By {job_id}",
                "{",
                "100 %",
                "{actor} did {action}",
                "Say {cute}",
            ]
        )
    )

    def call():
        narrate.info("act", "thing", human, **fields)

    assert line("short", context, call) == line("long", context, call)


@given(data=st.data())
def test_both_ways_give_the_same_bytes_of_a_declared_point(data):
    everyday = ["Plain", "With {engine}", "{engine}", "{tokens_in} % of {shortcut-count}", "By {job_id}"]
    odd = ["On {gpu_device}", "A {{brace", "{tokens_in:3}", 'Said "{engine}"', "a\\b", "password=hunter2-{engine}"]
    templates = st.sampled_from([*everyday, *odd])
    declared = {"target": data.draw(templates), "human": data.draw(templates)}
    more = {name: data.draw(st.none() | templates) for name in ("cute", "story")}
    event = data.draw(st.sampled_from([None, "ready", "{engine}", '"quoted" 100 %']))
    channel = data.draw(st.sampled_from(["request", "lifecycle"]))
    point = Catalogue("tester").point("one", "act", **declared, **more, event=event, channel=channel)
    bindable = [*IDS[:6], "model_ref", "gpu_device", "tokens_in", *EXTRA]
    context = data.draw(st.fixed_dictionaries({}, optional={name: text_or_number(name) for name in bindable}))
    names = data.draw(st.lists(st.sampled_from([*TEXTS, *IDS, *EXTRA, "cute", "unheard_of"]), unique=True, max_size=4))
    fields = {"engine": "e", "tokens_in": 7} | {name: data.draw(text_or_number(name)) for name in names}

    def call():
        point(**fields)
        point(**fields)  # its own short cut is there from the second call on

    assert line("short", context, call) == line("long", context, call)


@pytest.mark.parametrize(
    ("declared", "fields", "told"),
    [
        ({"cute": "Ours"}, {"cute": "Theirs"}, {"cute": "Theirs"}),
        ({"event": "ours"}, {"event": "theirs"}, {"event": "theirs"}),
        ({"human": "{tokens_in}"}, {"tokens_in": 7}, {"human": "7"}),
        ({"target": "{tokens_in}"}, {"tokens_in": 7}, {"target": "7"}),
        ({"human": "{worker_id}"}, {}, {"human": "w"}),
        ({"human": "{device}"}, {"device": "password=hunter2"}, {"human": "password=[REDACTED]"}),
        ({"human": "Of {engine}"}, {"engine": None}, {"human": "Of {engine}"}),
        ({"human": "Say {cute}", "cute": "hm"}, {}, {"human": "Say hm"}),
        ({"human": "Say {cute}"}, {"cute": "hm"}, {"human": "Say hm"}),
        ({"human": "Say {human}"}, {}, {"human": "Say {human}"}),
    ],
)
def test_what_a_call_gives_goes_before_what_is_declared_and_is_told_in_the_same_way(declared, fields, told):
    point = Catalogue("tester").point("one", "act", **{"target": "thing", "human": "Said", **declared})

    def call():
        point(**fields)
        point(**fields)

    short = line("short", {"worker_id": "w"}, call)
    assert short == line("long", {"worker_id": "w"}, call)
    assert told.items() <= json.loads(b"{" + short).items()


@pytest.mark.parametrize("given", [1_600_000_000_000, 0, -1, 1 << 53, 1.5, True, "now"])
@pytest.mark.parametrize("way", ["short", "long"])
def test_a_time_that_is_given_is_the_time_of_the_event(memory, given, way):
    point = Catalogue("tester").point("one", "act", "thing", "Said {engine}")
    PIPELINE.short_cut = way == "short"
    narrate("act", "thing", "Said {engine}", engine="x", emitted_at_ms=given)
    narrate("act", "thing", "At {emitted_at_ms}", emitted_at_ms=given)
    point(engine="x", emitted_at_ms=given)
    configure()
    for event in memory.events:
        assert type(event.emitted_at_ms) is int
        assert (event.emitted_at_ms == given) is (given in {1_600_000_000_000, 0} and type(given) is int)
    assert memory.events[1].human == f"At {memory.events[1].emitted_at_ms}"


def test_a_declared_point_takes_the_short_cut(memory, monkeypatch):
    def must_not(*_args):
        raise AssertionError("took the long way")

    point = Catalogue("tester").point(
        *("one", "act", "{job_id}", "Did {tokens_in} % of {model_ref}"),
        event='"ready" 100 %',
        cute='Fixed, "so" {{to say}}',
        story='"{tokens_in}," said {engine}.',
        channel="request",
    )
    with bind(correlation_id="c", job_id="j", model_ref="m"):
        point(tokens_in=7, engine="e", emitted_at_ms=7)
        monkeypatch.setattr(type(PIPELINE), "emit", must_not)
        monkeypatch.setattr(text, "fill", must_not)  # a point that cannot take its own fills in its target first
        point(tokens_in=8, engine='"e"', emitted_at_ms=8)
    read = json.loads(memory.lines[1])
    texts = {"target": "j", "human": "Did 8 % of m", "cute": 'Fixed, "so" {to say}', "story": '"8," said "e".'}
    fields = {"event": '"ready" 100 %', "tokens_in": 8, "engine": '"e"', "job_id": "j", "model_ref": "m"}
    assert (texts | fields).items() <= read.items()
    assert read["emitted_at_ms"] == 8


@pytest.mark.parametrize("bound", [{}, {"model_ref": "m"}, {"gpu_device": "CUDA0", "shortcut.text": "x"}])
@pytest.mark.parametrize(
    "fields", [{}, {"device": "cpu"}, {"device": "cpu", "engine": "x"}, {"pool_id": "p"}, {"shortcut-count": 7}]
)
def test_everyday_events_take_the_short_cut(memory, fields, bound, monkeypatch):
    def must_not(*_args):
        raise AssertionError("took the long way")

    monkeypatch.setattr(type(PIPELINE), "emit", must_not)
    with bind(correlation_id="c", job_id="j", **bound):
        narrate("act", "thing", "Said", **fields)
    read = json.loads(memory.lines[0])
    assert (fields | bound).items() <= read.items()
    assert read["correlation_id"] == "c"


def test_a_stricter_policy_forgets_what_was_clean_before():
    memory = MemorySink()
    for policy in (RedactionPolicy(), RedactionPolicy(uuids=True)):
        configure(sinks=[memory], strict=False, redaction=policy)
        for _ in range(3):
            narrate.info("act", "thing", "Asked 0b0e9a3e-43f6-4a6a-9d9c-0a6c1a0e6a11")
    configure()
    assert [b"0b0e9a3e" in line for line in memory.lines] == [True] * 3 + [False] * 3


class Keeps:
    """A sink that keeps records and looks at none of them."""

    name, background, idle = "keeps", False, False

    def __init__(self):
        self.records = []

    def write(self, batch):
        self.records.extend(batch)

    def close(self):
        pass


@pytest.mark.parametrize(("bound", "field"), [("j", None), (None, 'a "quoted" k'), (None, None)])
def test_a_draft_says_the_same_before_and_after_it_is_an_event(bound, field):
    sink = Keeps()
    configure(sinks=[sink], strict=False, service="before", version="1")
    given = {"job_id": field} if field else {}
    with bind(job_id=bound):
        narrate(
            "act", "thing", "Took {engine}", engine="x", cute="Hush, {engine}", story='"Hey," said {engine}.', **given
        )
    configure(sinks=[sink], strict=False, service="after", version="2")
    configure()
    (draft,) = sink.records
    assert not draft.written
    told, job_id = draft.formatted, draft.job_id
    event = draft.event
    assert event.emitted_by == "before@1"
    assert job_id == event.job_id == (field or bound)
    assert told == formatted(event)
    assert (event.cute, event.story) == ("Hush, x", '"Hey," said x.')


@pytest.mark.parametrize("where", ["bound", "field", "human", "target"])
def test_half_a_character_never_raises(memory, where):
    odd = "half \ud800"
    with bind(job_id=odd if where == "bound" else "j"):
        narrate("act", odd if where == "target" else "t", odd if where == "human" else "Said", device=odd)
    assert len(memory.events) == 1
    assert memory.events[0].human.startswith("half" if where == "human" else "Said")


def test_what_is_remembered_as_clean_stays_bounded(memory):
    for number in range(10_000):
        narrate.info("act", "thing", f"Number {number} {number:b}".replace("1", "a"))
    assert len(shortcut._plain.texts) + len(shortcut._plain.shapes) <= 4100
    assert len(memory.events) == 10_000


def test_a_field_that_is_registered_late_is_on_the_line_all_the_same(memory):
    narrate("act", "thing", "Said", shortcut_late="before")
    register_field("shortcut_late", str, "of this test")
    narrate("act", "thing", "Said", shortcut_late="after")
    assert [json.loads(line)["shortcut_late"] for line in memory.lines] == ["before", "after"]


def test_another_policy_judges_the_names_of_fields_anew():
    register_field("shortcut_colour", str, "of this test")
    memory = MemorySink()
    for policy in (RedactionPolicy(), RedactionPolicy(secret_keys=frozenset({"shortcut_colour"}))):
        configure(sinks=[memory], strict=False, redaction=policy)
        narrate("act", "thing", "Painted it", shortcut_colour="green")
    configure()
    assert [json.loads(line)["shortcut_colour"] for line in memory.lines] == ["green", "[REDACTED]"]


@pytest.mark.parametrize("patterns", [{}, {"digest": "[0-9a-f]{64}"}])
def test_a_digest_is_scanned_only_for_patterns_of_the_policys_own(patterns):
    memory = MemorySink()
    configure(sinks=[memory], strict=False, redaction=RedactionPolicy(patterns=patterns))
    digest = "0f1e2d3c4b5a6978" * 4
    for _ in range(3):
        narrate.info("act", digest, "Made it")
    assert [event.target for event in memory.events] == ["[REDACTED]" if patterns else digest] * 3
