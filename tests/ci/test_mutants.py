"""Mutants: each edit does what it says, and the tests of a project are judged rightly."""

import json
import subprocess

import pytest
from click.testing import CliRunner

from narration_ci.cli import mutants
from narration_ci.config import Settings, source_files
from narration_ci.findings import CoverageError
from narration_ci.mutation.edits import OPERATORS, mutated, sites
from narration_ci.source.changed_points import changed_lines, changed_points
from narration_ci.source.files import read_project

FORMS = """
    from narration_core import Catalogue, Narrator

    own = Narrator("own")
    POINTS = Catalogue("table")
    first = POINTS.point("first", "one", "{worker_id}", "First")
    second = POINTS.point("second", "two", "x", "Second", actor="other", cute="Zwo",)
    assert first.human and [point.name for point in POINTS] == ["first", "second"]

    own("plain", "x", "One", device="d", story="Once"); own.warn("warned", "x", "Two" "Two",)
    (own
        .info(
            "broken_up", "x",
            ("Three"),  # a comment
        ))
    own("sum", "x", "Four " + str(4))
    own(*("star", "x", "Five"), **{"device": "d"})
    own("kept", "x", "Six", correlation_id="explicit")
    with own.span("span", "x", "Seven") as work:
        work.progress(50, "Half")
    with own.span("quiet", "x", "Eight", quiet=False):
        pass

    @own.traced
    def bare(): pass

    @own.traced(quiet=False,)
    def dressed(): pass

    bare(); dressed(); first(worker_id="w"); second()
"""
DRIVER = """
    import json, sys
    from narration_core import MemorySink, bind, configure, flush

    def run(source):
        sink = MemorySink()
        configure(sinks=[sink], level="trace", strict=True)
        with bind(correlation_id="bound"):
            exec(compile(source, "forms.py", "exec"), {})
        flush()
        return [event.to_dict() for event in sink.events]

    print(json.dumps([run(source) for source in json.load(sys.stdin)]))
"""


def test_each_edit_does_what_it_says_and_nothing_else(project):
    project.write("app/forms.py", FORMS)
    project.write("driver.py", DRIVER)
    found = sites(
        read_project(project.root, source_files(project.root, Settings(source=("app",)))),
        lambda path: (project.root / path).read_bytes(),
    )
    cases = [(site, operator, mutated(site, operator)) for site in found.values() for operator in OPERATORS]
    assert len(found) == 12
    # Nothing but the sentence behind a star is out of reach.
    assert [
        (site.text(site.node)[:10], operator)
        for site, operator, source in cases
        if source is None and operator not in ("cute", "story")
    ] == [('own(*("sta', "secret")]
    # Only a point that has such a sentence can leak from it.
    assert [
        (site.text(site.node)[:10], operator)
        for site, operator, source in cases
        if source is not None and operator in ("cute", "story")
    ] == [("POINTS.poi", "cute"), ('own("plain', "story")]
    applied = [(site, operator, source.decode()) for site, operator, source in cases if source is not None]
    original = next(iter(found.values())).source.decode()
    ran = project.python("driver.py", given=json.dumps([original, *(source for _, _, source in applied)]))
    assert ran.returncode == 0, ran.stderr
    before, *after = json.loads(ran.stdout)

    def facts(events, *names):
        return [tuple(event.get(name) for name in names) for event in events]

    for (site, operator, source), events in zip(applied, after, strict=True):
        text = site.text(site.node)
        lost = [
            one
            for one in facts(before, "actor", "action", "event")
            if one not in facts(events, "actor", "action", "event")
        ]
        match operator:
            case "mute":
                assert lost, text
                assert len({action for _, action, _ in lost}) == 1, (text, lost)
                assert len(events) == len(before) - len(lost), text
            case "actor":
                assert {event["actor"] for event in events} - {"own", "table", "other"} == {"mutant"}, text
                assert len(events) == len(before)
            case "correlation":
                without = [event for event in events if "correlation_id" not in event]
                assert without, text
                assert len({event["action"] for event in without}) == 1, source
            case "secret" | "cute" | "story":
                text_field = "human" if operator == "secret" else operator
                changed = [event for event in events if "[REDACTED]" in event.get(text_field, "")]
                assert changed, text
                assert "hunter2" not in json.dumps(events)
                assert len({event["action"] for event in changed}) == 1


SHOP_TESTS = """
    from app import shop
    from narration_core import bind

    def test_all(narration):
        with bind(correlation_id="c"):
            shop.buy("tea")
        narration.assert_event(actor="shop", action="buy", human="Buying tea")
        narration.assert_correlation_id("c")

    def test_reached(narration):
        shop.close()
"""


