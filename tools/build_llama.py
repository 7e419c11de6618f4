"""Build llama-cpp-python once per user, with only the parts that Python uses, and cache the wheel.

Runs before any virtual environment exists, with the standard library only. `pip install llama-cpp-python` also compiles
a server, multimodal parts and a command line library that Python never calls. This builds only the library that it
calls, for any processor of the last ten years, and packs it into the same wheel.

    python tools/build_llama.py            prints the folder of the wheel, for `pip install --find-links`
    python tools/build_llama.py --cuda 90  the same for NVIDIA GPUs of one architecture (needs the CUDA toolkit)

Exit codes: 0 the wheel is ready; 1 it could not be built (the message says why and what to do); 2 wrong arguments;
130 interrupted.
"""

import argparse
import base64
import contextlib
import fcntl
import hashlib
import os
import platform
import re
import shlex
import shutil
import subprocess
import sys
import tarfile
import tempfile
import time
import zipfile
import zlib
from collections.abc import Iterator
from pathlib import Path

VERSION = "0.3.36"
SDIST_SHA256 = "832db0699007f1be95a7e41ef12e88926b02ba836461e36a36372db2760c1a2e"

FLAGS = (
    "-DCMAKE_BUILD_TYPE=Release",
    "-DBUILD_SHARED_LIBS=ON",
    # One name per library: versioned names are symbolic links, which a wheel turns into copies.
    "-DCMAKE_PLATFORM_NO_VERSIONED_SONAME=ON",
    f"-DCMAKE_INSTALL_RPATH={'@loader_path' if sys.platform == 'darwin' else '$ORIGIN'}",
    "-DCMAKE_BUILD_WITH_INSTALL_RPATH=ON",
    "-DGGML_NATIVE=OFF",
    "-DGGML_CCACHE=OFF",
    # llama.cpp's own threads are as fast, and the wheel does not need libgomp then.
    "-DGGML_OPENMP=OFF",
    "-DLLAMA_BUILD_COMMON=OFF",
    "-DLLAMA_BUILD_TESTS=OFF",
    "-DLLAMA_BUILD_EXAMPLES=OFF",
    "-DLLAMA_BUILD_TOOLS=OFF",
    "-DLLAMA_BUILD_SERVER=OFF",
)

COMPILERS = (("C", "CC", ("cc", "gcc", "clang")), ("C++", "CXX", ("c++", "g++", "clang++")))
UNREADABLE = (OSError, EOFError, ValueError, RuntimeError, zipfile.BadZipFile, zlib.error)  # what zipfile may raise
BUILD_VARIABLES = ("CC", "CXX", "CFLAGS", "CXXFLAGS", "LDFLAGS")
INSTALL_COMPILER = "`xcode-select --install`" if sys.platform == "darwin" else "`apt-get install gcc g++`"

# A pattern in the output of a failed step, and what the user can do; the first match is shown.
ADVICE = {
    "DO NOT MATCH THE HASHES": "the package index serves a different file: report it to whoever runs the index",
    "No space left on device": "free 1 GB of disk space, or use another disk: XDG_CACHE_HOME=/folder/with/space",
    "No matching distribution|Connection|Temporary failure|timed out|certificate": (
        "the package index could not be reached: check the network and pip's settings (pip.conf, PIP_INDEX_URL, "
        "https_proxy), and run the same command again"
    ),
    "ensurepip": "this Python cannot create virtual environments; on Debian: `apt-get install python3-venv`",
    "CUDA Toolkit|nvcc|CUDA_COMPILER": "install the CUDA toolkit and put its nvcc on the PATH",
    "Killed signal|[Oo]ut of memory|[Cc]annot allocate": "out of memory: close other programs and try again",
    r"is not able to compile|CMAKE_C\w*_COMPILER": f"the compiler does not work: reinstall it, {INSTALL_COMPILER}",
}


class BuildError(Exception):
    """Something could not be built or installed; the message is for the user at the terminal."""


def cuda_flags(architecture: str | None) -> tuple[str, ...]:
    """Return the flags that add CUDA for one architecture such as "90"; none for None."""
    return ("-DGGML_CUDA=ON", f"-DCMAKE_CUDA_ARCHITECTURES={architecture}") if architecture else ()


def cache_folder() -> Path:
    """Return the per-user folder for cached wheels.

    Raises:
        BuildError: no home directory is known.
    """
    try:
        return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "narration" / "wheels"
    except RuntimeError as error:
        raise BuildError("there is no home directory: set HOME or XDG_CACHE_HOME and run it again") from error


