"""The built wheel, and fresh environments that have it and nothing of this checkout.

Dependencies are linked from the environment that runs the tests: the same versions, and no package index is asked.
"""

import os
import shutil
import subprocess
import sys
from importlib.metadata import Distribution, distribution
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

NAME = "narration-core"


def dependencies(name, extras=()):
    """Return the distributions that a package needs, and what those need; extras are those of the package alone."""
    found: dict[str, Distribution] = {}
    waiting = [(name, extra) for extra in ("", *extras)]
    while waiting:
        needing, extra = waiting.pop()
        for line in distribution(needing).requires or ():
            needed = Requirement(line)
            key = canonicalize_name(needed.name)
            if key not in found and (needed.marker is None or needed.marker.evaluate({"extra": extra})):
                found[key] = distribution(key)
                waiting += [(needed.name, one) for one in ("", *needed.extras)]
    return found


class Environment:
    """A virtual environment with the wheel in it."""

    def __init__(self, folder, wheel, extras=(), beside=()):
        subprocess.run([sys.executable, "-m", "venv", "--without-pip", folder], check=True)
        self.bin = folder / "bin"
        self.python = self.bin / "python"
        self.site = next(folder.glob("lib/python*/site-packages"))
        needed_by_all = {**dependencies(NAME, extras)}
        for name in beside:
            needed_by_all |= {name: distribution(name), **dependencies(name)}
        for needed in needed_by_all.values():
            home = Path(str(needed.locate_file("")))
            for top in {path.parts[0] for path in needed.files or () if path.parts[0] not in {"..", "__pycache__"}}:
                if not (self.site / top).is_symlink():  # of a namespace package: its other parts are there already
                    (self.site / top).symlink_to(home / top)
        self.pip("install", "--no-deps", "--no-index", wheel)

    def pip(self, *arguments):
        pip = [sys.executable, "-m", "pip", "--python", self.python, "--disable-pip-version-check", "-q"]
        return subprocess.run([*pip, *arguments], check=True, capture_output=True, text=True)

    def run(self, project, *command):
        """Run a program of this environment in a project's folder."""
        env = {name: value for name, value in os.environ.items() if not name.startswith(("PYTEST", "PYTHON", "NARR"))}
        return subprocess.run(
            [self.bin / command[0], *command[1:]],
            cwd=project,
            env={**env, "PATH": f"{self.bin}:{env['PATH']}"},
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            check=False,
            timeout=120,
        )


@pytest.fixture(scope="session")
def distributions(tmp_path_factory):
    """The source distribution and the wheel, both from this checkout, by name."""
    root = Path(__file__).resolve().parents[2]
    folder = tmp_path_factory.mktemp("dist")
    build = [sys.executable, "-m", "build", "--no-isolation", "--sdist", "--wheel", "--outdir", folder, root]
    subprocess.run(build, check=True, capture_output=True)
    return {path.suffix: path for path in folder.iterdir()}


@pytest.fixture(scope="session")
def wheel(distributions):
    return distributions[".whl"]


@pytest.fixture(scope="session")
def sdist(distributions):
    return distributions[".gz"]


@pytest.fixture(scope="session")
def bare(wheel, tmp_path_factory):
    """An environment with the wheel and what it always needs."""
    return Environment(tmp_path_factory.mktemp("bare") / "venv", wheel)


@pytest.fixture(scope="session")
def with_pytest(wheel, tmp_path_factory):
    """An environment with the wheel and a pytest, but without our extra."""
    return Environment(tmp_path_factory.mktemp("pytest") / "venv", wheel, beside=["pytest"])


@pytest.fixture(scope="session")
def with_test_extra(wheel, tmp_path_factory):
    return Environment(tmp_path_factory.mktemp("test-extra") / "venv", wheel, ["test"])


@pytest.fixture(scope="session")
def with_hub(wheel, tmp_path_factory):
    return Environment(tmp_path_factory.mktemp("hub") / "venv", wheel, ["hub"])


@pytest.fixture
def environment_for(wheel, tmp_path):
    """Makes an environment with the wheel and other packages beside it."""
    yield lambda beside: Environment(tmp_path / "venv", wheel, beside=beside)
    shutil.rmtree(tmp_path / "venv")


@pytest.fixture
def own_environment(wheel, tmp_path):
    """An environment that one test may change."""
    yield Environment(tmp_path / "venv", wheel)
    shutil.rmtree(tmp_path / "venv")
