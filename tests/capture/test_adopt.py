"""A stranger's project, with the built wheel and nothing of this checkout."""

import os
import shutil
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path

import pytest

pytestmark = pytest.mark.req("ORCH-3306", "ORCH-3312", "COV-01")


@pytest.fixture(scope="module")
def wheel_site(tmp_path_factory):
    """The wheel, built and unpacked into a folder of its own."""
    root = Path(__file__).resolve().parents[2]
    folder = tmp_path_factory.mktemp("wheel")
    isolation = ["--no-build-isolation"] if find_spec("hatchling") else []
    pip = [sys.executable, "-m", "pip", "--disable-pip-version-check", "-q"]
    subprocess.run([*pip, "wheel", "--no-deps", *isolation, "-w", str(folder), str(root)], check=True)
    (wheel,) = folder.glob("*.whl")
    subprocess.run([*pip, "install", "--no-deps", "--target", str(folder / "site"), str(wheel)], check=True)
    return folder / "site"


@pytest.fixture
def stranger(wheel_site, tmp_path, root):
    """The example in a folder far from this checkout; calls run there, with the wheel before everything else."""
    project = tmp_path / "stranger"
    shutil.copytree(root / "examples" / "adopt", project, ignore=shutil.ignore_patterns(".narration", "__pycache__"))
    env = {**os.environ, "PYTHONPATH": str(wheel_site), "PYTHONDONTWRITEBYTECODE": "1"}

    def run(*arguments):
        return subprocess.run(
            [sys.executable, *arguments], cwd=project, env=env, capture_output=True, text=True, check=False
        )

    return project, run


PYTEST = ("-m", "pytest", "-q", "-p", "no:hypothesispytest")
NARRATION = ("-c", "from narration_core.cli import main; main()")


def test_the_wheel_is_what_is_used(stranger, wheel_site):
    _, run = stranger
    output = run(
        "-c",
        "import narration_capture as a, narration_core as b, narration_ci as c; print(*(m.__file__ for m in (a,b,c)))",
    )
    assert all(path.startswith(str(wheel_site)) for path in output.stdout.split()), output


def test_it_passes_and_its_gate_as_well(stranger):
    _, run = stranger
    done = run(*PYTEST)
    assert done.returncode == 0, done.stdout
    gate = run(*NARRATION, "coverage", "gate")
    assert gate.returncode == 0, gate.stdout + gate.stderr
    assert "3 declared, 3 emitted, 3 asserted: 100 %" in gate.stdout


@pytest.mark.parametrize(
    ("old", "new", "shown"),
    [
        ("Greeting a caller", "Welcoming a caller", "+      Welcoming a caller who was here 0 times"),
        ('"greet",', '"welcome",', "no event has actor='greeter', action='greet'"),
        (
            "application() -> web.Application:",
            "application() -> web.Application:\n    narrate.error('a', 'b', 'C')",
            "C",
        ),
    ],
    ids=["sentence", "action", "error"],
)
def test_it_notices_what_breaks(stranger, old, new, shown):
    project, run = stranger
    path = project / "greeter" / "service.py"
    assert old in path.read_text("utf-8")
    path.write_text(path.read_text("utf-8").replace(old, new), "utf-8")
    done = run(*PYTEST)
    assert done.returncode == 1
    assert shown in done.stdout


def test_its_gate_says_no_to_a_point_that_nothing_asserts(stranger):
    project, run = stranger
    (project / "features" / "greeting.feature").write_text(
        "Feature: Nothing\n  @silent-ok\n  Scenario: Nothing is asked\n    Given the greeter\n", "utf-8"
    )
    run(*PYTEST)
    gate = run(*NARRATION, "coverage", "gate")
    assert gate.returncode != 0, gate.stdout
