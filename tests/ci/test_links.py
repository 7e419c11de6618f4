"""The link check: every way in which a story can fall apart."""

import json

import msgspec
import pytest
from click.testing import CliRunner

from narration_ci.cli import links
from narration_ci.measure.linked_event import LinkedEvent
from narration_ci.measure.links import check
from narration_ci.measure.records import Record, RecordedEvent

pytestmark = pytest.mark.req("COV-02")


def event(action="a", **ids):
    return LinkedEvent(ids.pop("actor", "worker"), action, place=ids.pop("place", "f.jsonl:1"), **ids)


def rules(*story):
    return [finding.rule for finding in check(story)]


WHOLE = (
    event("startup"),
    event("spawn", correlation_id="c", job_id="j", span_id="s1", actor="pool"),
    event("execute", correlation_id="c", job_id="j", span_id="s2", parent_span_id="s1"),
    event("decode", correlation_id="c", job_id="j", span_id="s3", parent_span_id="s2"),
    event("end", correlation_id="c", job_id="j"),
)


def test_a_whole_story_holds():
    assert rules(*WHOLE) == []


def test_the_caller_may_be_outside():
    outside = {"correlation_id": "c", "parent_span_id": "not-ours"}
    assert rules(event("a", **outside), event("b", span_id="s1", **outside), event("c", correlation_id="c")) == []


@pytest.mark.parametrize(
    ("broken", "rule"),
    [
        (event("lost", job_id="j"), "no-correlation-id"),
        (event("lost", span_id="s3", parent_span_id="s2"), "no-correlation-id"),
        (event("other", correlation_id="d", job_id="j"), "changed-id"),
        (event("other", correlation_id="d", span_id="s9", parent_span_id="s1"), "changed-on-the-way"),
    ],
)
def test_one_broken_link_is_found(broken, rule):
    assert rules(*WHOLE, broken) == [rule]


def test_a_hop_that_does_not_narrate_is_found():
    story = (
        event("in", correlation_id="c", parent_span_id="caller"),
        event("far", correlation_id="c", parent_span_id="silent-hop", actor="far"),
    )
    (finding,) = check(story)
    assert (finding.rule, finding.what) == (
        "lost-parent",
        "far far of c comes from span silent-hop, which has no events",
    )


def test_a_span_inside_of_itself_is_found():
    story = (
        event("a", correlation_id="c", span_id="s1", parent_span_id="s2"),
        event("b", correlation_id="c", span_id="s2", parent_span_id="s1"),
    )
    assert rules(*story) == ["circle", "circle"]


def test_each_broken_hop_is_reported_once():
    many = [event("x", correlation_id="d", span_id=f"s{n}", parent_span_id="s1") for n in range(50, 60)]
    assert rules(*WHOLE, *many) == ["changed-on-the-way"]


def run(*arguments, code):
    ran = CliRunner().invoke(links, [str(one) for one in arguments])
    assert ran.exit_code == code, ran.output
    return ran.output


def line(**fields):
    return json.dumps({"actor": "worker", "action": "a", "human": "x", **fields})


def test_log_files_of_several_services_are_one_story(tmp_path):
    pool, worker = tmp_path / "pool.log", tmp_path / "worker.log"
    pool.write_text(line(actor="pool", correlation_id="c", span_id="s1") + "\nllama_model_loader: not ours\n\n")
    worker.write_text(line(correlation_id="c", span_id="s2", parent_span_id="s1") + "\n" + line() + "\n")
    out = run(pool, worker, "--ids", code=0)
    assert "c: pool > worker\n" in out
    assert "3 events (1 other line) in 2 files, 1 correlation id: every link holds" in out
    worker.write_text(line(correlation_id="other", span_id="s2", parent_span_id="s1") + "\n")
    out = run(pool, worker, code=1)
    assert f"{worker}:1: worker a has correlation id other, its caller pool a has c: the id changed on the way" in out
    assert "1 broken link" in out


