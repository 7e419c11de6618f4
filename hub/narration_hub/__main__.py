"""`python -m narration_hub` is `narration hub`."""

import sys

from narration_core.serving.early_signals import remember_signals

remember_signals()

from narration_core.cli import main  # noqa: E402 - slow to import; signals are remembered before

main(["hub", *sys.argv[1:]], prog_name="narration")
