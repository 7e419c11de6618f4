"""Get what the tests of `tests/clients` need and this project does not write: once per user, kept in the cache.

Runs on a bare Python: standard library only. `make test` calls it before the tests; when all is there, it takes a
tenth of a second. Python and npm packages are pinned in `tests/clients` and go to folders of their own, because their
versions and ours would clash. nginx and a browser are taken from this machine; where they are missing, nginx is
unpacked from Debian's package without installing it, and chromium is installed with apt-get, by root or by sudo when
it asks no password. NARRATION_APT=no forbids both.

    python -m tools.prepare_clients

What cannot be had is told on standard error, and the tests that need it are skipped with the same reason.
Exit codes: 0 (also when something cannot be had), 2 wrong arguments, 130 interrupted.
"""

import argparse
import hashlib
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import NamedTuple

from tools.build_llama import BuildError, cache_folder, locked, reported, run, say

ROOT = Path(__file__).resolve().parent.parent
PINS = Path("tests") / "clients"
NODE_AT_LEAST = 20
BROWSERS = ("chromium", "chromium-browser", "google-chrome-stable", "google-chrome")
SYSTEM_FOLDERS = ("/usr/local/sbin", "/usr/sbin", "/sbin", "/opt/homebrew/bin")  # not on every user's path
APT = ("apt-get", "-q", "-o", "DPkg::Lock::Timeout=120")
FORBIDDEN = "NARRATION_APT"


class Part(NamedTuple):
    """One thing that the tests need.

    Attributes:
        what: its name, for people.
        find: returns where it is, or None.
        get: gets it into the cache or onto the machine; raises BuildError when it cannot.
        advice: what a person can do where it cannot be had.
    """

    what: str
    find: Callable[[Path], Path | None]
    get: Callable[[Path, Path], None]
    advice: str


def home() -> Path:
    """Return the per-user folder in which the clients are kept."""
    return cache_folder().parent / "clients"


def folder_of(kind: str, *sources: Path) -> Path:
    """Return the cache folder of what was made from these files by this Python.

    Args:
        kind: the beginning of its name.
        sources: the files that pin its content.
    """
    made_from = hashlib.sha256(f"{sys.implementation.name} {sys.version_info[:2]}\n".encode())
    for source in sources:
        made_from.update(source.read_bytes())
    return home() / f"{kind}-{made_from.hexdigest()[:16]}"


def is_finished(folder: Path, program: Path) -> Path | None:
    """Return a program of a cache folder when all of the folder was made and it is still there."""
    return folder / program if (folder / ".finished").is_file() and (folder / program).exists() else None


def on_this_machine(names: Iterable[str]) -> Path | None:
    """Return the first of some programs that is on the path or where systems keep servers."""
    path = os.pathsep.join((os.environ.get("PATH", os.defpath), *SYSTEM_FOLDERS))
    return next((Path(found) for name in names if (found := shutil.which(name, path=path))), None)


# -- Python packages -------------------------------------------------------------------------------------


def python_folder(root: Path) -> Path:
    """Return the folder of the environment with the Python clients."""
    return folder_of("python", root / PINS / "requirements.txt")


def find_python(root: Path) -> Path | None:
    """Return the Python that has the clients, or None."""
    return is_finished(python_folder(root), Path("bin") / "python")


def get_python(root: Path, log: Path) -> None:
    """Make the environment with the Python clients.

    Raises:
        BuildError: a step failed.
    """
    folder = python_folder(root)
    shutil.rmtree(folder, ignore_errors=True)
    run([sys.executable, "-m", "venv", str(folder)], log, "making an environment for Python clients")
    pip = [str(folder / "bin" / "python"), "-m", "pip", "install", "-q", "--disable-pip-version-check"]
    run([*pip, "-r", str(root / PINS / "requirements.txt")], log, "installing Python clients, 150 MB")
    (folder / ".finished").touch()


# -- npm packages ----------------------------------------------------------------------------------------


def node_folder(root: Path) -> Path:
    """Return the folder of the npm packages."""
    return folder_of("node", root / PINS / "package.json", root / PINS / "package-lock.json")


def find_node(root: Path) -> Path | None:
    """Return the folder `node_modules` with the clients, or None."""
    return is_finished(node_folder(root), Path("node_modules")) if new_enough_node() else None


def new_enough_node() -> bool:
    """Tell whether this machine has a node that the clients run on."""
    node = on_this_machine(["node"])
    if node is None:
        return False
    said = subprocess.run([node, "--version"], capture_output=True, text=True, check=False).stdout
    major = said.strip().removeprefix("v").partition(".")[0]
    return major.isdigit() and int(major) >= NODE_AT_LEAST


def get_node(root: Path, log: Path) -> None:
    """Install the npm packages, exactly those of the lock file.

    Raises:
        BuildError: there is no node, or npm failed.
    """
    npm = on_this_machine(["npm"])
    if npm is None or not new_enough_node():
        raise BuildError(f"no node {NODE_AT_LEAST} or newer, with npm, is on the path")
    folder = node_folder(root)
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    for name in ("package.json", "package-lock.json"):
        shutil.copyfile(root / PINS / name, folder / name)
    quietly = ["--ignore-scripts", "--no-audit", "--no-fund", "--loglevel=error"]
    # A machine without a network would otherwise be kept waiting for minutes.
    soon = ["--prefer-offline", "--fetch-retries=1"]
    run([str(npm), "ci", "--prefix", str(folder), *quietly, *soon], log, "installing npm packages, 60 MB")
    (folder / ".finished").touch()


