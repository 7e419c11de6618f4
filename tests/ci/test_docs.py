"""docs/coverage.md names commands, options, rules and settings that exist."""

import re

import click
import pytest
import yaml

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


def blocks(text):
    """The YAML of a page, by the first key of each block."""
    read = [yaml.safe_load(block) for block in re.findall(r"```yaml\n(.*?)```", text, re.DOTALL)]
    return {next(iter(block)): block for block in read}


def test_the_workflow_names_the_action_by_a_file_that_anybody_can_have(text, root):
    action = yaml.safe_load((root / "ci/action.yml").read_text("utf-8"))
    steps = blocks(text)["permissions"]["steps"]
    (step,) = [step for step in steps if not step.get("uses", "actions/").startswith("actions/")]
    assert step["uses"] == "./.github/actions/narration"
    assert step["with"].keys() <= action["inputs"].keys()
    inside = [step["uses"] for step in action["runs"]["steps"] if "uses" in step]
    assert all(name.startswith("actions/") for name in inside), "the copied file needs another file of its repository"


def test_the_hooks_are_those_of_the_repository(text, root):
    (repository,) = blocks(text)["repos"]["repos"]
    assert repository["repo"] == "local"
    own = {hook["id"]: hook for hook in yaml.safe_load((root / ".pre-commit-hooks.yaml").read_text("utf-8"))}
    assert {hook["id"] for hook in repository["hooks"]} == own.keys()
    for hook in repository["hooks"]:
        same = {key: value for key, value in hook.items() if key != "language"}
        assert same.items() <= own[hook["id"]].items()


def test_no_page_and_no_package_names_a_repository_that_is_not_ours(root):
    pages = [*root.glob("*.md"), *root.glob("docs/*.md"), root / "pyproject.toml", root / "ci/action.yml"]
    for page in pages:
        assert "your-org" not in page.read_text("utf-8"), page.name
