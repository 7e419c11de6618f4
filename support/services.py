"""examples/services as real processes: a gateway, a scheduler, a till and a worker of its tasks."""

import os
import subprocess
import sys
import threading
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import IO, Final, cast

from narration_core import Event, decode
from support.fleet import PATIENCE_S, in_order_of_cause, missing_in
from support.servers import free_port, wait_until_it_listens

FOLDER: Final = Path(__file__).resolve().parents[1] / "examples" / "services"
SECRET: Final = "hunter2-made-up-pass"  # noqa: S105 - invented
EDGE: Final = "gateway"
OWN: Final = frozenset(("gateway", "scheduler", "till", "prices", "tasks", "bank"))
"""Who acts in the example; servers and libraries log beside them, some lines only when something is slow."""


class RunningServices:
    """The example, running. Its processes are stopped with `stop`.

    Args:
        broker: the address of a redis-server.
        python: the interpreter that runs it.
        folder: where the example is.
        environment: variables beside those that it needs.
    """

    def __init__(
        self,
        broker: str,
        *,
        python: str | os.PathLike[str] = sys.executable,
        folder: Path = FOLDER,
        environment: Mapping[str, str] = os.environ,
    ) -> None:
        self._python = python
        self._folder = folder
        self.gateway, self._scheduler, self._till = free_port(), free_port(), free_port()
        self._environment = {
            **environment,
            "BROKER": broker,
            "SCHEDULER": f"http://127.0.0.1:{self._scheduler}",
            "TILL": f"http://127.0.0.1:{self._till}",
            "TAXES": f"http://127.0.0.1:{self._till}/tax",
            "BANK_PASSWORD": SECRET,
            "PYTHONPATH": os.fspath(folder),
            "PYTHONDONTWRITEBYTECODE": "1",
        }
        self.lines: dict[str, list[bytes]] = {}
        self._processes: list[subprocess.Popen[bytes]] = []
        self._readers: list[threading.Thread] = []
        self._more = threading.Condition()  # something was printed

    def start(self) -> None:
        """Start everything; wait until the servers listen."""
        config = "from narration_core.bridges.uvicorn import LOG_CONFIG_FILE as file; print(file)"
        said = subprocess.run([self._python, "-c", config], check=True, capture_output=True, text=True)
        uvicorn = ["-m", "uvicorn", "gateway:app", "--port", str(self.gateway), "--log-config", said.stdout.strip()]
        gunicorn = ["-m", "gunicorn", "-c", "python:narration_core.bridges.gunicorn", "-w", "2", "--no-control-socket"]
        celery = ["-m", "celery", "-A", "tasks", "worker", "--concurrency", "1", "-l", "INFO"]
        self._run("tasks", celery)
        till = self._run("till", [*gunicorn, "-b", f"127.0.0.1:{self._till}", "till:app"])
        scheduler = self._run("scheduler", ["scheduler.py", str(self._scheduler)])
        gateway = self._run("gateway", uvicorn)
        for port, process in ((self._till, till), (self._scheduler, scheduler), (self.gateway, gateway)):
            wait_until_it_listens(port, process)

    def _run(self, name: str, arguments: Sequence[str]) -> "subprocess.Popen[bytes]":
        process = subprocess.Popen(
            [self._python, *arguments],
            cwd=self._folder,
            env={**self._environment, "NARRATION_SERVICE": name},
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
        )
        lines = self.lines[name] = []
        output = cast("IO[bytes]", process.stdout)

        def read() -> None:
            with output:
                for line in output:
                    with self._more:
                        lines.append(line.rstrip(b"\n"))
                        self._more.notify_all()

        reader = threading.Thread(target=read, daemon=True)
        reader.start()
        self._processes.append(process)
        self._readers.append(reader)
        return process

    def stop(self) -> None:
        """Stop everything; all lines are here then."""
        for process in reversed(self._processes):
            process.terminate()
        for process in self._processes:
            process.wait(PATIENCE_S)
        for reader in self._readers:
            reader.join()

    def printed(self) -> bytes:
        """Return everything that was printed so far."""
        with self._more:
            return b"\n".join(line for lines in self.lines.values() for line in lines)

    def told(self, correlation_id: str) -> list[tuple[bytes, Event]]:
        """Return what all processes told with an id, as far as it is here: the lines, and their events."""
        with self._more:
            lines = [line for lines in self.lines.values() for line in lines if line.startswith(b"{")]
        pairs = [(line, decode(line)) for line in lines if correlation_id.encode() in line]
        return [(line, event) for line, event in pairs if event.correlation_id == correlation_id]

    def wait_for_story(self, correlation_id: str, *closers: str) -> list[bytes]:
        """Return what the example told of a request, in the order of cause and effect, when all of it is here.

        Args:
            correlation_id: of the request.
            closers: `actor event` or `actor action` of what must be there.
        """

        def story() -> list[tuple[bytes, Event]]:
            return [(line, event) for line, event in self.told(correlation_id) if event.actor in OWN]

        self._wait(lambda: not missing_in([event for _, event in story()], closers))
        told = story()
        missing = missing_in([event for _, event in told], closers)
        if missing:
            sentences = "".join(f"\n  {event.actor} {event.action}: {event.human}" for _, event in told)
            raise AssertionError(f"the story of {correlation_id} lacks {missing}; it has:{sentences}")
        return in_order_of_cause(told)

    def _wait(self, is_there: Callable[[], bool]) -> None:
        with self._more:
            self._more.wait_for(is_there, PATIENCE_S)

    def write_logs(self, folder: Path) -> list[Path]:
        """Write what each process printed into a file of its name, and return the files."""
        files = [folder / f"{name}.log" for name in self.lines]
        for file in files:
            file.write_bytes(b"\n".join(self.lines[file.stem]) + b"\n")
        return files
