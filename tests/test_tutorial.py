"""What docs/tutorial.md tells to do works, and prints what the page shows."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

FENCE = re.compile(r"^```(\w+)(?: title=\"([^\"]+)\")?\n(.*?)^```$", re.DOTALL | re.MULTILINE)
EXIT = re.compile(r"exit code (\d+)")


def commands(block):
    """Yield each command of a console block, the output shown and the exit code."""
    for part in re.split(r"^\$ ", block, flags=re.MULTILINE)[1:]:
        command, _, shown = part.partition("\n")
        code = EXIT.search(shown.splitlines()[-1]) if shown else None
        yield command, shown[: shown.rindex(code[0])] if code else shown, int(code[1]) if code else 0


def pattern(shown):
    """Return a pattern of an output: a line `...` is any lines, `...` in a line is any text."""
    lines = [
        r"(?:.*\n)*?" if line == "..." else r"[^\n]*".join(map(re.escape, line.split("..."))) + r"[ \t]*\n"
        for line in shown.splitlines()
    ]
    return re.compile("".join(lines))


@pytest.mark.req("ORCH-3306")
def test_everything_on_the_page_works_in_the_order_it_stands_there(root, tmp_path):
    page = (root / "docs/tutorial.md").read_text("utf-8")
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    environment = {**os.environ, "PATH": path, "PYTHONDONTWRITEBYTECODE": "1", "COLUMNS": "200"}
    for name in ("PYTEST_ADDOPTS", "NARRATION_FORMAT", "NARRATION_LEVEL", "NARRATION_STRICT", "CI"):
        environment.pop(name, None)
    ran = 0
    for kind, title, block in FENCE.findall(page):
        if title:
            file = tmp_path / title
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text(block, "utf-8")
        for command, shown, code in commands(block) if kind == "console" else ():
            done = subprocess.run(
                ["bash", "-c", f"exec 2>&1; {command}"],
                cwd=tmp_path,
                env=environment,
                stdout=subprocess.PIPE,
                check=False,
            )
            output = done.stdout.decode()
            assert done.returncode == code, f"$ {command}\n{output}"
            assert pattern(shown).fullmatch(output), f"$ {command}\n{output}"
            ran += 1
    assert ran == len(re.findall(r"^\$ ", page, re.MULTILINE))
