"""Logs of invented services, written as the facade writes them."""

import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from narration_core import Event, encode

START_MS = 1_795_900_000_000


class Logs:
    """A folder of log files; `tell` appends an event to the file of its service."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def path(self, service: str) -> Path:
        return self.folder / f"{service}.log"

    def line(self, service: str, text: str | bytes) -> None:
        with self.path(service).open("ab") as file:
            file.write((text if isinstance(text, bytes) else text.encode()) + b"\n")

    def tell(self, service: str, at: int, action: str, human: str, **fields: Any) -> None:
        fields.setdefault("level", "info")
        fields.setdefault("actor", service)
        target = fields.pop("target", "-")
        file = fields.pop("file", service)
        event = Event(
            emitted_at_ms=START_MS + at, action=action, target=target, human=human, emitted_by=f"{service}@1", **fields
        )
        self.line(file, encode(event))

    def span(self, service: str, at: int, took: int | None, action: str, human: str, span: str, **ids: Any) -> None:
        """Tell a span: its start and, unless it never ends, its end."""
        self.tell(service, at, action, human, event=f"{action}_start", span_id=span, **ids)
        if took is not None:
            done = {"event": f"{action}_end", "duration_ms": took, "span_id": span}
            self.tell(service, at + took, action, f"Finished: {human}", **done, **ids)


@pytest.fixture
def logs(tmp_path: Path) -> Logs:
    folder = tmp_path / "logs"
    folder.mkdir()
    return Logs(folder)


Run = Callable[..., "subprocess.CompletedProcess[str]"]


@pytest.fixture
def narration(tmp_path: Path) -> Run:
    """Run `narration` as a person does, 80 columns wide, in UTC."""

    def run(*arguments: str, given: bytes | None = None, **environment: str) -> "subprocess.CompletedProcess[str]":
        env = {**os.environ, "TZ": "UTC", "COLUMNS": "80", **environment}
        env.pop("NARRATION_LOGS", None) if "NARRATION_LOGS" not in environment else None
        done = subprocess.run(
            [sys.executable, "-m", "narration_core.cli", *arguments],
            cwd=tmp_path,
            env=env,
            input=given or b"",
            capture_output=True,
            check=False,
        )
        return subprocess.CompletedProcess(done.args, done.returncode, done.stdout.decode(), done.stderr.decode())

    return run


def loaded(text: str) -> Any:
    return json.loads(text)
