"""Create `.venv` with everything that the make targets need, or bring it up to date.

Runs with the standard library only. `make` calls it before every target. If `.venv/.made-from` shows that nothing has
changed, it takes 0.1 s and uses neither network nor disk.

    python -m tools.prepare_venv            from the root of the repository
    python -m tools.prepare_venv --cuda 90  with llama-cpp-python built for NVIDIA GPUs of one architecture

Exit codes: 0 `.venv` is ready; 1 it could not be created (the message says why and what to do); 2 wrong arguments;
130 interrupted.
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
EXTRAS = "worker,hub,redis,test,otel"
GROUP = "dev"
PIP = "pip>=25.1"  # the first that installs dependency groups
PROBE = "import pip, sys; print(sys.prefix, *sys.version_info[:2])"


def made_from(root: Path, flags: tuple[str, ...]) -> str:
    """Return what `.venv` of this checkout depends on, one item per line."""
    return (
        f"python {sys.implementation.name} {sys.version_info.major}.{sys.version_info.minor}\n"
        f"folder {root}\n"
        f"llama-cpp-python {cache_key(flags, this_machine())}\n"
        f"pyproject {hashlib.sha256((root / 'pyproject.toml').read_bytes()).hexdigest()}\n"
    )


def is_ready(venv: Path, wanted: str) -> bool:
    """Tell whether `.venv` was made from exactly this, and its Python still exists."""
    note = venv / ".made-from"
    return note.is_file() and note.read_text("utf-8") == wanted and (venv / "bin" / "python").exists()


def can_stay(venv: Path, old: str, wanted: str) -> bool:
    """Tell whether an older `.venv` can be updated: it works, with the same Python and in the same folder."""
    if old and old.splitlines()[:2] != wanted.splitlines()[:2]:
        return False
    try:
        answer = subprocess.run([venv / "bin" / "python", "-c", PROBE], capture_output=True, text=True, check=False)
    except OSError:
        return False
    return answer.stdout.strip() == f"{venv} {sys.version_info.major} {sys.version_info.minor}"


def steps(root: Path, wheel: Path, old: str, wanted: str) -> list[tuple[str, list[str]]]:
    """Return the steps that update `.venv`, each as description and command.

    Args:
        root: the checkout.
        wheel: llama-cpp-python.
        old: what `.venv` was made from; "" if it does not exist.
        wanted: what it is to be made from.
    """
    venv = root / ".venv"
    pip = [str(venv / "bin" / "python"), "-m", "pip", "install", "-q", "--disable-pip-version-check"]
    # By force: for pip, two builds of one version are the same.
    forced = [*pip, "--no-index", "--no-deps", "--force-reinstall", str(wheel)]
    same_wheel = wanted.splitlines()[2] in old.splitlines()
    return [
        *([] if old else [("creating .venv", [sys.executable, "-m", "venv", str(venv)])]),
        *([] if same_wheel else [("installing llama-cpp-python", forced)]),
        ("upgrading pip", [*pip, PIP]),
        (
            "installing the other packages",
            [*pip, "-e", f"{root}[{EXTRAS}]", "--group", f"{root / 'pyproject.toml'}:{GROUP}"],
        ),
    ]


def prepare(root: Path, flags: tuple[str, ...], wanted: str) -> None:
    """Create or update `.venv`; the caller holds the lock.

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
    """Create or update `.venv`, unless it is ready."""
    parser = argparse.ArgumentParser(
        description="Create .venv with everything that the make targets need, or update it."
    )
    add_cuda(parser)
    flags = (*FLAGS, *cuda_flags(parser.parse_args().cuda))
    wanted = made_from(ROOT, flags)
    if is_ready(ROOT / ".venv", wanted):
        return 0
    with reported(".venv could not be prepared"), locked(ROOT / "pyproject.toml", "another make is preparing .venv"):
        if not is_ready(ROOT / ".venv", wanted):
            prepare(ROOT, flags, wanted)
    return 0


if __name__ == "__main__":
    sys.exit(main())