# -- from the system -------------------------------------------------------------------------------------


def find_nginx(_: Path) -> Path | None:
    """Return nginx, of this machine or unpacked, or None."""
    return on_this_machine(["nginx"]) or is_finished(home() / "nginx", Path("usr") / "sbin" / "nginx")


def get_nginx(_: Path, log: Path) -> None:
    """Unpack Debian's nginx into the cache: installing it would start a web server on this machine.

    Raises:
        BuildError: there is no such package, or it needs libraries that are not there.
    """
    folder = home() / "nginx"
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    # apt-get puts what it downloads into the folder that it runs in.
    with_apt([*APT, "download", "nginx"], log, "downloading nginx, 0.5 MB", folder=folder)
    packages = sorted(folder.glob("nginx_*.deb"))
    if not packages:
        raise BuildError("apt-get downloaded no package of that name")
    run(["dpkg-deb", "-x", str(packages[-1]), str(folder)], log, "unpacking nginx")
    run([str(folder / "usr" / "sbin" / "nginx"), "-V"], log, "trying nginx")
    (folder / ".finished").touch()


def find_browser(_: Path) -> Path | None:
    """Return chromium or a browser made from it, or None."""
    return on_this_machine(BROWSERS)


def get_browser(_: Path, log: Path) -> None:
    """Install Debian's chromium.

    Raises:
        BuildError: we may not, or there is none.
    """
    say(f"  the tests run a real browser: installing Debian's chromium on this machine; {FORBIDDEN}=no forbids it")
    install = [*APT, "install", "-y", "--no-install-recommends", "chromium"]
    with_apt([*as_root(), *install], log, "installing chromium, 400 MB")


def as_root() -> list[str]:
    """Return what to write before a command that only root may run.

    Raises:
        BuildError: neither are we root, nor may we become it without a password.
    """
    if os.geteuid() == 0:
        return []
    try:
        subprocess.run(["sudo", "-n", "true"], capture_output=True, check=True)
    except (OSError, subprocess.CalledProcessError):
        raise BuildError("installing packages needs root, or sudo without a password") from None
    return ["sudo", "-n"]


def with_apt(command: list[str], log: Path, what: str, folder: Path | None = None) -> None:
    """Run apt-get; on failure once more with new package lists, where we may fetch them.

    Args:
        command: the whole command.
        log: takes its output.
        what: told to the person.
        folder: where it runs.

    Raises:
        BuildError: apt is not here, is forbidden, or failed.
    """
    if os.environ.get(FORBIDDEN, "").lower() in {"no", "0", "false"}:
        raise BuildError(f"{FORBIDDEN}=no forbids it")
    if not shutil.which("apt-get"):
        raise BuildError("there is no apt-get here")
    quiet = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
    there = ["env", "-C", str(folder), *command] if folder else command
    try:
        run(there, log, what, quiet)
    except BuildError:
        run([*as_root(), *APT, "update"], log, "fetching the lists of packages", quiet)
        run(there, log, what, quiet)


PARTS = {
    "python": Part("the Python clients", find_python, get_python, "have PyPI reachable"),
    "node": Part("the npm clients", find_node, get_node, f"have npm's registry reachable and node {NODE_AT_LEAST}"),
    "nginx": Part("nginx", find_nginx, get_nginx, "install nginx (Debian: apt-get install nginx)"),
    "browser": Part("a browser", find_browser, get_browser, "install chromium (Debian: apt-get install chromium)"),
}


def missing(name: str) -> str:
    """Return why tests that need a part are skipped, and what to do about it."""
    part = PARTS[name]
    return f"{part.what} cannot be had here: {part.advice}, then run `make test` again"


def prepare(root: Path) -> list[str]:
    """Get every part that is not there yet; return the names of those that cannot be had.

    Args:
        root: the checkout.
    """
    wanted = [name for name, part in PARTS.items() if part.find(root) is None]
    if not wanted:
        return []
    log = home() / "prepare.log"
    with locked(home() / ".lock", "another make is preparing the test clients"):
        for name in wanted:
            get(name, root, log)
    return [name for name in wanted if PARTS[name].find(root) is None]


def get(name: str, root: Path, log: Path) -> None:
    """Get one part; tell the person when that fails."""
    part, began = PARTS[name], time.monotonic()
    if part.find(root) is not None:  # by another make, while we waited
        return
    say(f"preparing {part.what} for the tests, once for this user")
    try:
        part.get(root, log)
    except BuildError as error:
        say(f"warning: {missing(name)}; the tests that need it are skipped. Why: {error}")
    else:
        say(f"  done, {int(time.monotonic() - began)} s")


def main() -> int:
    """Get what is missing."""
    argparse.ArgumentParser(description="Get what the tests with foreign clients need.").parse_args()
    with reported("the test clients could not be prepared"):
        prepare(ROOT)
    return 0


if __name__ == "__main__":
    sys.exit(main())
