"""`narration story`: what happened to an id, in order."""

import sys
from typing import Any, Final

import click

from narration_core.cli._options import (
    HUB,
    ID,
    PATHS,
    SINCE,
    TIMES,
    UNTIL,
    Duration,
    complain,
    end_with_nothing,
    log_files,
    output_option,
    say,
    say_json,
    view,
)
from narration_core.following import _story_text
from narration_core.following._story import follow

EXPORTS: Final = {"chrome-trace": "chrome_trace", "otlp": "otlp", "ndjson": "ndjson"}
"""The function of `_export` that writes each format."""


@click.command("story")
@ID
@PATHS
@HUB
@SINCE
@UNTIL
@click.option("--tree", is_flag=True, help="Indent by the work that a line is part of.")
@click.option("--mark-gaps", type=Duration(), default="5s", show_default=True, help="Mark pauses of at least so long.")
@click.option("--fuse", type=Duration(), default="1s", show_default=True, help="Show repeats this close together once.")
@TIMES
@output_option("text", "json", "raw")
@click.option(
    "--export",
    nargs=2,
    type=(click.Choice(list(EXPORTS)), click.Path(dir_okay=False, allow_dash=True)),
    metavar="FORMAT FILE",
    help=f"Write the story to a file as {', '.join(EXPORTS)}.",
)
def story(
    asked: str,
    paths: tuple[str, ...],
    hub: str | None,
    since: int | None,
    until: int | None,
    *,
    tree: bool,
    mark_gaps: float,
    fuse: float,
    times: Any,
    output: str,
    export: tuple[str, str] | None,
) -> None:
    """Show what happened to ID, in order, across log files.

    ID is any id you have: correlation, trace, job, session, task or span. PATHS are files, folders, patterns, .gz or -;
    by default those in NARRATION_LOGS, or every log file below the working directory.

    Exit codes: 0 found, 1 nothing found, 2 the command is wrong, 3 found but some lines could not be read.
    """
    with log_files(paths, hub) as files:
        found = follow(files, asked, since, until)
        if not found.lines:
            end_with_nothing(asked, files, is_cut=since is not None or until is not None)
        if export is not None:
            from narration_core.following import _export  # noqa: PLC0415 - only when asked for

            name, target = export
            try:
                file = click.open_file(target, "w", encoding="utf-8")
            except OSError as error:
                raise click.UsageError(f"{target}: the story cannot be written there: {error.strerror}") from None
            with file:
                file.writelines(f"{line}\n" for line in getattr(_export, EXPORTS[name])(found))
        if output == "json":
            from narration_core.following._data import story_data  # noqa: PLC0415 - for machines only

            say_json(story_data(found, files.searched))
        elif output == "raw":
            say(line.text for line in found.lines)
        elif export is None or export[1] != "-":
            say(_story_text.text(found, view(times=times, tree=tree, gap_ms=mark_gaps, fuse_ms=fuse)))
        sys.exit(complain(files))
