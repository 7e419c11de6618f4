"""`narration coverage`."""

import importlib
import os
import shutil
import subprocess
import sys
from pathlib import Path

import click

from narration_ci.cli.options import Where, answering, project_options
from narration_ci.findings import CoverageError
from narration_ci.formats import FORMATS, annotations, comment, render, terminal, write_all
from narration_ci.measure import baseline as baselines
from narration_ci.measure import records
from narration_ci.measure.gate import judge
from narration_ci.measure.measurement import Measurement, baseline_at
from narration_core.nouns import counted


@click.group(context_settings={"help_option_names": ["-h", "--help"]})
def coverage() -> None:
    """Measure which points of a system its tests reach and assert, and hold the system to that.

    Exit codes: 0 passed; 1 the gate fails; 2 no answer is possible (nothing declared, no records, unreadable files).
    """


@coverage.command(name="run", context_settings={"ignore_unknown_options": True, "allow_interspersed_args": False})
@project_options
@click.argument("pytest_arguments", nargs=-1, type=click.UNPROCESSED)
@click.pass_context
def run_command(
    ctx: click.Context,
    *,
    where: Where,
    pytest_arguments: tuple[str, ...],
) -> None:
    """Run pytest with these arguments, then the gate on what it recorded: `narration coverage run -- features`."""
    with answering():
        importlib.import_module("pytest")  # what its process would say does not name our extra
        folder = where.root / where.settings.records
        shutil.rmtree(folder, ignore_errors=True)  # records of an earlier run must not count if this one breaks
        command = [sys.executable, "-m", "pytest", f"--narration-records={folder}", *pytest_arguments]
        finished = subprocess.run(command, cwd=where.root, check=False)  # noqa: S603 - what the caller asked for
        measurement = where.measure(needs_baseline=True)
    click.echo(terminal.report(measurement.coverage, measurement.baseline))
    conclude(ctx, measurement)
    ctx.exit(finished.returncode)


def conclude(ctx: click.Context, measurement: Measurement) -> None:
    """Print the answer of the gate; exit with 1 if it fails."""
    if measurement.verdict is not None:
        click.echo(terminal.verdict(measurement.verdict))
        if measurement.verdict.findings:
            if os.environ.get("GITHUB_ACTIONS") == "true":
                click.echo(annotations.render(measurement.verdict.findings))
            ctx.exit(1)


@coverage.command()
@project_options
@click.option(
    "--format", "format_", type=click.Choice(["terminal", *FORMATS]), default="terminal", help="What to write."
)
@click.option("--output", type=click.Path(path_type=Path), help="Write to this file instead of the terminal.")
@click.option("--all", "everything", is_flag=True, help="Write every format to the output folder of the settings.")
@click.option("--points", is_flag=True, help="List every point with the scenarios that reach it.")
def report(
    *,
    where: Where,
    format_: str,
    output: Path | None,
    everything: bool,
    points: bool,
) -> None:
    """Show the coverage of the last run."""
    with answering():
        measurement = where.measure()
        if everything:
            folder = where.root / where.settings.output
            click.echo(f"wrote {', '.join(write_all(measurement, folder))} to {folder}")
        text = (
            terminal.report(measurement.coverage, measurement.baseline, every_point=points)
            if format_ == "terminal"
            else render(format_, measurement)
        )
    if output is not None:
        output.write_text(text if text.endswith("\n") else text + "\n", "utf-8")
    elif not everything or format_ != "terminal":
        click.echo(text)


@coverage.command()
@project_options
@click.option("--exact", is_flag=True, help="Also fail if the baseline asks for less than there is.")
@click.option("--against", metavar="COMMIT", help="Also fail if the baseline is lower than at this commit.")
@click.pass_context
def gate(
    ctx: click.Context,
    *,
    where: Where,
    exact: bool,
    against: str | None,
) -> None:
    """Fail (exit code 1) if the last run asserts less than the baseline asks for."""
    with answering():
        measurement = where.measure(exact=exact, needs_baseline=True, against=against)
    click.echo(terminal.summary(measurement.coverage, measurement.baseline))
    conclude(ctx, measurement)