def this_machine() -> tuple[str, ...]:
    """Return what a compiled library depends on, apart from Python: system, processor, C library, compiler."""
    libc = ""
    with contextlib.suppress(OSError, ValueError, AttributeError):  # only glibc answers
        libc = os.confstr("CS_GNU_LIBC_VERSION") or ""
    chosen = (f"{name}={os.environ[name]}" for name in BUILD_VARIABLES if os.environ.get(name))
    return (platform.system(), platform.machine(), libc, *chosen)


def cache_key(flags: tuple[str, ...], machine: tuple[str, ...]) -> str:
    """Return the cache folder's name for a wheel built with these flags on such a machine."""
    text = "\n".join((VERSION, SDIST_SHA256, *flags, *machine))
    return hashlib.sha256(text.encode()).hexdigest()[:16]


def finished_wheel(folder: Path) -> Path | None:
    """Return the wheel in a cache folder, or None if it is missing or damaged."""
    wheel = folder / wheel_name()
    with contextlib.suppress(*UNREADABLE), zipfile.ZipFile(wheel) as packed:
        if packed.testzip() is None:
            return wheel
    return None


def check_compilers() -> None:
    """Check for compilers, which pip cannot install.

    Raises:
        BuildError: there is no C compiler, or no C++ compiler.
    """
    for language, variable, usual in COMPILERS:
        words = shlex.split(os.environ.get(variable, ""))
        names = (words[0],) if words else usual
        if not any(shutil.which(name) for name in names):
            searched = f"${variable} is {words[0]}" if words else f"looked for {', '.join(usual)}"
            raise BuildError(
                f"no {language} compiler found ({searched}); llama.cpp is built from source: "
                f"install one, for example {INSTALL_COMPILER}, and run the same command again"
            )


@contextlib.contextmanager
def locked(path: Path, busy: str) -> Iterator[None]:
    """Hold a lock on a file, so that two processes do not do the same work.

    Args:
        path: the file; created if it is missing, never changed.
        busy: the message if another process holds it.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("ab") as handle:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            say(f"{busy}; waiting for it")
            fcntl.flock(handle, fcntl.LOCK_EX)
        yield


def say(message: str, end: str = "\n") -> None:
    """Write a message to standard error; standard output is for the result."""
    sys.stderr.write(message + end)
    sys.stderr.flush()


class Progress:
    """Shows the build's `[i/n]` lines as one updated line on a terminal, or as one line every 10 % elsewhere."""

    def __init__(self, *, terminal: bool) -> None:
        self.terminal = terminal
        self.began = time.monotonic()
        self.tenths = 0

    def see(self, line: bytes) -> None:
        """Show the progress, if this line of output has any."""
        found = re.match(rb"\[(\d+)/(\d+)\]", line)
        if not found:
            return
        done, steps = int(found[1]), int(found[2])
        shown = f"    {100 * done // steps:3d} %, {int(time.monotonic() - self.began)} s"
        if self.terminal:
            say(f"\r{shown} ", end="\n" if done == steps else "")
        elif 10 * done // steps > self.tenths:
            self.tenths = 10 * done // steps
            say(shown)


def run(command: list[str], log: Path, what: str, env: dict[str, str] | None = None) -> None:
    """Run one step, write its output to the log, and show its progress.

    Raises:
        BuildError: the step failed; the message has the end of the log, and what to do.
    """
    say(f"  {what}")
    progress = Progress(terminal=sys.stderr.isatty())
    with log.open("ab") as out:
        out.write(f"\n$ {shlex.join(command)}\n".encode())
        out.flush()
        began = out.tell()
        with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, env=env) as step:
            for line in step.stdout or ():
                out.write(line)
                progress.see(line)
    if step.returncode != 0:
        output = log.read_bytes()[began:].decode("utf-8", "replace")
        raise BuildError(explain(what, step.returncode, output, log))


def explain(what: str, code: int, output: str, log: Path) -> str:
    """Return the message for a failed step: its last lines, the path of the log, and what to do."""
    advice = next((help_ for pattern, help_ in ADVICE.items() if re.search(pattern, output)), "the lines above say why")
    lines = "".join(f"    {line}\n" for line in output.splitlines()[-15:])
    return f"{what} failed with exit code {code}; its output:\n{lines}  what to do: {advice}\n  the complete log: {log}"


def make_tools(folder: Path, log: Path) -> Path:
    """Return the Python of a private environment with pip; the Python that runs this may not have pip."""
    run([sys.executable, "-m", "venv", str(folder / "tools")], log, "creating an environment for the build")
    return folder / "tools" / "bin" / "python"


