"""Which stories should exist: computed from the feature files alone, so that a deleted feature is noticed too."""

from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from narration_capture._feature_check import inspect
from narration_capture._golden import StoryExtension
from narration_capture._review import PENDING

__all__ = ["PENDING", "Inventory", "stories_of", "take"]


class Inventory(NamedTuple):
    """What the feature files say about the stories.

    Attributes:
        expected: every story that a scenario may have.
        orphans: stories on disk that no scenario has.
        clashes: pairs of scenarios that would share a story, as messages.
    """

    expected: frozenset[Path]
    orphans: tuple[Path, ...]
    clashes: tuple[str, ...]


def stories_of(feature: Path, folder: Path, stories: Path) -> Iterator[tuple[str, Path]]:
    """Yield (scenario, story file) of every test of a feature file.

    Args:
        feature: the feature file.
        folder: the features' folder.
        stories: the stories' folder.
    """
    home = stories / feature.relative_to(folder).with_suffix("")
    for found in inspect(feature, str(feature)).scenarios:
        for test in found.tests():
            name = StoryExtension._sanitize_filename(test)[: StoryExtension._max_stem_length()]  # noqa: SLF001 - syrupy's rules
            yield found.name, home / f"{name.removeprefix('test_')}.{StoryExtension.file_extension}"


def take(folder: Path, stories: Path) -> Inventory:
    """Compare the feature files with the stories on disk.

    Args:
        folder: the features' folder.
        stories: the stories' folder.
    """
    expected: dict[Path, str] = {}
    clashes = []
    lowered: dict[str, str] = {}
    for feature in sorted(folder.rglob("*.feature")):
        shown = feature.relative_to(folder.parent).as_posix()
        for scenario, path in stories_of(feature, folder, stories):
            other = lowered.setdefault(str(path).lower(), scenario)
            if path in expected or other != scenario:
                clashes.append(f"{shown}: {scenario!r} and {other!r} would share the story {path.name}: rename one")
            expected[path] = scenario
    on_disk = stories.rglob(f"*.{StoryExtension.file_extension}") if stories.is_dir() else ()
    return Inventory(
        frozenset(expected), tuple(sorted(path for path in on_disk if path not in expected)), tuple(clashes)
    )
