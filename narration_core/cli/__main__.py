"""`python -m narration_core.cli` is the program `narration`."""

from narration_core.cli import start

start()