def test_files_without_events_are_an_error(tmp_path):
    file = tmp_path / "x.log"
    file.write_bytes(b"\xff\xfe not json\n{}\n[1]\n")
    assert "no line is an event: write them with NARRATION_FORMAT=json" in run(file, code=2)
    run(tmp_path / "nowhere.log", code=2)


def scenario(name, *events, **more):
    return Record(test=f"f.feature::{name}", outcome="passed", scenario=name, events=events, **more)


def test_scenarios_are_checked_one_by_one_and_share_no_id(shop):
    good = {"correlation_id": "c", "job_id": "j", "actor": "shop", "action": "buy"}
    shop.record(
        {"test": "f::a", "scenario": "A", "events": [good]},
        {"test": "f::b", "scenario": "B", "events": [good]},
        {
            "test": "f::c",
            "scenario": "C",
            "events": [{"job_id": "j", "point": "app/shop.py:5:9", "actor": "shop", "action": "buy"}],
        },
    )
    out = run("--root", shop.root, code=1)
    assert 'f::b: "B" and "A" share the correlation id c' in out
    assert 'app/shop.py:5: in "C", shop buy belongs to job j and has no correlation id' in out
    assert "3 scenarios: 2 broken links" in out


def test_a_broken_chain_fails_the_gate(shop):
    shop.baseline(threshold=1)
    record = shop.reached("f::a", ["app/shop.py::buy#1"], scenario="A")
    shop.record(record)
    shop.narration("gate")
    record["events"][0]["job_id"] = "j"
    shop.record(record)
    out = shop.narration("gate", code=1)
    assert (
        'app/shop.py:5: in "A", shop a belongs to job j and has no correlation id: the story cannot be followed' in out
    )


def test_records_know_what_the_check_needs():
    assert {"correlation_id", "job_id", "span_id", "parent_span_id"} <= set(RecordedEvent.__struct_fields__)


def test_nothing_checked_is_no_pass(shop):
    shop.record(shop.reached("t::a", ["app/shop.py::buy#1"]) | {"outcome": "failed"}, {"test": "t::b", "events": []})
    result = CliRunner().invoke(links, ["--root", str(shop.root)])
    assert result.exit_code == 2
    assert "0 stories: none of the 2 tests of the last run passed and is a scenario or narrates" in result.output


def test_a_narrowed_run_says_so(shop):
    shop.record(shop.reached("f::a", ["app/shop.py::buy#1"], scenario="A"), narrowed="-m smoke")
    result = CliRunner().invoke(links, ["--root", str(shop.root)])
    assert result.exit_code == 0
    assert result.output == "narration links: 1 scenario of a narrowed run (-m smoke): every link holds\n"


# -- hops ------------------------------------------------------------------------------------------

CALL = event("call", actor="gateway", correlation_id="c", span_id="g2", parent_span_id="g1", event="call")
CALLED = msgspec.structs.replace(CALL, duration_ms=5)
TAKEN = event("request", actor="stock", correlation_id="c", span_id="s1", parent_span_id="g2", event="request")
ASKED = event("request", actor="gateway", correlation_id="c", span_id="g1", event="request")
HOP = (
    ASKED,
    CALL,
    TAKEN,
    msgspec.structs.replace(TAKEN, duration_ms=3),
    CALLED,
    msgspec.structs.replace(ASKED, duration_ms=9),
)


def broken(*story, edges=("gateway",)):
    return [(finding.rule, finding.what) for finding in check(story, edges, is_over=True)]


def test_a_hop_that_both_sides_tell_holds():
    assert broken(*HOP) == []


def test_a_request_that_nobody_called_is_found_unless_the_service_is_an_edge():
    expected = ("no-caller", "gateway request is a request that nobody called: it has no parent span")
    assert broken(*HOP, edges=()) == [expected]
    assert broken(*HOP, edges=("stock",)) == [
        expected,
        ("own-id", "gateway request begins a story of its own with correlation id c"),
    ]


