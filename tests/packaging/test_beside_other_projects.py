"""The wheel in other people's projects: their folders and modules may have the names that ours have here."""

import hashlib
import re
import tomllib
import zipfile
from base64 import urlsafe_b64decode
from importlib.metadata import Distribution

import pytest

pytestmark = pytest.mark.req("ORCH-3306")

OWN_TEST = """
import {module} as own
from narration_core import Narrator

narrate = Narrator("shop")

def test_own_code():
    assert own.ANSWER == 42

def test_the_plugin_of_narration(narration):
    narrate("sell", "apple", "Selling an apple")
    narration.assert_event(actor="shop", action="sell")
"""

# Each project of its own: where its code is, and the module that its test imports.
PROJECTS = {
    "folders without __init__.py": {"ci/deploy.py": "ci.deploy", "worker/tasks.py": "worker.tasks"},
    "packages": {
        "ci/__init__.py": None,
        "ci/deploy.py": "ci.deploy",
        "worker/__init__.py": None,
        "worker/tasks.py": "worker.tasks",
        "hub/__init__.py": None,
        "hub/points.py": "hub.points",
    },
    "modules": {"capture.py": "capture", "worker.py": "worker", "ci.py": "ci", "tools.py": "tools"},
    "packages named as our subpackages": {
        "sinks/__init__.py": None,
        "sinks/kitchen.py": "sinks.kitchen",
        "model.py": "model",
        "jobs.py": "jobs",
        "plugin.py": "plugin",
        "cli.py": "cli",
        "points.py": "points",
        "support/__init__.py": "support",
        "steps/__init__.py": "steps",
    },
}


@pytest.fixture(params=PROJECTS.values(), ids=PROJECTS)
def project(request, tmp_path):
    folder = tmp_path / "shop"
    for number, (path, module) in enumerate(request.param.items()):
        code = folder / path
        code.parent.mkdir(parents=True, exist_ok=True)
        code.write_text("ANSWER = 42\n" if module else "")
        if module:
            (folder / f"test_{number}.py").write_text(OWN_TEST.format(module=module))
    (folder / "pyproject.toml").write_text('[project]\nname = "shop"\nversion = "1"\n')
    return folder


def test_the_tests_of_a_project_run_as_without_us(project, with_test_extra):
    tests = 2 * len(list(project.glob("test_*.py")))
    for program in (["python", "-m", "pytest"], ["python", "-m", "pytest", "--import-mode=importlib"]):
        done = with_test_extra.run(project, *program, "-q", "--strict-markers")
        assert done.returncode == 0, done.stdout + done.stderr
        assert f"{tests} passed" in done.stdout


def test_our_commands_run_in_a_project(project, with_test_extra):
    with_test_extra.run(project, "python", "-m", "pytest", "-q")
    for program in (["narration"], ["python", "-m", "narration_core.cli"]):
        for arguments in (["taxonomy"], ["catalogue"], ["redact", "pyproject.toml"], ["lint"], ["review"]):
            done = with_test_extra.run(project, *program, *arguments)
            assert done.returncode == 0, (program, arguments, done.stdout + done.stderr)
            assert done.stdout
        done = with_test_extra.run(project, *program, "coverage", "report")
        assert "Traceback" not in done.stdout + done.stderr
        assert "not installed" not in done.stdout + done.stderr
    done = with_test_extra.run(project, "python", "-m", "narration_worker", "--help")
    assert "--model" in done.stdout, done.stderr


BEHAVE = {
    "features/sell.feature": "Feature: sell\n  Scenario: s\n    Given an apple\n",
    "features/steps/sell.py": "from behave import given\n",
    "test_own.py": "def test_own():\n    assert True\n",
}


def write(folder, files):
    for path, text in files.items():
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        (folder / path).write_text(text)


@pytest.mark.req("PLUG-01")
def test_feature_files_of_another_runner_are_left_to_it(with_pytest, tmp_path):
    write(tmp_path, BEHAVE)
    done = with_pytest.run(tmp_path, "python", "-m", "pytest", "-q", "-p", "no:cacheprovider")
    assert done.returncode == 0, done.stdout + done.stderr
    assert "1 passed" in done.stdout
    assert "narration" not in done.stdout
    assert not (tmp_path / ".narration").exists()


def test_a_feature_file_that_is_named_without_the_setting_gets_one_line_that_says_what_to_set(with_pytest, tmp_path):
    write(tmp_path, BEHAVE)
    done = with_pytest.run(tmp_path, "python", "-m", "pytest", "-q", "features/sell.feature")
    assert "features/sell.feature was not collected by narration: set narration_features" in done.stdout
    assert "Traceback" not in done.stdout + done.stderr


@pytest.mark.parametrize("arguments", [(), ("features",), ("features/sell.feature",)], ids=["all", "folder", "file"])
def test_without_the_test_extra_features_that_are_ours_are_never_skipped_in_silence(with_pytest, tmp_path, arguments):
    write(tmp_path, BEHAVE | {"pytest.ini": "[pytest]\nnarration_features = features\n"})
    done = with_pytest.run(tmp_path, "python", "-m", "pytest", "-q", *arguments)
    assert done.returncode != 0
    assert "features need `pip install 'narration-core[test]'`" in done.stdout + done.stderr
    assert "Traceback" not in done.stdout + done.stderr