def fetch_source(python: Path, folder: Path, log: Path) -> Path:
    """Return the unpacked source. pip downloads it, with its index and proxy settings, and checks the hash."""
    wanted = folder / "wanted.txt"
    wanted.write_text(f"llama-cpp-python=={VERSION} --hash=sha256:{SDIST_SHA256}\n")
    pip = [str(python), "-m", "pip", "download", "-q", "--disable-pip-version-check", "--require-hashes", "--no-deps"]
    where = ["--no-binary", "llama-cpp-python", "-d", str(folder), "-r", str(wanted)]
    run([*pip, *where], log, "downloading the source, 77 MB")
    (archive,) = folder.glob("llama_cpp_python-*.tar.gz")
    with tarfile.open(archive) as packed:
        if hasattr(tarfile, "data_filter"):  # not in every 3.11; the hash has proven the content in any case
            packed.extraction_filter = tarfile.data_filter
        packed.extractall(folder)  # noqa: S202  (see above)
    return folder / archive.name.removesuffix(".tar.gz")


def build_programs(python: Path, log: Path) -> tuple[str, str]:
    """Return cmake and ninja: those on the path, or installed from PyPI into the private environment."""
    cmake, ninja = shutil.which("cmake"), shutil.which("ninja")
    if cmake and ninja:
        return cmake, ninja
    pip = [str(python), "-m", "pip", "install", "-q", "--disable-pip-version-check", "cmake", "ninja"]
    run(pip, log, "installing cmake and ninja for the build")
    return str(python.with_name("cmake")), str(python.with_name("ninja"))


