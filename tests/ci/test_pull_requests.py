"""Pull requests as they come: each kind of damage fails with a message that says what to do, a clean one passes."""

import os
import shutil
import subprocess
import sys

import pytest
import yaml

from narration_ci.formats.comment import MARK
from narration_ci.formats.markdown import COMMENT_LIMIT

pytestmark = pytest.mark.req("COV-01", "COV-02")

TESTS = """
    from app import shop
    from app.told import opened

    def test_all(narration):
        opened()
        shop.buy("tea")
        shop.close()
        narration.assert_event(action="open")
        narration.assert_event(human="Buying tea")
        narration.assert_event(human="Paying for tea")
"""


def git(project, *arguments):
    who = ("-c", "user.name=T", "-c", "user.email=t@example.org", "-c", "commit.gpgsign=false")
    ran = subprocess.run(["git", *who, *arguments], cwd=project.root, check=True, capture_output=True, text=True)
    return ran.stdout


@pytest.fixture
def merged(shop):
    """Return the shop on its main branch: three points told, `close` known to be silent, a baseline."""
    shop.write("tests/test_shop.py", TESTS)
    shop.write(".gitignore", ".narration/\n__pycache__/\n")
    shop.pytest("tests")
    shop.narration("init")
    git(shop, "init", "-q", "-b", "main")
    git(shop, "add", ".")
    git(shop, "commit", "-qm", "before")
    return shop


def change(project, path, old, new):
    text = (project.root / path).read_text()
    assert old in text
    (project.root / path).write_text(text.replace(old, new))


def gate(project, code):
    project.pytest("tests")
    return project.narration("gate", "--against", "main", code=code)


def test_a_clean_one_passes(merged):
    change(merged, "app/shop.py", "def buy(what):", "def buy(what: str) -> None:")
    change(merged, "app/shop.py", "from app", "# moved down\nfrom app")
    assert gate(merged, 0).endswith("passed\n")


def test_one_that_renames_a_file_passes(merged):
    (merged.root / "app/shop.py").rename(merged.root / "app/market.py")
    change(merged, "tests/test_shop.py", "from app import shop", "from app import market as shop")
    assert "note: app/shop.py was renamed to app/market.py" in gate(merged, 0)
    merged.narration("tighten")
    assert "coverage tighten" not in gate(merged, 0)


def test_one_that_formats_a_file_anew_passes(merged):
    merged.write(
        "app/shop.py",
        """
        from app.told import (
            narrate,
        )
        def buy(what): narrate("buy", what,
              "Buying {target}"); narrate.warn("pay", what, "Paying for {target}")

        def close(): narrate(
            "close", "shop",
            "Closing")
        """,
    )
    assert "coverage tighten" not in gate(merged, 0)


def test_one_that_moves_points_within_a_file_passes(merged):
    """`pay` moves to a function of its own, a silent point changes places with a told one, a function is renamed."""
    change(merged, "app/shop.py", "def close():\n", 'def close():\n    narrate("bow", "guest", "Bowing")\n')
    change(merged, "tests/test_shop.py", "    shop.buy", "    shop.close()\n    shop.buy")
    change(merged, "tests/test_shop.py", "    narration", '    narration.assert_event(action="bow")\n    narration')
    output = gate(merged, 0)
    assert "note: app/shop.py::close#1 is now app/shop.py::close#2" in output
    assert "note: 1 asserted point not yet in the baseline" in output
    merged.narration("tighten")
    merged.write(
        "app/shop.py",
        """
        from app.told import narrate

        def _pay(what):
            narrate.warn("pay", what, "Paying for {target}")

        def close():
            narrate("close", "shop", "Closing")
            narrate("bow", "guest", "Bowing")

        def buy(what):
            narrate("buy", what, "Buying {target}")
            _pay(what)
        """,
    )
    assert "note: app/shop.py::buy#2 is now app/shop.py::_pay#1" in gate(merged, 0)
    merged.narration("tighten")
    assert "coverage tighten" not in gate(merged, 0)


