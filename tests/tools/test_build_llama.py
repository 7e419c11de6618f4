import subprocess
import sys
import tarfile
import zipfile
from base64 import urlsafe_b64encode
from hashlib import sha256

import pytest

from tools import build_llama
from tools.build_llama import FLAGS, BuildError, cache_key, cuda_flags

INFORMATION = "llama_cpp_python-0.3.36.dist-info"


def made_up_wheel(folder, name):
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / name
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as packed:
        packed.writestr("llama_cpp/__init__.py", "".join(f"number_{n} = {n * n}\n" for n in range(500)))
        packed.writestr("lib/libllama.so", "a second copy, not wanted")
        packed.writestr("include/llama.h", "not wanted")
        packed.writestr(f"{INFORMATION}/WHEEL", "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n")
        packed.writestr(f"{INFORMATION}/METADATA", "Metadata-Version: 2.1\nName: llama-cpp-python\nVersion: 0.3.36\n")
        packed.writestr(f"{INFORMATION}/RECORD", "wrong,,\n")
    return path


def cached(folder):
    return made_up_wheel(folder, build_llama.wheel_name())


def environment(tmp_path, **more):
    """What the program sees: a cache of its own and a PATH without any compiler."""
    return {"PATH": str(tmp_path), "XDG_CACHE_HOME": str(tmp_path / "cache"), "HOME": str(tmp_path), **more}


