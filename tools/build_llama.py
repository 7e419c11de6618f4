"""Build llama-cpp-python once per user, with only the parts that are used, and keep the wheel.

Runs on a bare Python before any virtual environment exists: standard library only. `pip install llama-cpp-python`
compiles a server, multimodal parts and a command line library that Python never calls; this builds the one library
that it does call, with flags that run on any processor of the last ten years, and packs it into the same wheel.

    python tools/build_llama.py            prints the folder of the wheel, for `pip install --find-links`
    python tools/build_llama.py --cuda 90  the same for NVIDIA GPUs of one architecture (needs the CUDA toolkit)

Exit codes: 0 the wheel is there, 1 it could not be built (the message says why and what to do), 2 wrong arguments.
"""

import argparse
import base64
import contextlib
import fcntl
import hashlib
import os
import platform
import re
import shutil
import subprocess
import sys
import tarfile
import tempfile
import time
import zipfile
from collections.abc import Iterator
from pathlib import Path

VERSION = "0.3.36"
SDIST_SHA256 = "832db0699007f1be95a7e41ef12e88926b02ba836461e36a36372db2760c1a2e"
MINUTES = "2 to 4 minutes on two cores"

FLAGS = (
    "-DCMAKE_BUILD_TYPE=Release",
    "-DBUILD_SHARED_LIBS=ON",
    # One name per library: versioned names are symbolic links, which a wheel turns into copies.
    "-DCMAKE_PLATFORM_NO_VERSIONED_SONAME=ON",
    "-DCMAKE_INSTALL_RPATH=$ORIGIN",
    "-DCMAKE_BUILD_WITH_INSTALL_RPATH=ON",
    "-DGGML_NATIVE=OFF",
    "-DLLAMA_BUILD_COMMON=OFF",
    "-DLLAMA_BUILD_TESTS=OFF",
    "-DLLAMA_BUILD_EXAMPLES=OFF",
    "-DLLAMA_BUILD_TOOLS=OFF",
    "-DLLAMA_BUILD_SERVER=OFF",
    "-DLLAMA_CURL=OFF",
)


class BuildError(Exception):
    """The wheel could not be built; the message is for the person at the terminal."""


def cuda_flags(architecture: str | None) -> tuple[str, ...]:
    """Return the flags that add CUDA for one architecture such as "90"; none for None."""
    return ("-DGGML_CUDA=ON", f"-DCMAKE_CUDA_ARCHITECTURES={architecture}") if architecture else ()


def cache_folder() -> Path:
    """Return the per-user folder in which wheels are kept."""
    return Path(os.environ.get("XDG_CACHE_HOME") or "~/.cache").expanduser() / "narration" / "wheels"


def cache_key(flags: tuple[str, ...], system: str, machine: str) -> str:
    """Return the name under which a wheel built with these flags on such a machine is kept."""
    text = "\n".join((VERSION, SDIST_SHA256, *flags, system, machine))
    return hashlib.sha256(text.encode()).hexdigest()[:16]


def finished_wheel(folder: Path) -> Path | None:
    """Return the wheel in a cache folder, or None when there is none that can be read."""
    for wheel in sorted(folder.glob("llama_cpp_python-*.whl")):
        with contextlib.suppress(OSError, zipfile.BadZipFile), zipfile.ZipFile(wheel) as packed:
            if packed.testzip() is None:
                return wheel
        wheel.unlink(missing_ok=True)  # damaged: build it again
    return None


def check_tools() -> None:
    """Look for what the build needs and pip cannot bring.

    Raises:
        BuildError: there is no C++ compiler.
    """
    compilers = [os.environ.get("CXX"), "c++", "g++", "clang++"]
    if not any(shutil.which(name) for name in compilers if name):
        raise BuildError(
            "no C++ compiler found (looked for c++, g++, clang++ and $CXX), and llama.cpp is built from source: "
            "install one, for example `apt-get install g++`, and run the same command again"
        )


