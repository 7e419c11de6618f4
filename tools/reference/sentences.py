"""Every sentence that the services and the library can say: from the catalogues, and from the source."""

import ast
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Final

from narration_ci.source.files import read_project
from narration_ci.source.points import Point, declared
from narration_core import Catalogue
from narration_core.cli._catalogue import load, registered
from tools.reference.markdown import code, line, table

ROOT: Final = Path(__file__).resolve().parents[2]
_SOME: Final = "{...}"


def page() -> str:
    """Return the page of everything that the services can say as Markdown."""
    lines = [
        "# Every sentence",
        "",
        (
            "Everything that the worker, the hub and the example fleet can say; what stands in braces is a field."
            " `narration catalogue` prints what the installed packages declare, with the warm and the dialogue texts."
        ),
        "",
    ]
    for catalogue in map(load, registered()):
        lines += [f"## {catalogue.name}", "", *_catalogue(catalogue)]
    core = sorted((ROOT / "narration_core").rglob("*.py"))
    fleet = sorted((ROOT / "examples" / "fleet").rglob("*.py"))
    lines += [
        "## The library itself",
        "",
        "What bridges and child processes say in a service's name. Where no level stands, the caller decides.",
        "",
        *_in_source(core),
        "What the library says of itself. `{...}` is made when it happens.",
        "",
        *table(("level", "action", "sentence"), _notices(core)),
        "## The example fleet",
        "",
        (
            "A worker of the fleet is the worker above. Work that is cut short ends with `Cancelled: ...`, work that"
            " fails with `Failed (...): ...`, both with the sentence it began with."
        ),
        "",
        *_in_source(fleet),
    ]
    return "\n".join(lines)


def _catalogue(catalogue: Catalogue) -> list[str]:
    rows = (
        (code(point.name), point.level, point.channel, code(point.action), line(point.human)) for point in catalogue
    )
    return table(("point", "level", "goes to", "action", "sentence"), rows)


def _in_source(paths: Iterable[Path]) -> list[str]:
    """Return the table of the points that source files declare, one row for each sentence of a module."""
    points = declared(read_project(ROOT, paths)).points
    rows = dict.fromkeys(
        (code(Path(point.path).stem), point.level or "", code(point.action) if point.action else "", line(human))
        for point in points
        if point.human
        for human in (point.human, *_done(point))
    )
    return table(("module", "level", "action", "sentence"), rows)


def _done(point: Point) -> Iterator[str]:
    """Yield the sentence with which work ends."""
    if point.kind != "span":
        return
    tree = ast.parse((ROOT / point.path).read_text("utf-8"))
    calls = (node for node in ast.walk(tree) if isinstance(node, ast.Call))
    call = next(node for node in calls if (node.end_lineno, node.end_col_offset) == (point.end_line, point.end_column))
    given = [keyword.value for keyword in call.keywords if keyword.arg == "done"]
    for value in given:
        if isinstance(value, ast.Constant):
            yield str(value.value)
    if not given:
        yield f"Finished: {point.human}"


def _notices(paths: Iterable[Path]) -> Iterator[tuple[str, str, str]]:
    """Yield level, action and sentence of what the library says of itself; a value becomes `{...}`."""
    for path in paths:
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            if isinstance(node, ast.Call) and ast.unparse(node.func).endswith((".notice", ".own")):
                level, action, _, human = (_written(argument) for argument in node.args)
                if level != _SOME:
                    yield level, code(action), line(human)


def _written(node: ast.expr) -> str:
    if isinstance(node, ast.Constant):
        return str(node.value)
    if isinstance(node, ast.JoinedStr):
        return "".join(_written(part) for part in node.values)
    return _SOME
