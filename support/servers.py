"""Real servers for tests: a free port, a redis-server, and a client that asks once."""

import asyncio
import atexit
import os
import socket
import subprocess
import time
import urllib.error
import urllib.request
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
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


def ask(
    port: int, path: str, name: str, headers: Mapping[str, str] | None = None, body: bytes | None = None
) -> tuple[int, str | None]:
    """Ask a server once with a correlation id; returns the status, and the id on the answer.

    Args:
        port: the server's.
        path: path and query.
        name: the correlation id.
        headers: more headers.
        body: what is posted; absent, the request is a GET.
    """
    sent = {"X-Correlation-Id": name, **(headers or {})}
    request = urllib.request.Request(f"http://127.0.0.1:{port}{path}", data=body, headers=sent)
    try:
        with urllib.request.urlopen(request, timeout=PATIENCE_S) as answer:  # noqa: S310 - as above
            answer.read()  # to its end: a caller who leaves before is told as such
            return answer.status, answer.headers["X-Correlation-Id"]
    except urllib.error.HTTPError as error:
        with error:
            return error.code, error.headers["X-Correlation-Id"]


class StreamServer:
    """A real redis-server or valkey-server that a test may stop, kill and start again; skips the test if there is none.

    Args:
        folder: where it may write; what was saved there is read at each start.
        kind: redis or valkey.
        options: more of its options.
    """

    def __init__(self, folder: Path, kind: str = "redis", *options: str) -> None:
        server = prepare_clients.PARTS[kind].find(ROOT) or pytest.skip(prepare_clients.missing(kind))
        self.port = free_port()
        self.url = f"redis://127.0.0.1:{self.port}/0"
        own = ["--port", str(self.port), "--save", "", "--dir", os.fspath(folder), "--bind", "127.0.0.1"]
        self._command = [os.fspath(server), *own, *options]
        self._environment = prepare_clients.redis_environment(server)
        self._process: subprocess.Popen[bytes] | None = None
        atexit.register(self.kill)  # a test that fails may leave whoever would end it unfinished
        self.start()

    def start(self) -> None:
        """Start it, and wait until it listens."""
        process = self._process = subprocess.Popen(
            self._command, env=self._environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
        )
        wait_until_it_listens(self.port, process)

    def signal(self, number: int) -> None:
        """Send it a signal."""
        if self._process is not None:
            self._process.send_signal(number)

    def kill(self) -> None:
        """Kill it, also when it is stopped."""
        if self._process is not None:
            self._process.kill()
            self._process.wait()
            self._process = None

    def ask(self, *command: str) -> str:
        """Return the first line of its answer to a command."""
        with socket.create_connection(("127.0.0.1", self.port), PATIENCE_S) as connection:
            connection.sendall(" ".join(command).encode() + b"\r\n")
            return connection.makefile("rb").readline().decode().strip()


@contextmanager
def stream_server(folder: Path, kind: str = "redis", *options: str) -> Iterator[StreamServer]:
    """Yield a server for one test; see `StreamServer`."""
    server = StreamServer(folder, kind, *options)
    try:
        yield server
    finally:
        server.kill()


def redis_server(folder: Path) -> Iterator[str]:
    """Yield the address of a real redis-server, or skip the test with the reason.

    Args:
        folder: where it may write.
    """
    with stream_server(folder) as server:
        yield server.url


async def _ask_raw(port: int, name: str, path: str) -> tuple[int, str | None, str]:
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    try:
        writer.write(
            f"GET {path} HTTP/1.1\r\nHost: test\r\nConnection: close\r\nX-Correlation-Id: {name}\r\n\r\n".encode()
        )
        head, _, body = (await reader.read()).decode().partition("\r\n\r\n")
    finally:
        writer.close()
    lines = head.split("\r\n")
    ids = [line.partition(": ")[2] for line in lines if line.lower().startswith("x-correlation-id:")]
    return int(lines[0].split()[1]), ids[0] if ids else None, body


def ask_at_once(port: int, paths: Mapping[str, str]) -> dict[str, tuple[int, str | None, str]]:
    """Send many requests at the same time, each on a connection of its own; returns status, id and body of each answer.

    Args:
        port: the server's.
        paths: path by correlation id.
    """

    async def everything() -> list[tuple[int, str | None, str]]:
        return await asyncio.gather(*[_ask_raw(port, name, path) for name, path in paths.items()])

    return dict(zip(paths, asyncio.run(everything()), strict=True))
