"""Reading a project's source files."""

import ast
import tokenize
from collections.abc import Iterable
from pathlib import Path

from narration_ci.findings import CoverageError
from narration_ci.source.arguments import follow_arguments
from narration_ci.source.expressions import Project
from narration_ci.source.scopes import Module, fill


def module_names(path: Path, packages: frozenset[Path]) -> tuple[str, ...]:
    """Return the names that a file may be imported as: from its topmost package, and from the root.

    Args:
        path: the file, relative to the root.
        packages: every folder with an `__init__.py`.
    """
    parts = path.with_suffix("").parts
    inside = parts[:-1] if parts[-1] == "__init__" else parts
    top = path.parent
    while top.parent in packages and top != top.parent:
        top = top.parent
    shorter = inside[len(top.parent.parts) :] if top in packages else inside[-1:]
    return tuple(dict.fromkeys((".".join(shorter), ".".join(inside))))


def read_module(root: Path, path: Path, packages: frozenset[Path]) -> Module:
    """Return a source file with its scopes filled.

    Args:
        root: the project's folder.
        path: the file, relative to it.
        packages: every folder with an `__init__.py`, relative to it.

    Raises:
        SyntaxError: it is not valid Python.
        OSError: it cannot be read.
        UnicodeDecodeError: it is not in the encoding that it declares.
    """
    data = (root / path).read_bytes()
    tree = ast.parse(data, filename=path.as_posix())
    module = Module(
        path.as_posix(), module_names(path, packages), path.name == "__init__.py", tree, _decoded(root / path)
    )
    fill(module)
    return module


def _decoded(path: Path) -> str:
    with tokenize.open(path) as file:
        return file.read()


def read_project(root: Path, files: Iterable[Path]) -> Project:
    """Return the source files of a project, parsed.

    Args:
        root: the project's folder.
        files: relative to it.

    Raises:
        CoverageError: a file cannot be read or is not valid Python.
    """
    paths = list(files)
    packages = frozenset(path.parent for path in paths if path.name == "__init__.py")
    modules = []
    for path in paths:
        try:
            modules.append(read_module(root, path, packages))
        except SyntaxError as error:
            raise CoverageError(
                f"{path.as_posix()}:{error.lineno or 1}: not valid Python: {error.msg}; correct it first"
            ) from None
        except (OSError, UnicodeDecodeError, ValueError) as error:
            raise CoverageError(f"{path.as_posix()}:1: cannot be read: {error}") from None
    project = Project(modules)
    follow_arguments(project)
    return project
