"""Running git in a project."""

import subprocess
from pathlib import Path

from narration_ci.findings import CoverageError


def git(root: Path, *arguments: str) -> str:
    """Return what a git command prints.

    Args:
        root: the project's folder.
        arguments: the subcommand and its arguments.

    Raises:
        CoverageError: git is not installed, this is not a repository, or the command failed.
    """
    try:
        ran = subprocess.run(["git", *arguments], cwd=root, capture_output=True, check=True)  # noqa: S603, S607 - git
    except FileNotFoundError:
        raise CoverageError("git is not installed: without it, changes cannot be found") from None
    except subprocess.CalledProcessError as error:
        lines = error.stderr.decode(errors="replace").strip().splitlines()
        raise CoverageError(
            f"git {arguments[0]}: {lines[0] if lines else 'failed'}; name a commit that exists here"
        ) from None
    return ran.stdout.decode(errors="replace")


def file_at(root: Path, commit: str, path: str) -> str | None:
    """Return the text of a file at a commit; None if it did not exist there.

    Args:
        root: the project's folder.
        commit: a commit, branch or tag.
        path: relative to the root.

    Raises:
        CoverageError: the commit does not exist, or this is not a repository.
    """
    if not git(root, "ls-tree", "--name-only", commit, "--", path).strip():
        return None
    return git(root, "show", f"{commit}:./{path}")
