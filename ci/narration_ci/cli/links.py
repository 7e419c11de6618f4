"""`narration links`."""

from collections.abc import Sequence
from pathlib import Path

import click

from narration_ci.cli.options import Where, answering, project_options
from narration_ci.config import read_link_settings
from narration_ci.findings import CoverageError, Finding
from narration_ci.measure.links import check_logs, check_scenarios, is_checked
from narration_ci.measure.records import read_records
from narration_core.nouns import counted


@click.command()
@click.argument("files", nargs=-1, type=click.Path(exists=True, dir_okay=False, path_type=Path), metavar="[FILES]...")
@click.option("--ids", is_flag=True, help="List every correlation id with the actors that it passes.")
@click.option(
    "--edge",
    "edges",
    metavar="ACTOR",
    multiple=True,
    help="A service that anybody may call; may be repeated. Added to `edges` in [tool.narration.links].",
)
@project_options
@click.pass_context
def links(
    ctx: click.Context,
    *,
    files: tuple[Path, ...],
    ids: bool,
    edges: tuple[str, ...],
    where: Where,
) -> None:
    """Check that correlation ids connect the events of each story: in log files, or in the tests of the last run.

    A request has a caller that narrates its call, unless the service is an edge.

    Exit codes: 0 every link holds; 1 links are broken; 2 no answer is possible, such as when there is no story.
    """
    with answering():
        settings = read_link_settings(where.root)
        allowed = (*settings.edges, *edges)
        if files:
            chains = check_logs(files, allowed)
            findings: Sequence[Finding] = chains.findings
            rest = f" ({counted(chains.other, 'other line')})" if chains.other else ""
            numbers = counted(len(chains.ids), "correlation id")
            head = f"{counted(chains.events, 'event')}{rest} in {counted(len(files), 'file')}, {numbers}"
            listed = (
                [f"{correlation_id}: {' > '.join(actors)}" for correlation_id, actors in chains.ids.items()]
                if ids
                else []
            )
        else:
            records = read_records(where.root / where.settings.records)
            checked = [record for record in records.tests if is_checked(record, settings.exempt)]
            number = sum(record.scenario is not None for record in checked)
            if not checked:
                raise CoverageError(
                    f"0 stories: none of the {counted(len(records.tests), 'test')} of the last run passed and is a "
                    "scenario or narrates, so no link was checked: run the features, or name log files"
                )
            findings = check_scenarios(records.tests, allowed, settings.exempt)
            plain = len(checked) - number
            narrowed = f" of a narrowed run ({records.run.narrowed})" if records.run.narrowed else ""
            stories = [counted(number, "scenario")] if number or not plain else []
            stories += [counted(plain, "plain test")] if plain else []
            head, listed = f"{' and '.join(stories)}{narrowed}", []
    for line in (*listed, *map(str, findings)):
        click.echo(line)
    answer = counted(len(findings), "broken link") if findings else "every link holds"
    click.echo(f"narration links: {head}: {answer}")
    ctx.exit(1 if findings else 0)
