"""`narration story`: what happened to an id, in order."""

import sys
from typing import Any, Final

import click

from narration_core.cli import _show
from narration_core.cli._options import HUB, ID, PATHS, SINCE, TIMES, UNTIL, Duration, log_files, output_option
from narration_core.following._story import Story

EXPORTS: Final = {"chrome-trace": "chrome_trace", "otlp": "otlp", "ndjson": "ndjson"}
"""The function of `_export` that writes each format."""


_GAP: Final = f"{_show.GAP_MS // 1000}s"
_FUSE: Final = f"{_show.FUSE_MS // 1000}s"


@click.command("story")
@ID
@PATHS
@HUB
@SINCE
@UNTIL
@click.option("--tree", is_flag=True, help="Indent by the work that a line is part of.")
@click.option("--mark-gaps", type=Duration(), default=_GAP, show_default=True, help="Mark pauses of at least so long.")
@click.option(
    "--fuse", type=Duration(), default=_FUSE, show_default=True, help="Show repeats this close together once."
)
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
        code = _show.story(
            files, asked, since, until,
            tree=tree, mark_gaps=mark_gaps, fuse=fuse, times=times, output=output,
            export=None if export is None else lambda found: _write(found, *export),
        )  # fmt: skip
        sys.exit(code)


def _write(found: Story, name: str, target: str) -> bool:
    """Write a story in a format of `EXPORTS`; tells whether that was to standard output."""
    from narration_core.following import _export  # noqa: PLC0415 - only when asked for

    try:
        file = click.open_file(target, "w", encoding="utf-8")
    except OSError as error:
        raise click.UsageError(f"{target}: the story cannot be written there: {error.strerror}") from None
    with file:
        file.writelines(f"{line}\n" for line in getattr(_export, EXPORTS[name])(found))
    return target == "-"
