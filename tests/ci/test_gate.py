"""The gate: what passes, what fails, and what it says."""

import json
import os
import time

import pytest

from narration_core.nouns import counted

pytestmark = pytest.mark.req("COV-01")

BUY, PAY, CLOSE, OPEN = ALL = (
    "app/shop.py::buy#1",
    "app/shop.py::buy#2",
    "app/shop.py::close#1",
    "app/told.py::POINTS.opened#1",
)


def silent(shop, *keys):
    """Record a run that asserts all points but these."""
    shop.record(shop.reached("tests/t.py::test_all", [key for key in ALL if key not in keys]))


@pytest.fixture
def held(shop):
    """Return the shop with a baseline that says: all asserted but `close`."""
    silent(shop, CLOSE)
    shop.narration("init", "--goal", "95")
    return shop


def test_a_clean_change_passes(held):
    held.write("app/shop.py", "# a comment moves every line\n" + (held.root / "app/shop.py").read_text())
    silent(held, CLOSE)
    out = held.narration("gate")
    assert "narration coverage: 4 declared, 3 emitted, 3 asserted: 75 % (threshold 75, goal 95)" in out
    assert out.endswith("narration coverage gate: passed\n")


def test_a_point_that_goes_silent_fails_by_name(held):
    silent(held, CLOSE, PAY)
    out = held.narration("gate", code=1)
    assert 'app/shop.py:6: shop pay "Paying for {target}" is no longer asserted: no test reaches it; assert it' in out
    assert "2 of 4 declared points are asserted, 50 %: 75 % are needed; assert 1 more point" in out


def test_one_silent_point_is_not_traded_for_another(held):
    silent(held, PAY)
    out = held.narration("gate", code=1)
    assert "app/shop.py:6: shop pay" in out
    assert "is no longer asserted" in out
    assert "below" not in out
    assert "1 point listed as silent need not be: app/shop.py::close#1" in out


def test_a_new_silent_point_fails(held):
    held.write("app/more.py", "from app.told import narrate\n\ndef more():\n    narrate('more', 'x', 'More')\n")
    silent(held, CLOSE)
    out = held.narration("gate", code=1)
    assert 'app/more.py:4: shop more "More" is new and silent: no test reaches it; assert it in a scenario' in out
    assert "write `# narration: silent - <why>` at it" in out


def test_a_new_asserted_point_passes(held):
    held.write("app/more.py", "from app.told import narrate\n\ndef more():\n    narrate('more', 'x', 'More')\n")
    held.record(held.reached("tests/t.py::test_all", [BUY, PAY, OPEN, "app/more.py::more#1"]))
    out = held.narration("gate")
    assert "note: 1 asserted point not yet in the baseline" in out


def test_a_removed_point_fails_until_it_is_forgotten(held):
    text = (held.root / "app/shop.py").read_text().replace('narrate("buy", what, "Buying {target}")', "pass")
    held.write("app/shop.py", text)
    held.record(held.reached("tests/t.py::test_all", ["app/shop.py::buy#1", OPEN, CLOSE]))
    out = held.narration("gate", code=1)
    assert "app/shop.py: a point of `buy` was removed: the system narrates less than before; put it back" in out
    assert "`narration coverage forget 'app/shop.py::buy#1'`" in out
    assert "note: app/shop.py::buy#2 is now app/shop.py::buy#1" in out
    held.narration("forget", "app/shop.py::buy#1")
    held.narration("gate")


def test_what_is_still_declared_cannot_be_forgotten(held):
    silent(held, CLOSE)
    assert "is still declared" in held.narration("forget", PAY, code=2)
    assert "is not in" in held.narration("forget", "app/shop.py::nothing#1", code=2)


def test_emitted_is_not_asserted_and_a_failed_test_asserts_nothing(held):
    held.record(
        held.reached("tests/t.py::test_all", [BUY, OPEN], emitted=(CLOSE,)),
        held.reached("tests/t.py::test_failed", [PAY], outcome="failed"),
    )
    out = held.narration("gate", code=1)
    assert "tests/t.py::test_failed: 1 test failed, and no other asserts 1 point: make it pass; accept a story" in out
    assert "note: 1 test failed, and what they assert does not count" in out
    assert "gate: FAILED, 1 reason above" in out


