"""`narration why`: what an id waits for."""

import sys

import click

from narration_core.cli import _show
from narration_core.cli._options import GOLDEN, HUB, ID, PATHS, SINCE, UNTIL, log_files, output_option


@click.command("why")
@ID
@PATHS
@HUB
@SINCE
@UNTIL
@GOLDEN
@output_option("text", "json")
def why(
    asked: str, paths: tuple[str, ...], hub: str | None, since: int | None, until: int | None, golden: str, output: str
) -> None:
    """Say what ID waits for: who holds it, since when, and how long that usually takes.

    ID and PATHS as in `narration story`. Of several requests, the one that has been stuck for longest is told.

    Exit codes: 0 found, 1 nothing found, 2 the command is wrong, 3 found but some lines could not be read.
    """
    with log_files(paths, hub) as files:
        sys.exit(_show.why(files, asked, since, until, golden=golden, output=output))
