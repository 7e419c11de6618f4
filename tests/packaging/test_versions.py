"""The built wheel with the oldest and the newest pytest, pytest-bdd and syrupy that it accepts, in other projects."""

import subprocess
import sys

import pytest

pytestmark = pytest.mark.req("PLUG-01")

VERSIONS = {
    "oldest": ("pytest==8.0.0", "pytest-bdd==9.0.1", "syrupy==7.0.1"),
    "newest": ("pytest>=8,<10", "pytest-bdd>=9.0.1,<10", "syrupy>=7.0.1,<8"),
}

ADOPTING = {
    "pytest.ini": "[pytest]\nnarration_features = features\npythonpath = .\n",
    "shop.py": """
from narration_core import Narrator
narrate = Narrator("shop")

def add(item):
    narrate("add", item, "Adding {target} to the cart")
""",
    "steps/shopping.py": """
from pytest_bdd import parsers, when
import shop

@when(parsers.parse('I add "{item}"'))
def add(item):
    shop.add(item)

@when("I wait")
async def wait():
    pass
""",
    "features/cart.feature": """
Feature: Cart
  @any-order
  Scenario Outline: Adding <item>
    * I add "<item>"
    And I wait
    Then the narration includes "Adding <item>"
    Examples:
      | item   |
      | apple  |
      | a::b   |
""",
    "test_shop.py": """
import shop

def test_add(narration):
    shop.add("pear")
    narration.assert_event(action="add", target="pear")
""",
}

STRANGER = {
    "features/cart.feature": "Feature: Cart\n  Scenario: One\n    Given a number\n    Then it is 1\n",
    "conftest.py": "from pytest_bdd import given\n@given('a number', target_fixture='n')\ndef n(): return 2\n",
    "test_cart.py": """
from pytest_bdd import given, scenarios, then
scenarios("features")

@given("a number", target_fixture="n")
def n():
    return 1

@then("it is 1")
def one(n):
    assert n == 1
""",
}


def write(folder, files):
    for path, text in files.items():
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        (folder / path).write_text(text)


@pytest.fixture(scope="module", params=VERSIONS)
def environment(request, wheel, tmp_path_factory):
    """A virtual environment with the wheel's test extra; the packages come from the index."""
    folder = tmp_path_factory.mktemp(request.param)
    subprocess.run([sys.executable, "-m", "venv", folder / "venv"], check=True)
    python = folder / "venv/bin/python"
    pip = [python, "-m", "pip", "--disable-pip-version-check", "-q", "install", f"{wheel}[test]"]
    done = subprocess.run([*pip, *VERSIONS[request.param]], capture_output=True, text=True, check=False)
    if done.returncode:
        if "No matching distribution" in done.stderr or "ResolutionImpossible" in done.stderr:
            pytest.fail(f"the extra does not accept its own versions:\n{done.stderr}", pytrace=False)
        pytest.skip(f"no package index here: {done.stderr.strip().splitlines()[-1]}")

    def run(project, *arguments):
        done = subprocess.run(
            [python, "-m", "pytest", "-q", "-p", "no:cacheprovider", *arguments],
            cwd=project,
            capture_output=True,
            text=True,
            check=False,
            timeout=120,
        )
        return done.returncode, done.stdout + done.stderr

    return run


def test_a_project_that_asks_gets_everything(environment, tmp_path):
    write(tmp_path, ADOPTING)
    assert environment(tmp_path)[0] == 1  # there are no golden stories yet
    code, output = environment(tmp_path, "--snapshot-update")
    assert code == 0, output
    stories = sorted(path.name for path in (tmp_path / "snapshots/cart").iterdir())
    assert stories == ["adding_item-1.story", "adding_item-2.story"]
    code, output = environment(tmp_path)
    assert (code, "3 passed" in output) == (0, True), output
    (tmp_path / "snapshots/cart/gone.story").write_text("Scenario: gone\n")
    code, output = environment(tmp_path)
    assert (code, "snapshots/cart/gone.story: orphan story" in output) == (1, True), output


def test_a_pytest_bdd_project_that_does_not_ask_is_as_without_the_wheel(environment, tmp_path):
    write(tmp_path, STRANGER)
    code, output = environment(tmp_path)
    assert (code, "1 passed" in output) == (0, True), output
    assert "narration" not in output
    assert not (tmp_path / ".narration").exists()
