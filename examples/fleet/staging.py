"""Files that are there whole or not at all, whenever the process is killed."""

import hashlib
import os
import tempfile
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import IO, Final

from fleet.catalogue import BadModelError, Entry, checked, requirements_of
from fleet.wire import StagedModel

UNFINISHED: Final = ".part"
_BLOCK: Final = 1 << 20
_DIGITS: Final = 16  # of the SHA-256 in a folder's name


def remove_unfinished(folder: Path) -> int:
    """Remove what copies left behind that were killed; return how many. Call it before anything is staged."""
    left = list(folder.rglob(f"*{UNFINISHED}"))
    for path in left:
        path.unlink(missing_ok=True)
    return len(left)


def write_whole(path: Path, blocks: Iterable[bytes], check: Callable[[Path], None] = lambda _: None) -> None:
    """Write a file so that its name is never seen with half of its content.

    Args:
        path: the file; its folder is created.
        blocks: its content.
        check: called with the unfinished file when all is written; what it raises keeps the file away.

    Raises:
        OSError: it cannot be written.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    descriptor, name = tempfile.mkstemp(dir=path.parent, prefix=f"{path.name}.", suffix=UNFINISHED)
    unfinished = Path(name)
    try:
        with os.fdopen(descriptor, "wb") as file:
            for block in blocks:
                file.write(block)
            file.flush()
            os.fsync(file.fileno())
        check(unfinished)
        unfinished.replace(path)
        _keep_name(path.parent)
    except BaseException:
        unfinished.unlink(missing_ok=True)
        raise


def _keep_name(folder: Path) -> None:
    """Have the disk keep the new name as well: it stands in the folder, not in the file."""
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def sha256_of(path: Path) -> str:
    """Return the SHA-256 of a file, in hexadecimal digits."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def stage(entry: Entry, source: Path, folder: Path) -> StagedModel:
    """Copy a model to where workers load it from, unless it is there; blocks.

    The staged file stands under the SHA-256 that it was checked against: another version never takes its place.

    Args:
        entry: what the catalogue says of it.
        source: its file.
        folder: where staged models are.

    Raises:
        BadModelError: the file is not a GGUF model, or not the one that the catalogue means.
        OSError: it cannot be copied.
    """
    requirements = requirements_of(checked(source))
    staged = folder / entry.sha256[:_DIGITS] / f"{entry.model_ref}.gguf"
    if not staged.is_file() or staged.stat().st_size != source.stat().st_size:
        digest = hashlib.sha256()

        def check_copy(copy: Path) -> None:
            if digest.hexdigest() != entry.sha256:
                found = digest.hexdigest()[:12]
                raise BadModelError(
                    "SHA256_MISMATCH", f"its SHA-256 begins with {found}, the catalogue's with {entry.sha256[:12]}"
                )
            checked(copy)  # the source may have changed since it was looked at

        with source.open("rb") as file:
            write_whole(staged, _hashed(file, digest.update), check_copy)
    return StagedModel(entry.model_ref, str(staged), entry.sha256, requirements)


def _hashed(file: IO[bytes], update: Callable[[bytes], None]) -> Iterable[bytes]:
    while block := file.read(_BLOCK):
        update(block)
        yield block
