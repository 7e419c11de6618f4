"""Compiled databases of the fastest engine, kept in the user's cache: compiling takes seconds, loading a millisecond.

A folder or a file that others may write is never read: what is loaded decides what is hidden.
"""

import contextlib
import os
import stat
from pathlib import Path
from typing import Final

MOST_FILES: Final = 8
MOST_BYTES: Final = 32 << 20
"""Of one database; today's take one and two megabytes."""

_OTHERS_WRITE: Final = stat.S_IWGRP | stat.S_IWOTH


def folder() -> Path | None:
    """Return where databases are kept, or None for nowhere."""
    if os.name != "posix":  # who may write a file cannot be asked elsewhere
        return None
    named = os.environ.get("NARRATION_CACHE", "")
    if named:
        return None if named == "off" else Path(named)
    base = os.environ.get("XDG_CACHE_HOME", "")
    if base:
        return Path(base, "narration", "rules")
    try:
        home = Path.home()
    except RuntimeError:
        return None
    return home / ".cache" / "narration" / "rules" if home.is_dir() else None


def load(name: str) -> bytes | None:
    """Return a database that was kept, or None if there is none that can be trusted.

    Args:
        name: says what it was compiled from.
    """
    place = folder()
    with contextlib.suppress(OSError):
        if place is None or not _is_ours(place.stat()):
            return None
        descriptor = os.open(_path(place, name), os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK)
        with os.fdopen(descriptor, "rb") as file:
            found = os.fstat(descriptor)
            if stat.S_ISREG(found.st_mode) and _is_ours(found) and found.st_size <= MOST_BYTES:
                os.utime(descriptor)  # the one that was not used for longest goes first
                return file.read()
    return None


def keep(name: str, data: bytes) -> None:
    """Keep a database for later processes; where that is not possible, nothing happens.

    Args:
        name: says what it was compiled from.
        data: the database.
    """
    place = folder()
    if place is None or len(data) > MOST_BYTES:
        return
    unfinished = place / f"{name}.{os.getpid()}.{os.urandom(4).hex()}"
    with contextlib.suppress(OSError):
        place.mkdir(mode=0o700, parents=True, exist_ok=True)
        if not _is_ours(place.stat()):
            return
        try:
            with os.fdopen(os.open(unfinished, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
                file.write(data)
            unfinished.replace(_path(place, name))
        finally:
            unfinished.unlink(missing_ok=True)
        for path in sorted(place.iterdir(), key=_age)[:-MOST_FILES]:
            path.unlink(missing_ok=True)


def _path(place: Path, name: str) -> Path:
    return place / f"{name}.database"


def _age(path: Path) -> int:
    return path.lstat().st_mtime_ns


def _is_ours(found: os.stat_result) -> bool:
    return found.st_uid == os.geteuid() and not found.st_mode & _OTHERS_WRITE
