"""`narration mutants`."""

import math
from collections.abc import Iterable
from pathlib import Path

import click
import msgspec

from narration_ci.cli.options import Where, answering, project_options
from narration_ci.faults import CoverageError
from narration_ci.mutation import mutants as mutation
from narration_ci.mutation.edits import OPERATORS, Operator, what_kills
from narration_ci.source.changed import changed_lines, touched


@click.command()
@click.option("--changed", metavar="COMMIT", help="Only points that differ from this commit; without it, all points.")
@click.option("--point", "keys", multiple=True, metavar="KEY", help="Only this point; may be repeated.")
@click.option(
    "--operator", "operators", multiple=True, type=click.Choice(OPERATORS), help="Only this; may be repeated."
)
@click.option(
    "--fail-under", type=click.IntRange(0, 100), default=90, show_default=True, help="Lowest score, in percent."
)
@click.option("--jobs", type=click.IntRange(1), default=1, show_default=True, help="How many at a time.")
@click.option("--timeout", default=120.0, show_default=True, help="Longest run of one mutant, in seconds.")
@click.option(
    "--within", type=click.FloatRange(0), metavar="MINUTES", help="Begin no mutant later; without it, no limit."
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

    Each point is muted, loses its correlation id, tells under another name, tells a secret, one at a time, in a copy
    of the project; the tests that heard it in the last run are run again. Run the tests before.

    Exit codes: 0 enough mutants were noticed; 1 too few; 2 no answer is possible.
    """

    def tell(result: mutation.Result) -> None:
        click.echo(f"{result.outcome:<9} {result.operator:<12} {result.place} ({result.key}) {result.said}".rstrip())

    with answering():
        measured = where.measured()
        points = {one.point.key: one.point for one in measured.coverage.points}
        chosen: Iterable[str] | None = keys or None
        if changed is not None:
            differing = touched(points.values(), changed_lines(measured.root, changed))
            chosen = [key for key in differing if not keys or key in keys]
        planned = mutation.plan(measured, operators or OPERATORS, chosen)
        tests = {test for mutant in planned for test in mutant.tests}
        click.echo(f"{len(planned)} mutants, {len(tests)} tests that hear them; first all of them without a mutation")
        within_s = math.inf if within is None else within * 60
        results = mutation.run(measured, planned, jobs=jobs, timeout_s=timeout, within_s=within_s, tell=tell)
    found = mutation.score(results)
    for one in results:
        if one.outcome == "survived":
            click.echo(f"{one.place}: {one.key} survived {one.operator!r}: {what_kills(one.operator, points[one.key])}")
    silent = [one.point.place for one in measured.coverage.points if not one.emitted_by]
    if silent and changed is None and not keys:
        click.echo(f"never emitted, so never mutated: {', '.join(silent)}")
    if output is not None:
        output.write_bytes(msgspec.json.format(msgspec.json.encode(results), indent=2) + b"\n")
    late = sum(one.outcome == "late" for one in results)
    if late:
        with answering():
            raise CoverageError(
                f"{late} of {len(results)} mutants were not begun within {within:g} minutes: "
                "allow more, or ask for less: --changed, --operator, --point"
            )
    broken = sum(one.outcome == "broken" for one in results)
    if broken and not found.all:
        with answering():
            raise CoverageError(f"none of {broken} mutants could be run ({results[0].said}): nothing was judged")
    extra = f", {broken} could not be run" if broken else ""
    share = f"{found.noticed * 1000 // found.all / 10:g} %" if found.all else "nothing to mutate"
    click.echo(f"narration mutants: {found.noticed} of {found.all} noticed{extra}: {share} (at least {fail_under})")
    ctx.exit(0 if found.reaches(fail_under) else 1)
