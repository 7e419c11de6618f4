"""`narration lint`."""

from collections.abc import Iterable
from pathlib import Path

import click

from narration_ci.cli.options import Where, answering, project_options
from narration_ci.config import source_files
from narration_ci.source import lint as linting
from narration_ci.source.files import read_project
from narration_core.nouns import counted


@click.command()
@click.argument("files", nargs=-1, type=click.Path(exists=True, path_type=Path), metavar="[FILES]...")
@project_options
@click.pass_context
def lint(
    ctx: click.Context,
    files: tuple[Path, ...],
    where: Where,
) -> None:
    """Check how narration is written, before anything runs: in these files, or in every source of the project.

    A folder stands for the sources in it.

    Exit codes: 0 no mistakes; 1 mistakes; 2 no answer is possible.
    """
    with answering():
        sources = source_files(where.root, where.settings)
        named = [path.resolve().relative_to(where.root) for path in files if path.resolve().is_relative_to(where.root)]
        given = [path for name in named for path in _meant(where.root, name, sources)]
        project = read_project(where.root, sorted({*sources, *given}))
        findings = linting.lint(project, [path.as_posix() for path in given] if files else None)
    for finding in findings:
        click.echo(f"{finding.place}: {finding.rule}: {finding.what}: {finding.why}")
    found = counted(len(findings), "mistake") if findings else "no mistakes"
    click.echo(f"narration lint: {counted(len(given) if files else len(sources), 'file')}, {found}")
    ctx.exit(1 if findings else 0)


def _meant(root: Path, named: Path, sources: Iterable[Path]) -> Iterable[Path]:
    """Return the files that a path stands for, relative to the root."""
    if not (root / named).is_dir():
        return [named]
    return [path for path in sources if path.is_relative_to(named)]
