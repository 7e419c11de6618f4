"""The version comes from git, and goes with what is built."""

import json
import re
import shutil
import subprocess
import sys
import tarfile

import pytest
from packaging.version import Version

SOURCES = ("pyproject.toml", "README.md", "LICENSE", ".gitattributes", ".git_archival.txt")
UNKNOWN = "0.0.dev0+unknown"


def git(folder, *arguments):
    person = ("-c", "user.name=A Person", "-c", "user.email=person@example.org", "-c", "tag.gpgSign=false")
    done = subprocess.run(["git", *person, *arguments], cwd=folder, capture_output=True, text=True, check=True)
    return done.stdout.strip()


def commit(folder):
    git(folder, "add", "-A")
    git(folder, "commit", "-q", "--allow-empty", "--no-gpg-sign", "-m", "A change")


def version(folder, **env):
    hatchling = [sys.executable, "-W", "ignore", "-m", "hatchling", "version"]
    done = subprocess.run(hatchling, cwd=folder, capture_output=True, text=True, check=False, env=env or None)
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


@pytest.fixture
def folder(root, tmp_path):
    """The files that decide about the version, without git."""
    made = tmp_path / "checkout"
    (made / "narration_core").mkdir(parents=True)
    (made / "narration_core/__init__.py").touch()
    for name in SOURCES:
        shutil.copy(root / name, made)
    return made


@pytest.fixture
def repository(folder):
    git(folder, "init", "-q")
    commit(folder)
    return folder


def test_a_tag_is_the_version(repository):
    git(repository, "tag", "v1.2.3")
    assert version(repository) == "1.2.3"


def test_after_a_tag_it_counts_and_names_the_commit(repository):
    git(repository, "tag", "v1.2.3")
    commit(repository)
    commit(repository)
    found = Version(version(repository))
    assert (found.base_version, found.dev) == ("1.2.4", 2)
    assert git(repository, "rev-parse", "HEAD").startswith(found.local.removeprefix("g"))


def test_tags_of_other_things_do_not_count(repository):
    git(repository, "tag", "v1.2.3")
    commit(repository)
    git(repository, "tag", "docs-9.9")
    assert version(repository).startswith("1.2.4.dev1+g")


def test_a_clone_without_tags_says_that_it_does_not_know_and_names_the_commit(repository):
    found = re.fullmatch(r"0\.0\.dev1\+unknown\.g([0-9a-f]+)", version(repository))
    assert found, version(repository)
    assert git(repository, "rev-parse", "HEAD").startswith(found[1])


def test_a_folder_without_git_says_that_it_does_not_know(folder):
    assert version(folder) == UNKNOWN


def test_a_machine_without_git_says_that_it_does_not_know(repository, tmp_path):
    git(repository, "tag", "v1.2.3")
    assert version(repository, PATH=str(tmp_path)) == UNKNOWN


def test_a_folder_within_somebody_else_s_repository_does_not_take_its_version(folder):
    git(folder.parent, "init", "-q")
    commit(folder.parent)
    git(folder.parent, "tag", "v9.9.9")
    assert version(folder) == UNKNOWN


def test_an_sdist_knows_its_version_without_git(repository, tmp_path):
    git(repository, "tag", "v1.2.3")
    commit(repository)
    build = [sys.executable, "-m", "build", "--no-isolation", "--sdist", "--outdir", tmp_path / "dist"]
    subprocess.run(build, cwd=repository, check=True, capture_output=True)
    (sdist,) = (tmp_path / "dist").iterdir()
    with tarfile.open(sdist) as archive:
        archive.extractall(tmp_path, filter="data")
    found = version(tmp_path / sdist.name.removesuffix(".tar.gz"))
    assert found.startswith("1.2.4.dev1+g")
    assert found == version(repository)


def test_an_archive_of_git_knows_its_version(repository, tmp_path):
    git(repository, "tag", "v1.2.3")
    git(repository, "archive", "--prefix=archive/", "-o", tmp_path / "archive.tar", "HEAD")
    with tarfile.open(tmp_path / "archive.tar") as archive:
        archive.extractall(tmp_path, filter="data")
    assert version(tmp_path / "archive") == "1.2.3"


def test_the_installed_program_and_its_events_have_the_version_of_the_wheel(wheel, with_hub, tmp_path):
    built = wheel.name.split("-")[1]
    assert with_hub.run(tmp_path, "narration", "--version").stdout == f"narration, version {built}\n"
    shown = with_hub.run(tmp_path, "python", "-c", "import narration_core; print(narration_core.__version__)")
    assert shown.stdout == f"{built}\n"
    failed = with_hub.run(tmp_path, "narration", "hub", "--host", "0.0.0.0")
    assert json.loads(failed.stdout.splitlines()[0])["emitted_by"] == f"hub@{built}", failed.stderr


def test_a_copied_folder_says_that_it_does_not_know(root, tmp_path):
    (tmp_path / "copy").symlink_to(root / "narration_core")
    program = "import runpy; print(runpy.run_path('copy/_version.py')['__version__'])"
    done = subprocess.run(
        [sys.executable, "-S", "-c", program], cwd=tmp_path, capture_output=True, text=True, check=True
    )
    assert done.stdout == "unknown\n"
