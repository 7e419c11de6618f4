"""The fast path and the slow path give the same bytes."""

import functools
import gc
import json
import linecache
import textwrap
import traceback

import pytest
from hypothesis import given
from hypothesis import strategies as st

from narration_core import (
    Catalogue,
    MemorySink,
    NarrationMistake,
    Narrator,
    RedactionPolicy,
    _fast_path,
    _fast_path_source,
    bind,
    configure,
    register_field,
    stats,
)
from narration_core import _text as text
from narration_core._event import FIELDS, formatted
from narration_core._generated import run_source
from narration_core._pipeline import PIPELINE

IDS = FIELDS[FIELDS.index("correlation_id") : FIELDS.index("engine")]
TEXTS = [name for name in FIELDS[FIELDS.index("engine") : FIELDS.index("emitted_by")] if name != "percent"]
EXTRA = {
    "fast.text": str, "fast-count": int, "fast_share": float, "fast_password": str, "fast_tokens": int, "fast_pin": int,
}  # fmt: skip
for _name, _type in EXTRA.items():
    register_field(_name, _type, "of this test")
narrate = Narrator("tester")


def line(way, context, call):
    memory = MemorySink()
    configure(sinks=[memory], strict=False, service="tests", version="1")
    if way == "slow":
        PIPELINE.fast_path = None
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
                "Counted {tokens_in:token|tokens} by {engine}",
            ]
        )
    )

    def call():
        narrate.info("act", "thing", human, **fields)

    assert line("fast", context, call) == line("slow", context, call)


@given(data=st.data())
def test_both_ways_give_the_same_bytes_of_a_declared_point(data):
    everyday = ["Plain", "With {engine}", "{engine}", "{tokens_in} % of {fast-count}", "By {job_id}"]
    everyday += ["{tokens_in:token|tokens}", "{engine}: {tokens_in:token|tokens}, 100 %", "{fast_tokens:one|two more}"]
    odd = ["On {gpu_device}", "A {{brace", "{tokens_in:3}", 'Said "{engine}"', "a\\b", "password=hunter2-{engine}"]
    odd += ["{engine:one|two}", "{job_id:one|two}", "{tokens_in:one}", "{tokens_in:|>3}"]
    templates = st.sampled_from([*everyday, *odd])
    declared = {"target": data.draw(templates), "human": data.draw(templates)}
    more = {name: data.draw(st.none() | templates) for name in ("cute", "story")}
    event = data.draw(st.sampled_from([None, "ready", "{engine}", '"quoted" 100 %']))
    channel = data.draw(st.sampled_from(["request", "lifecycle"]))
    point = Catalogue("tester").point("one", "act", **declared, **more, event=event, channel=channel)
    bindable = [*IDS[:6], "model_ref", "gpu_device", "tokens_in", *EXTRA]
    context = data.draw(st.fixed_dictionaries({}, optional={name: text_or_number(name) for name in bindable}))
    names = data.draw(st.lists(st.sampled_from([*TEXTS, *IDS, *EXTRA, "cute", "unheard_of"]), unique=True, max_size=4))
    fields = {"engine": "e", "tokens_in": data.draw(st.integers(0, 2))} | {
        name: data.draw(text_or_number(name)) for name in names
    }

    def call():
        point(**fields)
        point(**fields)  # its own composer is there from the second call on

    assert line("fast", context, call) == line("slow", context, call)


ODD_TEXTS = [
    "\ud800",
    "a\\b",
    "a\tb",
    "a\nb",
    "\x7f",
    "é",
    "\u202e",
    'say "x"',
    "",
    " ",
    "a" * 64,
    "f0" * 32,
    "x" * 5000,
    "~",
]


@pytest.mark.parametrize(
    "new", [*ODD_TEXTS, "password=hunter2X9swordfish", "AKIA" + "Q3EGH7JK2MN5PQ8S", "a 4 b 2", "9" * 64]
)
def test_one_new_text_among_known_ones_is_built_in_the_same_way(new):
    def call():
        for human in ("Known", new, new):
            narrate("act", "thing", human, engine="x")

    def call_with_field():
        for engine in ("Known", new, new):
            narrate("act", "thing", "Known", engine=engine)

    for told in (call, call_with_field):
        assert line("fast", {"job_id": "j"}, told) == line("slow", {"job_id": "j"}, told)


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

    fast = line("fast", {"worker_id": "w"}, call)
    assert fast == line("slow", {"worker_id": "w"}, call)
    assert told.items() <= json.loads(b"{" + fast).items()


