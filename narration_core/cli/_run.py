"""`narration run`: a program that only prints, as narration."""

import os
from pathlib import Path

import click

from narration_core import bind, configure, is_correlation_id, new_correlation_id
from narration_core._pipeline import PIPELINE
from narration_core._process import capture_while_heard

NOT_STARTED = 127


@click.command(context_settings={"ignore_unknown_options": True})
@click.option("--service", metavar="NAME", help="Who the lines are from; the program's name when left out.")
@click.option("--correlation-id", metavar="ID", help="The id of all its lines; a new one when left out.")
@click.argument("command", nargs=-1, required=True, type=click.UNPROCESSED, metavar="[--] COMMAND...")
@click.pass_context
def run(ctx: click.Context, *, service: str | None, correlation_id: str | None, command: tuple[str, ...]) -> None:
    """Run a program and narrate what it prints, redacted; what it narrates itself is passed on.

    For example `narration run --service billing -- node billing.js`. SIGTERM reaches the program, and so does a
    broken pipe, when whoever reads this has seen enough (`| head`) and no hub listens. Exit codes: the
    program's own; 128 and the signal's number when a signal ended it; 127 when it cannot be started; 2 wrong arguments.
    """
    if correlation_id is not None and not is_correlation_id(correlation_id):
        raise click.BadParameter("it has 1 to 128 characters of [A-Za-z0-9._:-]", param_hint="--correlation-id")
    name = service or Path(command[0]).name
    configure(service=name)
    PIPELINE.outputs.may_end = True
    with bind(correlation_id=correlation_id or new_correlation_id()):
        try:
            ended = capture_while_heard(command, actor=name, env={"NARRATION_SERVICE": name, **os.environ})
        except OSError:  # narrated
            ctx.exit(NOT_STARTED)
    ctx.exit(ended.exit_code if ended.exit_code >= 0 else 128 - ended.exit_code)