def test_one_that_puts_another_point_in_the_place_of_a_removed_one_fails(merged):
    change(merged, "app/shop.py", '"buy", what, "Buying {target}"', '"greet", what, "Greeting {target}"')
    change(merged, "app/shop.py", "narrate.warn(", 'narrate("wave", what, "Waving"); narrate.warn(')
    change(merged, "tests/test_shop.py", "Buying tea", "Greeting tea")
    # A told point that got another name in its place is still told.
    assert "wave" in (output := gate(merged, 1))
    assert "is gone" not in output
    change(merged, "app/shop.py", 'narrate("greet", what, "Greeting {target}")\n', "")
    change(merged, "app/shop.py", '    narrate("wave", what, "Waving"); narrate', "    narrate")
    change(merged, "tests/test_shop.py", '    narration.assert_event(human="Greeting tea")\n', "")
    output = gate(merged, 1)
    # What is left is `pay`, in the place that `buy` had.
    assert "`narration coverage forget 'app/shop.py::buy#1'`" in output
    merged.narration("forget", "app/shop.py::buy#1")
    assert "FAILED, 1 reason" in (output := merged.narration("gate", code=1))
    assert "75 % are needed" in output


def test_one_that_changes_a_sentence_fails(merged):
    change(merged, "app/shop.py", "Paying for {target}", "Charging for {target}")
    output = gate(merged, 1)
    assert "tests/test_shop.py::test_all: 1 test failed, and no other asserts " in output


def test_on_github_the_reason_stands_beside_the_line(merged, monkeypatch):
    monkeypatch.delenv("GITHUB_ACTIONS", raising=False)
    change(merged, "app/shop.py", 'narrate("close"', 'narrate("lock", "door", "100 % locked"); narrate("close"')
    assert "::error" not in gate(merged, 1)
    monkeypatch.setenv("GITHUB_ACTIONS", "true")
    output = merged.narration("gate", code=1)
    assert '::error file=app/shop.py,line=14,title=narration%3A new-silent::shop lock "100 %25 locked"' in output


def test_one_that_removes_a_point_fails(merged):
    change(merged, "app/shop.py", 'narrate("buy", what, "Buying {target}")', "pass")
    change(merged, "tests/test_shop.py", '    narration.assert_event(human="Buying tea")\n', "")
    assert "a point of `buy` was removed: the system narrates less than before; put it back, or run" in gate(merged, 1)


def test_one_that_adds_a_silent_point_fails(merged):
    change(merged, "app/shop.py", 'narrate("close"', 'narrate("lock", "door", "Locking"); narrate("close"')
    output = gate(merged, 1)
    assert 'shop lock "Locking" is new and silent: reached by 1 test, asserted by none' in output
    assert "Closing" not in output


def test_one_that_trades_one_silent_point_for_another_fails(merged):
    change(merged, "tests/test_shop.py", 'human="Paying for tea"', 'human="Closing"')
    output = gate(merged, 1)
    assert 'app/shop.py:6: shop pay "Paying for tea" is no longer asserted' in output
    assert "3 asserted: 75 %" in output


def test_one_that_breaks_a_chain_fails(merged):
    merged.write(
        "features/shop.feature", 'Feature: Shop\n\n  Scenario: A job\n    Given a job\n    Then it is told "buy"\n'
    )
    steps = """
        from pytest_bdd import given, parsers, then
        from app import shop
        from narration_core import bind

        @given("a job")
        def _():
            with bind(job_id="j", correlation_id="c"):
                shop.buy("tea")

        @then(parsers.parse('it is told "{action}"'))
        def _(narration, action): narration.assert_event(action=action)
    """
    change(merged, "pyproject.toml", "strict = true", 'strict = true\nnarration_features = "features"')
    merged.write("steps/shop.py", steps)
    merged.pytest("tests", "features", "--snapshot-update")
    merged.pytest("tests", "features")
    merged.narration("gate")
    change(merged, "steps/shop.py", ', correlation_id="c"', "")
    merged.pytest("tests", "features", "--snapshot-update")
    merged.pytest("tests", "features")
    output = merged.narration("gate", code=1)
    assert (
        'in "A job", shop buy belongs to job j and has no correlation id: the story cannot be followed here; bind'
        in output
    )


def test_one_that_lowers_the_baseline_by_hand_fails(merged):
    change(merged, "ci/narration-baseline.json", '"threshold": 75', '"threshold": 50')
    key = '    "app/shop.py::buy#2 pay warn",\n'
    change(merged, "ci/narration-baseline.json", key, "")
    change(merged, "ci/narration-baseline.json", '"silent": [\n', '"silent": [\n' + key)
    change(merged, "tests/test_shop.py", '    narration.assert_event(human="Paying for tea")\n', "")
    merged.pytest("tests")
    merged.narration("gate")
    output = merged.narration("gate", "--against", "main", code=1)
    assert "the threshold was lowered from 75 to 50: the baseline only rises" in output
    assert "app/shop.py::buy#2 was added to the silent points" in output
    assert "name a commit that exists here" in merged.narration("gate", "--against", "nowhere", code=2)


