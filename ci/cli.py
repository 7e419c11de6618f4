"""The commands of this room. All output is here; exit codes: 0 fine, 1 the gate says no, 2 no answer is possible."""

import contextlib
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any, TypeVar

import click
import msgspec

from ci import baseline as baselines
from ci.config import Settings, read_settings, source_files
from ci.declared import read_project
from ci.faults import CoverageError, Fault
from ci.formats import FORMATS, render, terminal, write_all
from ci.gate import judge
from ci.links import check_logs, check_scenarios
from ci.measuring import Measured, find_root, measure_project
from ci.records import read_records

F = TypeVar("F", bound=Callable[..., Any])


class _NoAnswer(click.ClickException):
    exit_code = 2


@contextlib.contextmanager
def _answering() -> Iterator[None]:
    """Turn "no answer is possible" into a message and exit code 2."""
    try:
        yield
    except CoverageError as why:
        raise _NoAnswer(str(why)) from None


def _project_options(command: F) -> F:
    """Add the options that say where a project's things are."""
    options = (
        click.option(
            "--root",
            type=click.Path(exists=True, file_okay=False, path_type=Path),
            help="The project's folder; by default the nearest one above with a pyproject.toml.",
        ),
        click.option("--records", metavar="DIR", help="Where the run records are, relative to the root."),
        click.option("--baseline", metavar="FILE", help="The committed baseline, relative to the root."),
        click.option("--source", multiple=True, metavar="PATH", help="Count points of this folder or file only."),
    )
    for option in reversed(options):
        command = option(command)
    return command


class _Where(msgspec.Struct, frozen=True):
    root: Path
    settings: Settings


def _where(root: Path | None, records: str | None, baseline: str | None, source: tuple[str, ...]) -> _Where:
    home = (root or find_root(Path.cwd())).resolve()
    given = {"records": records, "baseline": baseline, "source": source}
    chosen = {name: value for name, value in given.items() if value}
    return _Where(home, msgspec.structs.replace(read_settings(home), **chosen))


def _measure(where: _Where, *, exact: bool = False, needs_baseline: bool = False) -> Measured:
    return measure_project(where.root, where.settings, exact=exact, needs_baseline=needs_baseline)


@click.group(context_settings={"help_option_names": ["-h", "--help"]})
def coverage() -> None:
    """Tell which points of a system are heard and asserted by its tests, and hold it to that.

    Exit codes: 0 fine; 1 the gate says no; 2 no answer is possible (nothing declared, no records, unreadable files).
    """


@coverage.command(name="run", context_settings={"ignore_unknown_options": True, "allow_interspersed_args": False})
@_project_options
@click.argument("pytest_arguments", nargs=-1, type=click.UNPROCESSED)
@click.pass_context
def run_command(
    ctx: click.Context,
    root: Path | None,
    records: str | None,
    baseline: str | None,
    source: tuple[str, ...],
    pytest_arguments: tuple[str, ...],
) -> None:
    """Run pytest with these arguments, then the gate on what it recorded: `narration coverage run -- features`."""
    with _answering():
        where = _where(root, records, baseline, source)
        folder = where.root / where.settings.records
        shutil.rmtree(folder, ignore_errors=True)  # what an earlier run left must not count if this one breaks
        command = [sys.executable, "-m", "pytest", f"--narration-records={folder}", *pytest_arguments]
        ended = subprocess.run(command, cwd=where.root, check=False)  # noqa: S603 - what the caller asked to run
        measured = _measure(where, needs_baseline=True)
    click.echo(terminal.report(measured.coverage, measured.baseline))
    _conclude(ctx, measured)
    ctx.exit(ended.returncode)


def _conclude(ctx: click.Context, measured: Measured) -> None:
    """Say what the gate says; leave with 1 when that is no."""
    if measured.verdict is not None:
        click.echo(terminal.verdict(measured.verdict))
        if measured.verdict.faults:
            ctx.exit(1)


@coverage.command()
@_project_options
@click.option(
    "--format", "format_", type=click.Choice(["terminal", *FORMATS]), default="terminal", help="What to write."
)
@click.option("--output", type=click.Path(path_type=Path), help="Write to this file instead of the terminal.")
@click.option("--all", "everything", is_flag=True, help="Write every format into the output folder of the settings.")
@click.option("--points", is_flag=True, help="List every point with the scenarios that reach it.")
def report(
    root: Path | None,
    records: str | None,
    baseline: str | None,
    source: tuple[str, ...],
    format_: str,
    output: Path | None,
    everything: bool,  # noqa: FBT001 - click passes it by name
    points: bool,  # noqa: FBT001 - as above
) -> None:
    """Show the coverage of the last run."""
    with _answering():
        where = _where(root, records, baseline, source)
        measured = _measure(where)
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
@_project_options
@click.option("--exact", is_flag=True, help="Fail as well when the baseline asks for less than there is.")
@click.pass_context
def gate(
    ctx: click.Context,
    root: Path | None,
    records: str | None,
    baseline: str | None,
    source: tuple[str, ...],
    exact: bool,  # noqa: FBT001 - click passes it by name
) -> None:
    """Fail (exit code 1) when the last run tells less than the baseline asks for."""
    with _answering():
        measured = _measure(_where(root, records, baseline, source), exact=exact, needs_baseline=True)
    click.echo(terminal.summary(measured.coverage, measured.baseline))
    _conclude(ctx, measured)


