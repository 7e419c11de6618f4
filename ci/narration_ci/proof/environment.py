"""The environment of a run: what somebody needs to repeat it."""

import os
import platform
import sys
import time
from importlib.metadata import distributions
from pathlib import Path
from typing import Any

from narration_ci.findings import CoverageError
from narration_ci.git import git
from narration_core import redact


def _git_or_none(root: Path, *arguments: str) -> str | None:
    """Return what git prints; None outside of a repository, such as in an unpacked archive."""
    try:
        return git(root, *arguments).strip()
    except CoverageError:
        return None


def describe(root: Path) -> dict[str, Any]:
    """Return the machine, the program and the packages; of the environment variables, those that affect narration.

    Args:
        root: the project's folder.
    """
    changes = _git_or_none(root, "status", "--porcelain")
    packages = {package.metadata["Name"]: package.version for package in distributions()}
    return {
        "taken_at_ms": time.time_ns() // 1_000_000,
        "commit": _git_or_none(root, "rev-parse", "HEAD"),
        "uncommitted_changes": None if changes is None else len(changes.splitlines()),
        "python": platform.python_version(),
        "implementation": platform.python_implementation(),
        "system": platform.platform(),
        "machine": platform.machine(),
        "processors": os.cpu_count(),
        "executable": Path(sys.executable).name,
        "environment": {
            name: redact(value)
            for name, value in sorted(os.environ.items())
            if name.startswith(("NARRATION_", "PYTHON"))
        },
        "packages": dict(sorted(packages.items(), key=lambda package: package[0].lower())),
    }
