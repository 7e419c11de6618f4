"""Compiled databases are kept for later processes, and only what nobody else can have written is read."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from narration_core.redaction import _compiled
from narration_core.redaction._engines import Entry, Hyperscan

pytest.importorskip("hyperscan", reason="there is no engine to compile for")

APPLE, PEAR = [Entry(literal="apple")], [Entry(literal="pear")]


@pytest.fixture
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return the folder that databases are kept in; it does not exist yet."""
    place = tmp_path / "home" / "rules"
    monkeypatch.setenv("NARRATION_CACHE", os.fspath(place))
    return place


def kept(place: Path) -> list[Path]:
    return sorted(place.glob("*"), key=lambda path: path.stat().st_mtime_ns)


def with_pears_for_apples(place: Path) -> Path:
    """Compile apples, and put what finds pears in its place: whoever reads it finds no apple."""
    Hyperscan(APPLE)
    (apple,) = kept(place)
    Hyperscan(PEAR)
    pear = next(path for path in kept(place) if path != apple)
    apple.write_bytes(pear.read_bytes())
    return apple


def finds_apples() -> bool:
    return Hyperscan(APPLE).hits("an apple") == [0]


def test_what_is_compiled_is_kept_and_read_again(cache: Path) -> None:
    assert finds_apples()
    (path,) = kept(cache)
    assert path.stat().st_mode & 0o777 == 0o600
    assert cache.stat().st_mode & 0o777 == 0o700
    with_pears_for_apples(cache)
    assert not finds_apples()


@pytest.mark.parametrize("data", [b"", b"no database", None])
def test_a_damaged_database_is_compiled_again(cache: Path, data: bytes | None) -> None:
    assert finds_apples()
    (path,) = kept(cache)
    whole = path.read_bytes()
    path.write_bytes(whole[:-100] + bytes(100) if data is None else data)
    assert finds_apples()
    assert path.read_bytes() == whole


@pytest.mark.parametrize("mode", [0o770, 0o707, 0o777])
def test_a_folder_that_others_may_write_is_neither_read_nor_written(cache: Path, mode: int) -> None:
    with_pears_for_apples(cache)
    cache.chmod(mode)
    before = kept(cache)
    assert finds_apples()
    assert Hyperscan([Entry(literal="plum")]).hits("a plum") == [0]
    assert kept(cache) == before


def test_a_file_that_others_may_write_is_not_read(cache: Path) -> None:
    with_pears_for_apples(cache).chmod(0o666)
    assert finds_apples()


def test_a_link_is_not_followed(cache: Path, tmp_path: Path) -> None:
    path = with_pears_for_apples(cache)
    path.rename(tmp_path / "elsewhere")
    path.symlink_to(tmp_path / "elsewhere")
    assert finds_apples()


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can give a file away")
def test_what_belongs_to_somebody_else_is_not_read(cache: Path) -> None:
    os.chown(with_pears_for_apples(cache), 1234, 1234)
    assert finds_apples()


def test_no_more_than_a_few_are_kept_and_those_that_are_used_stay(cache: Path) -> None:
    path = with_pears_for_apples(cache)
    for number in range(_compiled.MOST_FILES + 3):
        Hyperscan([Entry(literal=f"plum{number}")])
        assert not finds_apples()  # read each time, never compiled again
    assert len(kept(cache)) == _compiled.MOST_FILES
    assert path in kept(cache)


@pytest.mark.parametrize("place", ["off", "/proc/narration", "/dev/null/narration"])
def test_without_a_folder_it_compiles_each_time(monkeypatch: pytest.MonkeyPatch, place: str) -> None:
    monkeypatch.setenv("NARRATION_CACHE", place)
    assert finds_apples()


def test_the_user_s_cache_is_used_when_no_folder_is_named(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.delenv("NARRATION_CACHE", raising=False)
    monkeypatch.setenv("XDG_CACHE_HOME", os.fspath(tmp_path / "cache"))
    assert _compiled.folder() == tmp_path / "cache" / "narration" / "rules"
    monkeypatch.delenv("XDG_CACHE_HOME")
    monkeypatch.setenv("HOME", os.fspath(tmp_path))
    assert _compiled.folder() == tmp_path / ".cache" / "narration" / "rules"
    monkeypatch.setenv("HOME", os.fspath(tmp_path / "missing"))
    assert _compiled.folder() is None


def test_every_process_knows_the_same_databases(cache: Path) -> None:
    for seed in ("1", "2"):
        subprocess.run(
            [sys.executable, "-c", "import narration_core; narration_core.warm_up()"],
            check=True,
            env={**os.environ, "PYTHONHASHSEED": seed},
        )
        assert len(kept(cache)) == 2
