"""A tag is released only if the CHANGELOG and the distributions are of it."""

import re
import subprocess
import sys

import pytest
import yaml

from tools.release import faults, newest, sections

CHANGELOG = """# Changelog
Newest first.

## Unreleased

## 1.2.3
### Added
- A thing.

## 1.2.2
- An older thing.
"""
BOTH = ("narration_core-1.2.3-py3-none-any.whl", "narration_core-1.2.3.tar.gz")


def test_a_release_that_fits_has_no_fault():
    assert faults("v1.2.3", CHANGELOG, BOTH) == []


def test_the_newest_release_and_what_is_said_about_it():
    assert newest(CHANGELOG) == "1.2.3"
    assert newest("# Changelog\n\n## Unreleased\n- x\n") == ""
    assert sections(CHANGELOG)["1.2.3"] == "### Added\n- A thing."


@pytest.mark.parametrize(
    ("tag", "changelog", "files", "fault"),
    [
        ("1.2.3", CHANGELOG, BOTH, "the tag '1.2.3' is not a version such as v1.2.3"),
        ("v1.2", CHANGELOG, BOTH, "the tag 'v1.2' is not a version such as v1.2.3"),
        ("v1.2.3", CHANGELOG.replace("## 1.2.3", "## 1.3.0"), BOTH, "the newest release is 1.3.0, the tag says 1.2.3"),
        ("v1.2.3", CHANGELOG.replace("### Added\n- A thing.\n", ""), BOTH, "nothing is said about 1.2.3"),
        ("v1.2.3", CHANGELOG.replace("Unreleased\n", "Unreleased\n- x\n"), BOTH, "still listed as unreleased"),
        ("v1.2.3", CHANGELOG, BOTH[:1], "dist/narration_core-1.2.3.tar.gz: missing"),
        ("v1.2.3", CHANGELOG, (*BOTH, "narration_core-1.2.4.dev1.tar.gz"), "1.2.4.dev1.tar.gz: is not of 1.2.3"),
    ],
)
def test_a_release_that_does_not_fit_says_why(tag, changelog, files, fault):
    found = faults(tag, changelog, files)
    assert any(fault in line for line in found), found


def test_the_documentation_has_the_version_of_the_changelog(root):
    asked = [sys.executable, "-m", "tools.release", "--docs"]
    done = subprocess.run(asked, cwd=root, capture_output=True, text=True, check=True)
    assert newest((root / "CHANGELOG.md").read_text("utf-8")).startswith(done.stdout.strip() + ".")


def workflow(root, name):
    return yaml.safe_load((root / ".github/workflows" / name).read_text("utf-8"))


def test_the_release_publishes_only_what_was_checked_and_only_for_a_tag(root):
    release = workflow(root, "release.yml")
    assert release[True] == {"push": {"tags": ["v*"]}}  # YAML reads the key `on` as true
    assert release["permissions"] == {"contents": "read"}
    build, *after = release["jobs"].values()
    assert any("make release" in step.get("run", "") for step in build["steps"])
    assert all("needs" in job for job in after)
    writing = {name: job["permissions"] for name, job in release["jobs"].items() if "permissions" in job}
    assert writing == {
        "publish": {"id-token": "write", "attestations": "write"},
        "announce": {"contents": "write"},
    }
    assert "environment" in release["jobs"]["publish"]
    assert not any("password" in str(job) or "secrets." in str(job) for job in release["jobs"].values())


@pytest.mark.parametrize("name", ["ci.yml", "release.yml"])
def test_workflows_run_commands_of_the_makefile_or_of_ci(root, name):
    targets = set(re.findall(r"^([\w-]+):.* ## ", (root / "Makefile").read_text("utf-8"), re.MULTILINE))
    runs = [step["run"] for job in workflow(root, name)["jobs"].values() for step in job["steps"] if "run" in step]
    assert runs
    for run in runs:
        program, *arguments = run.split()
        assert program in {"make", ".ci/run", "gh"}, run
        assert program != "make" or arguments[0] in targets, run


def test_the_forms_for_issues_can_be_read(root):
    for path in sorted((root / ".github/ISSUE_TEMPLATE").glob("*.yml")):
        form = yaml.safe_load(path.read_text("utf-8"))
        if path.name == "config.yml":
            assert form["blank_issues_enabled"] is False
            continue
        assert {"name", "description", "body"} <= set(form)
        fields = [field for field in form["body"] if field["type"] != "markdown"]
        assert len({field["id"] for field in fields}) == len(fields)
        assert all(field["attributes"]["label"] for field in fields)