@pytest.mark.parametrize("given", [1_600_000_000_000, 0, -1, 1 << 53, 1.5, True, "now"])
@pytest.mark.parametrize("way", ["fast", "slow"])
def test_a_time_that_is_given_is_the_time_of_the_event(memory, given, way):
    point = Catalogue("tester").point("one", "act", "thing", "Said {engine}")
    if way == "slow":
        PIPELINE.fast_path = None
    narrate("act", "thing", "Said {engine}", engine="x", emitted_at_ms=given)
    narrate("act", "thing", "At {emitted_at_ms}", emitted_at_ms=given)
    point(engine="x", emitted_at_ms=given)
    configure()
    for event in memory.events:
        assert type(event.emitted_at_ms) is int
        assert (event.emitted_at_ms == given) is (given in {1_600_000_000_000, 0} and type(given) is int)
    assert memory.events[1].human == f"At {memory.events[1].emitted_at_ms}"


def test_a_declared_point_takes_the_fast_path(memory, monkeypatch):
    def must_not(*_args):
        raise AssertionError("took the slow path")

    point = Catalogue("tester").point(
        *("one", "act", "{job_id}", "Did {tokens_in} % of {model_ref}"),
        event='"ready" 100 %',
        cute='Fixed, "so" {{to say}}',
        story='"{tokens_in:token|tokens}," said {engine}.',
        channel="request",
    )
    with bind(correlation_id="c", job_id="j", model_ref="m"):
        point(tokens_in=7, engine="e", emitted_at_ms=7)
        monkeypatch.setattr(type(PIPELINE), "emit", must_not)
        monkeypatch.setattr(text, "fill", must_not)  # a point that cannot take its own fills in its target first
        point(tokens_in=8, engine='"e"', emitted_at_ms=8)
    read = json.loads(memory.lines[1])
    texts = {"target": "j", "human": "Did 8 % of m", "cute": 'Fixed, "so" {to say}', "story": '"8 tokens," said "e".'}
    fields = {"event": '"ready" 100 %', "tokens_in": 8, "engine": '"e"', "job_id": "j", "model_ref": "m"}
    assert (texts | fields).items() <= read.items()
    assert read["emitted_at_ms"] == 8


@pytest.mark.parametrize("bound", [{}, {"model_ref": "m"}, {"gpu_device": "CUDA0", "fast.text": "x"}])
@pytest.mark.parametrize(
    "fields", [{}, {"device": "cpu"}, {"device": "cpu", "engine": "x"}, {"pool_id": "p"}, {"fast-count": 7}]
)
def test_everyday_events_take_the_fast_path(memory, fields, bound, monkeypatch):
    def must_not(*_args):
        raise AssertionError("took the slow path")

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
    assert not draft.rendered
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
    assert len(PIPELINE.fast_path._texts.seen) + len(PIPELINE.fast_path._shapes.seen) <= 8192
    assert len(memory.events) == 10_000


def test_a_field_that_is_registered_late_is_on_the_line_all_the_same(memory):
    narrate("act", "thing", "Said", fast_late="before")
    register_field("fast_late", str, "of this test")
    narrate("act", "thing", "Said", fast_late="after")
    assert [json.loads(line)["fast_late"] for line in memory.lines] == ["before", "after"]


def test_another_policy_judges_the_names_of_fields_anew():
    register_field("fast_colour", str, "of this test")
    memory = MemorySink()
    for policy in (RedactionPolicy(), RedactionPolicy(secret_keys=frozenset({"fast_colour"}))):
        configure(sinks=[memory], strict=False, redaction=policy)
        narrate("act", "thing", "Painted it", fast_colour="green")
    configure()
    assert [json.loads(line)["fast_colour"] for line in memory.lines] == ["green", "[REDACTED]"]


@pytest.mark.parametrize("patterns", [{}, {"digest": "[0-9a-f]{64}"}])
def test_a_digest_is_scanned_only_for_patterns_of_the_policys_own(patterns):
    memory = MemorySink()
    configure(sinks=[memory], strict=False, redaction=RedactionPolicy(patterns=patterns))
    digest = "0f1e2d3c4b5a6978" * 4
    for _ in range(3):
        narrate.info("act", digest, "Made it")
    assert [event.target for event in memory.events] == ["[REDACTED]" if patterns else digest] * 3


def test_the_generated_function_of_the_docstring_is_what_is_generated():
    example = textwrap.dedent(_fast_path_source.__doc__.split("alone:\n\n")[1].split("\n\n`compose`")[0])
    assert _fast_path_source.source(["device"], []).startswith(example + "\ndef render")


