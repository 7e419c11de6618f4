"""`narration lint`: each rule fires once where it should, and nowhere else."""

import pytest
import yaml
from click.testing import CliRunner

from narration_ci.cli import coverage
from narration_ci.cli import lint as command

HEAD = (
    "from narration_core import Catalogue, Narrator, register_field\nnarrate = Narrator('a')\nPOINTS = Catalogue('a')\n"
)


def run(project, *arguments, code=None):
    ran = CliRunner().invoke(command, ["--root", str(project.root), *map(str, arguments)])
    assert not ran.exception or isinstance(ran.exception, SystemExit), ran.exception
    assert code in (None, ran.exit_code), ran.output
    return ran.output


def rules(project, text):
    project.write("app/a.py", HEAD + text + "\n")
    lines = run(project).splitlines()[:-1]
    assert all(line.startswith("app/a.py:4: ") for line in lines), lines
    return [line.split(": ")[1] for line in lines]


CLEAN = (
    "narrate('a', 'b', 'Loading {model_ref} on {device:>5}', model_ref='m', device='d', cute='x', story='y')",
    "narrate('a', 'b', '{{literal}} {odd}', odd=1)  # narration: allow field - checked by its owner",
    "narrate.mute('A B', 'b', 'x' * 200)",
    "narrate('a', 'b', 'Plain ' 'pieces')",
    "with narrate.span('a', 'b', 'Busy', done='Done', level='debug', quiet=True) as s: s.progress(1, 'Half {percent}')",
    "POINTS.point('n', 'a', '{worker_id}', 'Hello', channel='request', level='warn')(worker_id='w')",
    "register_field('mine', str, 'x'); narrate('a', 'b', 'See {mine}', mine='x')",
    "log = print",
    "narrate('a', 'b', 'x', **{'anything': 1})",
)
WRONG = (
    (f"narrate('a', 'b', '{'x' * 101}')", ["long"]),
    (f"narrate('a', 'b', '{'x' * 100}')", []),
    (f"narrate('a', 'b', 'x', cute='{'x' * 151}', story='{'x' * 201}')", ["long", "long"]),
    ("narrate('Ä b', 'b', 'x')", ["name"]),
    ("Narrator('pool manager').warn('a', 'b', 'x')", ["name"]),
    ("POINTS.point('n', 'a', 'b', 'x', actor='É')", ["name"]),
    ("narrate('a', 'b', 'x', colour='red')", ["field"]),
    ("POINTS.point('n', 'a', 'b', 'x')(colour='red')", ["field"]),
    ("narrate('a', 'b', 'Got {nothing}')", ["template"]),
    ("narrate('a', 'b', 'Got {device.name}', device='x')", ["template"]),
    ("narrate('a', 'b', 'Got {device[0]}', device='x')", ["template"]),
    ("narrate('a', 'b', f'Got {1 + 1}')", ["built"]),
    ("narrate('a', 'b', 'Got ' + str(1))", ["built"]),
    ("narrate('a', 'b', 'Got %s' % 1)", ["built"]),
    ("narrate('a', 'b', 'Got {}'.format(1))", ["built"]),
    ("narrate('a', 'b', 'password=hunter2 was used')", ["secret"]),
    ("print('hello')", ["print"]),
    ("print('hello')  # narration: allow print", ["print"]),
    ("print('hello')  # narration: allow print - the command line's output", []),
)


@pytest.mark.parametrize("text", CLEAN)
def test_clean_narration_is_left_alone(project, text):
    assert rules(project, text) == []


@pytest.mark.parametrize(("text", "found"), WRONG)
def test_each_mistake_is_named(project, text, found):
    assert rules(project, text) == found


def test_a_table_of_registered_fields_is_understood(project):
    project.write(
        "app/fields.py",
        """
        from narration_core import register_field
        TABLE = {"one": str, "two": int}
        for name, kind, meaning in (("three", str, "x"), ("four", int, "y")):
            register_field(name, kind, meaning)
        for name, kind in TABLE.items():
            register_field(name, kind, "z")
        """,
    )
    assert rules(project, "narrate('a', 'b', 'x', one='1', two=2, three='3', four=4)") == []


def test_only_the_named_files_are_reported(shop):
    shop.write("app/bad.py", "print('x')\n")
    shop.write("scripts/tool.py", "print('x')\n")
    assert "app/bad.py:1: print: calls print" in run(shop, code=1)
    assert "no mistakes" in run(shop, shop.root / "app/shop.py", code=0)
    assert "scripts/tool.py:1: print" in run(shop, shop.root / "scripts/tool.py", code=1)
    shop.write("app/bad.py", "def broken(:\n")
    assert "app/bad.py:1: not valid Python" in run(shop, code=2)


def test_a_folder_stands_for_the_sources_in_it(shop):
    shop.write("app/bad.py", "print('x')\n")
    shop.write("app/inner/worse.py", "print('x')\n")
    said = run(shop, shop.root / "app/inner", code=1)
    assert "app/inner/worse.py:1: print" in said
    assert "app/bad.py" not in said
    assert said.endswith("narration lint: 1 file, 1 mistake\n")
    assert "app/bad.py:1: print" in run(shop, shop.root, code=1)


def test_this_repository_is_clean(root):
    ran = CliRunner().invoke(command, ["--root", str(root)])
    assert ran.exit_code == 0, ran.output


def test_the_hooks_name_commands_that_exist(root):
    hooks = yaml.safe_load((root / ".pre-commit-hooks.yaml").read_text())
    for hook in hooks:
        program, *words = hook["entry"].split()
        assert program == "narration"
        assert words[0] in {"lint", "coverage"}
        if words[0] == "coverage":
            assert words[1] in coverage.commands


def test_the_baseline_hook_sees_a_conflict(shop):
    path = shop.baseline()
    assert CliRunner().invoke(coverage, ["baseline", str(path)]).exit_code == 0
    path.write_text("<<<<<<< ours\n" + path.read_text())
    ran = CliRunner().invoke(coverage, ["baseline", str(path)])
    assert ran.exit_code == 2
    assert "a merge conflict is not resolved" in ran.output


def test_the_hook_runs_from_the_command_line(shop):
    ran = shop.python("-c", "from narration_ci.cli import lint; lint()", "app/shop.py")
    assert ran.returncode == 0, ran.stderr
