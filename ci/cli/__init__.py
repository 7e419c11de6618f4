"""The commands of this room. All output is here; exit codes: 0 fine, 1 the check says no, 2 no answer is possible."""

from ci.cli.coverage import coverage
from ci.cli.links import links
from ci.cli.lint import lint
from ci.cli.mutants import mutants
from ci.cli.proof import proof

__all__ = ["coverage", "links", "lint", "mutants", "proof"]
