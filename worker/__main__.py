"""`python -m worker` is `narration worker`."""

from worker.cli import command

command(prog_name="python -m worker")
