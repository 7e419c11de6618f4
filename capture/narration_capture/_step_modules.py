"""Modules of step definitions, loaded from their folders."""

import sys
from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest


def load(config: pytest.Config, folders: Sequence[Path]) -> None:
    """Load every module of these folders as a plugin, so that all features see its steps.

    Args:
        config: pytest's configuration.
        folders: the folders.

    Raises:
        UsageError: a module was not loaded, because another one has its name.
    """
    modules = list(_modules(config.rootpath, folders))
    # All before the first import: a module may import another one, whose assertions would then say little.
    pytest.register_assert_rewrite(*(name for name, _ in modules))
    for name, path in modules:
        config.pluginmanager.import_plugin(name)
        loaded = Path(getattr(sys.modules[name], "__file__", None) or "")
        if loaded.resolve() != path.resolve():
            raise pytest.UsageError(
                f"narration_steps: {path} was not loaded: {loaded} has the module name {name!r} too; rename a folder"
            )


def _modules(root: Path, folders: Sequence[Path]) -> Iterator[tuple[str, Path]]:
    """Yield (module name, file); a second folder of one name gets its path from the root as its name."""
    taken: set[str] = set()
    for folder in folders:
        package, home = folder.name, folder.parent
        if package in taken and folder.is_relative_to(root):
            package, home = ".".join(folder.relative_to(root).parts), root
        taken.add(package)
        if str(home) not in sys.path:
            sys.path.insert(0, str(home))
        for path in sorted(folder.glob("*.py")):
            if path.stem != "__init__":
                yield f"{package}.{path.stem}", path
