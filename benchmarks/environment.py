"""Virtual environments with the packages that a benchmark compares with, created once per user."""

import hashlib
import os
import platform
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
_CACHE = Path(os.environ.get("XDG_CACHE_HOME", "~/.cache")).expanduser() / "narration" / "benchmarks"


def python_with(packages: Sequence[str]) -> Path:
    """Return the Python of a virtual environment with these packages and this checkout.

    Args:
        packages: requirements; the same ones give the same environment.
    """
    key = hashlib.sha256("\n".join([sys.version, str(ROOT), *sorted(packages)]).encode()).hexdigest()[:16]
    python = _CACHE / key / "bin" / "python"
    stamp = _CACHE / key / "ready"
    if not stamp.exists():
        print(f"installing {len(packages)} packages to compare with, once ...", flush=True)
        subprocess.run([sys.executable, "-m", "venv", "--clear", str(_CACHE / key)], check=True)
        subprocess.run([python, "-m", "pip", "install", "-q", *packages, "-e", str(ROOT)], check=True)
        stamp.touch()
    return python


def machine() -> str:
    """Return a description of this machine: system, processor, cores, Python."""
    system = f"{platform.system()} {platform.machine()}"
    return f"{system}, {os.cpu_count()} cores of {_processor()}, Python {platform.python_version()}"


def _processor() -> str:
    """Return the processor's name, if the system knows it."""
    try:
        for line in Path("/proc/cpuinfo").read_text("utf-8").splitlines():
            if line.startswith("model name"):
                return line.partition(":")[2].strip()
    except OSError:
        pass
    return platform.processor() or "an unknown processor"
