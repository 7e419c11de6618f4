"""The public types say what is wrong before anything runs."""

import json
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

MISTAKES = Path(__file__).with_name("mistakes.py")
PYRIGHT = "pyright@1.1.414"


def marked() -> set[int]:
    lines = MISTAKES.read_text("utf-8").splitlines()
    return {number for number, line in enumerate(lines, 1) if line.endswith("# mistake")}


def test_mypy_finds_each_mistake_and_nothing_else(root):
    done = subprocess.run(
        [sys.executable, "-m", "mypy", "--strict", str(MISTAKES)], cwd=root, capture_output=True, text=True, check=False
    )
    found = {int(line) for line in re.findall(r"mistakes\.py:(\d+): error", done.stdout)}
    assert found == marked(), done.stdout + done.stderr


def test_pyright_finds_each_mistake_and_nothing_else(root, tmp_path):
    if shutil.which("npx") is None:
        pytest.skip("pyright needs node's npx, which is not on the path")
    settings = tmp_path / "pyrightconfig.json"
    settings.write_text(json.dumps({"pythonVersion": "3.11", "extraPaths": [str(root)]}))
    shutil.copy(MISTAKES, tmp_path)
    done = subprocess.run(
        ["npx", "--yes", PYRIGHT, "--outputjson", "-p", str(settings), "--pythonpath", sys.executable],
        cwd=root,
        capture_output=True,
        text=True,
        check=False,
    )
    if not done.stdout.startswith("{"):
        pytest.skip(f"pyright could not be fetched: {done.stderr.strip()[:200]}")
    errors = [item for item in json.loads(done.stdout)["generalDiagnostics"] if item["severity"] == "error"]
    assert {item["range"]["start"]["line"] + 1 for item in errors} == marked(), done.stdout
