"""Run records: files from which the narration coverage gate reads a test run (docs/architecture.md)."""

import fcntl
import json
import os
import shutil
import time
import uuid
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, NamedTuple, Self, TextIO

import pytest

if TYPE_CHECKING:
    from narration_capture._captured import CapturedEvent

FORMAT: Final = 1
MAIN: Final = "main"
HEAD: Final = "run.json"


class Run(NamedTuple):
    """Which run records belong to.

    Attributes:
        run_id: its id.
        started_at_ms: when it began, in milliseconds since the epoch.
        narrowed: the options that made it leave tests out.
    """

    run_id: str
    started_at_ms: int
    narrowed: str | None

    @classmethod
    def begin(cls, narrowed: str | None) -> Self:
        """Return a new run."""
        return cls(str(uuid.uuid4()), time.time_ns() // 1_000_000, narrowed)


def prepare(folder: Path, root: Path, run: Run) -> None:
    """Empty the folder unless it is this run's already: old records never count for a new run.

    Args:
        folder: the folder of records.
        root: the folder that paths in records are relative to.
        run: the run.

    Raises:
        OSError: the folder cannot be written.
    """
    folder.parent.mkdir(parents=True, exist_ok=True)
    lock = os.open(folder.parent, os.O_RDONLY)
    try:
        fcntl.flock(lock, fcntl.LOCK_EX)  # xdist's workers come here at the same time
        if _run_id(folder) == run.run_id:
            return
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir(exist_ok=True)
        head = {
            "format": FORMAT,
            "run_id": run.run_id,
            "root": str(root),
            "started_at_ms": run.started_at_ms,
            "narrowed": run.narrowed,
        }
        (folder / HEAD).write_text(json.dumps(head) + "\n", "utf-8")
    finally:
        os.close(lock)


def _run_id(folder: Path) -> str | None:
    try:
        run_id: str = json.loads((folder / HEAD).read_bytes())["run_id"]
    except (OSError, ValueError, KeyError, TypeError):
        return None
    return run_id


def of_event(captured: "CapturedEvent") -> dict[str, Any]:
    """Return the record of an event."""
    event = captured.event
    return {
        "point": event.source_location,
        "origin": captured.origin,
        "actor": event.actor,
        "action": event.action,
        "level": event.level,
        "correlation_id": event.correlation_id,
        "job_id": event.job_id,
        "span_id": event.span_id,
        "parent_span_id": event.parent_span_id,
        "event": event.event,
        "duration_ms": event.duration_ms,
        "step": captured.step.text if captured.step is not None else None,
        "human": event.human,
        "asserted_by": list(captured.asserted_by),
    }


class Recorder:
    """Writes this process's records, a line as each test ends.

    Args:
        folder: the folder of records.
        process: the name of the process: an xdist worker's, or "main".
    """

    def __init__(self, folder: Path, process: str) -> None:
        self._path = folder / f"{process}.jsonl"
        self._file: TextIO | None = None
        self._pid = os.getpid()
        self._is_stopped = False

    def stop(self) -> None:
        """Write nothing from now on."""
        self._is_stopped = True

    def write(self, record: dict[str, Any]) -> None:
        """Write one test's record."""
        if self._is_stopped or os.getpid() != self._pid:  # a test that forked: its parent writes the records
            return
        if self._file is None:
            self._path.parent.mkdir(parents=True, exist_ok=True)
            self._file = self._path.open("a", encoding="utf-8")
        self._file.write(json.dumps(record, ensure_ascii=False) + "\n")
        self._file.flush()

    def close(self) -> None:
        """Close the file."""
        if self._file is not None:
            self._file.close()
            self._file = None


def outcome_of(reports: list[pytest.TestReport]) -> str:
    """Return the outcome of a test from the reports of its phases."""
    outcomes = {report.outcome for report in reports}
    return next((outcome for outcome in ("failed", "skipped") if outcome in outcomes), "passed")