@coverage.command()
@project_options
@click.option("--threshold", type=click.IntRange(0, 100), help="By default what the last run reaches.")
@click.option("--goal", type=click.IntRange(1, 100), default=95, show_default=True, help="The highest threshold.")
def init(
    *,
    where: Where,
    threshold: int | None,
    goal: int,
) -> None:
    """Write the first baseline from the last run: what it measures, with a threshold that it reaches."""
    with answering():
        path = where.root / where.settings.baseline
        if path.exists() and baselines.read_baseline(path).lists_points:
            raise CoverageError(f"{path}: there is a baseline already: `narration coverage tighten` raises it")
        measured = where.measure().coverage
        reached = measured.totals.whole_percent
        if threshold is not None and threshold > goal:
            raise CoverageError(f"the threshold {threshold} is above the goal {goal}: raise the goal as well")
        if threshold is not None and threshold > reached:
            raise CoverageError(
                f"the last run reaches {reached} %, so a threshold of {threshold} would fail at once: "
                "leave --threshold out; `narration coverage tighten` raises it later"
            )
        baseline = baselines.first(measured, threshold, goal)
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(baselines.render(baseline), "utf-8")
    click.echo(
        f"wrote {path}: threshold {baseline.threshold}, {counted(len(baseline.asserted), 'point')} asserted, "
        f"{len(baseline.silent)} known to be silent; commit it"
    )


@coverage.command()
@project_options
@click.pass_context
def tighten(ctx: click.Context, where: Where) -> None:
    """Raise the baseline to what the last run asserts. It never lowers it; if the gate fails, nothing is written."""
    with answering():
        measurement = where.measure(needs_baseline=True)
    if measurement.verdict is None or measurement.baseline is None or measurement.verdict.findings:
        conclude(ctx, measurement)
        return
    path = where.root / where.settings.baseline
    text = baselines.render(baselines.tightened(measurement.baseline, measurement.coverage))
    if text == path.read_text("utf-8"):
        click.echo(f"{path}: is as tight as it can be")
        return
    path.write_text(text, "utf-8")
    click.echo(f"wrote {path}; commit it")


@coverage.command(name="baseline")
@click.argument("files", nargs=-1, required=True, type=click.Path(exists=True, dir_okay=False, path_type=Path))
def baseline_command(files: tuple[Path, ...]) -> None:
    """Check that baselines are readable and have no merge conflict; for hooks."""
    with answering():
        for file in files:
            held = baselines.read_baseline(file)
            asserted, silent = len(held.asserted), len(held.silent)
            click.echo(f"{file}: threshold {held.threshold}, goal {held.goal}, {asserted} asserted, {silent} silent")


@coverage.command()
@project_options
@click.argument("keys", nargs=-1, required=True, metavar="KEY...")
def forget(where: Where, keys: tuple[str, ...]) -> None:
    """Take points that were removed on purpose out of the baseline; name each by its key, as the gate prints it."""
    with answering():
        path = where.root / where.settings.baseline
        measurement = where.measure(needs_baseline=True)
        held = baselines.read_baseline(path)
        gone = baselines.follow(held, measurement.coverage.identities).tracked.gone
        for key in keys:
            if key not in gone and key in measurement.coverage.identities:
                raise CoverageError(f"{key}: is still declared: assert it, or mark it `# narration: silent - <why>`")
            if key not in {*held.asserted, *held.silent}:
                raise CoverageError(f"{key}: is not in {path}: use the key as the gate prints it")
        kept = baselines.without(held, keys)
        path.write_text(baselines.render(kept), "utf-8")
        after = judge(measurement.coverage, kept)
    click.echo(f"wrote {path}; commit it")
    click.echo(terminal.verdict(after))


@coverage.command()
@project_options
@click.argument(
    "folders", nargs=-1, required=True, type=click.Path(exists=True, file_okay=False, path_type=Path), metavar="DIR..."
)
def combine(where: Where, folders: tuple[Path, ...]) -> None:
    """Join the run records in these folders: shards, a matrix, several runs of pytest.

    The joined records replace those of the project; `report`, `gate` and the other commands then see one run.
    """
    target = where.root / where.settings.records
    with answering():
        joined = records.combine(folders, target, where.root)
    runs, tests = counted(len(folders), "run"), counted(len(joined.tests), "test")
    narrowed = f"; narrowed runs: {joined.run.narrowed}" if joined.run.narrowed else ""
    click.echo(f"wrote {target}: {tests} of {runs}{narrowed}")


@coverage.command(name="comment")
@project_options
@click.option("--against", metavar="COMMIT", help="The commit that the pull request starts from.")
@click.option(
    "--stories",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="Markdown of the changed stories, from `narration story-diff`.",
)
@click.option("--output", type=click.Path(dir_okay=False, path_type=Path), help="Write to this file instead.")
def comment_command(*, where: Where, against: str | None, stories: Path | None, output: Path | None) -> None:
    """Write the comment for a pull request as Markdown, short enough for the host."""
    with answering():
        measurement = where.measure(against=against)
        base = baseline_at(where.root, where.settings, against) if against else None
        text = comment.render(measurement, base, stories.read_text("utf-8") if stories else "")
    if output is not None:
        output.write_text(text, "utf-8")
    else:
        click.echo(text, nl=False)
