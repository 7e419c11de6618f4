"""`narration why`: what an id waits for."""

import sys
from pathlib import Path

import click

from narration_core.cli._options import (
    GOLDEN,
    HUB,
    ID,
    PATHS,
    SINCE,
    UNTIL,
    complain,
    end_with_nothing,
    goldens_in,
    log_files,
    output_option,
    say,
    say_json,
    view,
)
from narration_core.following import _answer_text
from narration_core.following._golden import Element, Golden, Goldens, symbol_of
from narration_core.following._story import Story, follow
from narration_core.following._why import why as answer_of


@click.command("why")
@ID
@PATHS
@HUB
@SINCE
@UNTIL
@GOLDEN
@output_option("text", "json")
def why(
    asked: str, paths: tuple[str, ...], hub: str | None, since: int | None, until: int | None, golden: Path, output: str
) -> None:
    """Say what ID waits for: who holds it, since when, and how long that usually takes.

    ID and PATHS as in `narration story`. Of several requests, the one that has been stuck for longest is told.

    Exit codes: 0 found, 1 nothing found, 2 the command is wrong, 3 found but some lines could not be read.
    """
    with log_files(paths, hub) as files:
        found = follow(files, asked, since, until)
        if not found.lines:
            end_with_nothing(asked, files, is_cut=since is not None or until is not None)
        answer = answer_of(files, found, until=until)
        ahead = _goes_on(answer.story, golden)
        if output == "json":
            from narration_core.following._data import answer_data  # noqa: PLC0415 - for machines only

            say_json(answer_data(answer, ahead, files.searched))
        else:
            say(_answer_text.text(answer, view(fuse_ms=1000, gap_ms=5000), ahead))
        sys.exit(complain(files))


def _goes_on(story: Story, folder: Path) -> tuple[Golden, Element] | None:
    if not folder.is_dir():
        return None
    shape = [symbol for line in story.lines if line.event is not None and (symbol := symbol_of(line.event)) is not None]
    return Goldens(goldens_in(folder)).goes_on(shape)