def test_percent_is_compared_exactly(project):
    project.write("app/__init__.py", "")
    lines = ["from narration_core import Narrator", "n = Narrator('a')", *(f"n('a{i}', 'x', 'y')" for i in range(1000))]
    project.write("app/a.py", "\n".join(lines) + "\n")
    keys = [f"app/a.py::<module>#{number}" for number in range(1, 1001)]
    project.baseline()
    project.record(project.reached("t", keys[:796]))  # 79.6 % is not 80 %
    assert "796 of 1000 declared points are asserted, 79.6 %: 80 % are needed; assert 4 more" in project.narration(
        "gate", code=1
    )
    project.record(project.reached("t", keys[:800]))
    project.narration("gate")
    project.record(project.reached("t", keys[:999]))
    assert "99.9 %" in project.narration("gate")


def test_without_lists_only_the_threshold_holds(shop):
    silent(shop, CLOSE)
    shop.baseline(threshold=75)
    assert "the baseline lists no points, so only the threshold holds" in shop.narration("gate")


def test_tighten_raises_and_never_lowers(held):
    path = held.root / "ci/narration-baseline.json"
    before = path.read_text()
    silent(held, CLOSE, PAY)
    held.narration("tighten", code=1)
    assert path.read_text() == before
    silent(held)
    held.narration("gate", "--exact", code=1)
    held.narration("tighten")
    after = json.loads(path.read_text())
    asserted = [
        f"{key} {action} {'warn' if action == 'pay' else 'info'}"
        for key, action in zip(ALL, ("buy", "pay", "close", "open"), strict=True)
    ]
    assert (after["threshold"], after["silent"], after["asserted"]) == (95, [], asserted)
    assert "as tight as it can be" in held.narration("tighten")
    held.narration("gate", "--exact")
    silent(held, CLOSE)
    held.narration("gate", code=1)


def test_a_renamed_file_keeps_its_points(held):
    (held.root / "app/shop.py").rename(held.root / "app/market.py")
    held.record(held.reached("t", ["app/market.py::buy#1", "app/market.py::buy#2", OPEN]))
    out = held.narration("gate")
    assert "note: app/shop.py was renamed to app/market.py" in out
    held.narration("tighten")
    after = json.loads((held.root / "ci/narration-baseline.json").read_text())
    assert after["silent"] == ["app/market.py::close#1 close info"]
    # The ratchet still holds after the move.
    held.record(held.reached("t", ["app/market.py::buy#1", OPEN]))
    assert "app/market.py:6: shop pay" in held.narration("gate", code=1)


def test_a_baseline_of_format_1_is_read_and_gets_actions_and_levels(shop):
    old = {"format": 1, "threshold": 75, "silent": [CLOSE], "told": [BUY, f"{PAY} pay", OPEN]}
    shop.write("ci/narration-baseline.json", json.dumps(old))
    silent(shop, CLOSE)
    assert "coverage tighten" not in shop.narration("gate")
    shop.narration("tighten")
    now = json.loads((shop.root / "ci/narration-baseline.json").read_text())
    assert (now["format"], now["silent"]) == (2, [f"{CLOSE} close info"])
    silent(shop, CLOSE)
    assert "as tight as it can be" in shop.narration("tighten")


def test_an_excluded_point_does_not_count_and_is_listed(held):
    text = (held.root / "app/shop.py").read_text()
    held.write("app/shop.py", text.replace('"Closing")', '"Closing")  # narration: silent - at exit nobody listens'))
    silent(held, CLOSE)
    out = held.narration("report")
    assert "3 declared, 3 emitted, 3 asserted, 1 excluded: 100 %" in out
    assert 'app/shop.py:14: shop close "Closing": at exit nobody listens' in out
    silent(held)
    assert "is marked silent and is asserted: by tests/t.py::test_all; remove the comment" in held.narration(
        "gate", code=1
    )