def test_a_service_that_makes_its_own_id_is_named():
    own = event("request", actor="stock", correlation_id="mine", span_id="s1", event="request")
    rules_found = dict(broken(ASKED, CALL, own, msgspec.structs.replace(own, duration_ms=1), CALLED, HOP[-1]))
    assert rules_found["no-caller"].startswith("stock request")
    assert rules_found["own-id"].startswith("stock request begins a story of its own with correlation id mine")
    # Also one that tells its requests in words of its own.
    mine = event("serve", actor="stock", correlation_id="mine")
    assert broken(ASKED, CALL, mine, CALLED, HOP[-1]) == [
        ("own-id", "stock serve begins a story of its own with correlation id mine, as gateway does")
    ]
    found = broken(event("serve", actor="gateway", correlation_id="c"), mine, edges=())
    assert [what for _, what in found] == [
        "gateway serve begins a story of its own with correlation id c, as stock does",
        "stock serve begins a story of its own with correlation id mine, as gateway does",
    ]


def test_a_service_that_narrates_requests_without_an_id_is_named():
    bare = event("request", actor="stock", parent_span_id="g2", event="request")
    assert ("no-correlation-id", "stock request is a request without a correlation id") in broken(ASKED, CALL, bare)
    serving = event("serve", actor="stock")
    assert broken(ASKED, CALL, serving, CALLED, HOP[-1]) == [
        ("no-correlation-id", "stock serve has no correlation id, and gateway call of c waits for an answer")
    ]


def test_a_lifecycle_event_between_calls_is_no_request():
    started = event("start", actor="stock")
    assert broken(started, *HOP, event("stop", actor="stock")) == []
    assert broken(ASKED, CALL, TAKEN, started, *HOP[3:]) == []


def test_a_request_that_has_not_ended_is_found():
    assert broken(*HOP[:-1]) == [("still-open", "gateway request, a request of c, has not ended")]
    failed = event("f", actor="gateway", correlation_id="c", span_id="g1", event="request_failed", level="error")
    assert broken(*HOP[:-1], failed) == []


def test_the_logs_of_inner_services_alone_hold():
    assert broken(TAKEN, HOP[3]) == []


def test_log_files_of_a_broken_system_fail(tmp_path):
    gateway, stock = tmp_path / "gateway.log", tmp_path / "stock.log"
    asked = {"actor": "gateway", "event": "request", "correlation_id": "c", "span_id": "g1", "emitted_at_ms": 1}
    own = {"actor": "stock", "event": "request", "correlation_id": "mine", "span_id": "s1", "emitted_at_ms": 2}
    gateway.write_text(line(**asked) + "\n")
    stock.write_text(line(**own) + "\n")
    out = run(gateway, stock, "--edge", "gateway", code=1)
    assert "stock a is a request that nobody called" in out
    assert "say `--edge stock`" in out
    run(gateway, stock, "--edge", "gateway", "--edge", "stock", code=0)


def test_plain_tests_that_narrate_are_checked_unless_they_are_exempt(shop):
    alone = {"actor": "shop", "action": "serve", "event": "request", "correlation_id": "c", "span_id": "s1"}
    shop.record({"test": "tests/test_shop.py::a", "events": [alone, {**alone, "duration_ms": 1}]})
    out = run("--root", shop.root, code=1)
    assert 'in "a", shop serve is a request that nobody called' in out
    run("--root", shop.root, "--edge", "shop", code=0)
    project = shop.root / "pyproject.toml"
    project.write_text(project.read_text() + '\n[tool.narration.links]\nexempt = ["tests"]\n')
    assert "0 stories" in run("--root", shop.root, code=2)
    project.write_text(project.read_text().replace("exempt =", 'edges = ["shop"]\nexempted ='))
    assert "[tool.narration.links]" in run("--root", shop.root, code=2)
