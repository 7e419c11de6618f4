"""What a proof bundle is made of."""

from pathlib import Path
from typing import Final

import msgspec

from narration_ci.faults import Fault

KINDS: Final = {
    "stories": "Golden stories: what each scenario tells",
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
        found: what was checked in them, in words.
    """

    kind: str
    files: tuple[str, ...]
    found: str = ""


class Bundle(msgspec.Struct, frozen=True):
    """What was gathered.

    Attributes:
        folder: where it is.
        parts: by kind.
        faults: what the run does not prove: the gate's reasons, broken links, wrong names, unequal runs.
    """

    folder: Path
    parts: tuple[Part, ...]
    faults: tuple[Fault, ...]

    @property
    def missing(self) -> list[str]:
        """Kinds that nobody left anything for."""
        return [part.kind for part in self.parts if not part.files]
