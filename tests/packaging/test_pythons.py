"""The distributions on every Python that they are made for, in fresh environments, with packages from the index.

A Python that this machine lacks is skipped, and the reason says so.
"""

import hashlib
import json
import re
import shutil
import subprocess
import sys
import tarfile
import tomllib
import zipfile
from pathlib import Path

import pytest

from tools.build_llama import FLAGS, cached_wheel

ROOT = Path(__file__).resolve().parents[2]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
PYTHONS = [found[1] for line in PROJECT["classifiers"] if (found := re.search(r":: Python :: (3\.\d+)$", line))]

OWN_TEST = """
from narration_core import Narrator

narrate = Narrator("shop")

def test_selling(narration):
    narrate("sell", "apple", "Selling an apple")
    narration.assert_event(actor="shop", action="sell")
"""


def python(version):
    """Return an interpreter of this version, or None."""
    pyenv = sorted(Path.home().glob(f".pyenv/versions/{version}.*/bin/python"))
    for found in (sys.executable, shutil.which(f"python{version}"), *pyenv):
        if found:
            asked = [found, "-c", "import sys; print('%d.%d' % sys.version_info[:2])"]
            done = subprocess.run(asked, capture_output=True, text=True, check=False)
            if done.stdout.strip() == version:
                return found
    return None


class Installed:
    """A fresh environment with the wheel and its extras, all of it from the index."""

    def __init__(self, folder, interpreter, wheel):
        subprocess.run([interpreter, "-m", "venv", folder], check=True)
        self.bin = folder / "bin"
        links = ["--find-links", cached_wheel(FLAGS).parent]  # llama-cpp-python is no wheel on the index
        done = self.run(folder, "pip", "install", *links, f"{wheel}[{','.join(PROJECT['optional-dependencies'])}]")
        if done.returncode:
            pytest.skip(f"no package index here: {done.stderr.strip().splitlines()[-1]}")

    def start(self, project, program, *arguments, **options):
        return subprocess.Popen(
            [self.bin / program, *arguments],
            cwd=project,
            env=self.env(),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            text=True,
            **options,
        )

    def run(self, project, program, *arguments, **env):
        return subprocess.run(
            [self.bin / program, *arguments],
            cwd=project,
            env={**self.env(), **env},
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            check=False,
            timeout=300,
        )

    def env(self):
        return {"PATH": f"{self.bin}:/usr/bin:/bin", "HOME": str(Path.home()), "PIP_DISABLE_PIP_VERSION_CHECK": "1"}


@pytest.fixture(scope="module", params=PYTHONS)
def installed(request, wheel, tmp_path_factory):
    interpreter = python(request.param)
    if interpreter is None:
        pytest.skip(f"there is no Python {request.param} on this machine")
    made = Installed(tmp_path_factory.mktemp(f"python{request.param}") / "venv", interpreter, wheel)
    made.version = request.param
    return made


def test_it_is_the_python_that_was_asked_for_and_everything_fits(installed, wheel, tmp_path):
    assert installed.run(tmp_path, "python", "--version").stdout.startswith(f"Python {installed.version}.")
    assert (
        installed.run(tmp_path, "narration", "--version").stdout == f"narration, version {wheel.name.split('-')[1]}\n"
    )
    assert installed.run(tmp_path, "pip", "check").returncode == 0


def test_the_sdist_builds_the_same_wheel(installed, sdist, wheel, tmp_path):
    done = installed.run(tmp_path, "pip", "wheel", "--no-deps", "-w", tmp_path / "built", sdist)
    assert done.returncode == 0, done.stderr
    (built,) = (tmp_path / "built").iterdir()
    assert built.name == wheel.name
    old, new = (
        {name: hashlib.sha256(archive.read(name)).hexdigest() for name in archive.namelist()}
        for archive in map(zipfile.ZipFile, (wheel, built))
    )
    assert new == old
    assert built.read_bytes() == wheel.read_bytes()


def test_every_module_compiles_without_a_warning(installed, wheel, tmp_path):
    installed.run(tmp_path, "python", "-m", "zipfile", "-e", wheel, tmp_path)
    done = installed.run(tmp_path, "python", "-W", "error", "-m", "compileall", "-q", ".")
    assert done.returncode == 0, done.stdout


def test_the_first_example_of_the_readme_narrates(installed, tmp_path):
    example = re.search(r"^```python\n(.*?)^```$", (ROOT / "README.md").read_text("utf-8"), re.DOTALL | re.MULTILINE)[1]
    done = installed.run(tmp_path, "python", "-W", "error", "-c", example, NARRATION_STRICT="1")
    assert done.returncode == 0, done.stderr
    assert all(json.loads(line)["human"] for line in done.stdout.splitlines())
    assert done.stdout


def test_a_test_of_somebody_asserts_on_narration(installed, tmp_path):
    (tmp_path / "test_shop.py").write_text(OWN_TEST)
    done = installed.run(tmp_path, "python", "-m", "pytest", "-q", "-p", "no:cacheprovider")
    assert "1 passed" in done.stdout, done.stdout + done.stderr


def test_a_program_is_heard_by_a_hub(installed, tmp_path):
    with installed.start(tmp_path, "narration", "hub", "--port", "0", "--data", tmp_path / "data") as hub:
        try:
            port = next(event["port"] for line in hub.stdout if "port" in (event := json.loads(line)))
            url = f"http://127.0.0.1:{port}"
            done = installed.run(tmp_path, "narration", "run", "--", "echo", "Selling an apple", NARRATION_HUB=url)
            assert done.returncode == 0, done.stderr
            kept = installed.run(tmp_path, "narration", "tail", "--no-follow", tmp_path / "data")
            assert "Selling an apple" in kept.stdout, kept.stderr
        finally:
            hub.terminate()
    assert hub.returncode == 0


def test_the_second_command_shows_a_request_that_is_stuck(installed, tmp_path):
    with installed.start(tmp_path, "narration", "hub", "--demo", "--port", "0", stderr=subprocess.PIPE) as hub:
        try:
            said = hub.stderr.readline()
            url = re.match(r"Open (http://127\.0\.0\.1:\d+) in a browser: order-1042 is stuck", said)[1]
            boards = (installed.run(tmp_path, "narration", "jobs", "--hub", url).stdout for _ in range(100))
            assert any(re.search("order-1042 .* waits for payments: ", board) for board in boards)
        finally:
            hub.terminate()
    assert hub.returncode == 0


def test_the_worker_answers_on_its_model(installed, tmp_path):
    done = installed.run(tmp_path, "python", "-m", "narration_worker.demo")
    assert done.returncode == 0, done.stdout + done.stderr
    assert "Shut down after SIGTERM" in done.stdout


def test_the_sdist_holds_the_files_of_git_and_nothing_else(sdist):
    def files(*which):
        done = subprocess.run(["git", "ls-files", "-z", *which], cwd=ROOT, capture_output=True, text=True, check=False)
        if done.returncode:
            pytest.skip("this folder is not a git repository, so nothing says what belongs to it")
        return set(done.stdout.split("\0")) - {""}

    with tarfile.open(sdist) as archive:
        held = {name.partition("/")[2] for name in archive.getnames()}
    assert held - files("--cached", "--others", "--exclude-standard") == {"PKG-INFO"}
    assert files("--cached") - files("--deleted") - held == set()
