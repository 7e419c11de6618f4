"""Run records: what a test run captured, as `narration_capture` writes it (docs/architecture.md)."""

import uuid
from collections.abc import Iterable
from pathlib import Path
from typing import Final, Literal

import msgspec

from narration_ci.findings import CoverageError

FORMAT: Final = 1
RUN_FILE: Final = "run.json"
_AGAIN: Final = "run the tests again: `narration coverage run`"
# File times may be coarser than the clock that run.json is written with.
_SLACK_S: Final = 2.0


class Run(msgspec.Struct, frozen=True, omit_defaults=True):
    """Which run the records belong to.

    Attributes:
        format: of the records.
        run_id: of the run.
        root: the folder that paths in the records are relative to.
        started_at_ms: when it began, in milliseconds since 1970.
        narrowed: the options that made the run leave tests out, such as `-k cart`; None if it was whole.
    """

    format: int
    run_id: str
    root: str
    started_at_ms: int
    narrowed: str | None = None

    def began_before(self, file: Path) -> bool:
        """Tell whether a file was written after the run began; an older file belongs to another run."""
        return file.stat().st_mtime + _SLACK_S >= self.started_at_ms / 1000


class RecordedEvent(msgspec.Struct, frozen=True, omit_defaults=True):
    """One event that a test captured; see docs/architecture.md."""

    point: str | None = None
    origin: Literal["here", "process", "replayed"] = "here"
    actor: str | None = None
    action: str | None = None
    level: str | None = None
    correlation_id: str | None = None
    job_id: str | None = None
    span_id: str | None = None
    parent_span_id: str | None = None
    event: str | None = None
    duration_ms: float | None = None
    step: str | None = None
    human: str | None = None
    asserted_by: tuple[str, ...] = ()


class Record(msgspec.Struct, frozen=True, omit_defaults=True):
    """One test and what it captured; see docs/architecture.md."""

    test: str
    outcome: Literal["passed", "failed", "skipped"]
    scenario: str | None = None
    feature: str | None = None
    tags: tuple[str, ...] = ()
    story: str | None = None
    events: tuple[RecordedEvent, ...] = ()

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
        CoverageError: the folder holds no run, or one that is unreadable or of another format.
    """
    path = folder / RUN_FILE
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
            f"{path}: format {run.format} of run records is unknown, this program reads format {FORMAT}: "
            "use the same version of narration for the tests and the gate"
        )
    return run


def _read_file(path: Path) -> Iterable[Record]:
    for number, line in enumerate(path.read_bytes().splitlines(), start=1):
        if line.strip():
            try:
                yield _decode_record(line)
            except msgspec.DecodeError as error:
                raise CoverageError(f"{path}:{number}: not a valid run record: {error}; {_AGAIN}") from None


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
        raise CoverageError(f"{stale[0]}: is older than the run that {folder / RUN_FILE} names: {_AGAIN}")
    tests = [record for path in files for record in _read_file(path)]
    if not tests:
        raise CoverageError(
            f"{folder}: run {run.run_id} has no records: no test ran to its end with the narration plugin; {_AGAIN}"
        )
    return Records(run, tuple(sorted(tests, key=lambda record: record.test)))


def _relative(location: str, root: str) -> str:
    return location.removeprefix(root.rstrip("/") + "/")


def combine(folders: Iterable[Path], target: Path, root: Path) -> Records:
    """Join the records of several runs (shards, matrices, several calls of pytest) into one folder.

    Args:
        folders: the folders of records to join; they stay as they are.
        target: the folder to write; what it held before is replaced.
        root: the project's folder here; the runs may have had others.

    Raises:
        CoverageError: a folder holds no readable records, or cannot be written.
    """
    runs = [read_records(folder) for folder in folders]
    if len({records.run.run_id for records in runs}) < len(runs):
        raise CoverageError("one run is named twice: give each folder of records once")
    tests = tuple(
        msgspec.structs.replace(
            record,
            events=tuple(
                msgspec.structs.replace(event, point=_relative(event.point, records.run.root)) if event.point else event
                for event in record.events
            ),
        )
        for records in runs
        for record in records.tests
    )
    narrowed = "; ".join(dict.fromkeys(records.run.narrowed for records in runs if records.run.narrowed))
    run = Run(
        FORMAT,
        str(uuid.uuid5(uuid.NAMESPACE_OID, " ".join(sorted(records.run.run_id for records in runs)))),
        str(root),
        min(records.run.started_at_ms for records in runs),
        narrowed or None,
    )
    try:
        target.mkdir(parents=True, exist_ok=True)
        for old in (*target.glob("*.jsonl"), *target.glob(RUN_FILE)):
            old.unlink()
        (target / RUN_FILE).write_bytes(msgspec.json.encode(run) + b"\n")
        (target / "combined.jsonl").write_bytes(b"".join(msgspec.json.encode(record) + b"\n" for record in tests))
    except OSError as error:
        raise CoverageError(f"{error.filename or target}: cannot be written: {error.strerror}") from None
    return Records(run, tests)
