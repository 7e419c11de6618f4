"""Every command with the wheel alone: it works, or says in one line which extra it needs."""

import tomllib
from importlib.metadata import packages_distributions
from pathlib import Path

import click
import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from narration_core.cli import OWN, main
from narration_core.cli._extras import EXTRAS_OF

PROJECT = tomllib.loads((Path(__file__).resolve().parents[2] / "pyproject.toml").read_text("utf-8"))["project"]
COMMANDS = sorted([*PROJECT["entry-points"]["narration.commands"], *OWN, "taxonomy", "catalogue"])

NEEDS = [
    ("worker --model bundled --device cpu", "worker"),
    ("hub", "hub"),
    ("coverage run", "test"),
]
NOBODY = "--hub http://127.0.0.1:1"
ALONE = {
    "catalogue": 0,
    "conform events.jsonl": 2,  # there are no golden stories
    "coverage baseline nothing.json": 2,
    "coverage combine .": 2,  # no tests ran
    "coverage comment": 2,
    "coverage forget shop.py:sell": 2,
    "coverage gate": 2,
    "coverage init": 2,
    "coverage report": 2,
    "coverage tighten": 2,
    "forward events.jsonl": 2,  # no hub is named
    "hub --help": 0,
    f"jobs {NOBODY}": 1,
    f"link job-1 {NOBODY}": 1,
    "links": 2,
    "lint": 0,
    "mutants": 2,
    "proof": 2,
    "redact events.jsonl": 0,
    "review": 0,
    "run -- echo Hello": 0,
    "scenario req-1 events.jsonl": 0,
    "story req-1 events.jsonl": 0,
    "story-diff HEAD": 1,  # this is not a repository
    "tail --no-follow events.jsonl": 0,
    "taxonomy": 0,
    f"watch job-1 {NOBODY}": 1,
    "why req-1 events.jsonl": 0,
    "worker --schema": 0,
}
"""What every other command does with the wheel alone: its exit code."""

EVENT = (
    b'{"emitted_at_ms":1795246251719,"level":"info","actor":"shop","action":"sell","target":"apple",'
    b'"human":"Selling an apple","correlation_id":"req-1"}\n'
)


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


@pytest.mark.parametrize("environment", ["bare", "with_hub"])
def test_the_demo_names_the_missing_extra_too(request, tmp_path, environment):
    done = request.getfixturevalue(environment).run(tmp_path, "python", "-m", "narration_worker.demo")
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr == (
        "Error: `python -m narration_worker.demo` needs llama_cpp, which is not installed: "
        "pip install 'narration-core[worker]'\n"
    )
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(("command", "code"), ALONE.items())
def test_every_other_command_works_without_an_extra(bare, tmp_path, command, code):
    (tmp_path / "events.jsonl").write_bytes(EVENT)
    done = bare.run(tmp_path, "narration", *command.split())
    assert done.returncode == code, done.stdout + done.stderr
    assert "pip install" not in done.stderr
    assert "Traceback" not in done.stderr


def test_no_command_is_forgotten_here():
    def names(command, *above):
        if isinstance(command, click.Group):
            for name in command.list_commands(context := click.Context(command)):
                yield from names(command.get_command(context, name), *above, name)
        else:
            yield " ".join(above)

    tried = [*ALONE, *(command for command, _ in NEEDS)]
    assert [name for name in names(main) if not any(f"{command} ".startswith(f"{name} ") for command in tried)] == []


def test_an_extra_of_another_command_is_not_enough(with_hub, tmp_path):
    done = with_hub.run(tmp_path, "narration", "worker", "--model", "bundled", "--device", "cpu")
    assert done.returncode == 2
    (line,) = done.stderr.splitlines()
    assert line.startswith("Error: `narration worker` needs ")
    assert line.endswith("which is not installed: pip install 'narration-core[worker]'")


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