@contextlib.contextmanager
def locked(path: Path) -> Iterator[None]:
    """Hold a lock file, so that two builds of one user wait for each other instead of doing the work twice."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("w") as handle:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            say("another build of llama-cpp-python is running; waiting for it")
            fcntl.flock(handle, fcntl.LOCK_EX)
        yield


def say(message: str, end: str = "\n") -> None:
    """Tell the person what is going on; standard output is kept for the answer."""
    sys.stderr.write(message + end)
    sys.stderr.flush()


def run(command: list[str], log: Path, what: str, env: dict[str, str] | None = None) -> None:
    """Run one step of the build with its output in the log, showing progress where the step tells it.

    Raises:
        BuildError: the step failed; the message holds the end of the log.
    """
    began = time.monotonic()
    terminal = sys.stderr.isatty()
    told = -1
    shown = False
    with log.open("ab") as out:
        out.write(f"\n$ {' '.join(command)}\n".encode())
        with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, env=env) as step:
            for line in step.stdout or ():
                out.write(line)
                progress = re.match(rb"\[(\d+)/(\d+)\]", line)
                if progress is None:
                    continue
                percent = 100 * int(progress[1]) // int(progress[2])
                took = int(time.monotonic() - began)
                if terminal:
                    shown = True
                    say(f"\r  {what}: {percent:3d} %, {took} s ", end="")
                elif percent // 10 > told:
                    told = percent // 10
                    say(f"  {what}: {percent} %, {took} s")
        code = step.returncode
    if shown:
        say("")
    if code != 0:
        last = "\n".join(log.read_text("utf-8", "replace").splitlines()[-15:])
        raise BuildError(f"{what} failed with exit code {code}; the whole log is {log}\n{last}")


def fetch_sdist(folder: Path, log: Path) -> Path:
    """Return the unpacked source, fetched by pip (so its index and proxy settings hold) and checked by its hash."""
    say("  fetching the source, 77 MB")
    packages = [f"llama-cpp-python=={VERSION}", "--no-deps", "--no-binary", "llama-cpp-python"]
    run([sys.executable, "-m", "pip", "download", "-q", "-d", str(folder), *packages], log, "fetching the source")
    (archive,) = folder.glob("llama_cpp_python-*.tar.gz")
    found = hashlib.sha256(archive.read_bytes()).hexdigest()
    if found != SDIST_SHA256:
        raise BuildError(
            f"{archive.name} from the package index has SHA-256 {found}, expected {SDIST_SHA256}: "
            "the index serves another file; do not use it, and tell whoever runs the index"
        )
    with tarfile.open(archive) as packed:
        packed.extractall(folder, filter="data")
    return folder / archive.name.removesuffix(".tar.gz")


def build_tools(folder: Path, log: Path) -> tuple[str, str]:
    """Return cmake and ninja, from the path or from PyPI into a private environment."""
    cmake, ninja = shutil.which("cmake"), shutil.which("ninja")
    if cmake and ninja:
        return cmake, ninja
    say("  installing cmake and ninja for the build")
    tools = folder / "tools"
    run([sys.executable, "-m", "venv", str(tools)], log, "making an environment for the build tools")
    run([str(tools / "bin" / "pip"), "install", "-q", "cmake", "ninja"], log, "installing cmake and ninja")
    return str(tools / "bin" / "cmake"), str(tools / "bin" / "ninja")


def build_libraries(source: Path, folder: Path, flags: tuple[str, ...], log: Path) -> list[Path]:
    """Return the shared libraries, built and stripped."""
    cmake, ninja = build_tools(folder, log)
    tree = folder / "tree"
    configure = [cmake, "-S", str(source / "vendor" / "llama.cpp"), "-B", str(tree), "-G", "Ninja"]
    run([*configure, f"-DCMAKE_MAKE_PROGRAM={ninja}", *flags], log, "configuring llama.cpp")
    run([cmake, "--build", str(tree), "--target", "llama", "-j", str(os.cpu_count() or 1)], log, "compiling llama.cpp")
    suffix = ".dylib" if sys.platform == "darwin" else ".so"
    libraries = sorted(path for path in (tree / "bin").glob(f"*{suffix}") if path.is_file())
    if not any(path.stem == "libllama" for path in libraries):
        raise BuildError(f"the build made no libllama{suffix}; the whole log is {log}")
    strip = shutil.which("strip")
    if strip and suffix == ".so":
        run([strip, "--strip-unneeded", *map(str, libraries)], log, "stripping the libraries")
    return libraries


def platform_tag() -> str:
    """Return the platform part of the wheel's name."""
    return (
        re.sub(r"[^a-z0-9_]", "_", f"{platform.system()}_{platform.machine()}".lower())
        if sys.platform != "darwin"
        else (f"macosx_{platform.mac_ver()[0].split('.')[0]}_0_{platform.machine()}")
    )


