"""`narration links`."""

from collections.abc import Sequence
from pathlib import Path

import click

from narration_ci.cli.options import Where, answering, project_options
from narration_ci.findings import CoverageError, Finding
from narration_ci.measure.gate import counted
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
    """Check that correlation ids connect the events of each story: in log files, or in the scenarios of the last run.

    Exit codes: 0 every link holds; 1 links are broken; 2 no answer is possible, such as when there is no story.
    """
    with answering():
        if files:
            chains = check_logs(files)
            findings: Sequence[Finding] = chains.findings
            rest = f" ({chains.other} other lines)" if chains.other else ""
            head = f"{chains.events} events{rest} in {len(files)} files, {len(chains.ids)} correlation ids"
            listed = (
                [f"{correlation_id}: {' > '.join(actors)}" for correlation_id, actors in chains.ids.items()]
                if ids
                else []
            )
        else:
            records = read_records(where.root / where.settings.records)
            number = sum(record.scenario is not None and record.outcome == "passed" for record in records.tests)
            if not number:
                raise CoverageError(
                    f"0 stories: none of the {counted(len(records.tests), 'test')} of the last run is a scenario that "
                    "passed, so no link was checked: run the features, or name log files"
                )
            findings = check_scenarios(records.tests)
            narrowed = f" of a narrowed run ({records.run.narrowed})" if records.run.narrowed else ""
            head, listed = f"{counted(number, 'scenario')}{narrowed}", []
    for line in (*listed, *map(str, findings)):
        click.echo(line)
    answer = counted(len(findings), "broken link") if findings else "every link holds"
    click.echo(f"narration links: {head}: {answer}")
    ctx.exit(1 if findings else 0)
