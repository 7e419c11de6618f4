import hashlib
import subprocess
import sys
import zipfile

import pytest

from tools import build_llama


def made_up_wheel(folder, name="llama_cpp_python-0.3.36-py3-none-any.whl"):
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / name
    info = "llama_cpp_python-0.3.36.dist-info"
    with zipfile.ZipFile(path, "w") as packed:
        packed.writestr("llama_cpp/__init__.py", "version = 1\n")
        packed.writestr("lib/unused.txt", "not wanted")
        packed.writestr(f"{info}/WHEEL", "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n")
        packed.writestr(f"{info}/METADATA", "Metadata-Version: 2.1\nName: llama-cpp-python\nVersion: 0.3.36\n")
        packed.writestr(f"{info}/RECORD", "wrong,,\n")
    return path


def test_the_key_follows_flags_and_machine():
    usual = build_llama.cache_key(build_llama.FLAGS, "Linux", "x86_64")
    assert usual == build_llama.cache_key(build_llama.FLAGS, "Linux", "x86_64")
    others = {
        build_llama.cache_key((*build_llama.FLAGS, *build_llama.cuda_flags("90")), "Linux", "x86_64"),
        build_llama.cache_key(build_llama.FLAGS, "Linux", "aarch64"),
        build_llama.cache_key(build_llama.FLAGS, "Darwin", "x86_64"),
    }
    assert len(others | {usual}) == 4


def test_a_damaged_wheel_is_thrown_away(tmp_path):
    wheel = made_up_wheel(tmp_path)
    assert build_llama.finished_wheel(tmp_path) == wheel
    wheel.write_bytes(wheel.read_bytes()[:100])
    assert build_llama.finished_wheel(tmp_path) is None
    assert not wheel.exists()


def test_the_packed_wheel_is_installable_and_complete(tmp_path):
    library = tmp_path / "libllama.so"
    library.write_bytes(b"\x7fELF made up")
    packed = build_llama.pack(made_up_wheel(tmp_path / "pure"), [library], tmp_path, "linux_x86_64")
    assert packed.name == "llama_cpp_python-0.3.36-py3-none-linux_x86_64.whl"
    with zipfile.ZipFile(packed) as opened:
        names = set(opened.namelist())
        assert "llama_cpp/lib/libllama.so" in names
        assert "lib/unused.txt" not in names
        info = "llama_cpp_python-0.3.36.dist-info"
        assert b"Tag: py3-none-linux_x86_64" in opened.read(f"{info}/WHEEL")
        assert b"Root-Is-Purelib: false" in opened.read(f"{info}/WHEEL")
        recorded = dict(line.split(",", 1) for line in opened.read(f"{info}/RECORD").decode().splitlines())
        assert set(recorded) == names
        sizes = {name: int(rest.rsplit(",", 1)[1]) for name, rest in recorded.items() if not name.endswith("RECORD")}
        assert sizes == {name: opened.getinfo(name).file_size for name in sizes}
    target = tmp_path / "site"
    subprocess.run(
        [sys.executable, "-m", "pip", "install", "-q", "--no-deps", "--no-index", "--target", str(target), str(packed)]
        if build_llama.platform_tag() == "linux_x86_64"
        else [sys.executable, "-c", "pass"],
        check=True,
    )


def test_without_a_compiler_the_message_says_what_to_do(tmp_path):
    done = subprocess.run(
        [sys.executable, build_llama.__file__],
        env={"PATH": str(tmp_path), "XDG_CACHE_HOME": str(tmp_path / "cache"), "HOME": str(tmp_path)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 1
    assert "no C++ compiler found" in done.stderr
    assert "apt-get install g++" in done.stderr
    assert done.stdout == ""


def test_a_failed_step_shows_the_end_of_its_log(tmp_path, capsys):
    log = tmp_path / "build.log"
    with pytest.raises(build_llama.BuildError, match="making it failed with exit code 3") as failed:
        build_llama.run(
            [sys.executable, "-c", "print('[1/2] half'); print('the reason'); raise SystemExit(3)"], log, "making it"
        )
    assert "the reason" in str(failed.value)
    assert str(log) in str(failed.value)
    assert "making it: 50 %" in capsys.readouterr().err


def test_another_file_of_that_name_is_refused(tmp_path, monkeypatch):
    (tmp_path / "llama_cpp_python-0.3.36.tar.gz").write_bytes(b"something else")
    monkeypatch.setattr(build_llama, "run", lambda *_: None)
    with pytest.raises(build_llama.BuildError, match=hashlib.sha256(b"something else").hexdigest()):
        build_llama.fetch_sdist(tmp_path, tmp_path / "log")


def test_the_cache_is_the_users(monkeypatch, tmp_path):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    assert build_llama.cache_folder() == tmp_path / "narration" / "wheels"
    monkeypatch.delenv("XDG_CACHE_HOME")
    monkeypatch.setenv("HOME", str(tmp_path))
    assert build_llama.cache_folder() == tmp_path / ".cache" / "narration" / "wheels"