def test_a_scenario_tells_something_or_is_tagged(held):
    def scenario(name, events, *tags):
        return held.reached(f"f.feature::{name}", events, scenario=name, feature="f.feature", tags=list(tags))

    held.record(scenario("good", [BUY, PAY, OPEN]), scenario("mute", []), scenario("quiet", [], "silent-ok"))
    out = held.narration("gate", code=1)
    assert 'f.feature::mute: the scenario "mute" has no narration: let it narrate, or tag it @silent-ok' in out
    assert "quiet" not in out
    held.record(scenario("good", [BUY, PAY, OPEN], "silent-ok"))
    assert "is tagged @silent-ok and has 3 events: the tag is stale" in held.narration("gate", code=1)


def test_an_event_from_no_declared_point_fails(held):
    record = held.reached("t", [BUY, PAY, OPEN])
    record["events"].append({"point": "app/shop.py:1:5", "actor": "shop", "action": "odd", "asserted_by": []})
    held.record(record)
    out = held.narration("gate", code=1)
    assert "app/shop.py:1: shop emitted 'odd' from here, and no declared point ends at app/shop.py:1:5" in out
    assert "annotate the name with `Narrator`" in out


def test_generated_code_and_libraries_do_not_count(held):
    record = held.reached("t", [BUY, PAY, OPEN])
    elsewhere = ("<string>:1:5", "/usr/lib/python3/library.py:1:5", "../other/app/shop.py:1:5")
    record["events"] += [{"point": place, "actor": "x", "action": "y", "asserted_by": []} for place in elsewhere]
    record["events"] += [{"point": None, "actor": actor, "action": "y", "asserted_by": []} for actor in ("x", "shop")]
    held.record(record)
    assert "note: 1 event did not say where they come from" in held.narration("gate")


def test_absolute_paths_below_the_root_are_ours(held):
    record = held.reached("t", [BUY, PAY, OPEN])
    for event in record["events"]:
        event["point"] = f"{held.root}/{event['point']}"
    held.record(record)
    held.narration("gate")


def test_a_line_without_column_is_enough_when_it_has_one_point(held):
    record = held.reached("t", [BUY, PAY, OPEN])
    for event in record["events"]:
        event["point"] = event["point"].rpartition(":")[0]
    held.record(record)
    held.narration("gate")
    held.write("app/two.py", "from app.told import narrate\nnarrate('a', 'b', 'c'); narrate('d', 'e', 'f')\n")
    held.record({"test": "t", "events": [{"point": "app/two.py:2", "asserted_by": []}]})
    assert "several points share this line" in held.narration("gate", code=2)


# -- no answer -----------------------------------------------------------------------------------


def test_zero_points_is_an_error(project):
    project.write("app/__init__.py", "")
    project.record({"test": "t", "events": []})
    project.baseline()
    out = project.narration("gate", code=2)
    assert "no point is declared in 1 files: nothing would be measured" in out


def test_zero_points_names_the_calls_that_may_be_some(project):
    project.write("app/__init__.py", 'def f(say): say("a", "t", "Hole")\n' * 12)
    project.record({"test": "t", "events": []})
    project.baseline()
    lines = project.narration("gate", code=2).splitlines()
    assert sum(": cannot tell whether `say(...)` narrates: annotate `say`" in line for line in lines) == 10
    assert lines[-1] == "  and 2 more"


def test_generated_code_can_be_left_out_and_tests_and_the_like_are(project):
    tell = "from narration_core import Narrator\nNarrator('a')('b', 'c', 'D')\n"
    for path in ("service/app.py", "service/gen/made.py", "tests/test_app.py", "steps/app.py", ".venv/lib/x.py"):
        project.write(path, tell)
    project.write("env/pyvenv.cfg", "")
    project.write("env/lib/x.py", tell)
    project.write("pyproject.toml", "[tool.narration.coverage]\nexclude = ['service/gen/*']\n")
    project.record({"test": "t", "events": []})
    found = json.loads(project.narration("report", "--format", "json"))
    assert [one["path"] for one in found["points"]] == ["service/app.py"]


def test_a_source_that_is_not_there_is_an_error(shop):
    assert "no such file or folder" in shop.narration("report", "--source", "nowhere", code=2)


def test_no_records_is_an_error(shop):
    shop.baseline()
    assert "there are no run records: run the tests again" in shop.narration("gate", code=2)
    shop.record()
    assert "run run-1 has no records" in shop.narration("gate", code=2)


