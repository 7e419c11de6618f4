"""Pending stories: the new text of stories that differ from the golden ones, to accept, reject or skip."""

import difflib
import shutil
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Final, Literal, NamedTuple

PENDING: Final = Path(".narration") / "pending"
Kind = Literal["new", "reworded", "changed flow", "removed"]
KINDS: Final[tuple[Kind, ...]] = ("changed flow", "reworded", "removed", "new")
"""In the order in which they are reviewed: what needs care comes first."""

_SENTENCE_INDENT: Final = "      "


class PendingStory(NamedTuple):
    """A story that differs from the golden one.

    Attributes:
        name: its golden file, relative to the root.
        golden: the golden file.
        pending: the file with the new text; None if the scenario is gone.
        kind: how it changed.
    """

    name: str
    golden: Path
    pending: Path | None
    kind: Kind

    @property
    def before(self) -> str:
        """The golden text; empty if there is none."""
        return self.golden.read_text("utf-8", "replace") if self.golden.is_file() else ""

    @property
    def now(self) -> str:
        """The new text; empty if the scenario is gone."""
        return self.pending.read_text("utf-8") if self.pending is not None else ""

    def diff(self) -> list[str]:
        """Return one plain unified diff."""
        before, now = self.before.splitlines(), self.now.splitlines()
        return list(difflib.unified_diff(before, now, f"golden {self.name}", "narrated", lineterm="", n=4))

    def accept(self) -> None:
        """Make the new text the golden story; a story whose scenario is gone is deleted."""
        if self.pending is None:
            self.golden.unlink(missing_ok=True)
            return
        self.golden.parent.mkdir(parents=True, exist_ok=True)
        shutil.move(self.pending, self.golden)

    def reject(self) -> None:
        """Keep the golden story and discard the new text."""
        if self.pending is not None:
            self.pending.unlink(missing_ok=True)


def kind_of(before: str, now: str) -> Kind:
    """Return how a story changed: only its sentences, or what happens."""
    if not before:
        return "new"
    if not now:
        return "removed"
    flow = [[line for line in text.splitlines() if not line.startswith(_SENTENCE_INDENT)] for text in (before, now)]
    return "reworded" if flow[0] == flow[1] else "changed flow"


def pending_stories(root: Path, orphans: Iterable[Path] = ()) -> list[PendingStory]:
    """Return the pending stories, those that need most care first.

    Args:
        root: the project's root folder.
        orphans: golden stories that no scenario has any more.
    """
    folder = root / PENDING
    found = []
    for pending in sorted(folder.rglob("*.story")):
        name = pending.relative_to(folder)
        golden = root / name
        before = golden.read_text("utf-8", "replace") if golden.is_file() else ""
        found.append(PendingStory(name.as_posix(), golden, pending, kind_of(before, pending.read_text("utf-8"))))
    found += [PendingStory(path.relative_to(root).as_posix(), path, None, "removed") for path in orphans]
    return sorted(found, key=lambda story: (KINDS.index(story.kind), story.name))


def listing(stories: list[PendingStory], program: str = "narration review") -> list[str]:
    """Return the lines that a run without a terminal shows."""
    lines = []
    for kind in KINDS:
        group = [story.name for story in stories if story.kind == kind]
        if group:
            lines += [f"{kind} ({len(group)}):", *(f"  {name}" for name in group)]
    return [
        *lines,
        "",
        "to decide without a terminal:",
        f"  {program} --accept NAME...   accept these",
        f"  {program} --accept-all       accept all of them",
        f"  {program} --reject-all       discard all of them",
        f"  {program} --diff             show what changed",
    ]


def step_through(
    stories: list[PendingStory], ask: Callable[[], str], show: Callable[[str], None], paint: Callable[[str], str]
) -> dict[str, int]:
    """Show each story and do what the reviewer decides.

    Args:
        stories: the pending stories.
        ask: returns the next keys: a, r, s; A or R for all the rest; q to stop.
        show: shows a line.
        paint: colours a line of a diff.

    Returns:
        How many were accepted, rejected and skipped.
    """
    done = {"accepted": 0, "rejected": 0, "skipped": 0}
    rest = ahead = ""
    for place, story in enumerate(stories):
        key = rest
        if not key:
            show(f"[{place + 1}/{len(stories)}] {story.kind}: {story.name}")
            for line in story.diff():
                show(paint(line))
            show("a accept   r reject   s skip   A accept all the rest   R reject all the rest   q quit")
            while key not in {"a", "r", "s", "A", "R", "q"}:
                ahead = ahead or ask()
                key, ahead = ahead[:1], ahead[1:]
        if key == "q":
            done["skipped"] += len(stories) - place
            break
        if key in {"A", "R"}:
            rest = key
        if key in {"a", "A"}:
            story.accept()
            done["accepted"] += 1
        elif key in {"r", "R"}:
            story.reject()
            done["rejected"] += 1
        else:
            done["skipped"] += 1
    return done