def pack(pure: Path, libraries: list[Path], folder: Path, tag: str) -> Path:
    """Return a platform wheel: the Python part of a pure wheel and the libraries beside it.

    Args:
        pure: a wheel of the Python files.
        libraries: what goes to `llama_cpp/lib/`.
        folder: where the wheel is put.
        tag: the platform it is for.
    """
    name = pure.name.split("-")
    target = folder / f"{name[0]}-{name[1]}-py3-none-{tag}.whl"
    record: list[str] = []
    record_name = ""
    with zipfile.ZipFile(pure) as old, zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as new:

        def add(path: str, data: bytes) -> None:
            digest = base64.urlsafe_b64encode(hashlib.sha256(data).digest()).rstrip(b"=").decode()
            record.append(f"{path},sha256={digest},{len(data)}")
            new.writestr(zipfile.ZipInfo(path, (2020, 1, 1, 0, 0, 0)), data, zipfile.ZIP_DEFLATED)

        for path in sorted(old.namelist()):
            data = old.read(path)
            if path.endswith(".dist-info/RECORD"):
                record_name = path
                continue
            if path.endswith(".dist-info/WHEEL"):
                data = re.sub(rb"(?m)^Tag: .*\n", b"", data).rstrip(b"\n") + f"\nTag: py3-none-{tag}\n".encode()
                data = data.replace(b"Root-Is-Purelib: true", b"Root-Is-Purelib: false")
            if not path.endswith("/") and not path.startswith(("lib/", "include/", "bin/")):
                add(path, data)
        for library in libraries:
            add(f"llama_cpp/lib/{library.name}", library.read_bytes())
        new.writestr(zipfile.ZipInfo(record_name, (2020, 1, 1, 0, 0, 0)), "\n".join([*record, f"{record_name},,", ""]))
    return target


def build(home: Path, flags: tuple[str, ...]) -> Path:
    """Build the wheel into a cache folder and return it.

    Raises:
        BuildError: a step failed; nothing half done is left in the cache.
    """
    check_tools()
    say(f"building llama-cpp-python {VERSION} for this user, once: {MINUTES}")
    began = time.monotonic()
    home.mkdir(parents=True, exist_ok=True)
    log = home / "build.log"
    log.unlink(missing_ok=True)
    with tempfile.TemporaryDirectory(dir=home, prefix="building-") as place:
        folder = Path(place)
        source = fetch_sdist(folder, log)
        libraries = build_libraries(source, folder, flags, log)
        say("  packing the wheel")
        pip = [sys.executable, "-m", "pip", "wheel", "-q", "--no-deps", "--no-cache-dir"]
        env = {**os.environ, "CMAKE_ARGS": "-DLLAMA_BUILD=OFF"}
        run([*pip, "-w", str(folder / "pure"), str(source)], log, "packing the Python part", env)
        (pure,) = (folder / "pure").glob("*.whl")
        wheel = pack(pure, libraries, folder, platform_tag())
        final = home / wheel.name
        wheel.replace(final)
    say(f"  done in {int(time.monotonic() - began)} s; kept in {home}")
    return final


def main() -> int:
    """Print the folder that holds the wheel, building it first if need be."""
    parser = argparse.ArgumentParser(description="Build llama-cpp-python once per user and keep the wheel.")
    parser.add_argument("--cuda", metavar="ARCH", help="build for NVIDIA GPUs of this architecture, e.g. 90")
    options = parser.parse_args()
    flags = (*FLAGS, *cuda_flags(options.cuda))
    home = cache_folder() / cache_key(flags, platform.system(), platform.machine())
    try:
        if finished_wheel(home) is None:
            with locked(home.with_suffix(".lock")):
                if finished_wheel(home) is None:
                    build(home, flags)
    except (BuildError, OSError) as why:
        say(f"error: llama-cpp-python could not be built: {why}")
        return 1
    sys.stdout.write(f"{home}\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
