"""`narration proof`."""

from pathlib import Path

import click

from narration_ci.cli.options import Where, answering, project_options
from narration_ci.proof.build import gather
from narration_ci.proof.bundle import KINDS


@click.command()
@click.option(
    "--output", type=click.Path(file_okay=False, path_type=Path), help="Folder of bundles; by default proof/."
)
@click.option("--require", "required", multiple=True, type=click.Choice(list(KINDS)), help="Fail without this part.")
@project_options
@click.pass_context
def proof(ctx: click.Context, *, output: Path | None, required: tuple[str, ...], where: Where) -> None:
    """Write the evidence of the last run to proof/<run id>/, with an index page.

    Exit codes: 0 all checks passed; 1 some failed, or a required part is missing; 2 no answer is possible.
    """
    with answering():
        bundle = gather(where.measure(), output or where.root / "proof", required)
    for part in bundle.parts:
        click.echo(f"{part.kind:<12} {len(part.files) or 'no'} files")
    for finding in bundle.findings:
        click.echo(str(finding))
    click.echo(f"narration proof: {bundle.folder / 'index.html'}")
    ctx.exit(1 if bundle.findings else 0)
