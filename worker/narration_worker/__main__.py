"""`python -m narration_worker` is `narration worker`."""

import sys

from narration_core.cli import main

main(["worker", *sys.argv[1:]], prog_name="narration")
