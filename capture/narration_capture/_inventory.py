"""Which stories should exist, found by what pytest collected; so that orphans are noticed, and only orphans."""

import hashlib
import json
import os
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any, Final, NamedTuple

from narration_capture._test_names import SUFFIX, collisions, story_folder
from narration_core.nouns import counted, noun

FILE: Final = Path(".narration") / "inventory.json"
FORMAT: Final = 1


class Inventory(NamedTuple):
    """Stories and feature files of a run that collected all features.

    Attributes:
        orphans: stories on disk that no scenario has.
        kept: stories of feature files that could not be collected, by feature file: their use is unknown.
        collisions: messages about scenarios that would share a story.
        kept_folders: the folders of those stories.
    """

    orphans: tuple[Path, ...]
    kept: Mapping[Path, tuple[Path, ...]]
    collisions: tuple[str, ...]
    kept_folders: tuple[Path, ...] = ()

    def keeps(self, story: Path) -> bool:
        """Tell whether a story belongs to a feature file that could not be collected."""
        return any(story.is_relative_to(folder) for folder in self.kept_folders)


def expected(collected: Mapping[Path, Sequence[Path] | None], others: Iterable[Path]) -> set[Path]:
    """Return every story that a scenario may have."""
    return {*(path for paths in collected.values() for path in paths or ()), *others}


def take(
    collected: Mapping[Path, Sequence[Path] | None], others: Iterable[Path], features: Path, stories: Path
) -> Inventory:
    """Compare what was collected with the stories on disk.

    Args:
        collected: the stories of each feature file; None for a file that could not be collected.
        others: stories of scenarios that are bound in modules.
        features: the features' folder.
        stories: the stories' folder.
    """
    known = expected(collected, others)
    on_disk = sorted(stories.rglob(f"*{SUFFIX}")) if stories.is_dir() else []
    unknown = [path for path in on_disk if path not in known and not _is_of_a_module(path, stories)]
    folders = {
        feature: stories / story_folder(Path(os.path.relpath(feature, features)))
        for feature, paths in collected.items()
        if paths is None
    }
    kept = {
        feature: tuple(path for path in unknown if path.is_relative_to(folder)) for feature, folder in folders.items()
    }
    spared = {path for paths in kept.values() for path in paths}
    shared = [
        f"{second.relative_to(stories)} and {first.relative_to(stories)} are the same file on some systems: "
        "rename a scenario or a feature file"
        for first, second in collisions(sorted(path for paths in collected.values() for path in paths or ()))
    ]
    orphans = tuple(path for path in unknown if path not in spared)
    return Inventory(orphans, kept, tuple(shared), tuple(folders.values()))


def _is_of_a_module(story: Path, stories: Path) -> bool:
    """Tell whether a story belongs to a test module beside the folder, which this run may not have collected."""
    return story.parent.parent == stories and (stories.parent / f"{story.parent.name}.py").is_file()


def feature_digests(features: Path, root: Path) -> dict[str, str]:
    """Return a digest of each feature file, by its path relative to the root."""
    return {
        Path(os.path.relpath(path, root)).as_posix(): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in sorted(features.rglob("*.feature"))
    }


def write(root: Path, features: Path, inventory: Inventory) -> None:
    """Write what a full run found, for `narration review`."""

    def shown(paths: Iterable[Path]) -> list[str]:
        return [path.relative_to(root).as_posix() for path in paths if path.is_relative_to(root)]

    data = {
        "format": FORMAT,
        "features_folder": Path(os.path.relpath(features, root)).as_posix(),
        "features": feature_digests(features, root),
        "orphans": shown(inventory.orphans),
        "kept": {
            Path(os.path.relpath(feature, root)).as_posix(): shown(paths) for feature, paths in inventory.kept.items()
        },
    }
    path = root / FILE
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(data, indent=1) + "\n", "utf-8")


def _stories(number: int) -> str:
    return f"{counted(number, 'story', 'stories')} {noun(number, 'is', 'are')}"


class Found(NamedTuple):
    """What the last full run found.

    Attributes:
        orphans: stories that no scenario has.
        notes: what a reviewer should know: what was not checked, and why.
    """

    orphans: tuple[Path, ...]
    notes: tuple[str, ...]


def read(root: Path) -> Found:
    """Return what the last full run found; nothing is an orphan if the features changed since.

    Args:
        root: the project's root folder.
    """
    path = root / FILE
    if not path.is_file():
        return Found((), ())
    try:
        data: dict[str, Any] = json.loads(path.read_text("utf-8"))
        features = root / data["features_folder"]
        same = data["format"] == FORMAT and data["features"] == feature_digests(features, root)
        orphans = tuple(story for name in data["orphans"] if (story := root / name).is_file())
        notes = [
            f"{feature} could not be collected: {_stories(len(paths))} kept" for feature, paths in data["kept"].items()
        ]
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return Found((), (f"{FILE}: cannot be read: orphan stories are unknown; run pytest again",))
    if not same:
        return Found(
            (), ("feature files changed since the last full run: orphan stories are unknown; run pytest again",)
        )
    return Found(orphans, tuple(notes))
