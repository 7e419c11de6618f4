"""Records that real test runs write: serial, spread over processes, with child processes, with scenarios."""

import json
import subprocess
import sys

import pytest

pytestmark = pytest.mark.req("COV-01", "ORCH-3312")

TESTS = """
    import sys

    import pytest

    from app import shop
    from app.told import opened


    def test_sale(narration):
        shop.buy("tea")
        narration.assert_event(action="buy")


    def test_heard_only(narration):
        shop.buy("tea")


    def test_failing(narration):
        shop.close()
        narration.assert_event(action="close")
        assert "--fail" not in sys.argv


    @pytest.mark.parametrize("number", range(4))
    def test_opening(narration, number):
        opened()
        narration.assert_story([("shop", "open")])
"""


@pytest.fixture
def tested(shop):
    """Return the shop with tests."""
    shop.write("tests/test_shop.py", TESTS)
    return shop


def figures(project):
    found = json.loads(project.narration("report", "--format", "json"))
    return found["totals"], {one["key"]: one["asserted_by"] for one in found["points"]}


def test_serial_and_spread_runs_agree(tested):
    assert tested.pytest("tests").returncode == 0
    serial = figures(tested)
    assert serial[0] == {"declared": 4, "emitted": 4, "asserted": 3}
    assert tested.pytest("tests", "-n2").returncode == 0
    files = {path.name for path in (tested.root / ".narration/records").glob("*.jsonl")}
    assert files == {"gw0.jsonl", "gw1.jsonl"}
    assert figures(tested) == serial


def test_a_narrower_run_forgets_the_one_before(tested):
    tested.pytest("tests")
    tested.pytest("tests", "-k", "sale")
    assert figures(tested)[0] == {"declared": 4, "emitted": 2, "asserted": 1}


def test_run_is_tests_and_gate_in_one(tested):
    alone = {"PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1", "PYTEST_ADDOPTS": "-p narration_capture.plugin"}

    def run(*arguments):
        return tested.python(
            "-m", "narration_core.cli", "coverage", "run", "--", "-q", "-p", "no:cacheprovider", *arguments, **alone
        )

    assert "there is no baseline" in run("tests").stderr
    tested.baseline(threshold=75)
    passed = run("tests")
    assert passed.returncode == 0, passed.stdout + passed.stderr
    assert "4 declared, 4 emitted, 3 asserted: 75 %" in passed.stdout
    assert run("tests", "-k", "sale").returncode == 1
    # A run that never starts leaves nothing that an older run could answer for.
    assert run("--no-such-option").returncode == 2


def test_child_processes_count(shop):
    shop.write("app/__main__.py", "from app import shop\nshop.buy('tea')\nshop.close()\n")
    shop.write(
        "tests/test_child.py",
        """
        import sys

        def test_child(narration, tmp_path):
            narration.process([sys.executable, "-m", "app"], cwd=tmp_path)  # its paths are absolute there
            narration.assert_event(action="pay")
            narration.process([sys.executable, "-m", "app"])
            narration.assert_event(action="close")
        """,
    )
    ran = shop.pytest("tests")
    assert ran.returncode == 0, ran.stdout
    totals, asserted = figures(shop)
    assert totals == {"declared": 4, "emitted": 3, "asserted": 2}
    assert [key for key, by in asserted.items() if by] == ["app/shop.py::buy#2", "app/shop.py::close#1"]


def test_a_run_from_a_folder_below_the_root_counts(tested):
    tested.write("app/test_near.py", "from app import shop\n\ndef test_near(narration):\n    shop.close()\n")
    command = "import os, pytest, sys; os.chdir('app'); sys.exit(pytest.main(['-q', '-p', 'no:cacheprovider', '.']))"
    ran = tested.python("-c", command)
    assert ran.returncode == 0, ran.stdout
    assert figures(tested)[0] == {"declared": 4, "emitted": 1, "asserted": 0}


FEATURE = """
    Feature: A shop

      Scenario: A sale
        When somebody buys "tea"
        Then the shop said "buy"

      @silent-ok
      Scenario: Nothing happens
        Given nobody comes

      Scenario: Mute
        Given nobody comes
"""
STEPS = """
    from pytest_bdd import given, parsers, then, when

    from app import shop

    @given("nobody comes")
    def _(): pass

    @when(parsers.parse('somebody buys "{what}"'))
    def _(what): shop.buy(what)

    @then(parsers.parse('the shop said "{action}"'))
    def _(narration, action): narration.assert_event(action=action)
"""


def test_scenarios_are_known_by_name(shop):
    shop.write("features/shop.feature", FEATURE)
    shop.write("steps/shop.py", STEPS)
    shop.write(
        "pyproject.toml",
        "[tool.pytest]\naddopts = ['--import-mode=importlib']\nnarration_features = 'features'\n"
        "[tool.narration.coverage]\nsource = ['app']\n",
    )
    ran = shop.pytest("features", "--snapshot-update")
    ran = shop.pytest("features")
    assert ran.returncode == 0, ran.stdout
    output = shop.narration("report", "--points")
    assert "      A sale" in output
    # The golden story shows both events of the sale, so both are asserted.
    totals, _ = figures(shop)
    assert totals == {"declared": 4, "emitted": 2, "asserted": 2}
    shop.baseline(threshold=50)
    output = shop.narration("gate", code=1)
    assert 'features/shop.feature::test_mute: the scenario "Mute" has no narration' in output
    assert "Nothing happens" not in output
    # One sentence changes: its story no longer matches, so its points are not asserted.
    text = (shop.root / "app/shop.py").read_text()
    shop.write("app/shop.py", text.replace("Paying for", "Charging for"))
    assert shop.pytest("features").returncode == 1
    assert "app/shop.py" in shop.narration("report")
    assert figures(shop)[0]["asserted"] == 0


def test_without_columns_the_gate_says_so_or_copes(tested):
    tested.pytest("tests", PYTHONNODEBUGRANGES="1")
    assert figures(tested)[0] == {"declared": 4, "emitted": 4, "asserted": 3}
    tested.write(
        "app/shop.py",
        (tested.root / "app/shop.py")
        .read_text()
        .replace('Buying {target}")', 'Buying {target}"); narrate("x", "y", "z")'),
    )
    tested.pytest("tests", PYTHONNODEBUGRANGES="1")
    assert "run without PYTHONNODEBUGRANGES" in tested.narration("report", code=2)


def test_narration_ci_imports_nothing_that_it_measures():
    others = ("narration_capture", "narration_worker", "steps", "pytest")
    code = f"import narration_ci.cli, sys; print([m for m in sys.modules if m.split('.')[0] in {others}])"
    ran = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert ran.stdout.strip() == "[]"