@pytest.mark.parametrize(("name", "missed"), [("fast_tokens", 0), ("fast_pin", 3)])
def test_a_number_misses_the_fast_path_only_where_its_name_would_hide_it(memory, name, missed):
    before = stats()["fast_path"]["missed"]
    for number in range(100, 103):
        narrate("act", "thing", "Counted", **{name: number})
    shown = [json.loads(line)[name] for line in memory.lines]
    assert shown == (["[REDACTED]"] * 3 if missed else [100, 101, 102])
    assert stats()["fast_path"]["missed"] - before == missed


def test_stats_count_what_took_the_fast_path_and_what_missed_it(memory):
    before = stats()["fast_path"]
    for _ in range(3):
        narrate("act", "thing", "Said")
    narrate("act", "thing", "Said \N{SNOWMAN}")
    narrate.error("act", "thing", "Said")
    after = stats()["fast_path"]
    assert {name: after[name] - before[name] for name in after} == {"taken": 3, "missed": 1, "failed": 0}


@pytest.mark.parametrize("declared", [True, False])
@pytest.mark.parametrize("strict", [True, False])
def test_a_fault_of_the_fast_path_is_raised_in_strict_mode_and_counted_otherwise(declared, strict, monkeypatch):
    point = Catalogue("tester").point("one", "act", "thing", "Said {device}")
    call = point if declared else functools.partial(narrate.info, "act", "thing", "Said {device}")
    memory = MemorySink()
    configure(sinks=[memory], strict=strict)
    call(device="x")
    working, broken = _fast_path.source, "def compose(*_):\n    return 1 // 0  # broken\n"

    def source(names, extra, point, **options):
        return broken if (point is not None) == declared else working(names, extra, point, **options)

    monkeypatch.setattr(_fast_path, "source", source)
    configure(sinks=[memory], strict=strict)
    failed = stats()["fast_path"]["failed"]
    if declared:
        call(device="x")  # the composer of a point is generated at the second call
    if strict:
        with pytest.raises(ZeroDivisionError) as error:
            call(device="x")
        assert "# broken" in "".join(traceback.format_exception(error.value))
    else:
        call(device="x")
        assert {event.human for event in memory.events} == {"Said x"}
    assert stats()["fast_path"]["failed"] > failed
    configure()


def test_strict_mode_takes_the_fast_path_and_leaves_long_texts_to_the_slow_one(strict):
    before = stats()["fast_path"]["taken"]
    narrate("act", "thing", "Said", cute="Hush")
    assert stats()["fast_path"]["taken"] == before + 1
    for name, limit in (("human", 100), ("cute", 150), ("story", 200)):
        texts = {"human": "Said", name: "x" * (limit + 1)}
        with pytest.raises(NarrationMistake, match=f"{name} is {limit + 1} characters"):
            narrate("act", "thing", texts.pop("human"), **texts)


def test_a_lifecycle_point_takes_the_fast_path_while_a_job_is_bound(memory, monkeypatch):
    point = Catalogue("tester").point("one", "act", "thing", "Said {device}", channel="lifecycle")

    def must_not(*_args):
        raise AssertionError("took the slow path")

    with bind(correlation_id="c", job_id="j", device="bound"):
        point(device="first")
        for _ in range(2):
            point(device="other", job_id="given")
        monkeypatch.setattr(type(PIPELINE), "emit", must_not)
        point(device="second")
        narrate("act", "thing", "Said")
        point(device="third", job_id="given")
    point(device="fourth")
    assert [event.job_id for event in memory.events] == [None, "given", "given", None, "j", "given", None]
    assert [event.correlation_id for event in memory.events] == ["c"] * 6 + [None]


def test_generated_functions_have_file_names_of_their_own_that_show_their_lines(memory):
    for fields in ({"device": "x"}, {"engine": "x"}):
        narrate("act", "thing", "Said", **fields)
    files = [compose.__code__.co_filename for compose in PIPELINE.fast_path.composers.values()]
    assert len(set(files)) == len(files) >= 2
    assert all(linecache.getline(file, 1).startswith("def compose(") for file in files)


def test_the_lines_of_generated_functions_are_kept_in_a_bounded_number():
    for number in range(1100):
        run_source(f"x = {number}\n", "many", {})
    assert sum(file.startswith("<narration: many") for file in linecache.cache) <= 1024


