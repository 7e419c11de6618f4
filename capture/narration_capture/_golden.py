"""Golden stories: one readable file a scenario, compared after its last step."""

import difflib
import re
from pathlib import Path
from typing import Any, ClassVar, Final

import pytest
from syrupy.extensions.single_file import SingleFileSnapshotExtension, WriteMode
from syrupy.location import PyTestLocation

from narration_capture._failure_text import numbered_story
from narration_capture._fixture import NarrationCapture
from narration_capture._review import PENDING

STATE: Final = pytest.StashKey[str]()
REQUIRED: Final = "narration-required"
SILENT: Final = "silent-ok"

_MARKER: Final = re.compile(r"^(?:<{7} |={7}$|>{7} |\|{7} )", re.MULTILINE)


class StoryExtension(SingleFileSnapshotExtension):
    """Keeps a story in `snapshots/<feature>/<scenario>.story`."""

    _write_mode = WriteMode.TEXT
    file_extension = "story"
    features_folder: ClassVar[str] = "features"
    stories_folder: ClassVar[str] = "snapshots"

    @classmethod
    def _places(cls, test_location: PyTestLocation) -> tuple[Path, Path]:
        # From the path alone: xdist's controller asks about items that have no config.
        path = Path(test_location.filepath)
        for parent in path.parents:
            if parent.name == cls.features_folder:
                return parent.parent / cls.stories_folder, path.relative_to(parent).with_suffix("")
        return path.parent / cls.stories_folder, Path(path.stem)

    @classmethod
    def dirname(cls, *, test_location: PyTestLocation) -> str:
        """Return the folder of a feature's stories."""
        stories, feature = cls._places(test_location)
        return str(stories / feature)

    @classmethod
    def discovery_dirname(cls, *, test_location: PyTestLocation) -> str:
        """Return the folder of all stories."""
        return str(cls._places(test_location)[0])

    @classmethod
    def get_file_basename(cls, *, test_location: PyTestLocation, index: Any) -> str:
        """Return the file's name: the test's without `test_`."""
        name: str = cls.get_snapshot_name(test_location=test_location, index=index)
        return name.removeprefix("test_")

    def read_snapshot_collection(self, *, snapshot_location: str) -> Any:
        """Return what a file holds: one story, under its test's name."""
        collection = super().read_snapshot_collection(snapshot_location=str(_with_prefix(Path(snapshot_location))))
        collection.location = snapshot_location
        return collection

    @classmethod
    def matches_test_location(cls, *, test_location: PyTestLocation, snapshot_location: str) -> bool:
        """Tell whether a file is exactly this test's story; never a sibling's."""
        return snapshot_location == cls.get_location(test_location=test_location, index=0)


def _with_prefix(path: Path) -> Path:
    return path.with_name(f"test_{path.name}")


def story_path(item: pytest.Item) -> Path:
    """Return where a scenario's golden story is or would be."""
    return Path(StoryExtension.get_location(test_location=PyTestLocation(item), index=0))


def tags_of(item: pytest.Item) -> set[str]:
    """Return a scenario's tags: its own and those of its feature, rule and examples."""
    return {mark.name for mark in item.iter_markers()}


def compare(item: pytest.Item, ear: NarrationCapture, snapshot: Any) -> None:
    """Compare a scenario's story with the golden one; fail with one plain unified diff.

    Args:
        item: the scenario.
        ear: what it narrated.
        snapshot: syrupy's fixture.
    """
    path = story_path(item)
    root = item.config.rootpath
    tags = tags_of(item)
    if not ear.heard:
        _silence(item, path, tags)
        return
    if SILENT in tags:
        pytest.fail(
            f"the scenario is tagged @{SILENT}, but it narrates: take the tag off\n\n{numbered_story(ear.heard)}",
            pytrace=False,
        )
    text = ear.story()
    before = path.read_text("utf-8") if path.is_file() else None
    pending = root / PENDING / _relative(path, root)
    if snapshot.use_extension(StoryExtension) == text:
        item.stash[STATE] = "matched" if before == text else "new"
        pending.unlink(missing_ok=True)
        if before == text:
            for one in ear.heard:
                one.assert_by("story")
        return
    pending.parent.mkdir(parents=True, exist_ok=True)
    pending.write_text(text, "utf-8")
    item.stash[STATE] = "missing" if before is None else "differs"
    pytest.fail(_message(_relative(path, root), before, text), pytrace=False)


def _silence(item: pytest.Item, path: Path, tags: set[str]) -> None:
    if REQUIRED in tags:
        pytest.fail(f"the scenario is tagged @{REQUIRED}, but nothing was narrated", pytrace=False)
    if path.is_file():
        item.stash[STATE] = "differs"
        shown = _relative(path, item.config.rootpath)
        pytest.fail(f"nothing was narrated, but there is a golden story: {shown}", pytrace=False)


def _relative(path: Path, root: Path) -> Path:
    return path.relative_to(root) if path.is_relative_to(root) else Path(path.name)


_HOW: Final = "look at it with `narration review`; `pytest --snapshot-update` takes all of them as they are"


def _message(shown: Path, before: str | None, text: str) -> str:
    if before is None:
        return f"{shown.as_posix()}: there is no golden story yet. It would be:\n\n{text}\n{_HOW}"
    conflict = _MARKER.search(before)
    if conflict:
        line = before.count("\n", 0, conflict.start()) + 1
        return f"{shown.as_posix()}:{line}: the golden story holds a conflict marker of git: resolve the conflict first"
    diff = difflib.unified_diff(
        before.splitlines(), text.splitlines(), f"golden {shown.as_posix()}", "narrated now", lineterm="", n=4
    )
    return "\n".join(["the story differs from the golden one", "", *diff, "", _HOW])
