"""Third-party programs for the tests are installed once; if one cannot be installed, the user is told why."""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tools import prepare_clients
from tools.build_llama import BuildError
from tools.prepare_clients import PARTS, PINS, Part


@pytest.fixture(autouse=True)
def cache(tmp_path, monkeypatch):
    """Use a cache of its own, so that nothing of this user is touched."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    return tmp_path / "cache" / "narration" / "clients"


@pytest.fixture
def checkout(tmp_path, root):
    """Return a made-up checkout with our pins."""
    shutil.copytree(root / PINS, tmp_path / "checkout" / PINS, ignore=shutil.ignore_patterns("*.py", "__pycache__"))
    return tmp_path / "checkout"


def program(path, text):
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(f"#!/bin/sh\n{text}\n")
    path.chmod(0o755)
    return path


@pytest.fixture
def path(tmp_path, monkeypatch):
    """Return a folder that is the whole path, with the few programs that every machine has."""
    folder = tmp_path / "bin"
    folder.mkdir()
    for name in ("sh", "env", "mkdir", "touch", "cat"):
        (folder / name).symlink_to(shutil.which(name))
    monkeypatch.setenv("PATH", str(folder))
    monkeypatch.setattr(prepare_clients, "SYSTEM_FOLDERS", ())
    return folder


def test_a_part_that_is_not_finished_is_not_there(checkout):
    folder = prepare_clients.python_folder(checkout)
    (folder / "bin").mkdir(parents=True)
    (folder / "bin" / "python").symlink_to(sys.executable)
    assert prepare_clients.find_python(checkout) is None
    (folder / ".finished").touch()
    assert prepare_clients.find_python(checkout) == folder / "bin" / "python"
    (folder / "bin" / "python").unlink()
    (folder / "bin" / "python").symlink_to("/a Python that was removed")
    assert prepare_clients.find_python(checkout) is None


@pytest.mark.parametrize(
    ("folder", "pins"),
    [
        (prepare_clients.python_folder, "requirements.txt"),
        (prepare_clients.node_folder, "package.json"),
        (prepare_clients.node_folder, "package-lock.json"),
    ],
)
def test_other_pins_are_another_folder(checkout, folder, pins):
    before = folder(checkout)
    assert before == folder(checkout)
    with (checkout / PINS / pins).open("a") as file:
        file.write("\n")
    assert folder(checkout) != before


def test_what_is_there_is_not_got_again(checkout, monkeypatch):
    def get(*_):
        raise AssertionError("it is there already")

    monkeypatch.setattr(prepare_clients, "PARTS", {"it": Part("it", lambda root: root, get, "no advice")})
    assert prepare_clients.prepare(checkout) == []


def test_what_cannot_be_had_is_told_with_its_reason_and_the_rest_is_got(checkout, monkeypatch, capsys, tmp_path):
    def refuse(*_):
        raise BuildError("the moon is not reachable")

    there = tmp_path / "there"
    monkeypatch.setattr(
        prepare_clients,
        "PARTS",
        {
            "moon": Part("the moon", lambda _: None, refuse, "build a rocket"),
            "earth": Part("the earth", lambda _: there if there.exists() else None, lambda *_: there.touch(), ""),
        },
    )
    assert prepare_clients.prepare(checkout) == ["moon"]
    entry = capsys.readouterr().err
    assert "the moon cannot be installed here: build a rocket" in entry
    assert "the moon is not reachable" in entry
    assert there.exists()


def test_every_part_says_what_to_install():
    for name, part in PARTS.items():
        assert part.what in prepare_clients.missing(name)
        assert part.advice in prepare_clients.missing(name)


@pytest.mark.parametrize(
    ("version", "new_enough"), [("v20.20.2", True), ("v22.1.0", True), ("v18.19.0", False), ("nonsense", False)]
)
def test_an_old_node_is_no_node(path, version, new_enough):
    program(path / "node", f"echo {version}")
    assert prepare_clients.new_enough_node() is new_enough


def test_no_node_is_no_node(path, checkout, tmp_path):
    assert not prepare_clients.new_enough_node()
    with pytest.raises(BuildError, match="node 20 or newer"):
        prepare_clients.get_node(checkout, tmp_path / "log")


def test_npm_gets_just_what_the_lock_file_says(path, checkout, cache):
    program(path / "node", "echo v20.0.0")
    program(
        path / "npm", '[ "$1" = ci ] && mkdir "$3/node_modules" && cat "$3/package-lock.json" > "$3/node_modules/seen"'
    )
    cache.mkdir(parents=True)
    prepare_clients.get_node(checkout, cache / "log")
    packages = prepare_clients.find_node(checkout)
    assert (packages / "seen").read_bytes() == (checkout / PINS / "package-lock.json").read_bytes()


def test_a_failed_npm_leaves_nothing_that_looks_finished(path, checkout, cache):
    program(path / "node", "echo v20.0.0")
    program(path / "npm", 'mkdir "$3/node_modules"; echo "npm error network"; exit 1')
    cache.mkdir(parents=True)
    with pytest.raises(BuildError, match="npm error network"):
        prepare_clients.get_node(checkout, cache / "log")
    assert prepare_clients.find_node(checkout) is None


def test_apt_may_be_forbidden(path, monkeypatch, tmp_path):
    program(path / "apt-get", "exit 0")
    monkeypatch.setenv("NARRATION_APT", "no")
    with pytest.raises(BuildError, match="NARRATION_APT=no forbids it"):
        prepare_clients.with_apt(["apt-get", "download", "nginx"], tmp_path / "log", "downloading")


def test_without_apt_nothing_is_installed(path, tmp_path):
    with pytest.raises(BuildError, match="has no apt-get"):
        prepare_clients.get_nginx(tmp_path, tmp_path / "log")


def test_old_package_lists_are_fetched_once(path, tmp_path, monkeypatch):
    monkeypatch.setattr(os, "geteuid", lambda: 0)
    calls = tmp_path / "calls"
    fresh = tmp_path / "fresh"
    program(
        path / "apt-get",
        f'echo "$*" >> {calls}\nfor word in "$@"; do [ "$word" = update ] && touch {fresh}; done\n[ -e {fresh} ]',
    )
    prepare_clients.with_apt([*prepare_clients.APT, "download", "nginx"], tmp_path / "log", "downloading", tmp_path)
    asked = [line.split()[-1] for line in calls.read_text().splitlines()]
    assert asked == ["nginx", "update", "nginx"]


@pytest.mark.parametrize(("sudo", "before"), [("exit 0", ["sudo", "-n"]), ("exit 1", None), (None, None)])
def test_only_root_installs_or_who_may_become_it_without_a_password(path, monkeypatch, sudo, before):
    monkeypatch.setattr(os, "geteuid", lambda: 1000)
    if sudo:
        program(path / "sudo", sudo)
    if before is None:
        with pytest.raises(BuildError, match="needs root"):
            prepare_clients.as_root()
    else:
        assert prepare_clients.as_root() == before


def test_a_browser_of_another_name_will_do(path):
    assert prepare_clients.find_browser(path) is None
    there = program(path / "google-chrome", "")
    assert prepare_clients.find_browser(path) == there


def test_the_lock_file_names_no_registry(root):
    locked = json.loads((root / PINS / "package-lock.json").read_text("utf-8"))["packages"]
    packages = {place: entry for place, entry in locked.items() if place}
    assert packages
    assert all(entry["integrity"].startswith("sha512-") and "resolved" not in entry for entry in packages.values())


def test_every_python_client_is_pinned(root):
    lines = [line for line in (root / PINS / "requirements.txt").read_text("utf-8").splitlines() if line[:1] != "#"]
    assert lines
    assert all(line.count("==") == 1 and " " not in line for line in lines)


def test_it_runs_on_a_bare_python(root):
    done = subprocess.run(
        [
            sys.executable,
            "-I",
            "-S",
            "-c",
            f"import sys; sys.path.insert(0, {str(root)!r}); import tools.prepare_clients",
        ],
        capture_output=True,
        text=True,
        check=False,
        cwd=Path("/"),
    )
    assert done.returncode == 0, done.stderr
