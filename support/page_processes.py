"""Processes that live as long as a page is run: its Python, and its servers."""

import contextlib
import json
import os
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import IO, Any, Final, Self

from support.pages import Block, BlockError

PATIENCE_S: Final = 120


class Interpreter:
    """The Python of one page: its blocks run in one namespace.

    Args:
        folder: where it runs.
        environment: its environment.
    """

    def __init__(self, folder: Path, environment: Mapping[str, str]) -> None:
        questions, self.questions = os.pipe()
        self.answers, answers = os.pipe()
        self.out = tempfile.TemporaryFile()  # noqa: SIM115 - closed with the interpreter
        program = Path(__file__).with_name("page_interpreter.py")
        self.process = subprocess.Popen(
            [sys.executable, "-u", program, str(questions), str(answers)],
            cwd=folder, env=dict(environment), stdin=subprocess.DEVNULL, stdout=self.out, stderr=self.out,
            pass_fds=(questions, answers), start_new_session=True,
        )  # fmt: skip
        os.close(questions)
        os.close(answers)
        self.read = os.fdopen(self.answers)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        os.close(self.questions)
        with contextlib.suppress(subprocess.TimeoutExpired):
            self.process.wait(PATIENCE_S)
        end(self.process, signal.SIGKILL)
        self.read.close()
        self.out.close()

    def run(self, block: Block, code: str) -> tuple[dict[str, Any], str]:
        """Run a block; return how it ended and what it printed."""
        at = self.out.seek(0, os.SEEK_END)
        question = {
            "page": os.fspath(Path(block.page).resolve()),
            "line": block.line,
            "code": code,
            "raises": "raises" in block.marks,
        }
        os.write(self.questions, json.dumps(question).encode() + b"\n")
        answer = self.read.readline()
        self.out.seek(at)
        printed = self.out.read().decode("utf-8", "replace")
        if not answer:
            raise BlockError(block, f"ended the interpreter:\n{printed}")
        return json.loads(answer), printed


class Server:
    """A command that runs on until the end of its page; Ctrl-C ends it then.

    Args:
        block: where it stands.
        start: starts it with a file for its output.
        ports: that it must listen on before the page goes on.
    """

    def __init__(self, block: Block, start: Callable[[IO[bytes]], "subprocess.Popen[bytes]"], ports: set[str]) -> None:
        self.block, self.out = block, tempfile.TemporaryFile()  # noqa: SIM115 - closed at the end
        self.process = start(self.out)
        self.until, self.ports = block.marks.get("until", ""), ports

    def __enter__(self) -> Self:
        give_up = time.monotonic() + PATIENCE_S
        while not self._is_there():
            if self.process.poll() is not None or time.monotonic() > give_up:
                end(self.process, signal.SIGKILL)
                self.process.wait()
                with self.out:
                    raise BlockError(self.block, f"the server does not come up:\n{self.printed()}")
            time.sleep(0.05)
        return self

    def __exit__(self, *_: object) -> None:
        ended = self.process.poll()
        end(self.process, signal.SIGINT)
        try:
            self.process.wait(PATIENCE_S)
        finally:
            end(self.process, signal.SIGKILL)
            printed = self.printed()
            self.out.close()
        if ended is not None:
            raise BlockError(
                self.block, f"the server ended with exit code {ended} before the end of the page:\n{printed}"
            )

    def printed(self) -> str:
        """Return the first megabyte of what the server has printed."""
        return os.pread(self.out.fileno(), 1 << 20, 0).decode("utf-8", "replace")

    def _is_there(self) -> bool:
        return self.until in self.printed() and all(_listens(int(port)) for port in self.ports)


def _listens(port: int) -> bool:
    with socket.socket() as trying:
        trying.settimeout(1)
        return trying.connect_ex(("127.0.0.1", port)) == 0


def end(process: "subprocess.Popen[bytes]", number: signal.Signals) -> None:
    """Send a signal to a command and everything that it started."""
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(process.pid, number)
