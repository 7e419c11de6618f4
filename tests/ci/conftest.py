"""Small projects to measure."""

import json
import os
import subprocess
import sys
import textwrap
import time
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from narration_ci.cli import coverage
from narration_ci.config import Settings, source_files
from narration_ci.source.files import read_project
from narration_ci.source.points import Declared, declared

TOLD = """
    from narration_core import Catalogue, Narrator

    narrate = Narrator("shop")
    POINTS = Catalogue("shop")
    opened = POINTS.point("opened", "open", "shop", "The shop opens")
"""
SHOP = """
    from app.told import narrate, opened


    def buy(what):
        narrate("buy", what, "Buying {target}")
        narrate.warn(
            "pay",
            what,
            "Paying for {target}",
        )


    def close():
        narrate("close", "shop", "Closing")
"""


class Project:
    """A made-up project in a folder of its own."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.write("pyproject.toml", '[tool.pytest]\nstrict = true\n\n[tool.narration.coverage]\nsource = ["app"]\n')

    def write(self, path: str, text: str) -> Path:
        file = self.root / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(textwrap.dedent(text).lstrip("\n"), "utf-8")
        return file

    def shop(self) -> "Project":
        self.write("app/__init__.py", "")
        self.write("app/told.py", TOLD)
        self.write("app/shop.py", SHOP)
        return self

    def declared(self) -> Declared:
        return declared(read_project(self.root, source_files(self.root, Settings(source=("app",)))))

    def locations(self) -> dict[str, str]:
        """Return the location of each declared point by its key."""
        found = self.declared()
        return {point.key: point.location for point in (*found.points, *found.silent)}

    def record(self, *records: dict, process: str = "main", **run: object) -> None:
        """Write run records by hand: what capture would write."""
        folder = self.root / ".narration/records"
        folder.mkdir(parents=True, exist_ok=True)
        head = {"format": 1, "run_id": "run-1", "root": str(self.root), "started_at_ms": int(time.time() * 1000) - 500}
        (folder / "run.json").write_text(json.dumps(head | run))
        lines = (json.dumps({"outcome": "passed", **record}) + "\n" for record in records)
        (folder / f"{process}.jsonl").write_text("".join(lines))

    def reached(self, test: str, asserted: list[str], emitted: tuple[str, ...] = (), **more: object) -> dict:
        """Return a record of a test that reached these points."""
        where = self.locations()
        events = [{"point": where[key], "actor": "shop", "action": "a", "asserted_by": ["story"]} for key in asserted]
        events += [{"point": where[key], "actor": "shop", "action": "a", "asserted_by": []} for key in emitted]
        return {"test": test, "events": events, **more}

    def baseline(self, **fields: object) -> Path:
        text = json.dumps({"format": 2, "threshold": 80, "goal": 95, "silent": [], "asserted": []} | fields)
        return self.write("ci/narration-baseline.json", text)

    def python(self, *arguments: str, given: str | None = None, **environment: str) -> subprocess.CompletedProcess:
        kept = {name: value for name, value in os.environ.items() if not name.startswith(("PYTEST_", "NARRATION_"))}
        surroundings = {**kept, "PYTHONPATH": str(self.root), "PYTHONDONTWRITEBYTECODE": "1", **environment}
        return subprocess.run(
            [sys.executable, *arguments],
            cwd=self.root,
            input=given,
            env=surroundings,
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
        )

    def pytest(self, *arguments: str, **environment: str) -> subprocess.CompletedProcess:
        """Run tests with the plugins that they need and no others, which saves two thirds of the time."""
        plugins = ["narration_capture.plugin"]
        plugins += ["pytest_bdd.plugin", "syrupy"] if "features" in arguments else []
        plugins += ["xdist"] if "-n2" in arguments else []
        named = [word for plugin in plugins for word in ("-p", plugin)]
        alone = {"PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1", **environment}
        return self.python("-m", "pytest", "-q", "-p", "no:cacheprovider", *named, *arguments, **alone)

    def narration(self, *arguments: str, code: int = 0) -> str:
        """Run `narration coverage ...` on the project and return what it says."""
        name, *rest = arguments
        result: Result = CliRunner().invoke(coverage, [name, "--root", str(self.root), *rest])
        if result.exception is not None and not isinstance(result.exception, SystemExit):
            raise result.exception
        assert result.exit_code == code, result.output
        return result.output


@pytest.fixture
def project(tmp_path: Path) -> Project:
    """Return an empty project."""
    return Project(tmp_path)


@pytest.fixture
def shop(project: Project) -> Project:
    """Return a project with a shop that has four points in two files."""
    return project.shop()