def test_records_of_an_older_run_never_count(held):
    silent(held)
    old = time.time() - 3600
    os.utime(held.root / ".narration/records/main.jsonl", (old, old))
    assert "is older than the run that" in held.narration("gate", code=2)


@pytest.mark.parametrize(
    ("run", "out"),
    [
        ({"format": 2}, "format 2 of run records is unknown, this program reads format 1"),
        ({"root": 7}, "cannot be read as run records"),
    ],
)
def test_records_that_cannot_be_read_are_an_error(held, run, out):
    held.record({"test": "t", "events": []}, **run)
    assert out in held.narration("gate", code=2)


def test_a_torn_record_is_named(held):
    silent(held)
    file = held.root / ".narration/records/gw1.jsonl"
    file.write_text('{"test": "t", "outcome": "passed"}\n{"test": "t2", "outc')
    assert f"{file}:2: not a valid run record" in held.narration("gate", code=2)


@pytest.mark.parametrize(
    ("text", "out"),
    [
        ('{"format": 3, "threshold": 80, "new": 1}', "has format 3, and this program reads up to 2: update"),
        ('{"format": 1, "threshold": 80, "new": 1}', "not a valid baseline"),
        ('{"format": 1, "threshold": 0}', "not a valid baseline"),
        ('{"format": 1, "threshold": 96}', "the threshold 96 is above the goal 95"),
        ('{"format": 1, "threshold": 80, "silent": ["a"], "told": ["a"]}', "listed both as silent and as asserted"),
        ("", "not a valid baseline"),
        (
            '{\n<<<<<<< HEAD\n"threshold": 80,\n=======\n"threshold": 85,\n>>>>>>> other\n"format": 1}',
            "ci/narration-baseline.json:2: a merge conflict is not resolved",
        ),
    ],
)
def test_a_baseline_that_cannot_be_used_is_an_error(shop, text, out):
    silent(shop)
    shop.write("ci/narration-baseline.json", text)
    assert out in shop.narration("gate", code=2)


def test_a_missing_baseline_is_an_error_and_init_does_not_overwrite(shop):
    silent(shop)
    assert "there is no baseline: run the tests, then `narration coverage init`" in shop.narration("gate", code=2)
    shop.narration("init")
    assert "there is a baseline already" in shop.narration("init", code=2)


def test_an_unknown_setting_is_an_error(shop):
    silent(shop)
    shop.write("pyproject.toml", "[tool.narration.coverage]\nsources = ['app']\n")
    assert "sources" in shop.narration("report", code=2)


# -- the report ----------------------------------------------------------------------------------


def test_the_report_shows_files_actors_points_and_scenarios(held):
    held.record(held.reached("f.feature::a", [BUY, OPEN], emitted=(PAY,), scenario="A sale", feature="f.feature"))
    out = held.narration("report", "--points")
    assert "app/shop.py         3         2         1   33.3 %" in out
    assert "shop          4         3         2     50 %" in out
    assert "app/shop.py:6: shop pay" in out
    assert "reached by 1 test, asserted by none (f.feature::a)" in out
    assert "      A sale" in out


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ('narrate("close", "shop", "Closing")', 'narrate.error("close", "shop", "Closing")'),
        ('narrate("close", "shop", "Closing")', 'narrate("lose", "order", "Lost the order")'),
        ('narrate("close", "shop", "Closing")', 'getattr(narrate, what)("close", "shop", "Closing")'),
    ],
)
def test_a_silent_point_is_not_traded_for_another_or_a_louder_one(held, old, new):
    text = (held.root / "app/shop.py").read_text()
    held.write("app/shop.py", text.replace(old, new))
    silent(held, CLOSE)
    out = held.narration("gate", code=1)
    assert "stands where a quieter or another silent point was, and is silent: no test reaches it" in out


def test_a_silent_point_may_become_quieter_or_move(held):
    text = (held.root / "app/shop.py").read_text()
    held.write("app/shop.py", text.replace('narrate("close"', 'narrate.debug("close"').replace("def close", "def shut"))
    held.record(held.reached("tests/t.py::test_all", [BUY, PAY, OPEN]))
    assert "note: app/shop.py::close#1 is now app/shop.py::shut#1" in held.narration("gate")


