"""Names of scenarios as tests and as files: one rule for collection, golden stories and reports."""

import hashlib
import re
import unicodedata
from collections.abc import Iterable, Sequence
from pathlib import Path, PurePath
from typing import Final

PREFIX: Final = "test_"
SUFFIX: Final = ".story"

_LONGEST: Final = 120
"""Longest name of a story without its suffix, in bytes; file systems take 255."""

_DIGEST: Final = 8
_NOT_IN_A_NAME: Final = re.compile(r"\W")
_NOT_IN_A_FILE: Final = re.compile(r"[^\w.-]")
# Windows opens a device for these, whatever follows the first dot.
_RESERVED: Final = re.compile(
    r"(?:con|prn|aux|nul|com[0-9¹²³]|lpt[0-9¹²³]|conin|conout|clock)(?:\..*)?$", re.IGNORECASE
)


def test_name(scenario: str) -> str:
    """Return the name of the test of a scenario: letters, digits and underscores, in lower case."""
    words = unicodedata.normalize("NFC", scenario).strip().replace(" ", "_")
    return PREFIX + _NOT_IN_A_NAME.sub("", words).lower().strip("_")


test_name.__test__ = False  # type: ignore[attr-defined]  # its name does not make it a test


def story_file(test: str, numbers: Sequence[int] = ()) -> str:
    """Return the file name of a golden story.

    Args:
        test: the name of the test function.
        numbers: the row's number, then those of other parameters; values never become part of a file's name.
    """
    name = safe_name("-".join([test.removeprefix(PREFIX), *map(str, numbers)]))
    if len(name.encode()) > _LONGEST:
        digest = hashlib.sha256(name.encode()).hexdigest()[:_DIGEST]
        name = f"{name.encode()[: _LONGEST - _DIGEST - 1].decode('utf-8', 'ignore')}-{digest}"
    return name + SUFFIX


def story_folder(feature: PurePath) -> PurePath:
    """Return the folder of a feature's stories.

    Args:
        feature: the feature file, relative to the features' folder.
    """
    return PurePath(*map(safe_name, feature.with_suffix("").parts))


def safe_name(name: str) -> str:
    """Return a name that every file system and shell takes as it is."""
    safe = _NOT_IN_A_FILE.sub("_", unicodedata.normalize("NFC", name))
    if safe.startswith("-"):
        safe = f"_{safe[1:]}"
    if safe.endswith("."):
        safe = f"{safe[:-1]}_"
    if _RESERVED.match(safe):
        return "_.".join(safe.split(".", 1)) if "." in safe else f"{safe}_"
    return safe if safe.strip("._") else f"{safe}_"


def collisions(paths: Iterable[Path]) -> list[tuple[Path, Path]]:
    """Return the pairs of paths that are the same file where case does not matter."""
    first: dict[str, Path] = {}
    found = []
    for path in paths:
        other = first.setdefault(str(path).casefold(), path)
        if other is not path:
            found.append((other, path))
    return found
