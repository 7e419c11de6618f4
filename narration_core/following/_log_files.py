"""Which log files a command reads: files, folders, patterns, `.gz`, standard input."""

import os
import re
import stat
from collections.abc import Iterable, Iterator, Sequence
from typing import Final

from narration_core._text import clean

VARIABLE: Final = "NARRATION_LOGS"
"""Environment variable with the paths to read by default, separated as in PATH."""

STDIN: Final = "-"
_HERE: Final = os.path.join(os.curdir, "")
ENDINGS: Final = (".log", ".jsonl", ".ndjson")
_ROTATED: Final = tuple(f"{ending}{mark}" for ending in ENDINGS for mark in ".-")
_SKIPPED: Final = frozenset((".git", ".hg", ".svn", ".venv", "venv", "node_modules", "__pycache__", ".tox", ".nox"))


class NoLogsError(ValueError):
    """There is nothing to read; the message says what was looked for and what to do."""


def find(paths: Sequence[str], faults: list[str] | None = None) -> list[str]:
    """Return the log files that the paths match, each once, in order, however many links lead to it.

    Args:
        paths: files, folders, patterns with `*`, or `-` for standard input. When empty: the paths in
            `NARRATION_LOGS`, or else every log file below the working directory.
        faults: takes the folders that cannot be looked into, and why.

    Raises:
        NoLogsError: a path does not exist, a pattern matches nothing, or no log file is there.
    """
    faults = [] if faults is None else faults
    wanted = list(paths) or [path for path in os.environ.get(VARIABLE, "").split(os.pathsep) if path]
    if not wanted:
        found = _once(_below(os.curdir, faults))
        if not found:
            kinds = ", ".join(f"*{ending}" for ending in ENDINGS)
            raise NoLogsError(f"no log files ({kinds}) below {os.getcwd()}: name files or folders, or set {VARIABLE}")
        return found
    return _once(file for path in wanted for file in _expanded(path, faults))


def _once(paths: Iterable[str]) -> list[str]:
    """Return the paths that lead to different files."""
    found: dict[object, str] = {}
    for path in paths:
        try:
            at = os.stat(path)
        except (OSError, ValueError):
            found.setdefault(path, path)
        else:
            found.setdefault((at.st_dev, at.st_ino) if at.st_ino and path != STDIN else path, path)
    return list(found.values())


def _expanded(path: str, faults: list[str]) -> list[str]:
    if path == STDIN:
        return [STDIN]
    if os.path.isdir(path):
        below = list(_below(path, faults))
        if not below and not faults:
            kinds = ", ".join(f"*{ending}" for ending in ENDINGS)
            raise NoLogsError(f"{path}: the folder holds no log files ({kinds})")
        return below
    if os.path.exists(path):
        return [path]
    import glob  # noqa: PLC0415 - a shell expands most patterns

    matches = sorted(file for file in glob.glob(path, recursive=True) if not os.path.isdir(file))
    if not matches:
        raise NoLogsError(f"{path}: no such file, and no file matches it as a pattern")
    return matches


def is_log(name: str) -> bool:
    """Tell whether a file's name is that of a log: `a.log`, `a.jsonl.gz`, `a.log.1`, `a.log-20261128.xz`."""
    plain = re.sub(r"\.(gz|bz2|xz)$", "", name)
    return plain.endswith(ENDINGS) or any(mark in plain for mark in _ROTATED)


def _below(folder: str, faults: list[str]) -> Iterator[str]:
    def note(error: OSError) -> None:
        faults.append(f"{shown(str(error.filename))}: {error.strerror}")

    for at, folders, files in os.walk(folder, onerror=note):
        folders[:] = sorted(name for name in folders if name not in _SKIPPED)
        yield from (os.path.join(at, name).removeprefix(_HERE) for name in sorted(files) if is_log(name))


def is_open_pipe(path: str) -> bool:
    """Tell whether a path is a pipe that is open already: `/dev/stdin`, or what a shell makes of `<(command)`."""
    return path.startswith(("/dev/", "/proc/")) and _is_fifo(path)


def _is_fifo(path: str) -> bool:
    try:
        return stat.S_ISFIFO(os.stat(path).st_mode)
    except (OSError, ValueError):
        return False


def refuse_endless(path: str) -> None:
    """Raise for what may never end, or never begin: a device, a named pipe, a socket.

    Raises:
        OSError: it is no regular file; the message says what to do.
    """
    mode = os.stat(path).st_mode
    if not stat.S_ISREG(mode):
        raise OSError("it is no regular file, and may never end; left out")


def shown(path: str) -> str:
    """Return a file's name as people read it: printable, whatever bytes it consists of."""
    return "standard input" if path == STDIN else clean(os.fsencode(path).decode("utf-8", "replace"))
