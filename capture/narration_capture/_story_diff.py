"""The stories that a pull request changes, as Markdown: a table, then a section for each."""

import difflib
import re
import subprocess
from collections.abc import Sequence
from pathlib import Path
from typing import Final, NamedTuple

from narration_capture._review import KINDS, Kind, PendingStory, kind_of
from narration_core.nouns import counted

LIMIT: Final = 60_000
"""Longest Markdown, in characters; the platforms that show it cut at 64 KiB."""

_WORDS: Final = re.compile(r"\s+|[^\s]+")
_FENCE: Final = re.compile(r"`+")
_SPECIAL: Final = re.compile(r"([\\*_~<>|`\[\]])")


class Change(NamedTuple):
    """A story that differs.

    Attributes:
        name: its file, relative to the root.
        before: the text it had.
        now: the text it has.
        kind: how it changed.
        added: lines added.
        removed: lines removed.
    """

    name: str
    before: str
    now: str
    kind: Kind
    added: int
    removed: int


class StoryDiffError(Exception):
    """The base cannot be compared with; the message says why."""


def _git(root: Path, *arguments: str) -> str:
    done = subprocess.run(  # noqa: S603 - git with our own arguments
        ["git", "-C", str(root), *arguments],  # noqa: S607 - whichever git the user has
        capture_output=True,
        check=False,
    )
    if done.returncode:
        raise StoryDiffError(done.stderr.decode("utf-8", "replace").strip() or f"git {arguments[0]} failed")
    return done.stdout.decode("utf-8", "replace")


def changes(root: Path, folder: str, base: str) -> list[Change]:
    """Return the stories that differ between a commit and the working tree.

    Args:
        root: the repository's root folder.
        folder: the stories' folder in it.
        base: the commit, branch or tag.

    Raises:
        StoryDiffError: there is no such commit, or this is not a repository.
    """
    _git(root, "rev-parse", "--verify", "--end-of-options", f"{base}^{{commit}}")
    listed = _git(root, "ls-tree", "-r", "-z", "--name-only", base, "--", f"{folder}/")
    names = {name for name in listed.split("\0") if name.endswith(".story")}
    names |= {path.relative_to(root).as_posix() for path in (root / folder).rglob("*.story")}
    found = []
    for name in sorted(names):
        before = _git(root, "show", f"{base}:{name}") if name in listed.split("\0") else ""
        now = (root / name).read_text("utf-8", "replace") if (root / name).is_file() else ""
        if before != now:
            diff = list(difflib.ndiff(before.splitlines(), now.splitlines()))
            added, removed = (sum(line.startswith(sign) for line in diff) for sign in ("+ ", "- "))
            found.append(Change(name, before, now, kind_of(before, now), added, removed))
    return sorted(found, key=lambda change: (KINDS.index(change.kind), change.name))


def prose(before: str, now: str) -> str:
    """Return one line in which removed words are struck out and new words are bold."""
    old, new = _WORDS.findall(before.strip()), _WORDS.findall(now.strip())
    parts = []
    for what, start, end, from_, to in difflib.SequenceMatcher(a=old, b=new, autojunk=False).get_opcodes():
        gone, come = "".join(old[start:end]), "".join(new[from_:to])
        if what == "equal":
            parts.append(_escape(gone))
            continue
        if gone.strip():
            parts.append(f" ~~{_escape(gone.strip())}~~ ")
        if come.strip():
            parts.append(f" **{_escape(come.strip())}** ")
    return re.sub(r" {2,}", " ", "".join(parts)).strip()


def _escape(text: str) -> str:
    return _SPECIAL.sub(r"\\\1", text)


def reworded(before: str, now: str) -> list[str]:
    """Return a prose line for each line of a story that was replaced by another."""
    old, new = before.splitlines(), now.splitlines()
    lines = []
    for what, start, end, from_, to in difflib.SequenceMatcher(a=old, b=new, autojunk=False).get_opcodes():
        if what == "replace":
            lines += [prose(was, has) for was, has in zip(old[start:end], new[from_:to], strict=False) if was.strip()]
    return lines


def _fence(text: str) -> str:
    longest = max((len(run) for run in _FENCE.findall(text)), default=0)
    return "`" * max(3, longest + 1)


def _section(change: Change, wording: list[str]) -> str:
    diff = "\n".join(
        difflib.unified_diff(change.before.splitlines(), change.now.splitlines(), "before", "now", lineterm="", n=4)
    )
    body = "" if change.kind in {"new", "removed"} else "".join(f"{line}\n\n" for line in wording)
    fence = _fence(diff)
    opened = " open" if change.kind in {"changed flow", "reworded"} else ""
    return (
        f"<details{opened}><summary>{change.kind}: <code>{change.name}</code></summary>\n\n"
        f"{body}{fence}diff\n{diff}\n{fence}\n\n</details>\n"
    )


def _pending_section(pending: Sequence[PendingStory], left: int) -> str:
    """Return the stories that await review: they are not part of the comparison."""
    if not pending:
        return ""
    lines = [
        f"### Pending: {len(pending)}",
        "",
        "These await `narration review`; they are not in the golden stories:",
        "",
    ]
    entries = [f"- {story.kind}: `{story.name}`" for story in pending]
    shown = [entry for number, entry in enumerate(entries) if sum(map(len, entries[: number + 1])) + number < left]
    if len(shown) < len(entries):
        shown.append(f"- and {len(entries) - len(shown)} more")
    return "\n".join([*lines, *shown]) + "\n"


def markdown(found: list[Change], base: str, limit: int = LIMIT, pending: Sequence[PendingStory] = ()) -> str:
    """Return the Markdown of a pull request.

    Args:
        found: the changes.
        base: what they are against.
        limit: longest Markdown, in characters; what does not fit is counted and left out.
        pending: stories that await review.
    """
    if not found:
        text = f"No golden story differs from `{base}`.\n"
        return text + (f"\n{_pending_section(pending, limit - len(text) - 200)}" if pending else "")
    counts = ", ".join(f"{number} {kind}" for kind in KINDS if (number := sum(change.kind == kind for change in found)))
    lines = [f"### Stories: {counts}", "", "| | story | lines |", "|---|---|---|"]
    lines += [f"| {change.kind} | `{change.name}` | +{change.added} -{change.removed} |" for change in found]
    text = "\n".join(lines) + "\n\n"
    seen: dict[tuple[str, ...], str] = {}
    left_out = 0
    for change in found:
        wording = reworded(change.before, change.now)
        key = tuple(wording)
        # Rows of one outline change alike; the reader needs to see the wording once.
        if key and key in seen and change.kind == "reworded":
            section = f"- `{change.name}`: the same wording as `{seen[key]}`\n"
        else:
            seen.setdefault(key, change.name)
            section = _section(change, wording)
        if len(text) + len(section) > limit - 200:
            left_out += 1
            continue
        text += section + "\n"
    if left_out:
        more = counted(left_out, "more story does", "more stories do")
        text += f"\n{more} not fit here; `narration story-diff {base}` shows them all.\n"
    section = _pending_section(pending, limit - len(text) - 100)
    return f"{text}\n{section}" if section else text
