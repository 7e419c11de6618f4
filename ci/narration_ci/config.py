"""Settings: `[tool.narration.coverage]` of the project's `pyproject.toml`."""

import fnmatch
import os
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

import msgspec

from narration_ci.findings import CoverageError

# Folders without services: read only if `source` names them.
_NEVER: Final = (
    "tests",
    "test",
    "examples",
    "docs",
    "benchmarks",
    "tools",
    "steps",
    "features",
    "build",
    "dist",
    "proof",
)


class Settings(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Where the files of a project are; paths are relative to its root.

    Attributes:
        source: folders and files whose points count; by default every folder with Python except tests and the like.
        exclude: patterns of paths that do not count, such as `examples/**`.
        records: the folder of run records.
        baseline: the committed file with the threshold and the known silent points.
        output: the folder that the formats are written to.
    """

    source: tuple[str, ...] = ()
    exclude: tuple[str, ...] = ()
    records: str = ".narration/records"
    baseline: str = "ci/narration-baseline.json"
    output: str = ".narration/coverage"


class LinkSettings(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What the link check must know of a project.

    Attributes:
        edges: the actors that anybody may call; requests of all others have a caller that narrates.
        exempt: folders and files of plain tests that break links on purpose.
    """

    edges: tuple[str, ...] = ()
    exempt: tuple[str, ...] = ()


def read_tool(root: Path) -> dict[str, Any]:
    """Return the table `[tool.narration]` of a project; empty if there is none.

    Raises:
        CoverageError: `pyproject.toml` is not valid TOML.
    """
    path = root / "pyproject.toml"
    try:
        table = tomllib.loads(path.read_text("utf-8"))
    except FileNotFoundError:
        return {}
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise CoverageError(f"{path}: cannot be read as TOML: {error}") from None
    found = table.get("tool", {}).get("narration", {})
    return found if isinstance(found, dict) else {}


def read_settings(root: Path) -> Settings:
    """Return a project's settings.

    Args:
        root: the project's folder.

    Raises:
        CoverageError: a setting is unknown or of the wrong type.
    """
    try:
        return msgspec.convert(read_tool(root).get("coverage", {}), Settings)
    except msgspec.ValidationError as error:
        raise CoverageError(f"{root / 'pyproject.toml'}: [tool.narration.coverage]: {error}") from None


def read_link_settings(root: Path) -> LinkSettings:
    """Return a project's settings of the link check.

    Args:
        root: the project's folder.

    Raises:
        CoverageError: a setting is unknown or of the wrong type.
    """
    try:
        return msgspec.convert(read_tool(root).get("links", {}), LinkSettings)
    except msgspec.ValidationError as error:
        raise CoverageError(f"{root / 'pyproject.toml'}: [tool.narration.links]: {error}") from None


def _walk(start: Path) -> Iterator[Path]:
    """Yield the Python files below a folder, leaving out hidden folders and virtual environments."""
    for folder, folders, files in os.walk(start):
        here = Path(folder)
        folders[:] = [
            name
            for name in folders
            if not name.startswith(".") and name != "__pycache__" and not (here / name / "pyvenv.cfg").exists()
        ]
        yield from (here / name for name in files if name.endswith(".py"))


def source_files(root: Path, settings: Settings) -> list[Path]:
    """Return the Python files that count, relative to the root, sorted.

    Args:
        root: the project's folder.
        settings: which folders and files.

    Raises:
        CoverageError: a folder or file that the settings name does not exist.
    """
    found: set[Path] = set()
    for name in settings.source or (".",):
        start = root / name
        if not start.exists():
            raise CoverageError(
                f"{start}: no such file or folder: `source` in [tool.narration.coverage] names it; correct it there"
            )
        found |= {path.relative_to(root) for path in ([start] if start.is_file() else _walk(start))}
    if not settings.source:
        found = {path for path in found if path.parts[0] not in _NEVER}
    return sorted(
        path for path in found if not any(fnmatch.fnmatch(path.as_posix(), pattern) for pattern in settings.exclude)
    )
