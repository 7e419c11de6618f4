"""`narration conform`: which real stories the golden stories account for."""

import sys

import click

from narration_core.cli._goldens import goldens_in
from narration_core.cli._options import GOLDEN, HUB, PATHS, log_files, output_option
from narration_core.cli._output import FOUND, NONE, UNREADABLE, complain, say, say_json, view
from narration_core.following import _conform_text, _data, _wording
from narration_core.following._conform import conform as hold_against
from narration_core.following._golden import Goldens


@click.command("conform")
@PATHS
@HUB
@GOLDEN
@output_option("text", "json")
def conform(paths: tuple[str, ...], hub: str | None, golden: str, output: str) -> None:
    """Say which real stories the golden stories account for, and what the others look like.

    Exit codes: 0 every real story is accounted for, 1 some are not, 2 there is nothing to compare or the command is
    wrong, 3 all are, but some files could not be read or other hubs were not asked.
    """
    goldens = goldens_in(golden)
    if not goldens:
        raise click.UsageError(f"{golden}: no golden stories with requests there; name their folder with --golden")
    with log_files(paths, hub) as files:
        found = hold_against(files, Goldens(goldens))
        if not found.stories:
            raise click.UsageError(
                f"no story to compare: {_wording.number(found.without_id, 'event')} without a correlation id, "
                f"{_wording.number(found.other, 'other line')} in {_wording.number(len(files.paths), 'file')}"
            )
        if output == "json":
            say_json(_data.conformity_data(found, files.searched))
        else:
            say(_conform_text.text(found, view()))
        code = complain(files) or (UNREADABLE if files.searched.not_asked else FOUND)
        sys.exit(code if found.accounted == found.stories else NONE)
