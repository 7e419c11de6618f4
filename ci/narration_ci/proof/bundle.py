"""The parts of a proof bundle."""

from pathlib import Path
from typing import Final

import msgspec

from narration_ci.findings import Finding

KINDS: Final = {
    "stories": "Golden stories: the narration of each scenario",
    "coverage": "Narration coverage, in every format",
    "transcripts": "Transcripts of event streams, with and without micro-batch",
    "determinism": "Outputs of equal runs: seeds and token ids",
    "metrics": "Metrics as exported, and the check of their names",
    "environment": "The machine, the program and its packages",
}


class Part(msgspec.Struct, frozen=True):
    """One kind of proof.

    Attributes:
        kind: one of `KINDS`.
        files: paths relative to the bundle.
        found: the result of the checks, in words.
    """

    kind: str
    files: tuple[str, ...]
    found: str = ""


class Bundle(msgspec.Struct, frozen=True):
    """The bundle of a run.

    Attributes:
        folder: the folder it was written to.
        parts: one for each kind.
        findings: what is wrong: reasons of the gate, broken links, wrong metric names, unequal runs.
    """

    folder: Path
    parts: tuple[Part, ...]
    findings: tuple[Finding, ...]

    @property
    def missing(self) -> list[str]:
        """Kinds without any file."""
        return [part.kind for part in self.parts if not part.files]
