"""Where a run took place: what somebody needs to repeat it."""

import os
import platform
import subprocess
import sys
import time
from importlib.metadata import distributions
from pathlib import Path
from typing import Any

from narration_core import redact


def _git(root: Path, *arguments: str) -> str | None:
    try:
        ran = subprocess.run(["git", *arguments], cwd=root, capture_output=True, text=True, check=True)  # noqa: S603, S607
    except (OSError, subprocess.CalledProcessError):
        return None  # no repository: an unpacked archive has none
    return ran.stdout.strip()


def describe(root: Path) -> dict[str, Any]:
    """Return the machine, the program and the packages; of the environment only what steers narration.

    Args:
        root: the project's folder.
    """
    changes = _git(root, "status", "--porcelain")
    packages = {one.metadata["Name"]: one.version for one in distributions()}
    return {
        "taken_at_ms": time.time_ns() // 1_000_000,
        "commit": _git(root, "rev-parse", "HEAD"),
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
        "packages": dict(sorted(packages.items(), key=lambda one: one[0].lower())),
    }