def test_the_comment_says_what_changes(merged):
    change(merged, "app/shop.py", 'narrate("close"', 'narrate("lock", "door", "Locking"); narrate("close"')
    change(
        merged,
        "tests/test_shop.py",
        'human="Paying for tea")',
        'human="Paying for tea"); narration.assert_event(action="lock")',
    )
    change(merged, "app/shop.py", '"Closing")', '"Closing"); narrate("sweep", "floor", "Sweeping")')
    merged.pytest("tests")
    stories = merged.write("stories.md", "| kind | story |\n|---|---|\n| reworded | a_sale |\n")
    text = merged.narration("comment", "--against", "main", "--stories", str(stories))
    assert text.startswith(MARK)
    for line in (
        "| points declared | 4 | 6 | +2 |",
        "| points asserted | 3 | 4 | +1 |",
        "<details open><summary>1 newly silent</summary>",
        "**Links:** 0 scenarios, every link holds.",
        "### Stories",
        "| reworded | a_sale |",
        "**The gate fails.**",
    ):
        assert line in text


def test_the_comment_stays_under_the_limit_of_the_host(merged):
    lines = ["from app.told import narrate", *(f"narrate('a{n}', 'x', 'Sentence number {n}')" for n in range(2000))]
    merged.write("app/many.py", "\n".join(lines) + "\n")
    merged.pytest("tests")
    stories = merged.write("stories.md", "ä story\n" * 20_000)
    text = merged.narration("comment", "--against", "main", "--stories", str(stories))
    assert len(text.encode()) <= 65_536
    assert len(text.encode()) > COMMENT_LIMIT // 2
    assert "ä story" in text
    assert text.count("<details") == text.count("</details>")


# -- the action ----------------------------------------------------------------------------------


@pytest.fixture
def steps(root):
    return {step["name"]: step for step in yaml.safe_load((root / "ci/action.yml").read_text())["runs"]["steps"]}


def test_the_action_puts_no_input_into_a_script(steps):
    assert not [name for name, step in steps.items() if "${{" in step.get("run", "")]


def run_step(project, step, tmp_path, **environment):
    """Run a step's script as a runner would."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("PYTEST_", "NARRATION_"))}
    files = {name: str(tmp_path / name) for name in ("GITHUB_OUTPUT", "GITHUB_STEP_SUMMARY")}
    ran = subprocess.run(
        ["bash", "--noprofile", "--norc", "-eo", "pipefail", "-c", step["run"]],
        cwd=project.root,
        env={**kept, **files, "PYTHON": sys.executable, "PYTHONPATH": str(project.root), **environment},
        capture_output=True,
        text=True,
        check=False,
    )
    written = (tmp_path / "GITHUB_OUTPUT").read_text() if (tmp_path / "GITHUB_OUTPUT").exists() else ""
    return ran, dict(line.split("=", 1) for line in written.splitlines())


@pytest.mark.skipif(not shutil.which("bash"), reason="needs bash")
def test_the_action_runs_tests_reports_and_gate(merged, steps, tmp_path_factory):
    out = tmp_path_factory.mktemp("runner")
    ran, outputs = run_step(merged, steps["Tests"], out, TESTS="tests -q")
    assert (ran.returncode, outputs["code"]) == (0, "0"), ran.stdout + ran.stderr
    ran, outputs = run_step(merged, steps["Reports"], out, BASE="main")
    assert ran.returncode == 0, ran.stdout + ran.stderr
    assert (out / "GITHUB_STEP_SUMMARY").read_text().startswith("## Narration coverage")
    assert (merged.root / ".narration/coverage/comment.md").read_text().startswith(MARK)
    ran, _ = run_step(merged, steps["Gate"], out, BASE="main", CODE="0")
    assert ran.returncode == 0, ran.stdout + ran.stderr
    ran, _ = run_step(merged, steps["Gate"], out, BASE="", CODE="1")
    assert ran.returncode == 1
    assert "pytest ended with exit code 1" in ran.stdout
