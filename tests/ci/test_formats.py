"""Every format is read back by a tool that is not ours."""

import ast
import json
import re
import shutil
import subprocess
import sys
from html.parser import HTMLParser
from pathlib import Path

import junitparser
import pytest
from markdown_it import MarkdownIt
from pycobertura import Cobertura
from sarif.loader import load_sarif_file

from narration_ci.formats import FORMATS, sarif
from narration_ci.formats.markdown import COMMENT_LIMIT, cut, plain

BUY, PAY, CLOSE, OPEN = (
    "app/shop.py::buy#1",
    "app/shop.py::buy#2",
    "app/shop.py::close#1",
    "app/told.py::POINTS.opened#1",
)


@pytest.fixture
def written(shop):
    """Return the shop with every format written: `pay` went silent, `close` is known to be silent."""
    shop.baseline(silent=[CLOSE], asserted=[BUY, PAY, OPEN], threshold=50)
    shop.record(shop.reached("f.feature::sale", [BUY, OPEN], emitted=(PAY,), scenario="A sale", feature="f.feature"))
    shop.narration("report", "--all")
    return shop


def file(project, name):
    return project.root / ".narration/coverage" / FORMATS[name].file


def git(project, *arguments):
    who = ("-c", "user.name=T", "-c", "user.email=t@example.org", "-c", "commit.gpgsign=false")
    subprocess.run(["git", *who, *arguments], cwd=project.root, check=True, capture_output=True)


def diff_cover(project, name):
    tool = shutil.which("diff-cover", path=str(sys.prefix) + "/bin")
    assert tool, "diff-cover is in the dev group of pyproject.toml"
    return subprocess.run(
        [tool, str(file(project, name)), "--compare-branch=main", "--fail-under=100", "--format=json:diff.json"],
        cwd=project.root,
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.mark.parametrize("name", ["lcov", "cobertura"])
def test_diff_cover_names_the_line_of_a_changed_sentence(shop, name):
    git(shop, "init", "-q", "-b", "main")
    git(shop, "add", "app")
    git(shop, "commit", "-qm", "before")
    text = (shop.root / "app/shop.py").read_text()
    shop.write("app/shop.py", text.replace('"Paying for', '"Charging for'))  # a later line of the call
    shop.record(shop.reached("t", [BUY, CLOSE, OPEN], emitted=(PAY,)))
    shop.narration("report", "--all")
    ran = diff_cover(shop, name)
    assert ran.returncode == 1, ran.stdout + ran.stderr
    found = json.loads((shop.root / "diff.json").read_text())
    assert found["src_stats"]["app/shop.py"]["violation_lines"] == [9]
    shop.record(shop.reached("t", [BUY, PAY, CLOSE, OPEN]))
    shop.narration("report", "--all")
    assert diff_cover(shop, name).returncode == 0


def test_cobertura_is_read_by_pycobertura(written):
    report = Cobertura(str(file(written, "cobertura")))
    assert report.files() == ["app/shop.py", "app/told.py"]
    assert report.missed_statements("app/shop.py") == [6, 7, 8, 9, 10, 14]
    assert report.total_statements("app/told.py") == 1
    assert report.line_rate("app/told.py") == 1


def test_lcov_is_read_by_genhtml(written, tmp_path_factory):
    genhtml = shutil.which("genhtml")
    if genhtml is None:
        pytest.skip("genhtml (Debian: lcov) is not installed")
    out = tmp_path_factory.mktemp("genhtml")
    ran = subprocess.run(
        [genhtml, "-o", str(out), str(file(written, "lcov"))],
        cwd=written.root,
        capture_output=True,
        text=True,
        check=False,
    )
    assert ran.returncode == 0, ran.stderr
    # Its functions are our points.
    assert re.search(r"functions\.*: 50\.0% \(2 of 4 functions\)", ran.stdout), ran.stdout
    assert re.search(r"lines\.*: 25\.0% \(2 of 8 lines\)", ran.stdout), ran.stdout


def test_sarif_is_read_by_sarif_tools(written):
    found = load_sarif_file(str(file(written, "sarif")))
    records = {(one["Code"], one["Location"], one["Line"], one["Severity"]) for one in found.get_records()}
    assert records == {
        ("went-silent", "app/shop.py", 6, "error"),
        ("never-emitted", "app/shop.py", 14, "note"),
    }
    # The mark of a result does not move with its line.
    marks = [one["partialFingerprints"]["narrationPoint/v1"] for one in found.get_results()]
    assert marks == [PAY, CLOSE]


def test_sarif_has_a_place_for_findings_without_one(written):
    written.baseline(asserted=[BUY, "app/gone.py::f#1"], threshold=90)
    written.narration("report", "--all")
    found = load_sarif_file(str(file(written, "sarif")))
    places = {(one["Code"], one["Location"]) for one in found.get_records()}
    assert {("below-threshold", "ci/narration-baseline.json"), ("removed", "ci/narration-baseline.json")} <= places


def test_junit_is_read_by_junitparser(written):
    suites = junitparser.JUnitXml.fromfile(str(file(written, "junit")))
    (suite,) = suites
    figures = {one.name: one.value for one in suite.properties()}
    assert figures["narration.declared"] == "4"
    assert figures["narration.asserted"] == "2"
    assert figures["narration.percent"] == "50"
    assert [type(one).__name__ for case in suite for one in case.result] == ["Failure", "Skipped"]
    assert (suite.tests, suite.failures, suite.skipped) == (4, 1, 1)


def test_json_says_everything(written):
    found = json.loads(file(written, "json").read_text())
    assert found["format"] == 1
    assert found["totals"] == {"declared": 4, "emitted": 3, "asserted": 2}
    assert found["passed"] is False
    by_key = {one["key"]: one for one in found["points"]}
    assert by_key[BUY]["asserted_by"] == ["f.feature::sale"]
    assert by_key[PAY]["state"] == "emitted"
    assert by_key[PAY]["scenarios"] == ["A sale"]
    assert found["findings"][0]["rule"] == "went-silent"


class _Page(HTMLParser):
    def __init__(self):
        super().__init__()
        self.open, self.outside, self.text = [], [], ""

    def handle_starttag(self, tag, attributes):
        if tag not in {"meta", "input", "br"}:
            self.open.append(tag)
        self.outside += [value for name, value in attributes if name in {"src", "href", "action"}]

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, data):
        if not set(self.open) & {"style", "script"}:
            self.text += data