def jobs() -> int:
    """Return how many files to compile at once: one per processor, but at least 1 GB of memory for each."""
    processors = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    return max(1, min(processors, memory // 2**30))


def build_libraries(python: Path, source: Path, tree: Path, flags: tuple[str, ...], log: Path) -> list[Path]:
    """Return the shared libraries, built and stripped.

    Raises:
        BuildError: a step failed, or there is no library afterwards.
    """
    cmake, ninja = build_programs(python, log)
    configure = [cmake, "-S", str(source / "vendor" / "llama.cpp"), "-B", str(tree), "-G", "Ninja"]
    run([*configure, f"-DCMAKE_MAKE_PROGRAM={ninja}", *flags], log, "configuring llama.cpp")
    run([cmake, "--build", str(tree), "--target", "llama", "-j", str(jobs())], log, "compiling llama.cpp")
    suffix = ".dylib" if sys.platform == "darwin" else ".so"
    libraries = sorted(path for path in (tree / "bin").glob(f"*{suffix}") if path.is_file())
    if not any(path.stem == "libllama" for path in libraries):
        raise BuildError(f"the build produced no libllama{suffix}; the complete log: {log}")
    strip = shutil.which("strip")
    if strip and suffix == ".so":
        run([strip, "--strip-unneeded", *map(str, libraries)], log, "stripping the libraries")
    return libraries


def platform_tag() -> str:
    """Return the platform part of the wheel's name."""
    system = f"macosx_{platform.mac_ver()[0].split('.')[0]}_0" if sys.platform == "darwin" else platform.system()
    return re.sub(r"[^a-z0-9_]", "_", f"{system}_{platform.machine()}".lower())


def wheel_name() -> str:
    """Return the wheel's file name for this platform."""
    return f"llama_cpp_python-{VERSION}-py3-none-{platform_tag()}.whl"


def pack(pure: Path, libraries: list[Path], folder: Path) -> Path:
    """Return a platform wheel: the Python files of a pure wheel, and the libraries.

    Args:
        pure: the wheel with the Python files.
        libraries: the files for `llama_cpp/lib/`.
        folder: where to write the wheel.
    """
    information = f"llama_cpp_python-{VERSION}.dist-info"
    with zipfile.ZipFile(pure) as old:
        # The build also installs files for C programs beside the package.
        unwanted = ("lib/", "include/", "bin/", f"{information}/RECORD")
        files = {path: old.read(path) for path in old.namelist() if not path.startswith(unwanted) and path[-1] != "/"}
    files[f"{information}/WHEEL"] = (
        f"Wheel-Version: 1.0\nGenerator: build_llama\nRoot-Is-Purelib: false\nTag: py3-none-{platform_tag()}\n".encode()
    )
    files |= {f"llama_cpp/lib/{library.name}": library.read_bytes() for library in libraries}
    files[f"{information}/RECORD"] = record(files, f"{information}/RECORD")
    target = folder / wheel_name()
    with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as new:
        for path, data in files.items():
            entry = zipfile.ZipInfo(path, (2020, 1, 1, 0, 0, 0))
            entry.external_attr = 0o100644 << 16
            entry.compress_type = zipfile.ZIP_DEFLATED
            new.writestr(entry, data)
    return target


def record(files: dict[str, bytes], itself: str) -> bytes:
    """Return a wheel's list of files with hashes and sizes; its own line has neither."""
    rows = [
        f"{path},sha256={base64.urlsafe_b64encode(hashlib.sha256(data).digest()).rstrip(b'=').decode()},{len(data)}\n"
        for path, data in files.items()
    ]
    return "".join([*rows, f"{itself},,\n"]).encode()


def build(home: Path, flags: tuple[str, ...]) -> Path:
    """Build the wheel into a cache folder and return it; the caller holds the folder's lock.

    Raises:
        BuildError: a step failed; no incomplete wheel is left in the cache.
    """
    check_compilers()
    expect = (
        "tens of minutes"
        if any("CUDA" in flag for flag in flags)
        else f"about {1 + 240 // (60 * jobs())} minutes on an idle machine"
    )
    say(f"building llama-cpp-python {VERSION} from source, once per user: {expect}")
    began = time.monotonic()
    home.mkdir(parents=True, exist_ok=True)
    for left in (*home.glob("building-*"), *home.glob("*.whl")):  # left by a killed build, or damaged
        shutil.rmtree(left) if left.is_dir() else left.unlink()
    log = home / "build.log"
    log.unlink(missing_ok=True)
    with tempfile.TemporaryDirectory(dir=home, prefix="building-") as place:
        folder = Path(place)
        python = make_tools(folder, log)
        source = fetch_source(python, folder, log)
        libraries = build_libraries(python, source, folder / "tree", flags, log)
        pip = [str(python), "-m", "pip", "wheel", "-q", "--disable-pip-version-check", "--no-deps", "--no-cache-dir"]
        env = {**os.environ, "CMAKE_ARGS": "-DLLAMA_BUILD=OFF"}
        run([*pip, "-w", str(folder / "pure"), str(source)], log, "packing the wheel", env)
        (pure,) = (folder / "pure").glob("*.whl")
        final = pack(pure, libraries, folder).replace(home / wheel_name())
    say(f"  done in {int(time.monotonic() - began)} s; cached in {home}")
    return final


def cached_wheel(flags: tuple[str, ...]) -> Path:
    """Return the wheel for these flags on this machine; build it first if necessary.

    Raises:
        BuildError: it could not be built.
        OSError: the cache cannot be written.
    """
    home = cache_folder() / cache_key(flags, this_machine())
    if wheel := finished_wheel(home):
        return wheel
    with locked(home.with_suffix(".lock"), "another build of llama-cpp-python is running"):
        return finished_wheel(home) or build(home, flags)


def architecture(text: str) -> str:
    """Return a CUDA architecture in CMake's spelling; reject anything else."""
    if not re.fullmatch(r"[1-9]\d{1,2}[af]?(-real|-virtual)?", text):
        raise argparse.ArgumentTypeError(f"{text!r} is not a CUDA architecture, such as 80, 86, 89, 90, 120 ...")
    return text


def add_cuda(parser: argparse.ArgumentParser) -> None:
    """Add the option `--cuda ARCH`."""
    text = "build for NVIDIA GPUs of this architecture, e.g. 90 for H100 (needs the CUDA toolkit; not tested yet)"
    parser.add_argument("--cuda", metavar="ARCH", type=architecture, help=text)


@contextlib.contextmanager
def reported(what: str) -> Iterator[None]:
    """Turn an error inside into a message for the user and an exit code."""
    try:
        yield
    except BuildError as error:
        say(f"error: {what}: {error}")
        sys.exit(1)
    except OSError as error:
        say(f"error: {what}: {error}; XDG_CACHE_HOME=/another/folder moves the cache of wheels")
        sys.exit(1)
    except KeyboardInterrupt:
        say("\nstopped; the next run starts again")
        sys.exit(130)


def main() -> int:
    """Print the folder of the wheel; build it first if necessary."""
    parser = argparse.ArgumentParser(
        description="Build llama-cpp-python once per user, cache the wheel, print its folder for pip --find-links."
    )
    add_cuda(parser)
    flags = (*FLAGS, *cuda_flags(parser.parse_args().cuda))
    with reported("llama-cpp-python could not be built"):
        sys.stdout.write(f"{cached_wheel(flags).parent}\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
