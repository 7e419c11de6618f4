"""A lower room never imports a higher one (docs/architecture.md)."""

import ast
from pathlib import Path

import pytest

FLOORS = (
    ("levels", "locks", "text", "wakeup", "clock", "signature"),
    ("event", "redaction", "context", "correlation", "exceptions", "plain", "points", "sampling", "taxonomy"),
    ("fields", "composer", "writer"),
    ("pipeline",),
    ("shortcut", "span"),
    ("narrator",),
    ("catalogue", "channels"),
    ("sinks",),
    ("bridges", "configuration", "executor", "process"),
    ("cli",),
)
FLOOR_OF = {room: floor for floor, rooms in enumerate(FLOORS) for room in rooms}
MAY_IMPORT = {
    "narration_core": {"narration_core"},
    "capture": {"capture", "narration_core"},
    "worker": {"worker", "narration_core"},
    "ci": {"ci", "narration_core"},
}


def imports(path: Path) -> set[str]:
    found = set()
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.level == 0 and node.module:
            found |= {node.module} | {f"{node.module}.{alias.name}" for alias in node.names}
    return found


def room_of(module: str) -> str:
    return module.split(".")[1]


def test_rooms_of_the_core_only_look_down(root):
    wrong = []
    for path in sorted((root / "narration_core").rglob("*.py")):
        parts = path.relative_to(root / "narration_core").with_suffix("").parts
        if parts == ("__init__",):
            continue
        here = parts[0]
        for name in imports(path):
            parts_of_name = name.split(".")
            if parts_of_name[0] != "narration_core" or len(parts_of_name) < 2 or room_of(name) not in FLOOR_OF:
                continue
            if FLOOR_OF[room_of(name)] > FLOOR_OF[here]:
                wrong.append(f"{path.relative_to(root)}: {here} (floor {FLOOR_OF[here]}) imports {name}")
    assert not wrong, "\n".join(wrong)


def test_every_module_of_the_core_has_a_floor(root):
    rooms = {path.stem for path in (root / "narration_core").iterdir() if path.suffix == ".py" or path.is_dir()}
    assert rooms - {"__init__", "__pycache__", "py", "schema"} <= FLOOR_OF.keys()


def wanted(tree: ast.AST) -> set[str]:
    """Every module that a file names: at its top, in functions, for type checkers, and by `import_module("...")`."""
    found = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and ast.unparse(node.func).endswith("import_module"):
            found |= {arg.value for arg in node.args[:1] if isinstance(arg, ast.Constant)}
    return found


def test_no_module_needs_itself_in_a_circle(root):
    paths = {}
    for room in MAY_IMPORT:
        for path in (root / room).rglob("*.py"):
            parts = path.relative_to(root).with_suffix("").parts
            paths[".".join(parts[:-1] if parts[-1] == "__init__" else parts)] = path
    # A package's own file names its modules for everybody's convenience; a circle through it is no knot.
    packages = {name for name, path in paths.items() if path.name == "__init__.py"}
    needs = {
        name: (imports(path) | wanted(ast.parse(path.read_text("utf-8")))) & (paths.keys() - packages - {name})
        for name, path in paths.items()
    }
    while free := [name for name, others in needs.items() if not others & needs.keys()]:
        for name in free:
            del needs[name]
    # What is left needs a circle or is one; who is needed by nobody left is not part of it.
    while outer := [name for name in needs if not any(name in others for others in needs.values())]:
        for name in outer:
            del needs[name]
    assert not needs, f"these need each other: {', '.join(sorted(needs))}"


@pytest.mark.parametrize("room", sorted(MAY_IMPORT))
def test_rooms_know_only_whom_they_may(root, room):
    wrong = []
    for path in sorted((root / room).rglob("*.py")):
        for name in imports(path):
            top = name.split(".")[0]
            if top in {*MAY_IMPORT, "steps", "features"} and top not in MAY_IMPORT[room]:
                wrong.append(f"{path.relative_to(root)} imports {name}")
    assert not wrong, "\n".join(wrong)


def test_the_worker_uses_only_public_names_of_the_core(root):
    public = ("narration_core", "narration_core.bridges")
    wrong = []
    for path in sorted((root / "worker").rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            module = node.module or "" if isinstance(node, ast.ImportFrom) else ""
            inner = module.startswith("narration_core") and module != public[0]
            if inner and not module.startswith(public[1]):
                wrong.append(f"{path.relative_to(root)}:{node.lineno} imports from {module}")
    assert not wrong, "\n".join(wrong)
