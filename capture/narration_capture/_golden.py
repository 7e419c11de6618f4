"""Golden stories: one readable file a scenario, compared after its last step."""

import contextlib
import difflib
import re
from pathlib import Path
from typing import Any, Final

import pytest
from syrupy.data import SnapshotCollections
from syrupy.extensions.single_file import SingleFileSnapshotExtension, WriteMode
from syrupy.location import PyTestLocation

from narration_capture._compat import parameter_numbers
from narration_capture._failure_text import lost_note, numbered_story
from narration_capture._fixture import NarrationCapture
from narration_capture._review import PENDING
from narration_capture._settings import features_folder
from narration_capture._test_names import SUFFIX, safe_name, story_file, story_folder

STATE: Final = pytest.StashKey[str]()
REQUIRED: Final = "narration-required"
SILENT: Final = "silent-ok"
ANY_ORDER: Final = "any-order"

_MARKER: Final = re.compile(r"^(?:<{7} |={7}$|>{7} |\|{7} )", re.MULTILINE)


class StoryExtension(SingleFileSnapshotExtension):
    """Keeps a story in `snapshots/<feature>/<scenario>.story`.

    Syrupy compares and writes it, and never looks for unused ones: those are found by inventory.
    """

    _write_mode = WriteMode.TEXT
    file_extension = SUFFIX.removeprefix(".")

    @classmethod
    def dirname(cls, *, test_location: PyTestLocation) -> str:
        """Return the folder of a feature's stories."""
        return str(story_path(test_location.item).parent)

    @classmethod
    def discovery_dirname(cls, *, test_location: PyTestLocation) -> str:
        """Return the folder of a feature's stories."""
        return cls.dirname(test_location=test_location)

    @classmethod
    def get_file_basename(cls, *, test_location: PyTestLocation, index: Any) -> str:  # noqa: ARG003 - one story a test
        """Return the name of a story's file without its suffix."""
        return story_path(test_location.item).stem

    @classmethod
    def get_snapshot_name(cls, *, test_location: PyTestLocation, index: Any = 0) -> str:  # noqa: ARG003 - as above
        """Return the name of a story in syrupy's report: the test's."""
        return str(test_location.snapshot_name)

    @classmethod
    def matches_test_location(cls, *, test_location: PyTestLocation, snapshot_location: str) -> bool:
        """Tell whether a file is exactly this test's story; never a sibling's."""
        return snapshot_location == cls.get_location(test_location=test_location, index=0)

    def read_snapshot_data_from_location(self, *, snapshot_location: str, **_: Any) -> str | None:
        """Return a golden story; one that is not UTF-8 differs from every story, and does not stop the run."""
        path = Path(snapshot_location)
        return path.read_text("utf-8", "replace") if path.is_file() else None

    def discover_snapshots(self, **_: Any) -> SnapshotCollections:
        """Return nothing: which stories are unused is not for syrupy to say."""
        return SnapshotCollections()


def story_path(item: Any) -> Path:
    """Return where the golden story of a test is or would be.

    Args:
        item: the test. Under xdist syrupy's controller asks about stand-ins, which have a path and a name.
    """
    name = getattr(item, "originalname", None) or item.name
    file = story_file(name, parameter_numbers(item))
    config = getattr(item, "config", None)
    stories = str(config.getini("narration_stories")) if config is not None else ""
    path = Path(item.path)
    features = features_folder(config) if config is not None else None
    if config is not None and features is not None and path.is_relative_to(features):
        return Path(config.rootpath, stories, story_folder(path.relative_to(features)), file)
    return path.parent / stories / safe_name(path.stem) / file


def tags_of(item: pytest.Item) -> set[str]:
    """Return a scenario's tags: its own and those of its feature, rule and examples."""
    return {mark.name for mark in item.iter_markers()}


def compare(item: pytest.Item, narration: NarrationCapture, snapshot: Any) -> None:
    """Compare a scenario's story with the golden one; fail with one plain unified diff.

    Args:
        item: the scenario.
        narration: its capture.
        snapshot: syrupy's fixture.
    """
    path = story_path(item)
    root = item.config.rootpath
    tags = tags_of(item)
    if not narration.captured:
        _check_silence(item, path, tags, narration)
        return
    if SILENT in tags:
        pytest.fail(
            f"the scenario is tagged @{SILENT}, but it narrates: remove the tag\n\n"
            f"{numbered_story(narration.captured)}",
            pytrace=False,
        )
    text = narration.story()
    before = path.read_text("utf-8", "replace") if path.is_file() else None
    pending = root / PENDING / _relative(path, root)
    if snapshot.use_extension(StoryExtension) == text:
        item.stash[STATE] = "matched" if before == text else "new"
        with contextlib.suppress(OSError):  # a checkout that nobody may write to
            pending.unlink(missing_ok=True)
        if before == text:
            for captured in narration.captured:
                captured.assert_by("story")
        return
    item.stash[STATE] = "missing" if before is None else "differs"
    try:
        pending.parent.mkdir(parents=True, exist_ok=True)
        pending.write_text(text, "utf-8")
        how = _HOW
    except OSError as error:
        how = f"`narration review` cannot show it, because {PENDING.as_posix()} cannot be written: {error.strerror}"
    pytest.fail(_message(_relative(path, root), before, text, how), pytrace=False)


def _check_silence(item: pytest.Item, path: Path, tags: set[str], narration: NarrationCapture) -> None:
    lost = f"\n{lost_note(narration.lost)}" if narration.lost else ""
    if REQUIRED in tags:
        pytest.fail(f"the scenario is tagged @{REQUIRED}, but nothing was narrated{lost}", pytrace=False)
    if path.is_file():
        item.stash[STATE] = "differs"
        shown = _relative(path, item.config.rootpath)
        pytest.fail(f"nothing was narrated, but there is a golden story: {shown}{lost}", pytrace=False)


def _relative(path: Path, root: Path) -> Path:
    return path.relative_to(root) if path.is_relative_to(root) else Path(path.name)


_HOW: Final = "look at it with `narration review`; `pytest --snapshot-update` accepts all stories as they are"
_NO_LINE_END: Final = "\\ No newline at end of file"


def _message(shown: Path, before: str | None, text: str, how: str) -> str:
    if before is None:
        return f"{shown.as_posix()}: there is no golden story yet. It would be:\n\n{text}\n{how}"
    conflict = _MARKER.search(before)
    if conflict:
        line = before.count("\n", 0, conflict.start()) + 1
        return f"{shown.as_posix()}:{line}: the golden story has a conflict marker of git: resolve the conflict first"
    diff = difflib.unified_diff(
        _diff_lines(before), _diff_lines(text), f"golden {shown.as_posix()}", "narrated now", lineterm="", n=4
    )
    return "\n".join(["the story differs from the golden one", "", *diff, "", how])


def _diff_lines(text: str) -> list[str]:
    """Return the lines of a story as a diff shows them: one without a line end at its end says so."""
    lines = text.splitlines()
    return lines if text.endswith("\n") or not lines else [*lines, _NO_LINE_END]
