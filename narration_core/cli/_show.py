"""`narration story` and `narration why`, once it is known what is asked and where to read."""

import os
from collections.abc import Callable
from typing import TYPE_CHECKING, Final

from narration_core.cli._output import complain, nothing, say, say_json, view
from narration_core.following import _story_text
from narration_core.following._source import Searchable
from narration_core.following._story import Story, follow
from narration_core.following._story_text import Times

if TYPE_CHECKING:
    from narration_core.following._golden import Element, Golden

GOLDEN: Final = "snapshots"
"""Folder of the golden stories, where no other is named."""

GAP_MS: Final = 5000
"""Pauses of at least so long are marked, in milliseconds."""

FUSE_MS: Final = 1000
"""Repeats this close together are shown once, in milliseconds."""


def story(
    files: Searchable,
    asked: str,
    since: int | None = None,
    until: int | None = None,
    *,
    tree: bool = False,
    mark_gaps: float = GAP_MS,
    fuse: float = FUSE_MS,
    times: Times = "abs",
    output: str = "text",
    export: Callable[[Story], bool] | None = None,
) -> int:
    """Show what happened to an id; returns the exit code.

    Args:
        files: where to read.
        asked: the id.
        since: leave out what was before, in milliseconds since the epoch.
        until: leave out what was after, in milliseconds since the epoch.
        tree: indent by the work that a line is part of.
        mark_gaps: mark pauses of at least so long, in milliseconds.
        fuse: show repeats this close together once, in milliseconds.
        times: how times are shown.
        output: text, json or raw.
        export: writes the story somewhere; tells whether that was standard output.
    """
    found = follow(files, asked, since, until)
    if not found.lines:
        return nothing(asked, files, is_cut=since is not None or until is not None)
    is_written = export is not None and export(found)
    if output == "json":
        from narration_core.following._data import story_data  # noqa: PLC0415 - for machines only

        say_json(story_data(found, files.searched))
    elif output == "raw":
        say(line.text for line in found.lines)
    elif not is_written:
        say(_story_text.text(found, view(times=times, tree=tree, gap_ms=mark_gaps, fuse_ms=fuse)))
    return complain(files)


def why(
    files: Searchable,
    asked: str,
    since: int | None = None,
    until: int | None = None,
    *,
    golden: str = GOLDEN,
    output: str = "text",
) -> int:
    """Say what an id waits for; returns the exit code.

    Args:
        files: where to read.
        asked: the id.
        since: leave out what was before, in milliseconds since the epoch.
        until: leave out what was after, in milliseconds since the epoch.
        golden: the folder of the golden stories.
        output: text or json.
    """
    from narration_core.following import _answer_text, _why  # noqa: PLC0415 - `story` needs neither

    found = follow(files, asked, since, until)
    if not found.lines:
        return nothing(asked, files, is_cut=since is not None or until is not None)
    answer = _why.why(files, found, until=until)
    ahead = _goes_on(answer.story, golden)
    if output == "json":
        from narration_core.following._data import answer_data  # noqa: PLC0415 - for machines only

        say_json(answer_data(answer, ahead, files.searched))
    else:
        say(_answer_text.text(answer, view(fuse_ms=FUSE_MS, gap_ms=GAP_MS), ahead))
    return complain(files)


def _goes_on(story: Story, folder: str) -> "tuple[Golden, Element] | None":
    if not os.path.isdir(folder):
        return None
    from narration_core.cli._goldens import goldens_in  # noqa: PLC0415 - as above
    from narration_core.following._golden import Goldens, symbol_of  # noqa: PLC0415

    shape = [symbol for line in story.lines if line.event is not None and (symbol := symbol_of(line.event)) is not None]
    return Goldens(goldens_in(folder)).goes_on(shape)
