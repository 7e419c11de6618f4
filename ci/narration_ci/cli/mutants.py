"""`narration mutants`."""

import math
from collections.abc import Iterable
from pathlib import Path

import click
import msgspec

from narration_ci.cli.options import Where, answering, project_options
from narration_ci.findings import CoverageError
from narration_ci.mutation import mutants as mutation
from narration_ci.mutation.edits import OPERATORS, Operator, what_kills
from narration_ci.source.changed_points import changed_lines, changed_points
from narration_core.nouns import counted


@click.command()
@click.option("--changed", metavar="COMMIT", help="Only points that differ from this commit; without it, all points.")
@click.option("--point", "keys", multiple=True, metavar="KEY", help="Only this point; may be repeated.")
@click.option(
    "--operator",
    "operators",
    multiple=True,
    type=click.Choice(OPERATORS),
    help="Only this mutation; may be repeated.",
)
@click.option(
    "--fail-under", type=click.IntRange(0, 100), default=90, show_default=True, help="Lowest score, in percent."
)
@click.option("--jobs", type=click.IntRange(1), default=1, show_default=True, help="How many at a time.")
@click.option("--timeout", default=120.0, show_default=True, help="Longest run of one mutant, in seconds.")
@click.option(
    "--within", type=click.FloatRange(0), metavar="MINUTES", help="Start no mutant later; by default there is no limit."
)
@click.option(
    "--json", "output", type=click.Path(dir_okay=False, path_type=Path), help="Write the results to this file."
)
@project_options
@click.pass_context
def mutants(
    ctx: click.Context,
    changed: str | None,
    keys: tuple[str, ...],
    operators: tuple[Operator, ...],
    fail_under: int,
    jobs: int,
    timeout: float,
    within: float | None,
    output: Path | None,
    where: Where,
) -> None:
    """Break narration on purpose and see whether the tests notice.

    One at a time, in a copy of the project, each point is muted, loses its correlation id, gets another actor, or
    leaks a secret; the tests that reached it in the last run are run again. Run the tests first.

    Exit codes: 0 enough mutants were killed; 1 too few; 2 no answer is possible.
    """

    def show(result: mutation.Result) -> None:
        click.echo(f"{result.outcome:<9} {result.operator:<12} {result.place} ({result.key}) {result.message}".rstrip())

    with answering():
        measurement = where.measure()
        points = {entry.point.key: entry.point for entry in measurement.coverage.points}
        chosen: Iterable[str] | None = keys or None
        if changed is not None:
            differing = changed_points(points.values(), changed_lines(measurement.root, changed))
            chosen = [key for key in differing if not keys or key in keys]
        planned = mutation.plan(measurement, operators or OPERATORS, chosen)
        tests = {test for mutant in planned for test in mutant.tests}
        click.echo(f"{counted(len(planned), 'mutant')}, tests that reach them: {len(tests)}; first without a mutation")
        within_s = math.inf if within is None else within * 60
        results = mutation.run(measurement, planned, jobs=jobs, timeout_s=timeout, within_s=within_s, report=show)
    found = mutation.score(results)
    for entry in results:
        if entry.outcome == "survived":
            advice = what_kills(entry.operator, points[entry.key])
            click.echo(f"{entry.place}: {entry.key} survived {entry.operator!r}: {advice}")
    silent = [entry.point.place for entry in measurement.coverage.points if not entry.emitted_by]
    if silent and changed is None and not keys:
        click.echo(f"never emitted, so never mutated: {', '.join(silent)}")
    if output is not None:
        output.write_bytes(msgspec.json.format(msgspec.json.encode(results), indent=2) + b"\n")
    late = sum(entry.outcome == "late" for entry in results)
    if late:
        with answering():
            raise CoverageError(
                f"{late} of {len(results)} mutants were not started within {within:g} minutes: "
                "allow more, or ask for less: --changed, --operator, --point"
            )
    broken = sum(entry.outcome == "broken" for entry in results)
    if broken and not found.all:
        with answering():
            raise CoverageError(f"none of {broken} mutants could be run ({results[0].message}): there is no score")
    extra = f", {broken} could not be run" if broken else ""
    share = f"{found.killed * 1000 // found.all / 10:g} %" if found.all else "nothing to mutate"
    click.echo(f"narration mutants: {found.killed} of {found.all} killed{extra}: {share} (at least {fail_under})")
    ctx.exit(0 if found.reaches(fail_under) else 1)
