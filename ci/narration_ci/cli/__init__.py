"""The commands of this package. All output is here; exit codes: 0 passed, 1 failed, 2 no answer is possible."""

from narration_ci.cli.coverage import coverage
from narration_ci.cli.links import links
from narration_ci.cli.lint import lint
from narration_ci.cli.mutants import mutants
from narration_ci.cli.proof import proof

__all__ = ["coverage", "links", "lint", "mutants", "proof"]