MADE = {"correlation_id": "3b241101-e2bb-4255-8caf-4136c566a962", "trace_id": "4bf92f3577b34da6a3ce929d0e0e4736"}


def test_ids_of_every_request_are_not_searched_for_secrets(memory, monkeypatch):
    looked_at = []
    with bind(**MADE):
        Narrator("a")("b", "c", "D")
    path = PIPELINE.fast_path
    needs_care = path.needs_care
    monkeypatch.setattr(path, "needs_care", lambda pieces: looked_at.extend(pieces) or needs_care(pieces))
    with bind(**MADE, span_id="00f067aa0ba902b7", job_id="job-1", session_id="4285397033167824"):
        Narrator("a")("b", "c", "D")
    with bind(job_id="job-4bf92f3577b34da6", session_id="job-4285397033167824", span_id="s-2"):
        Narrator("a")("b", "c", "D")
    assert looked_at == ["job-1", "4285397033167824", "s-2", "job-4285397033167824"]
    assert memory.events[1].trace_id == MADE["trace_id"]


def test_ids_that_a_call_gives_are_not_searched_for_secrets_either(memory, monkeypatch):
    Narrator("a")("b", "c", "D")
    path = PIPELINE.fast_path
    looked_at = []
    judge = path.text_needs_care
    monkeypatch.setattr(path, "text_needs_care", lambda text, *more: looked_at.append(text) or judge(text, *more))
    Narrator("a")("b", "other", "D", device="00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01")
    assert looked_at == ["other"]


@pytest.mark.parametrize(
    "policy",
    [RedactionPolicy(uuids=True), RedactionPolicy(patterns={"own": "3b241101[-0-9a-f]*"})],
    ids=["uuids", "own pattern"],
)
def test_a_policy_that_hides_ids_hides_them_in_every_request(memory, policy):
    configure(sinks=[memory], level="trace", strict=False, redaction=policy)
    for _ in range(3):
        with bind(**MADE):
            Narrator("a")("b", "c", "D")
        Narrator("a")("b", MADE["correlation_id"], "Said anew", device=MADE["correlation_id"])
    assert MADE["correlation_id"] not in str(memory.events)
    assert len(memory.events) == 6


def test_what_is_kept_of_a_scope_goes_with_it_and_does_not_wait_for_the_garbage_collector(memory):
    point = Catalogue("tester").point("one", "act", "thing", "Said")
    gc.collect()
    gc.disable()
    try:
        for number in range(200):
            with bind(correlation_id=f"req-{number}"):
                narrate("act", "thing", "Said")
                point()
        assert gc.collect() < 200
    finally:
        gc.enable()


@pytest.mark.parametrize(
    "job_id", ["job-1", "job-00f067aa0ba902b7", "password=hunter2", "4111 1111 1111 1111", 'a"b', ""]
)
def test_a_target_that_is_a_bound_id_is_redacted_as_that_id(job_id):
    point = Catalogue("tester").point("one", "act", "{job_id}", "Said", channel="request")

    def call():
        for _ in range(3):
            point()

    fast = line("fast", {"job_id": job_id}, call)
    assert fast == line("slow", {"job_id": job_id}, call)
    assert (job_id in json.loads(b"{" + fast)["target"]) is ("hunter2" not in job_id and "4111" not in job_id)


def test_a_target_that_is_a_bound_id_is_looked_at_with_its_scope_alone():
    texts = {"target": "{job_id}", "human": "Generated {tokens_out} tokens"}
    written = _fast_path_source.source(["tokens_out"], [], _fast_path_source.Declared(2, "tester", "act", texts))
    assert "human not in plain_texts" in written
    assert "target in plain_texts" not in written


@pytest.mark.parametrize(
    "human", ["Serving {name}", "{name} answered", "Saw {name} twice: {name}", "At ({name})", "100 %% of {name} now"]
)
@pytest.mark.parametrize("name", ["shelf 7", "password=hunter2", '{"password": "hunter2"}', "4111 1111 1111 1111", ""])
def test_a_field_that_a_sentence_repeats_is_redacted_in_both(human, name):
    register_field("fast_name", str, "of this test")
    point = Catalogue("tester").point("one", "act", "{fast_name}", human.replace("{name}", "{fast_name}"))
    point(fast_name="shelf 1")
    point(fast_name="shelf 2")
    fast = line("fast", {}, lambda: [point(fast_name=name) for _ in range(3)])
    assert fast == line("slow", {}, lambda: point(fast_name=name))
    assert (name in json.loads(b"{" + fast)["human"]) is (name in {"shelf 7", ""})
