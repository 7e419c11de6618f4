"""docs/coverage.md names commands, options, rules and settings that exist."""

import re

import click
import pytest

from narration_ci import cli
from narration_ci.config import Settings
from narration_ci.formats import FORMATS

COMMANDS = {"coverage": cli.coverage, "links": cli.links, "lint": cli.lint, "mutants": cli.mutants, "proof": cli.proof}


@pytest.fixture
def text(root):
    return (root / "docs/coverage.md").read_text("utf-8")


def options(command: click.Command) -> set[str]:
    return {name for parameter in command.params for name in parameter.opts}


def test_commands_and_options_exist(text):
    lines = re.findall(r"narration (coverage|links|lint|mutants|proof)\b([^`\n#]*)", text)
    assert len(lines) > 12
    for name, rest in lines:
        command: click.Command = COMMANDS[name]
        words = rest.split("--  ")[0].split("&&")[0].split(" -- ")[0].split()
        if isinstance(command, click.Group) and words and words[0].isalpha():
            assert words[0] in command.commands, f"narration {name} {words[0]}"
            command = command.commands[words[0]]
        for word in words:
            if word.startswith("--"):
                assert word.strip("[]") in options(command), f"narration {name}: {word}"


def test_files_and_settings_exist(text):
    assert {one.file for one in FORMATS.values()} == set(re.findall(r"`(narration[-.][\w.]+)`", text)) - {
        "narration-baseline.json"
    }
    for name in Settings.__struct_fields__:
        assert re.search(rf"\b{name}\b", text), name


def test_every_rule_of_the_gate_is_told(text, root):
    source = (root / "ci/narration_ci/measure/gate.py").read_text() + (
        root / "ci/narration_ci/source/points.py"
    ).read_text()
    rules = set(re.findall(r'Finding\(\s*"([a-z-]+)"', source)) | {"went-silent", "new-silent"}
    assert {rule for rule in rules if f"`{rule}`" not in text} == set()
