"""The code follows the packages and layers of docs/architecture.md; these tests read its tables."""

import ast
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
PAGE = (ROOT / "docs" / "architecture.md").read_text("utf-8")
PUBLIC = re.compile(r"[a-z][a-z0-9_]*")


def cells(table: str) -> list[list[str]]:
    return [[cell.strip() for cell in line.strip("|").split("|")] for line in table.splitlines() if line[:1] == "|"]


def names(cell: str) -> list[str]:
    return re.findall(r"`(\w+/?(?:\w+/)?)`", cell)


def read_packages() -> dict[str, tuple[Path, set[str]]]:
    """Each package: its folder, and the packages that it may import, itself included."""
    found = {}
    for package, folder, may in cells(PAGE.split("## Packages")[1].split("## Layers")[0])[2:]:
        (name,) = names(package)
        found[name] = (ROOT / folder.strip("`"), {name, *names(may)})
    return found


def read_layers() -> dict[str, dict[str, int]]:
    """Each package: the layer of each of its modules and subpackages."""
    found: dict[str, dict[str, int]] = {}
    here: dict[str, int] = {}
    for package, layer, modules in cells(PAGE.split("<!-- layers -->")[1].split("<!-- /layers -->")[0])[2:]:
        if package:
            here = found.setdefault(names(package)[0], {})
        for module in re.findall(r"`(\w+)`(?! \w)", re.sub(r"\([^)]*\)", "", modules)):
            assert module not in here, f"{module} has two layers"
            here[module] = int(layer)
    return found


PACKAGES = read_packages()
LAYERS = read_layers()


def imports(path: Path) -> set[str]:
    """Every module that a file imports: at the top, in functions, for type checkers, and by `import_module("...")`."""
    found = set()
    (home,) = (folder.parent for folder, _ in PACKAGES.values() if path.is_relative_to(folder))
    package = path.relative_to(home).parts[:-1]
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            above = package[: len(package) + 1 - node.level] if node.level else ()
            module = ".".join([*above, *([node.module] if node.module else [])])
            found |= {module} | {f"{module}.{alias.name}" for alias in node.names}
        elif isinstance(node, ast.Call) and ast.unparse(node.func).endswith("import_module"):
            found |= {arg.value for arg in node.args[:1] if isinstance(arg, ast.Constant)}
    return found


def sources(package: str) -> list[Path]:
    return sorted(PACKAGES[package][0].rglob("*.py"))


def at(path: Path) -> str:
    return path.relative_to(ROOT).as_posix()


def test_the_tables_can_be_read():
    assert PACKAGES.keys() == LAYERS.keys()
    assert all(folder.is_dir() for folder, _ in PACKAGES.values())


@pytest.mark.parametrize("package", PACKAGES)
def test_a_lower_layer_never_imports_a_higher_one(package):
    folder, _ = PACKAGES[package]
    layers = LAYERS[package]
    wrong = []
    for path in sources(package):
        here = path.relative_to(folder).with_suffix("").parts[0]
        if here == "__init__":
            continue
        for name in imports(path):
            top, _, rest = name.partition(".")
            there = rest.partition(".")[0]
            if top == package and layers.get(there, -1) > layers[here]:
                wrong.append(f"{at(path)}: {here} (layer {layers[here]}) imports {name} (layer {layers[there]})")
    assert not wrong, "\n".join(wrong)


@pytest.mark.parametrize("package", PACKAGES)
def test_every_module_has_a_layer_and_every_entry_a_module(package):
    folder, _ = PACKAGES[package]
    there = {path.stem for path in folder.iterdir() if path.suffix == ".py" or (path / "__init__.py").is_file()}
    assert there - {"__init__"} == LAYERS[package].keys()


def test_no_modules_import_each_other_in_a_circle():
    paths = {}
    for package, (folder, _) in PACKAGES.items():
        for path in sources(package):
            parts = path.relative_to(folder.parent).with_suffix("").parts
            paths[".".join(parts[:-1] if parts[-1] == "__init__" else parts)] = path
    # A package's __init__.py re-exports names of its modules; a circle through it is harmless.
    packages = {name for name, path in paths.items() if path.name == "__init__.py"}
    needs = {name: imports(path) & (paths.keys() - packages - {name}) for name, path in paths.items()}
    while free := [name for name, others in needs.items() if not others & needs.keys()]:
        for name in free:
            del needs[name]
    # What is left is a circle or imports one; modules that nothing left imports are not part of it.
    while outer := [name for name in needs if not any(name in others for others in needs.values())]:
        for name in outer:
            del needs[name]
    assert not needs, f"these need each other: {', '.join(sorted(needs))}"


@pytest.mark.parametrize("package", PACKAGES)
def test_packages_import_only_those_they_may(package):
    ours = {*PACKAGES, "steps", "features", "support", "tools", "benchmarks", "tests"}
    wrong = [
        f"{at(path)} imports {name}"
        for path in sources(package)
        for name in imports(path)
        if (top := name.partition(".")[0]) in ours and top not in PACKAGES[package][1]
    ]
    assert not wrong, "\n".join(wrong)


@pytest.mark.parametrize("package", sorted(PACKAGES.keys() - {"narration_core"}))
def test_only_public_names_of_another_package_are_used(package):
    wrong = []
    for path in sources(package):
        for name in imports(path):
            top, *parts = name.split(".")
            if (
                top in PACKAGES
                and top != package
                and any(part.startswith("_") and not part.endswith("__") for part in parts)
            ):
                wrong.append(f"{at(path)} imports {name}")
    assert not wrong, "\n".join(wrong)
