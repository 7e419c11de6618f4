"""`narration proof`."""

from pathlib import Path

import click

from narration_ci.cli.options import Where, answering, project_options
from narration_ci.proof.build import gather
from narration_ci.proof.bundle import KINDS


@click.command()
@click.option("--output", type=click.Path(file_okay=False, path_type=Path), help="Where bundles go; by default proof/.")
@click.option("--require", "required", multiple=True, type=click.Choice(list(KINDS)), help="Fail without this part.")
@project_options
@click.pass_context
def proof(ctx: click.Context, *, output: Path | None, required: tuple[str, ...], where: Where) -> None:
    """Gather what the last run proves into proof/<run id>/, with an index page.

    Exit codes: 0 everything holds; 1 something does not, or a required part is missing; 2 no answer is possible.
    """
    with answering():
        bundle = gather(where.measured(), output or where.root / "proof", required)
    for part in bundle.parts:
        click.echo(f"{part.kind:<12} {len(part.files) or 'no'} files")
    for fault in bundle.faults:
        click.echo(str(fault))
    click.echo(f"narration proof: {bundle.folder / 'index.html'}")
    ctx.exit(1 if bundle.faults else 0)
