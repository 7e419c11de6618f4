"""`narration coverage`."""

import importlib
import os
import shutil
import subprocess
import sys
from pathlib import Path

import click
import msgspec

from narration_ci.cli.options import Where, answering, project_options
from narration_ci.faults import CoverageError
from narration_ci.formats import FORMATS, annotations, comment, render, terminal, write_all
from narration_ci.measure import baseline as baselines
from narration_ci.measure.gate import judge
from narration_ci.measure.project import Measured, baseline_at


@click.group(context_settings={"help_option_names": ["-h", "--help"]})
def coverage() -> None:
    """Tell which points of a system are heard and asserted by its tests, and hold it to that.

    Exit codes: 0 fine; 1 the gate says no; 2 no answer is possible (nothing declared, no records, unreadable files).
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
        shutil.rmtree(folder, ignore_errors=True)  # what an earlier run left must not count if this one breaks
        command = [sys.executable, "-m", "pytest", f"--narration-records={folder}", *pytest_arguments]
        ended = subprocess.run(command, cwd=where.root, check=False)  # noqa: S603 - what the caller asked to run
        measured = where.measured(needs_baseline=True)
    click.echo(terminal.report(measured.coverage, measured.baseline))
    conclude(ctx, measured)
    ctx.exit(ended.returncode)


def conclude(ctx: click.Context, measured: Measured) -> None:
    """Say what the gate says; leave with 1 when that is no."""
    if measured.verdict is not None:
        click.echo(terminal.verdict(measured.verdict))
        if measured.verdict.faults:
            if os.environ.get("GITHUB_ACTIONS") == "true":
                click.echo(annotations.render(measured.verdict.faults))
            ctx.exit(1)


@coverage.command()
@project_options
@click.option(
    "--format", "format_", type=click.Choice(["terminal", *FORMATS]), default="terminal", help="What to write."
)
@click.option("--output", type=click.Path(path_type=Path), help="Write to this file instead of the terminal.")
@click.option("--all", "everything", is_flag=True, help="Write every format into the output folder of the settings.")
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
        measured = where.measured()
        if everything:
            folder = where.root / where.settings.output
            click.echo(f"wrote {', '.join(write_all(measured, folder))} to {folder}")
        text = (
            terminal.report(measured.coverage, measured.baseline, every_point=points)
            if format_ == "terminal"
            else render(format_, measured)
        )
    if output is not None:
        output.write_text(text if text.endswith("\n") else text + "\n", "utf-8")
    elif not everything or format_ != "terminal":
        click.echo(text)


@coverage.command()
@project_options
@click.option("--exact", is_flag=True, help="Fail as well when the baseline asks for less than there is.")
@click.option("--against", metavar="COMMIT", help="Fail as well when the baseline is lower than at this commit.")
@click.pass_context
def gate(
    ctx: click.Context,
    *,
    where: Where,
    exact: bool,
    against: str | None,
) -> None:
    """Fail (exit code 1) when the last run tells less than the baseline asks for."""
    with answering():
        measured = where.measured(exact=exact, needs_baseline=True, against=against)
    click.echo(terminal.summary(measured.coverage, measured.baseline))
    conclude(ctx, measured)


@coverage.command()
@project_options
@click.option("--threshold", type=click.IntRange(1, 100), default=80, show_default=True, help="Lowest threshold.")
@click.option("--goal", type=click.IntRange(1, 100), default=95, show_default=True, help="Where it is to end.")
def init(
    *,
    where: Where,
    threshold: int,
    goal: int,
) -> None:
    """Write the first baseline from the last run: what it measures, and at least the threshold."""
    with answering():
        path = where.root / where.settings.baseline
        if path.exists() and baselines.read_baseline(path).lists_points:
            raise CoverageError(f"{path}: there is a baseline already: `narration coverage tighten` raises it")
        if threshold > goal:
            raise CoverageError(f"the threshold {threshold} is above the goal {goal}: a ratchet cannot get there")
        made = baselines.first(where.measured().coverage, threshold, goal)
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(baselines.render(made), "utf-8")
    click.echo(
        f"wrote {path}: threshold {made.threshold}, {len(made.told)} told, {len(made.silent)} known to be silent"
    )


@coverage.command()
@project_options
@click.pass_context
def tighten(ctx: click.Context, where: Where) -> None:
    """Raise the baseline to what the last run tells. It never lowers: where the gate says no, nothing is written."""
    with answering():
        measured = where.measured(needs_baseline=True)
    if measured.verdict is None or measured.baseline is None or measured.verdict.faults:
        conclude(ctx, measured)
        return
    path = where.root / where.settings.baseline
    text = baselines.render(baselines.tightened(measured.baseline, measured.coverage))
    if text == path.read_text("utf-8"):
        click.echo(f"{path}: is as tight as it can be")
        return
    path.write_text(text, "utf-8")
    click.echo(f"wrote {path}; commit it")


@coverage.command(name="baseline")
@click.argument("files", nargs=-1, required=True, type=click.Path(exists=True, dir_okay=False, path_type=Path))
def baseline_command(files: tuple[Path, ...]) -> None:
    """Check that baselines are readable and hold no merge conflict; for hooks."""
    with answering():
        for file in files:
            held = baselines.read_baseline(file)
            told, silent = len(held.told), len(held.silent)
            click.echo(
                f"{file}: threshold {held.threshold}, goal {held.goal}, {told} told, {silent} known to be silent"
            )


@coverage.command()
@project_options
@click.argument("keys", nargs=-1, required=True, metavar="KEY...")
def forget(where: Where, keys: tuple[str, ...]) -> None:
    """Take points that were removed on purpose out of the baseline; each is named, as the gate names it."""
    with answering():
        path = where.root / where.settings.baseline
        measured = where.measured(needs_baseline=True)
        held = baselines.read_baseline(path)
        gone = baselines.follow(held, measured.coverage.actions)[1].gone
        for key in keys:
            if key not in gone and key in measured.coverage.actions:
                raise CoverageError(f"{key}: is still declared: assert it, or mark it `# narration: silent - <why>`")
            if key not in {*held.told, *held.silent}:
                raise CoverageError(f"{key}: is not in {path}: use the key as the gate prints it")
        kept = msgspec.structs.replace(
            held,
            told=tuple(key for key in held.told if key not in keys),
            silent=tuple(key for key in held.silent if key not in keys),
        )
        path.write_text(baselines.render(kept), "utf-8")
        after = judge(measured.coverage, kept)
    click.echo(f"wrote {path}; commit it")
    click.echo(terminal.verdict(after))


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
        measured = where.measured(against=against)
        base = baseline_at(where.root, where.settings, against) if against else None
        text = comment.render(measured, base, stories.read_text("utf-8") if stories else "")
    if output is not None:
        output.write_text(text, "utf-8")
    else:
        click.echo(text, nl=False)
