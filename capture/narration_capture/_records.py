"""Run records: what a test run tells the narration coverage gate (docs/architecture.md)."""

import json
import os
import shutil
import time
import uuid
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, TextIO

import pytest

if TYPE_CHECKING:
    from narration_capture._captured import Heard

FORMAT: Final = 1
MAIN: Final = "main"


def begin(folder: Path, root: Path) -> None:
    """Empty the folder and say which run its records belong to: old records never count for a new run.

    Args:
        folder: where records are.
        root: the folder that paths in records are relative to.
    """
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True, exist_ok=True)
    head = {
        "format": FORMAT,
        "run_id": str(uuid.uuid4()),
        "root": str(root),
        "started_at_ms": time.time_ns() // 1_000_000,
    }
    (folder / "run.json").write_text(json.dumps(head) + "\n", "utf-8")


def of_event(one: "Heard") -> dict[str, Any]:
    """Return what a record says about an event."""
    event = one.event
    return {
        "point": event.source_location,
        "actor": event.actor,
        "action": event.action,
        "level": event.level,
        "correlation_id": event.correlation_id,
        "job_id": event.job_id,
        "span_id": event.span_id,
        "parent_span_id": event.parent_span_id,
        "step": one.step.text if one.step is not None else None,
        "human": event.human,
        "asserted_by": list(one.asserted_by),
    }


class Recorder:
    """Writes this process's records, a line as each test ends.

    Args:
        folder: where records are.
        process: what the process is called: an xdist worker's name, or "main".
    """

    def __init__(self, folder: Path, process: str) -> None:
        self._path = folder / f"{process}.jsonl"
        self._file: TextIO | None = None
        self._pid = os.getpid()

    def write(self, record: dict[str, Any]) -> None:
        """Write one test's record."""
        if os.getpid() != self._pid:  # a test that forked; its records are its parent's to write
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