def start(tmp_path, **more):
    return subprocess.Popen(
        [sys.executable, build_llama.__file__],
        env=environment(tmp_path, **more),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


@pytest.fixture
def home(tmp_path, monkeypatch):
    """Return the cache folder of a wheel with the usual flags, under a cache of its own."""
    for name in build_llama.BUILD_VARIABLES:
        monkeypatch.delenv(name, raising=False)
    return tmp_path / "cache" / "narration" / "wheels" / cache_key(FLAGS, build_llama.this_machine())


def test_the_key_follows_flags_and_machine():
    machine = ("Linux", "x86_64", "glibc 2.36")
    keys = [
        cache_key(FLAGS, machine),
        cache_key((*FLAGS, *cuda_flags("80")), machine),
        cache_key((*FLAGS, *cuda_flags("90")), machine),
        cache_key(FLAGS[1:], machine),
        cache_key(FLAGS, ("Linux", "aarch64", "glibc 2.36")),
        cache_key(FLAGS, ("Linux", "x86_64", "glibc 2.41")),
    ]
    assert len(set(keys)) == len(keys)
    assert cache_key(FLAGS, machine) == keys[0]


def test_another_compiler_is_another_machine(monkeypatch):
    monkeypatch.delenv("CXXFLAGS", raising=False)
    before = build_llama.this_machine()
    monkeypatch.setenv("CXXFLAGS", "-march=native")
    assert build_llama.this_machine() == (*before, "CXXFLAGS=-march=native")


def test_a_wheel_in_the_cache_needs_no_tools(tmp_path, home):
    cached(home)
    with start(tmp_path) as program:
        out, err = program.communicate()
    assert (program.returncode, out, err) == (0, f"{home}\n", "")


def cut(data):
    return data[: len(data) // 2]


def spoilt(data):
    middle = data.index(b"llama_cpp/__init__.py") + 200
    return data[:middle] + bytes(byte ^ 0xFF for byte in data[middle : middle + 20]) + data[middle + 20 :]


def emptied(_):
    return b""


def replaced(_):
    return b"<html>no such page</html>"


@pytest.mark.parametrize("damage", [cut, spoilt, emptied, replaced])
def test_a_damaged_wheel_is_not_used(tmp_path, damage):
    wheel = cached(tmp_path)
    assert build_llama.finished_wheel(tmp_path) == wheel
    wheel.write_bytes(damage(wheel.read_bytes()))
    assert build_llama.finished_wheel(tmp_path) is None


def test_a_damaged_wheel_is_built_again(tmp_path, home):
    cached(home).write_bytes(b"")
    with start(tmp_path) as program:
        _, err = program.communicate()
    assert program.returncode == 1  # there is no compiler: it did try
    assert "compiler" in err


def test_two_builds_wait_for_each_other(tmp_path, home):
    with build_llama.locked(home.with_suffix(".lock"), "nobody"):
        program = start(tmp_path)
        assert "another build of llama-cpp-python is running" in program.stderr.readline()
        cached(home)
    with program:
        out, err = program.communicate()
    assert (program.returncode, out, err) == (0, f"{home}\n", "")


def test_the_packed_wheel_holds_what_its_record_says(tmp_path):
    library = tmp_path / "libllama.so"
    library.write_bytes(b"\x7fELF made up")
    pure = made_up_wheel(tmp_path / "pure", "llama_cpp_python-0.3.36-py3-none-any.whl")
    packed = build_llama.pack(pure, [library], tmp_path)
    assert packed == tmp_path / f"llama_cpp_python-0.3.36-py3-none-{build_llama.platform_tag()}.whl"
    with zipfile.ZipFile(packed) as opened:
        content = {name: opened.read(name) for name in opened.namelist()}
        assert {opened.getinfo(name).external_attr >> 16 for name in content} == {0o100644}
    assert set(content) == {
        "llama_cpp/__init__.py",
        "llama_cpp/lib/libllama.so",
        *(f"{INFORMATION}/{name}" for name in ("WHEEL", "METADATA", "RECORD")),
    }
    assert f"Tag: py3-none-{build_llama.platform_tag()}\n" in content[f"{INFORMATION}/WHEEL"].decode()
    assert "Root-Is-Purelib: false\n" in content[f"{INFORMATION}/WHEEL"].decode()
    expected = {
        f"{name},sha256={urlsafe_b64encode(sha256(data).digest()).decode().rstrip('=')},{len(data)}"
        for name, data in content.items()
        if not name.endswith("RECORD")
    }
    assert set(content[f"{INFORMATION}/RECORD"].decode().splitlines()) == {*expected, f"{INFORMATION}/RECORD,,"}


def test_pip_takes_the_packed_wheel(tmp_path):
    library = tmp_path / "libllama.so"
    library.write_bytes(b"\x7fELF made up")
    pure = made_up_wheel(tmp_path / "pure", "llama_cpp_python-0.3.36-py3-none-any.whl")
    packed = build_llama.pack(pure, [library], tmp_path)
    pip = [sys.executable, "-m", "pip", "install", "-q", "--no-deps", "--no-index", "--find-links", str(packed.parent)]
    subprocess.run([*pip, "--target", str(tmp_path / "site"), "llama-cpp-python==0.3.36"], check=True)
    assert (tmp_path / "site" / "llama_cpp" / "lib" / "libllama.so").read_bytes() == b"\x7fELF made up"


@pytest.mark.parametrize(
    ("present", "variables", "expected"),
    [
        ((), {}, "no C compiler found (looked for cc, gcc, clang)"),
        (("cc",), {}, "no C++ compiler found (looked for c++, g++, clang++)"),
        (("cc", "c++"), {"CXX": "nosuch++ -O2"}, "no C++ compiler found ($CXX is nosuch++)"),
    ],
)
def test_without_a_compiler_the_message_says_what_to_do(tmp_path, present, variables, expected):
    for name in present:
        (tmp_path / name).touch(mode=0o755)
    with start(tmp_path, **variables) as program:
        out, err = program.communicate()
    assert program.returncode == 1
    assert expected in err
    assert build_llama.INSTALL_COMPILER in err
    assert out == ""


def test_no_way_to_the_cache_says_which_variable_moves_it(tmp_path):
    (tmp_path / "cache").write_text("a file, not a folder")
    with start(tmp_path) as program:
        _, err = program.communicate()
    assert program.returncode == 1
    assert str(tmp_path / "cache") in err
    assert "XDG_CACHE_HOME=" in err


def test_a_failed_step_shows_its_end_and_where_the_rest_is(tmp_path, capsys):
    log = tmp_path / "build.log"
    log.write_text("an earlier step\n")
    with pytest.raises(BuildError, match="making it failed with exit code 3") as failed:
        build_llama.run([sys.executable, "-c", "print('the reason'); raise SystemExit(3)"], log, "making it")
    assert "the reason" in str(failed.value)
    assert "an earlier step" not in str(failed.value)
    assert str(log) in str(failed.value)
    assert "an earlier step" in log.read_text()
    assert capsys.readouterr().err == "  making it\n"


@pytest.mark.parametrize(
    ("said", "advice"),
    [
        ("ERROR: THESE PACKAGES DO NOT MATCH THE HASHES FROM THE REQUIREMENTS FILE.", "serves a different file"),
        ("fatal error: error writing to x.s: No space left on device", "free 1 GB"),
        ("ERROR: No matching distribution found for llama-cpp-python==0.3.36", "PIP_INDEX_URL"),
        ("Could not find nvcc, please set CUDAToolkit_ROOT.", "CUDA toolkit"),
        ("c++: fatal error: Killed signal terminated program cc1plus", "out of memory"),
        ("something nobody has seen", "the lines above say why"),
    ],
)
def test_the_advice_fits_the_failure(tmp_path, said, advice):
    (line,) = [line for line in build_llama.explain("it", 1, said, tmp_path).splitlines() if "what to do:" in line]
    assert advice in line


def test_progress_is_one_line_every_tenth(capsys):
    progress = build_llama.Progress(terminal=False)
    for step in range(1, 75):
        progress.see(b"[%d/74] Building CXX object x.cpp.o\n" % step)
    progress.see(b"warning: [1/2] is no step\n")
    printed = capsys.readouterr().err.splitlines()
    assert [line.split(" %")[0].strip() for line in printed] == "10 20 31 40 50 60 70 81 90 100".split()


def test_progress_on_a_terminal_is_one_line_that_moves(capsys):
    progress = build_llama.Progress(terminal=True)
    for step in range(1, 75):
        progress.see(b"[%d/74] Building CXX object x.cpp.o\n" % step)
    printed = capsys.readouterr().err
    assert printed.count("\r") == 74
    assert printed.count("\n") == 1
    assert printed.endswith("\n")


def test_another_file_of_that_name_is_refused_before_any_of_it_runs(tmp_path, monkeypatch):
    index = tmp_path / "index"
    index.mkdir()
    trap = tmp_path / "it ran"
    setup = tmp_path / "setup.py"
    setup.write_text(f"open({str(trap)!r}, 'w')\n")
    with tarfile.open(index / "llama_cpp_python-0.3.36.tar.gz", "w:gz") as packed:
        packed.add(setup, "llama_cpp_python-0.3.36/setup.py")
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.setenv("PIP_FIND_LINKS", str(index))
    with pytest.raises(BuildError, match="serves a different file") as refused:
        build_llama.fetch_source(sys.executable, tmp_path, tmp_path / "log")
    assert build_llama.SDIST_SHA256 in str(refused.value)
    assert not trap.exists()


@pytest.mark.parametrize(("asked", "code"), [("90", 0), ("120a", 0), ("90;rm", 2), ("native", 2)])
def test_the_architecture_is_one_that_cmake_takes(asked, code):
    program = [sys.executable, build_llama.__file__, "--cuda", asked, "--help"]
    assert subprocess.run(program, capture_output=True, check=False).returncode == code


def test_the_cache_is_the_users(monkeypatch, tmp_path):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    assert build_llama.cache_folder() == tmp_path / "narration" / "wheels"
    monkeypatch.delenv("XDG_CACHE_HOME")
    monkeypatch.setenv("HOME", str(tmp_path))
    assert build_llama.cache_folder() == tmp_path / ".cache" / "narration" / "wheels"
