"""`narration links`."""

from collections.abc import Sequence
from pathlib import Path

import click

from narration_ci.cli.options import Where, answering, project_options
from narration_ci.faults import Fault
from narration_ci.measure.links import check_logs, check_scenarios
from narration_ci.measure.records import read_records


@click.command()
@click.argument("files", nargs=-1, type=click.Path(exists=True, dir_okay=False, path_type=Path), metavar="[FILES]...")
@click.option("--ids", is_flag=True, help="List every correlation id with the actors that it passes.")
@project_options
@click.pass_context
def links(
    ctx: click.Context,
    *,
    files: tuple[Path, ...],
    ids: bool,
    where: Where,
) -> None:
    """Check that correlation ids hold stories together: in log files, or in the scenarios of the last run.

    Exit codes: 0 every link holds; 1 links are broken; 2 no answer is possible.
    """
    with answering():
        if files:
            chains = check_logs(files)
            faults: Sequence[Fault] = chains.faults
            rest = f" ({chains.other} other lines)" if chains.other else ""
            head = f"{chains.events} events{rest} in {len(files)} files, {len(chains.ids)} correlation ids"
            listed = [f"{one}: {' > '.join(actors)}" for one, actors in chains.ids.items()] if ids else []
        else:
            tests = read_records(where.root / where.settings.records).tests
            faults = check_scenarios(tests)
            head, listed = f"{sum(one.scenario is not None for one in tests)} scenarios", []
    for line in (*listed, *map(str, faults)):
        click.echo(line)
    click.echo(f"narration links: {head}: {f'{len(faults)} links are BROKEN' if faults else 'every link holds'}")
    ctx.exit(1 if faults else 0)
