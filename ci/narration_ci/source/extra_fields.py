"""Which extra fields a project registers: `register_field("url", str, "...")`, one by one or from a table in a loop."""

import ast
from collections.abc import Iterator

from narration_ci.source.expressions import Project
from narration_ci.source.points import argument
from narration_ci.source.scopes import Module, Scope


def _calls(module: Module, project: Project) -> Iterator[tuple[ast.Call, Scope]]:
    for node, scope in module.calls:
        meaning = project.meaning_of(node.func, scope) if isinstance(node, ast.Call) else None
        called = (meaning.what, meaning.name.rpartition(".")[2]) if meaning is not None else None
        if isinstance(node, ast.Call) and called == ("facade", "register_field"):
            yield node, scope


def _rows(table: ast.expr, scope: Scope) -> list[ast.expr]:
    """Return the rows of a table written as a literal, there or where its name is bound."""
    if isinstance(table, ast.Call) and isinstance(table.func, ast.Attribute) and table.func.attr == "items":
        table = table.func.value
    if isinstance(table, ast.Name):
        bound = [
            binding.node
            for binding in scope.names.get(table.id, scope.module.scope.names.get(table.id, []))
            if binding.how == "value"
        ]
        table = bound[0] if bound and isinstance(bound[0], ast.expr) else table
    if isinstance(table, ast.Dict):
        return [key for key in table.keys if key is not None]
    return list(table.elts) if isinstance(table, ast.Tuple | ast.List | ast.Set) else []


def _in_rows(name: str, loop: ast.For, scope: Scope) -> Iterator[str]:
    """Yield the values of a loop variable, row by row."""
    names = loop.target.elts if isinstance(loop.target, ast.Tuple) else [loop.target]
    place = next((at for at, target in enumerate(names) if isinstance(target, ast.Name) and target.id == name), None)
    for row in _rows(loop.iter, scope):
        cells = row.elts if isinstance(row, ast.Tuple | ast.List) else [row]
        cell = cells[place] if place is not None and place < len(cells) else None
        if isinstance(cell, ast.Constant) and isinstance(cell.value, str):
            yield cell.value


def registered(project: Project) -> frozenset[str]:
    """Return the names of the extra fields that a project registers."""
    found: set[str] = set()
    for module in project.modules:
        loops = (
            [node for node in ast.walk(module.tree) if isinstance(node, ast.For)]
            if "register_field" in module.text
            else []
        )
        for call, scope in _calls(module, project):
            name = argument(call, 0, "name")
            if isinstance(name, ast.Constant) and isinstance(name.value, str):
                found.add(name.value)
            elif isinstance(name, ast.Name):
                around = [loop for loop in loops if any(call is inner for inner in ast.walk(loop))]
                found |= {value for loop in around for value in _in_rows(name.id, loop, scope)}
    return frozenset(found)