OLD_PYTEST_BDD = {
    "pytest_bdd/__init__.py": "",
    "pytest_bdd/compat.py": "",
    "pytest_bdd/plugin.py": """
import pytest

class Specs:
    def pytest_bdd_before_scenario(self, request, feature, scenario): ...
    def pytest_bdd_before_step(self, request, feature, scenario, step, step_func): ...
    def pytest_bdd_after_step(self, request, feature, scenario, step, step_func, step_func_args): ...
    def pytest_bdd_after_scenario(self, request, feature, scenario): ...

def pytest_addhooks(pluginmanager):
    pluginmanager.add_hookspecs(Specs)

@pytest.fixture
def scenario_runs(request):
    hook = request.config.hook
    common = {"request": request, "feature": None, "scenario": "s"}
    hook.pytest_bdd_before_scenario(**common)
    hook.pytest_bdd_before_step(**common, step="given", step_func=None)
    hook.pytest_bdd_after_step(**common, step="given", step_func=None, step_func_args={})
    hook.pytest_bdd_after_scenario(**common)
""",
    "conftest.py": "pytest_plugins = ['pytest_bdd.plugin']\n",
    "test_own.py": "def test_own(scenario_runs):\n    assert True\n",
}


def test_scenarios_of_another_release_of_pytest_bdd_run_as_without_us(with_pytest, tmp_path):
    write(tmp_path, OLD_PYTEST_BDD)
    done = with_pytest.run(tmp_path, "python", "-m", "pytest", "-q")
    assert done.returncode == 0, done.stdout + done.stderr
    assert "1 passed" in done.stdout


def top_level(archive):
    return {name.partition("/")[0] for name in zipfile.ZipFile(archive).namelist()}


def test_the_wheel_holds_our_packages_and_nothing_else(wheel, root):
    hatch = tomllib.loads((root / "pyproject.toml").read_text("utf-8"))["tool"]["hatch"]["build"]["targets"]["wheel"]
    ours = {path.rpartition("/")[2] for path in hatch["packages"]}
    assert all(name.startswith("narration_") for name in ours)
    assert {name for name in top_level(wheel) if not name.endswith(".dist-info")} == ours


def test_the_wheel_holds_nothing_that_is_this_repository_s_own(wheel):
    own = re.compile(r"action\.yml|.*baseline\.json|.*\.(story|feature|tsv)|conftest\.py|test_.*|RESULTS\.md")
    files = [name.rpartition("/")[2] for name in zipfile.ZipFile(wheel).namelist()]
    assert [name for name in files if own.fullmatch(name)] == []


# -- two distributions -----------------------------------------------------------------------------


def make_wheel(folder, name, files, entry_points=""):
    """Write a wheel by hand: files, metadata and the record of both."""
    info = f"{name}-1.0.dist-info"
    files = {
        **files,
        f"{info}/METADATA": f"Metadata-Version: 2.1\nName: {name}\nVersion: 1.0\n",
        f"{info}/WHEEL": "Wheel-Version: 1.0\nGenerator: by hand\nRoot-Is-Purelib: true\nTag: py3-none-any\n",
        f"{info}/entry_points.txt": entry_points,
    }
    path = folder / f"{name}-1.0-py3-none-any.whl"
    with zipfile.ZipFile(path, "w") as archive:
        for inside, text in files.items():
            archive.writestr(inside, text)
        archive.writestr(f"{info}/RECORD", "".join(f"{inside},,\n" for inside in [*files, f"{info}/RECORD"]))
    return path


@pytest.fixture
def other(tmp_path):
    """Another distribution: packages and modules with the names of our folders, a command, a catalogue."""
    return make_wheel(
        tmp_path,
        "other",
        {
            "worker/__init__.py": "WHOSE = 'other'\n",
            "worker/points.py": "from narration_core import Catalogue\nPOINTS = Catalogue('other', [])\n",
            "worker/jobs/__init__.py": "",
            "ci/__init__.py": "WHOSE = 'other'\n",
            "ci/narration-baseline.json": "{}",
            "capture.py": "WHOSE = 'other'\n",
            "worker/cli.py": "import click\n\n@click.command()\ndef sell():\n    click.echo('Sold.')\n",
        },
        "[narration.catalogues]\nother = worker.points:POINTS\n[narration.commands]\nsell = worker.cli:sell\n",
    )


def damaged(site, name):
    """Return the files of an installed distribution that are missing or not as its record says."""
    (found,) = Distribution.discover(name=name, path=[str(site)])
    wrong = []
    for path in found.files or ():
        real = path.locate()
        if not real.is_file():
            wrong.append(str(path))
        elif path.hash is not None:
            digest = urlsafe_b64decode(path.hash.value + "=" * (-len(path.hash.value) % 4))
            if hashlib.new(path.hash.mode, real.read_bytes()).digest() != digest:
                wrong.append(str(path))
    return wrong


def test_two_distributions_never_overwrite_each_other_s_files(own_environment, other, wheel, tmp_path):
    site = own_environment.site
    own_environment.pip("install", "--no-deps", "--no-index", other)
    assert damaged(site, "narration-core") == damaged(site, "other") == []
    own_environment.pip("uninstall", "-y", "other")
    assert damaged(site, "narration-core") == []
    assert not (site / "worker").exists()
    own_environment.pip("install", "--no-deps", "--no-index", other)
    own_environment.pip("uninstall", "-y", "narration-core")
    assert damaged(site, "other") == []
    assert list(site.glob("narration_*")) == []
    own_environment.pip("install", "--no-deps", "--no-index", wheel)
    output = own_environment.run(tmp_path, "python", "-c", "import worker, ci, capture; print(ci.WHOSE)")
    assert output.stdout == "other\n", output.stderr


def test_commands_and_catalogues_of_another_distribution_are_found(own_environment, other, tmp_path):
    own_environment.pip("install", "--no-deps", "--no-index", other)
    assert own_environment.run(tmp_path, "narration", "sell").stdout == "Sold.\n"
    listed = own_environment.run(tmp_path, "narration", "catalogue")
    assert "other: 0 points" in listed.stdout, listed.stderr
    assert "worker: " in listed.stdout
