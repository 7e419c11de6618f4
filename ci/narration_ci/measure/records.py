"""What a test run told: the run-record files of `capture` (docs/architecture.md)."""

from collections.abc import Iterable
from pathlib import Path
from typing import Final, Literal

import msgspec

from narration_ci.faults import CoverageError

FORMAT: Final = 1
_AGAIN: Final = "run the tests again: `narration coverage run`"
# File times may be coarser than the clock that run.json is written with.
_SLACK_S: Final = 2.0


class Run(msgspec.Struct, frozen=True):
    """Which run the records belong to.

    Attributes:
        format: of the records.
        run_id: of the run.
        root: the folder that paths in the records are relative to.
        started_at_ms: when it began, in milliseconds since 1970.
    """

    format: int
    run_id: str
    root: str
    started_at_ms: int

    def began_before(self, file: Path) -> bool:
        """Tell whether a file was written after the run began; one that was not belongs to another run."""
        return file.stat().st_mtime + _SLACK_S >= self.started_at_ms / 1000


class Heard(msgspec.Struct, frozen=True):
    """One event that a test heard; see docs/architecture.md."""

    point: str | None = None
    actor: str | None = None
    action: str | None = None
    level: str | None = None
    correlation_id: str | None = None
    job_id: str | None = None
    span_id: str | None = None
    parent_span_id: str | None = None
    step: str | None = None
    human: str | None = None
    asserted_by: tuple[str, ...] = ()


class Record(msgspec.Struct, frozen=True):
    """One test and what it heard; see docs/architecture.md."""

    test: str
    outcome: Literal["passed", "failed", "skipped"]
    scenario: str | None = None
    feature: str | None = None
    tags: tuple[str, ...] = ()
    story: str | None = None
    events: tuple[Heard, ...] = ()

    @property
    def title(self) -> str:
        """What people call it: the scenario's name, or the test's."""
        return self.scenario or self.test.rpartition("::")[2]


class Records(msgspec.Struct, frozen=True):
    """All records of one run."""

    run: Run
    tests: tuple[Record, ...]


_decode_run = msgspec.json.Decoder(Run).decode
_decode_record = msgspec.json.Decoder(Record).decode


def read_run(folder: Path) -> Run:
    """Return which run a folder of records belongs to.

    Raises:
        CoverageError: there is none, it cannot be read, or it is of a newer format.
    """
    path = folder / "run.json"
    try:
        run = _decode_run(path.read_bytes())
    except FileNotFoundError:
        raise CoverageError(
            f"{path}: there are no run records: {_AGAIN}, or `pytest` with narration installed"
        ) from None
    except (OSError, msgspec.DecodeError) as error:
        raise CoverageError(f"{path}: cannot be read as run records: {error}; {_AGAIN}") from None
    if run.format != FORMAT:
        raise CoverageError(
            f"{path}: records of format {run.format}, and this program reads {FORMAT}: use the same version for both"
        )
    return run


def _read_file(path: Path) -> Iterable[Record]:
    for number, line in enumerate(path.read_bytes().splitlines(), start=1):
        if line.strip():
            try:
                yield _decode_record(line)
            except msgspec.DecodeError as error:
                raise CoverageError(f"{path}:{number}: no run record: {error}; {_AGAIN}") from None


def read_records(folder: Path) -> Records:
    """Return the records of the run that a folder belongs to, in a repeatable order.

    Every process of the run wrote a file of its own. A file from before the run began belongs to another run.

    Args:
        folder: where the records are.

    Raises:
        CoverageError: there are none, or they cannot be read.
    """
    run = read_run(folder)
    files = sorted(folder.glob("*.jsonl"))
    stale = [path for path in files if not run.began_before(path)]
    if stale:
        raise CoverageError(f"{stale[0]}: is older than the run that {folder / 'run.json'} names: {_AGAIN}")
    tests = [record for path in files for record in _read_file(path)]
    if not tests:
        raise CoverageError(
            f"{folder}: run {run.run_id} has no records: no test ran to its end with the narration plugin; {_AGAIN}"
        )
    return Records(run, tuple(sorted(tests, key=lambda record: record.test)))
