"""Stories that wait for somebody to look at them: accept, reject, skip."""

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


class Waiting(NamedTuple):
    """A story that waits.

    Attributes:
        name: its golden file, relative to the root.
        golden: the golden file.
        pending: the file with what was narrated; None when the scenario is gone.
        kind: what became of it.
    """

    name: str
    golden: Path
    pending: Path | None
    kind: Kind

    @property
    def before(self) -> str:
        """The golden text; empty when there is none."""
        return self.golden.read_text("utf-8") if self.golden.is_file() else ""

    @property
    def now(self) -> str:
        """The text that was narrated; empty when the scenario is gone."""
        return self.pending.read_text("utf-8") if self.pending is not None else ""

    def diff(self) -> list[str]:
        """Return one plain unified diff."""
        before, now = self.before.splitlines(), self.now.splitlines()
        return list(difflib.unified_diff(before, now, f"golden {self.name}", "narrated", lineterm="", n=4))

    def accept(self) -> None:
        """Make what was narrated the golden story; a story whose scenario is gone is deleted."""
        if self.pending is None:
            self.golden.unlink(missing_ok=True)
            return
        self.golden.parent.mkdir(parents=True, exist_ok=True)
        shutil.move(self.pending, self.golden)

    def reject(self) -> None:
        """Keep the golden story; what was narrated is forgotten."""
        if self.pending is not None:
            self.pending.unlink(missing_ok=True)


def kind_of(before: str, now: str) -> Kind:
    """Return what became of a story: only its sentences changed, or what happens did."""
    if not before:
        return "new"
    if not now:
        return "removed"
    flow = [[line for line in text.splitlines() if not line.startswith(_SENTENCE_INDENT)] for text in (before, now)]
    return "reworded" if flow[0] == flow[1] else "changed flow"


def waiting(root: Path, orphans: Iterable[Path] = ()) -> list[Waiting]:
    """Return the stories that wait, those that need most care first.

    Args:
        root: the project's root folder.
        orphans: golden stories that no scenario tells any more.
    """
    folder = root / PENDING
    found = []
    for pending in sorted(folder.rglob("*.story")):
        name = pending.relative_to(folder)
        golden = root / name
        before = golden.read_text("utf-8") if golden.is_file() else ""
        found.append(Waiting(name.as_posix(), golden, pending, kind_of(before, pending.read_text("utf-8"))))
    found += [Waiting(path.relative_to(root).as_posix(), path, None, "removed") for path in orphans]
    return sorted(found, key=lambda one: (KINDS.index(one.kind), one.name))


def listing(stories: list[Waiting], program: str = "narration review") -> list[str]:
    """Return the lines that a run without a terminal shows."""
    lines = []
    for kind in KINDS:
        group = [one.name for one in stories if one.kind == kind]
        if group:
            lines += [f"{kind} ({len(group)}):", *(f"  {name}" for name in group)]
    return [
        *lines,
        "",
        "to decide without a terminal:",
        f"  {program} --accept NAME...   take these as golden",
        f"  {program} --accept-all       take all of them",
        f"  {program} --reject-all       forget all of them",
        f"  {program} --diff             show what changed",
    ]


def step_through(
    stories: list[Waiting], ask: Callable[[], str], say: Callable[[str], None], paint: Callable[[str], str]
) -> dict[str, int]:
    """Show each story and do what the reviewer says.

    Args:
        stories: what waits.
        ask: returns the next key, or keys that were pressed ahead: a, r, s; A or R for all the rest; q to stop.
        say: shows a line.
        paint: colours a line of a diff.

    Returns:
        How many were accepted, rejected and skipped.
    """
    done = {"accepted": 0, "rejected": 0, "skipped": 0}
    rest = ahead = ""
    for place, story in enumerate(stories):
        key = rest
        if not key:
            say(f"[{place + 1}/{len(stories)}] {story.kind}: {story.name}")
            for line in story.diff():
                say(paint(line))
            say("a accept   r reject   s skip   A accept all the rest   R reject all the rest   q quit")
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