def test_replayed_events_do_not_show_that_code_ran(held):
    record = held.reached("tests/t.py::test_all", [BUY, PAY, OPEN])
    record["events"][0]["origin"] = "replayed"
    record["events"][1]["origin"] = "process"
    held.record(record)
    out = held.narration("gate", code=1)
    assert 'app/shop.py:5: shop buy "Buying {target}" is no longer asserted: no test reaches it' in out
    assert "note: 1 event replayed by tests: they do not show that code ran" in out


def test_events_from_elsewhere_are_shown(held):
    record = held.reached("tests/t.py::test_all", [BUY, PAY, OPEN])
    record["events"] += [
        {"point": "/usr/lib/python3/concurrent/futures/thread.py:58:9", "actor": "shop", "action": "x"}
    ]
    held.record(record)
    shown = "/usr/lib/python3/concurrent/futures/thread.py"
    assert f"note: 1 event came from outside of the sources that count: {shown} (1)" in held.narration("gate")
    assert f"outside of the sources that count\n  {shown}: 1 event" in held.narration("report")


def test_a_narrowed_run_says_what_it_did_not_check(held):
    held.record(held.reached("tests/t.py::test_all", [BUY, PAY, OPEN]), narrowed="-k cart")
    out = held.narration("gate")
    assert "note: the run was narrowed (-k cart): the tests it left out were not run, their stories" in out
    assert "the run was narrowed (-k cart)" in held.narration("report")


def test_a_call_that_may_narrate_fails_the_gate(held):
    held.write("app/more.py", "def more(say):\n    say('more', 'x', 'More')\n")
    silent(held, CLOSE)
    out = "app/more.py:2: cannot tell whether `say(...)` narrates: annotate `say`"
    assert out in held.narration("gate", code=1)
    assert f"what the gate will not pass\n  {out}" in held.narration("report")
    (unclear,) = json.loads(held.narration("report", "--format", "json"))["unclear"]
    assert (unclear["rule"], unclear["place"]) == ("cannot-tell", "app/more.py:2")


def test_one_failed_test_is_one_reason_however_many_points_it_asserted(held, monkeypatch):
    monkeypatch.setenv("GITHUB_ACTIONS", "true")
    held.record(
        held.reached("tests/t.py::test_other", [OPEN]),
        held.reached("tests/t.py::test_failed", [BUY], outcome="failed"),
    )
    out = held.narration("gate", code=1)
    assert out.count("::error") == 1
    assert "tests/t.py::test_failed: 1 test failed, and no other asserts 2 points: make it pass" in out
    assert "FAILED, 1 reason above" in out


@pytest.mark.parametrize(("missing", "threshold"), [((), 95), ((CLOSE,), 75), ((CLOSE, PAY, BUY), 25), (ALL, 0)])
def test_init_chooses_a_threshold_that_holds(shop, missing, threshold):
    silent(shop, *missing)
    assert f"threshold {threshold}, {counted(4 - len(missing), 'point')} asserted" in shop.narration("init")
    shop.narration("gate")


def test_init_refuses_a_threshold_that_would_fail_at_once(shop):
    silent(shop, CLOSE)
    out = shop.narration("init", "--threshold", "80", code=2)
    assert "the last run reaches 75 %, so a threshold of 80 would fail at once: leave --threshold out" in out


def test_runs_of_shards_are_combined(held):
    folder = held.root / ".narration/records"
    shards = []
    for number, (keys, root) in enumerate((([BUY], "/runner/one"), ([PAY, OPEN], "/runner/two"))):
        record = held.reached(f"tests/t.py::test_{number}", keys)
        for event in record["events"]:
            event["point"] = f"{root}/{event['point']}"
        held.record(record, run_id=f"run-{number}", root=root)
        shards.append(held.root / f"shard{number}")
        folder.rename(shards[-1])
    out = held.narration("combine", *map(str, shards))
    assert out == f"wrote {folder}: 2 tests of 2 runs\n"
    assert "3 asserted: 75 %" in held.narration("gate")
    assert "one run is named twice" in held.narration("combine", str(shards[0]), str(shards[0]), code=2)
    assert "there are no run records" in held.narration("combine", str(held.root / "app"), code=2)
