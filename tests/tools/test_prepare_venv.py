import shutil
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

from tools import prepare_venv
from tools.build_llama import FLAGS, cuda_flags

WHEEL = Path("/cache/llama.whl")
PACKAGES = ["upgrading pip", "installing the other packages"]


@pytest.fixture
def project(tmp_path):
    (tmp_path / "pyproject.toml").write_text("[project]\nname = 'made-up'\n")
    return tmp_path


def descriptions(steps):
    return [what for what, _ in steps]


def test_a_new_venv_takes_every_step(project):
    steps = prepare_venv.steps(project, WHEEL, "", prepare_venv.made_from(project, FLAGS))
    assert descriptions(steps) == ["creating .venv", "installing llama-cpp-python", *PACKAGES]
    assert "--force-reinstall" in steps[1][1]
    assert steps[1][1][-1] == str(WHEEL)


def test_changed_dependencies_take_one_step(project):
    old = prepare_venv.made_from(project, FLAGS)
    (project / "pyproject.toml").write_text("[project]\nname = 'changed'\n")
    wanted = prepare_venv.made_from(project, FLAGS)
    assert wanted != old
    assert descriptions(prepare_venv.steps(project, WHEEL, old, wanted)) == PACKAGES


def test_another_build_of_llama_cpp_replaces_the_old_one(project):
    old = prepare_venv.made_from(project, FLAGS)
    wanted = prepare_venv.made_from(project, (*FLAGS, *cuda_flags("90")))
    assert descriptions(prepare_venv.steps(project, WHEEL, old, wanted)) == ["installing llama-cpp-python", *PACKAGES]


def test_a_venv_is_ready_if_it_was_made_from_exactly_this(project):
    venv = project / ".venv"
    python = venv / "bin" / "python"
    wanted = prepare_venv.made_from(project, FLAGS)
    python.parent.mkdir(parents=True)
    python.symlink_to(sys.executable)
    assert not prepare_venv.is_ready(venv, wanted)
    (venv / ".made-from").write_text(wanted)
    assert prepare_venv.is_ready(venv, wanted)
    assert not prepare_venv.is_ready(venv, prepare_venv.made_from(project, cuda_flags("90")))
    python.unlink()
    python.symlink_to(project / "a Python that was removed")
    assert not prepare_venv.is_ready(venv, wanted)


def test_a_venv_is_kept_if_it_works_and_has_the_same_python_and_folder(project):
    venv = project / ".venv"
    wanted = prepare_venv.made_from(project, FLAGS)
    assert not prepare_venv.can_stay(venv, "", wanted)
    subprocess.run([sys.executable, "-m", "venv", venv], check=True)
    assert prepare_venv.can_stay(venv, "", wanted)  # made by hand
    assert prepare_venv.can_stay(venv, wanted.replace("pyproject ", "pyproject 0"), wanted)
    assert not prepare_venv.can_stay(venv, wanted.replace("python cpython", "python pypy"), wanted)
    assert not prepare_venv.can_stay(venv, wanted.replace("folder /", "folder /elsewhere/"), wanted)
    shutil.rmtree(next(venv.glob("lib/python*/site-packages/pip")))
    assert not prepare_venv.can_stay(venv, wanted, wanted)


def test_the_extras_and_the_group_that_are_installed_are_declared(root):
    declared = tomllib.loads((root / "pyproject.toml").read_text("utf-8"))
    assert set(prepare_venv.EXTRAS.split(",")) == declared["project"]["optional-dependencies"].keys()
    assert prepare_venv.GROUP in declared["dependency-groups"]


def make(root, *words):
    return subprocess.run(["make", "-C", root, *words], capture_output=True, text=True, check=False)


def test_make_says_what_to_do_without_python(root):
    done = make(root, "venv", "PYTHON=no such python")
    assert done.returncode == 2
    assert "'no such python' is missing, broken or older than Python 3.11" in done.stderr
    assert "make PYTHON=" in done.stderr


def test_make_alone_lists_every_target(root):
    listed = {line.split()[1] for line in make(root).stdout.splitlines() if line.startswith("  make ")}
    (declared,) = [line for line in (root / "Makefile").read_text().splitlines() if line.startswith(".PHONY:")]
    assert listed == set(declared.removeprefix(".PHONY:").split())


def test_a_target_fails_when_its_command_fails(root, tmp_path):
    (tmp_path / "python").write_text("#!/bin/sh\nexit 0\n")
    (tmp_path / "python").chmod(0o755)
    done = make(root, "bdd", f"PYTHON={tmp_path / 'python'}", f"BIN={tmp_path / 'nowhere'}")
    assert done.returncode == 2
