"""Every command with the wheel alone: it works, or says in one line which extra it needs."""

import tomllib
from importlib.metadata import packages_distributions
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from narration_core.cli._extras import EXTRAS_OF

PROJECT = tomllib.loads((Path(__file__).resolve().parents[2] / "pyproject.toml").read_text("utf-8"))["project"]
COMMANDS = sorted([*PROJECT["entry-points"]["narration.commands"], "taxonomy", "catalogue"])

NEEDS = [
    ("worker --model bundled --device cpu", "worker"),
    ("hub", "hub"),
    ("coverage run", "test"),
]


@pytest.mark.parametrize(("command", "extra"), NEEDS)
def test_one_line_names_the_missing_extra(bare, tmp_path, command, extra):
    done = bare.run(tmp_path, "narration", *command.split())
    assert done.returncode == 2
    assert done.stdout == ""
    (line,) = done.stderr.splitlines()
    name = command.partition(" --")[0].partition(" run")[0]
    assert line.startswith(f"Error: `narration {name}` needs ")
    assert line.endswith(f"is not installed: pip install 'narration-core[{extra}]'")


def test_python_m_names_the_missing_extra_too(bare, tmp_path):
    done = bare.run(tmp_path, "python", "-m", "narration_worker", "--model", "bundled")
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.endswith("which is not installed: pip install 'narration-core[worker]'\n")


@pytest.mark.parametrize("command", COMMANDS)
@pytest.mark.parametrize("arguments", [(), ("--help",)], ids=["alone", "help"])
def test_no_command_ends_in_a_traceback(bare, tmp_path, command, arguments):
    done = bare.run(tmp_path, "narration", command, *arguments)
    assert "Traceback" not in done.stderr
    assert done.returncode in {0, 1, 2}
    assert done.returncode == 0 or not arguments or "needs" in done.stderr


def test_the_help_lists_every_command(bare, tmp_path):
    done = bare.run(tmp_path, "narration", "--help")
    listed = {line.split()[0] for line in done.stdout.partition("Commands:")[2].splitlines() if line.strip()}
    assert set(COMMANDS) <= listed
    assert done.stderr == ""


def test_the_table_agrees_with_the_extras_of_the_package():
    extras: dict[str, set[str]] = {}
    for extra, lines in PROJECT["optional-dependencies"].items():
        for line in lines:
            extras.setdefault(canonicalize_name(Requirement(line).name), set()).add(extra)
    homes = packages_distributions()
    assert {
        module: set().union(*(extras.get(canonicalize_name(name), set()) for name in homes[module]))
        for module in EXTRAS_OF
    } == {module: set(known) for module, known in EXTRAS_OF.items()}
    assert set().union(*EXTRAS_OF.values()) == set().union(*extras.values())