@pytest.fixture
def tested(shop, monkeypatch):
    monkeypatch.setenv("PYTEST_DISABLE_PLUGIN_AUTOLOAD", "1")
    monkeypatch.setenv("PYTEST_ADDOPTS", "-p narration_capture.plugin")
    shop.write("tests/test_shop.py", SHOP_TESTS)
    ran = shop.pytest("tests")
    assert ran.returncode == 0, ran.stdout
    return shop


def run(project, *arguments, code):
    ran = CliRunner().invoke(mutants, ["--root", str(project.root), *arguments])
    assert not ran.exception or isinstance(ran.exception, SystemExit), ran.exception
    assert ran.exit_code == code, ran.output
    return ran.output


def test_survivors_are_named_with_what_would_kill_them(tested):
    before = (tested.root / "app/shop.py").read_bytes()
    report = tested.root / "mutants.json"
    out = run(tested, "--json", str(report), "--jobs", "2", code=1)
    results = {
        (one["key"].partition("::")[2], one["operator"]): one["outcome"] for one in json.loads(report.read_text())
    }
    assert results == {
        ("buy#1", "mute"): "killed",
        ("buy#1", "correlation"): "killed",
        ("buy#1", "actor"): "killed",
        ("buy#1", "secret"): "killed",
        ("buy#2", "mute"): "survived",
        ("buy#2", "correlation"): "killed",
        ("buy#2", "actor"): "survived",
        ("buy#2", "secret"): "survived",
        ("close#1", "mute"): "survived",
        ("close#1", "actor"): "survived",
        ("close#1", "secret"): "survived",
    }
    assert "app/shop.py:6: app/shop.py::buy#2 survived 'mute': assert the event: assert_event(action='pay')" in out
    assert "never emitted, so never mutated: app/told.py:5" in out
    assert out.startswith("11 mutants, tests that reach them: 2")
    assert "narration mutants: 5 of 11 killed: 45.4 % (at least 90)" in out
    assert (tested.root / "app/shop.py").read_bytes() == before
    run(tested, "--point", "app/shop.py::buy#1", code=0)


def test_without_time_there_is_no_answer(tested):
    out = run(tested, "--within", "0", code=2)
    assert "11 of 11 mutants were not started within 0 minutes: allow more, or ask for less: --changed" in out
    assert "killed:" not in out


def test_mutants_that_cannot_be_run_are_no_answer(tested):
    watchful = "from pathlib import Path\nassert 'mutant' not in Path('app/shop.py').read_text()\n"
    file = tested.root / "tests/test_shop.py"
    file.write_text(watchful + file.read_text())
    assert "none of 3 mutants could be run" in run(tested, "--operator", "actor", code=2)


def test_tests_that_fail_by_themselves_judge_nothing(tested):
    tested.write("tests/test_shop.py", SHOP_TESTS + "        assert False\n")
    out = run(tested, code=2)
    assert (
        "the tests fail in a copy of the project without any mutation (FAILED tests/test_shop.py::test_reached" in out
    )


def test_an_unknown_point_is_an_error(tested):
    assert "is not a declared point" in run(tested, "--point", "nothing", code=2)


def git(project, *arguments):
    who = ("-c", "user.name=T", "-c", "user.email=t@example.org", "-c", "commit.gpgsign=false")
    subprocess.run(["git", *who, *arguments], cwd=project.root, check=True, capture_output=True)


def test_only_changed_points_are_mutated(tested):
    git(tested, "init", "-q", "-b", "main")
    git(tested, "add", "app", "tests")
    git(tested, "commit", "-qm", "before")
    assert "0 of 0 killed: nothing to mutate" in run(tested, "--changed", "main", code=0)
    text = (tested.root / "app/shop.py").read_text()
    tested.write("app/shop.py", text.replace('"Paying for', '"Charging for'))
    tested.write("app/new.py", "from app.told import narrate\nnarrate('a', 'b', 'c')\n")
    points = tested.declared().points
    assert changed_points(points, changed_lines(tested.root, "main")) == [
        "app/new.py::<module>#1",
        "app/shop.py::buy#2",
    ]
    out = run(tested, "--changed", "main", "--operator", "correlation", code=0)
    assert "1 of 1 killed" in out
    with pytest.raises(CoverageError, match="name a commit that exists"):
        changed_lines(tested.root, "nowhere")
