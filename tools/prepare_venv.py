"""Make `.venv` with all that the make targets need, or see at a glance that it is there already.

Runs on a bare Python: standard library only. `make` calls it before every target, so the usual case takes a tenth of a
second and touches neither network nor disk; what `.venv` was made from is written in `.venv/.made-from`.

    python -m tools.prepare_venv            from the root of the repository
    python -m tools.prepare_venv --cuda 90  with llama-cpp-python built for NVIDIA GPUs of one architecture

Exit codes: 0 `.venv` is ready, 1 it is not (the message says why and what to do), 2 wrong arguments, 130 interrupted.
"""

import argparse
import hashlib
import shutil
import subprocess
import sys
import time
from pathlib import Path

from tools.build_llama import (
    FLAGS,
    add_cuda,
    cache_key,
    cached_wheel,
    cuda_flags,
    locked,
    reported,
    run,
    say,
    this_machine,
)

ROOT = Path(__file__).resolve().parent.parent
EXTRAS = "worker,test,otel"
GROUP = "dev"
PIP = "pip>=25.1"  # the first that installs dependency groups
PROBE = "import pip, sys; print(sys.prefix, *sys.version_info[:2])"


def made_from(root: Path, flags: tuple[str, ...]) -> str:
    """Return what `.venv` of this checkout is to be made from, one thing a line."""
    return (
        f"python {sys.implementation.name} {sys.version_info.major}.{sys.version_info.minor}\n"
        f"place {root}\n"
        f"llama-cpp-python {cache_key(flags, this_machine())}\n"
        f"pyproject {hashlib.sha256((root / 'pyproject.toml').read_bytes()).hexdigest()}\n"
    )


def is_ready(venv: Path, wanted: str) -> bool:
    """Tell whether `.venv` was made from just this and its Python still exists."""
    note = venv / ".made-from"
    return note.is_file() and note.read_text("utf-8") == wanted and (venv / "bin" / "python").exists()


def can_stay(venv: Path, old: str, wanted: str) -> bool:
    """Tell whether an older `.venv` can be brought up to date: the same Python, the same place, and it works."""
    if old and old.splitlines()[:2] != wanted.splitlines()[:2]:
        return False
    try:
        answer = subprocess.run([venv / "bin" / "python", "-c", PROBE], capture_output=True, text=True, check=False)
    except OSError:
        return False
    return answer.stdout.strip() == f"{venv} {sys.version_info.major} {sys.version_info.minor}"


def steps(root: Path, wheel: Path, old: str, wanted: str) -> list[tuple[str, list[str]]]:
    """Return the steps from what `.venv` was made from ("" when there is none) to what is wanted: words and command."""
    venv = root / ".venv"
    pip = [str(venv / "bin" / "python"), "-m", "pip", "install", "-q", "--disable-pip-version-check"]
    # By force: pip takes two builds of one version for the same.
    by_force = [*pip, "--no-index", "--no-deps", "--force-reinstall", str(wheel)]
    same_wheel = wanted.splitlines()[2] in old.splitlines()
    return [
        *([] if old else [("making .venv", [sys.executable, "-m", "venv", str(venv)])]),
        *([] if same_wheel else [("installing llama-cpp-python", by_force)]),
        ("upgrading pip", [*pip, PIP]),
        (
            "installing the other packages",
            [*pip, "-e", f"{root}[{EXTRAS}]", "--group", f"{root / 'pyproject.toml'}:{GROUP}"],
        ),
    ]


def prepare(root: Path, flags: tuple[str, ...], wanted: str) -> None:
    """Make `.venv` or bring it up to date; the caller holds the lock.

    Raises:
        BuildError: a step failed.
    """
    began = time.monotonic()
    venv = root / ".venv"
    note, log = venv / ".made-from", venv / "prepare.log"
    say("preparing .venv: a minute or two")
    wheel = cached_wheel(flags)
    old = note.read_text("utf-8") if note.is_file() else ""
    if not can_stay(venv, old, wanted):
        old = ""
        if venv.exists():
            shutil.rmtree(venv)
    venv.mkdir(exist_ok=True)
    note.unlink(missing_ok=True)
    log.unlink(missing_ok=True)
    for what, command in steps(root, wheel, old, wanted):
        run(command, log, what)
    note.write_text(wanted, "utf-8")
    say(f"  .venv is ready, {int(time.monotonic() - began)} s")


def main() -> int:
    """Make `.venv` unless it is ready."""
    parser = argparse.ArgumentParser(description="Make .venv with all that the make targets need.")
    add_cuda(parser)
    flags = (*FLAGS, *cuda_flags(parser.parse_args().cuda))
    wanted = made_from(ROOT, flags)
    if is_ready(ROOT / ".venv", wanted):
        return 0
    with reported(".venv could not be made"), locked(ROOT / "pyproject.toml", "another make is preparing .venv"):
        if not is_ready(ROOT / ".venv", wanted):
            prepare(ROOT, flags, wanted)
    return 0


if __name__ == "__main__":
    sys.exit(main())
