"""Write or check docs/requirements.md: which scenarios and tests prove each requirement.

python -m tools.requirements_map            write the page
python -m tools.requirements_map --check    exit 1 if the page is stale, or a proof is missing or unknown
"""

import ast
import csv
import re
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Final, NamedTuple

from narration_capture._feature_check import inspect

ROOT: Final = Path(__file__).resolve().parent.parent
TABLE: Final = ROOT / "docs" / "requirements.tsv"
PAGE: Final = ROOT / "docs" / "requirements.md"

NOT_BUILT: Final = {
    "examples": "the example fleet is not built yet",
}
"""Packages that do not exist yet; their requirements need no proof."""

OPEN: Final[dict[str, str]] = {
    "SSE-08": "the watcher is not built yet",
    "SSE-09": "the panel is not built yet",
    "HUB-03": "the hub keeps nothing on disk yet",
    "HUB-05": "several hubs on Redis are not built yet",
    "HUB-07": "the panel is not built yet",
}
"""Requirements that a run of the tests cannot prove, and why."""

_ID: Final = re.compile(r"[A-Z][A-Z0-9]*(?:-[A-Z0-9]+)*-\d+$")
_SHOWN: Final = 6
_NOT_RUN: Final = "not run: needs a GPU: "


class Requirement(NamedTuple):
    """A row of the table; `package` may be several, separated by commas."""

    id: str
    package: str
    text: str


class Proof(NamedTuple):
    """A scenario or test that names a requirement.

    Attributes:
        id: the requirement.
        path: the file, relative to the root.
        line: its line.
        name: the scenario's name, or the test's name as a sentence.
        needs_gpu: whether it runs only where a GPU is; it then proves nothing elsewhere.
    """

    id: str
    path: str
    line: int
    name: str
    needs_gpu: bool = False


_NONE: Final = Proof("", "", 0, "")


def requirements(path: Path = TABLE) -> list[Requirement]:
    """Return the requirements, in the table's order."""
    with path.open(encoding="utf-8", newline="") as file:
        _, *rows = csv.reader(file, delimiter="\t")
    return [Requirement(*row) for row in rows]


def of_features(root: Path) -> Iterator[Proof]:
    """Yield the proofs in feature files: tags of scenarios."""
    for path in sorted((root / "features").rglob("*.feature")):
        shown = path.relative_to(root).as_posix()
        for found in inspect(path, shown).scenarios:
            for tag in sorted(found.tags):
                if _ID.match(tag):
                    yield Proof(tag, shown, found.line, found.name)


def of_tests(root: Path) -> Iterator[Proof]:
    """Yield the proofs in tests: `@pytest.mark.req(...)` on a test, a class or a module."""
    for path in sorted((root / "tests").rglob("*.py")):
        shown = path.relative_to(root).as_posix()
        tree = ast.parse(path.read_text("utf-8"))
        marks = [node.value for node in tree.body if isinstance(node, ast.Assign) and _names_marks(node)]
        whole_file = any("mark.gpu" in ast.unparse(mark) for mark in marks)
        for mark in marks:
            for found in _ids(mark):
                yield Proof(found, shown, 1, f"all of {path.name}", whole_file)
        for node in ast.walk(tree):
            if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)):
                needs_gpu = whole_file or any("mark.gpu" in ast.unparse(mark) for mark in node.decorator_list)
                for decorator in node.decorator_list:
                    for found in _ids(decorator):
                        name = node.name.removeprefix("test_").replace("_", " ")
                        yield Proof(found, shown, node.lineno, name, needs_gpu)


def _names_marks(node: ast.Assign) -> bool:
    return any(isinstance(to, ast.Name) and to.id == "pytestmark" for to in node.targets)


def _ids(node: ast.expr) -> Iterator[str]:
    for call in ast.walk(node):
        if isinstance(call, ast.Call) and isinstance(call.func, ast.Attribute) and call.func.attr == "req":
            for argument in call.args:
                if isinstance(argument, ast.Constant) and isinstance(argument.value, str):
                    yield argument.value


def why_open(requirement: Requirement) -> str | None:
    """Return why a requirement needs no proof, or None if it needs one."""
    packages = requirement.package.split(",")
    if all(package in NOT_BUILT for package in packages):
        return NOT_BUILT[packages[0]]
    return OPEN.get(requirement.id)


def page(table: list[Requirement], proofs: list[Proof]) -> str:
    """Return the page as Markdown."""
    by_id: dict[str, list[Proof]] = {}
    for proof in proofs:
        by_id.setdefault(proof.id, []).append(proof)
    proven = sum(any(not proof.needs_gpu for proof in by_id.get(requirement.id, ())) for requirement in table)
    unrun = sum(all(proof.needs_gpu for proof in by_id.get(requirement.id, [_NONE])) for requirement in table)
    lines = [
        "# Requirements and their proof",
        "",
        "Generated by `python -m tools.requirements_map`; do not edit. A scenario proves the requirements in its tags,",
        'a test those in its `@pytest.mark.req("...")`. CI fails if this page is stale, if a requirement of a package',
        "that exists has no proof, or if a tag is not the id of a requirement.",
        "",
        f"{proven} of {len(table)} requirements have a proof that runs without a GPU.",
        f"{unrun} have only proofs that were not run here, because they need one.",
        "",
        "| id | package | requirement | proof |",
        "|---|---|---|---|",
    ]
    for requirement in table:
        found = sorted(by_id.get(requirement.id, []), key=lambda proof: proof.needs_gpu)
        # No line numbers: the page would be stale after every change above a test.
        shown = [
            f"{_NOT_RUN if proof.needs_gpu else ''}[{_cell(proof.name)}](../{proof.path})" for proof in found[:_SHOWN]
        ]
        if len(found) > _SHOWN:
            shown.append(f"and {len(found) - _SHOWN} more")
        cell = "<br>".join(shown) or f"open: {why_open(requirement) or 'no proof'}"
        lines.append(f"| {requirement.id} | {requirement.package} | {_cell(requirement.text)} | {cell} |")
    return "\n".join(lines) + "\n"


def _cell(text: str) -> str:
    return text.replace("|", "\\|").replace("<", "&lt;")


def faults(table: list[Requirement], proofs: list[Proof]) -> list[str]:
    """Return what is wrong, one line each, with `path:line:` if it is about a line."""
    known = {requirement.id for requirement in table}
    found = [f"{proof.path}:{proof.line}: {proof.id} is not a requirement" for proof in proofs if proof.id not in known]
    proven = {proof.id for proof in proofs}
    found += [
        f"docs/requirements.tsv: {requirement.id} ({requirement.package}) has no proof: {requirement.text}"
        for requirement in table
        if requirement.id not in proven and why_open(requirement) is None
    ]
    return found


def main(arguments: list[str]) -> int:
    """Write or check the page; returns the exit code."""
    table = requirements()
    proofs = [*of_features(ROOT), *of_tests(ROOT)]
    text = page(table, proofs)
    if "--check" not in arguments:
        PAGE.write_text(text, "utf-8")
        print(f"wrote {PAGE.relative_to(ROOT)}")
        return 0
    wrong = faults(table, proofs)
    if not PAGE.is_file() or PAGE.read_text("utf-8") != text:
        wrong.append("docs/requirements.md: stale; run `python -m tools.requirements_map`")
    print("\n".join(wrong) if wrong else f"{len(table)} requirements: each has a proof, or a reason why not")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
