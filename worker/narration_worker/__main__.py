"""`python -m narration_worker` is `narration worker`."""

from narration_worker.cli import command

command(prog_name="python -m narration_worker")