@coverage.command()
@_project_options
@click.option("--threshold", type=click.IntRange(1, 100), default=80, show_default=True, help="Lowest threshold.")
@click.option("--goal", type=click.IntRange(1, 100), default=95, show_default=True, help="Where it is to end.")
def init(
    root: Path | None,
    records: str | None,
    baseline: str | None,
    source: tuple[str, ...],
    threshold: int,
    goal: int,
) -> None:
    """Write the first baseline from the last run: what it measures, and at least the threshold."""
    with _answering():
        where = _where(root, records, baseline, source)
        path = where.root / where.settings.baseline
        if path.exists() and baselines.read_baseline(path).lists_points:
            raise CoverageError(f"{path}: there is a baseline already: `narration coverage tighten` raises it")
        if threshold > goal:
            raise CoverageError(f"the threshold {threshold} is above the goal {goal}: a ratchet cannot get there")
        made = baselines.first(_measure(where).coverage, threshold, goal)
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(baselines.render(made), "utf-8")
    click.echo(
        f"wrote {path}: threshold {made.threshold}, {len(made.told)} told, {len(made.silent)} known to be silent"
    )


@coverage.command()
@_project_options
@click.pass_context
def tighten(
    ctx: click.Context, root: Path | None, records: str | None, baseline: str | None, source: tuple[str, ...]
) -> None:
    """Raise the baseline to what the last run tells. It never lowers: where the gate says no, nothing is written."""
    with _answering():
        where = _where(root, records, baseline, source)
        measured = _measure(where, needs_baseline=True)
    if measured.verdict is None or measured.baseline is None or measured.verdict.faults:
        _conclude(ctx, measured)
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
    with _answering():
        for file in files:
            held = baselines.read_baseline(file)
            told, silent = len(held.told), len(held.silent)
            click.echo(
                f"{file}: threshold {held.threshold}, goal {held.goal}, {told} told, {silent} known to be silent"
            )


@coverage.command()
@_project_options
@click.argument("keys", nargs=-1, required=True, metavar="KEY...")
def forget(
    root: Path | None, records: str | None, baseline: str | None, source: tuple[str, ...], keys: tuple[str, ...]
) -> None:
    """Take points that were removed on purpose out of the baseline; each is named, as the gate names it."""
    with _answering():
        where = _where(root, records, baseline, source)
        path = where.root / where.settings.baseline
        measured = _measure(where, needs_baseline=True)
        held = baselines.read_baseline(path)
        left = {one.point.key for one in measured.coverage.points}
        for key in keys:
            if key in left:
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


@click.command()
@click.argument("files", nargs=-1, type=click.Path(exists=True, dir_okay=False, path_type=Path), metavar="[FILES]...")
@click.option("--ids", is_flag=True, help="List every correlation id with the actors that it passes.")
@_project_options
@click.pass_context
def links(
    ctx: click.Context,
    files: tuple[Path, ...],
    ids: bool,  # noqa: FBT001 - click passes it by name
    root: Path | None,
    records: str | None,
    baseline: str | None,
    source: tuple[str, ...],
) -> None:
    """Check that correlation ids hold stories together: in log files, or in the scenarios of the last run.

    Exit codes: 0 every link holds; 1 links are broken; 2 no answer is possible.
    """
    with _answering():
        if files:
            chains = check_logs(files)
            faults: Sequence[Fault] = chains.faults
            rest = f" ({chains.other} other lines)" if chains.other else ""
            head = f"{chains.events} events{rest} in {len(files)} files, {len(chains.ids)} correlation ids"
            listed = [f"{one}: {' > '.join(actors)}" for one, actors in chains.ids.items()] if ids else []
        else:
            where = _where(root, records, baseline, source)
            tests = read_records(where.root / where.settings.records).tests
            faults = check_scenarios(tests)
            head, listed = f"{sum(one.scenario is not None for one in tests)} scenarios", []
    for line in (*listed, *map(str, faults)):
        click.echo(line)
    click.echo(f"narration links: {head}: {f'{len(faults)} links are BROKEN' if faults else 'every link holds'}")
    ctx.exit(1 if faults else 0)


@click.command()
@click.argument("files", nargs=-1, type=click.Path(exists=True, path_type=Path), metavar="[FILES]...")
@_project_options
@click.pass_context
def lint(
    ctx: click.Context,
    files: tuple[Path, ...],
    root: Path | None,
    records: str | None,
    baseline: str | None,
    source: tuple[str, ...],
) -> None:
    """Look for mistakes in narration before anything runs: in these files, or in every source of the project.

    Exit codes: 0 none; 1 there are some; 2 no answer is possible.
    """
    from ci.lint import lint as find  # noqa: PLC0415 - needs the facade, which the other commands do without

    with _answering():
        where = _where(root, records, baseline, source)
        every = source_files(where.root, where.settings)
        given = [path.resolve().relative_to(where.root) for path in files if path.resolve().is_relative_to(where.root)]
        project = read_project(where.root, sorted({*every, *given}))
        faults = find(project, [path.as_posix() for path in given] if files else None)
    for fault in faults:
        click.echo(f"{fault.place}: {fault.rule}: {fault.what}: {fault.why}")
    click.echo(f"narration lint: {len(files) or len(every)} files, {len(faults) or 'no'} mistakes")
    ctx.exit(1 if faults else 0)
