"""Real servers for tests: a free port, a redis-server, and a client that asks once."""

import os
import socket
import subprocess
import time
import urllib.error
import urllib.request
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest

from tools import prepare_clients

ROOT = Path(__file__).resolve().parents[1]
PATIENCE_S = 60


def free_port() -> int:
    """Return a port that nobody listens on."""
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        return int(found.getsockname()[1])


def wait_until_it_listens(port: int, process: "subprocess.Popen[Any]") -> None:
    """Wait until a server takes connections; servers say nothing that could be waited for.

    Raises:
        RuntimeError: it ended before, or does not listen in time.
    """
    until = time.monotonic() + PATIENCE_S
    while time.monotonic() < until and process.poll() is None:
        try:
            socket.create_connection(("127.0.0.1", port), 1).close()
        except OSError:
            time.sleep(0.05)
        else:
            return
    raise RuntimeError(f"{process.args} does not listen on port {port}; its exit code: {process.poll()}")


def ask(port: int, path: str, name: str, headers: Mapping[str, str] | None = None) -> tuple[int, str | None]:
    """Ask a server once with a correlation id; returns the status, and the id on the answer.

    Args:
        port: the server's.
        path: path and query.
        name: the correlation id.
        headers: more headers.
    """
    sent = {"X-Correlation-Id": name, **(headers or {})}
    request = urllib.request.Request(f"http://127.0.0.1:{port}{path}", headers=sent)
    try:
        with urllib.request.urlopen(request, timeout=PATIENCE_S) as answer:  # noqa: S310 - as above
            return answer.status, answer.headers["X-Correlation-Id"]
    except urllib.error.HTTPError as error:
        with error:
            return error.code, error.headers["X-Correlation-Id"]


def redis_server(folder: Path) -> Iterator[str]:
    """Yield the address of a real redis-server, or skip the test with the reason.

    Args:
        folder: where it may write.
    """
    server = prepare_clients.PARTS["redis"].find(ROOT) or pytest.skip(prepare_clients.missing("redis"))
    port = free_port()
    with subprocess.Popen(
        [os.fspath(server), "--port", str(port), "--save", "", "--dir", os.fspath(folder), "--bind", "127.0.0.1"],
        env=prepare_clients.redis_environment(server),
        stdout=subprocess.DEVNULL,
    ) as process:
        wait_until_it_listens(port, process)
        yield f"redis://127.0.0.1:{port}/0"
        process.terminate()