EVIL = "<script>alert(1)</script> | `x` \u202e @everyone [a](http://x) \x00 ]]>"


@pytest.fixture
def evil(written):
    record = written.reached("f.feature::sale", [BUY, OPEN], emitted=(PAY,), scenario=EVIL, feature="f.feature")
    for event in record["events"]:
        event |= {"human": EVIL, "actor": "shop"}
    written.record(record)
    written.narration("report", "--all")
    return written


def test_the_page_stands_alone_and_shows_sentences(written):
    page = _Page()
    page.feed(file(written, "html").read_text("utf-8"))
    assert page.open == []
    assert page.outside == []
    for shown in ("Paying for {target}", "Closing", "A sale", "The gate fails.", "no test reaches it", "50 %"):
        assert shown in page.text


def test_the_page_says_first_what_is_silent_and_which_tests_reach_what(written):
    page = _Page()
    page.feed(file(written, "html").read_text("utf-8"))
    text = page.text
    assert (
        text.index("Silent points")
        < text.index("By actor and file")
        < text.index("Excluded with a reason" if "Excluded with a reason" in text else "Scenarios")
    )
    assert "Reached by 1 scenario, 0 of them assert it" in text
    assert "A sale (asserts nothing)" in text
    assert "2 events from 2 points" not in text
    assert "3 events from 3 points" in text


def test_text_from_events_stays_text_in_every_format(evil):
    page = _Page()
    page.feed(file(evil, "html").read_text("utf-8"))
    assert page.open == []
    assert "<script>alert(1)</script>" in page.text
    rendered = MarkdownIt("gfm-like", {"linkify": False}).render(file(evil, "markdown").read_text("utf-8"))
    assert "<script>" not in rendered
    assert "href" not in rendered
    assert "@everyone" not in file(evil, "markdown").read_text("utf-8")
    assert list(junitparser.JUnitXml.fromfile(str(file(evil, "junit"))))
    assert Cobertura(str(file(evil, "cobertura"))).files()
    assert load_sarif_file(str(file(evil, "sarif"))).get_result_count() == 2
    assert json.loads(file(evil, "json").read_text())["scenarios"][0]["title"] == EVIL


def test_markdown_has_its_tables_and_says_what_to_do(written):
    text = file(written, "markdown").read_text("utf-8")
    rendered = MarkdownIt("gfm-like", {"linkify": False}).render(text)
    assert rendered.count("<table>") == 2
    assert "<strong>50 %</strong> of 4 declared points are asserted" in rendered
    assert "<code>app/shop.py:6</code>" in rendered
    assert "### What to do" in text


def test_markdown_is_cut_under_the_limit_of_the_host():
    lines = "\n".join(f"- {plain('ä' * 50)} {number}" for number in range(2000))
    short = cut(f"<details><summary>x</summary>\n\n{lines}\n\n</details>", COMMENT_LIMIT)
    assert len(short.encode()) <= COMMENT_LIMIT + 20
    assert short.count("<details>") == short.count("</details>") == 1
    assert "the whole report is in the artifact" in short
    assert cut("short", COMMENT_LIMIT) == "short"


def test_a_format_goes_to_a_file_or_to_the_terminal(written, tmp_path):
    assert written.narration("report", "--format", "lcov").startswith("TN:narration\n")
    out = tmp_path / "x.sarif"
    written.narration("report", "--format", "sarif", "--output", str(out))
    assert json.loads(out.read_text())["version"] == "2.1.0"


def test_every_reason_of_the_gate_has_a_rule_for_code_scanning():
    """A reason without one ended `narration coverage report` with a traceback."""
    folder = Path(sarif.__file__).parent.parent / "measure"
    calls = (node for path in folder.glob("*.py") for node in ast.walk(ast.parse(path.read_text("utf-8"))))
    named = {
        call.args[0].value
        for call in calls
        if isinstance(call, ast.Call) and ast.unparse(call.func) == "Finding" and isinstance(call.args[0], ast.Constant)
    }
    assert {"no-caller", "lost-parent", "removed"} <= named
    assert named <= set(sarif._RULES)
