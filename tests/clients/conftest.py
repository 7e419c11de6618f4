"""Fixtures of the tests with third-party programs: clients, and a real nginx in front of a worker.

tools/prepare_clients.py, which `make test` calls, installs what they need. A test whose program is missing is skipped,
and says what to install.
"""

import asyncio
import json
import os
import shutil
import socket
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, Final, NamedTuple

import pytest

import support.fleet  # noqa: F401 - makes the package of the example fleet known
from support.small_models import random_model
from tools import prepare_clients

ROOT: Final = Path(__file__).resolve().parent.parent.parent
PROGRAMS: Final = Path(__file__).resolve().parent / "programs"
TIMEOUT_S: Final = 120.0


class ProgramFailedError(Exception):
    """A program ended with an exit code other than 0; the message holds its last output."""


@asynccontextmanager
async def reading(command: list[str], **options: Any) -> AsyncIterator[AsyncIterator[dict[str, Any]]]:
    """Run a program and yield each line of JSON that it prints, while it runs."""
    process = await asyncio.create_subprocess_exec(
        *command,
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
        limit=1 << 22,
        **options,
    )
    other_output = asyncio.create_task(process.stderr.read())

    async def lines() -> AsyncIterator[dict[str, Any]]:
        async for line in process.stdout:
            yield json.loads(line)
        code = await process.wait()
        if code:
            raise ProgramFailedError(f"{command} ended with {code}: {(await other_output).decode('utf-8', 'replace')}")

    try:
        async with asyncio.timeout(TIMEOUT_S):
            yield lines()
    finally:
        if process.returncode is None:
            process.kill()
        await process.wait()
        await other_output


class Clients:
    """Third-party programs, as commands.

    Args:
        folder: for copies of our programs; node looks for its packages beside them.
    """

    reading = staticmethod(reading)

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    @staticmethod
    def part(name: str) -> Path:
        """Return the path of a prepared part, or skip the test if it cannot be installed."""
        return prepare_clients.PARTS[name].find(ROOT) or pytest.skip(prepare_clients.missing(name))

    def python(self, *arguments: str) -> list[str]:
        """Return a command in the environment of the Python clients."""
        return [str(self.part("python")), *arguments]

    def sse(self, url: str, body: Mapping[str, Any], *options: str) -> list[str]:
        """Return the command that reads a stream with httpx-sse."""
        return self.python(str(PROGRAMS / "sse_client.py"), f"{url}/execute", json.dumps(body), *options)

    def node(self, program: str, *arguments: str) -> list[str]:
        """Return a command that runs one of our node programs beside the npm packages."""
        return ["node", str(self.beside_packages(program)), *arguments]

    def beside_packages(self, name: str) -> Path:
        """Return a copy of one of our files, in a folder from which node finds the npm packages."""
        packages = self._folder / "node_modules"
        if not packages.is_symlink():
            packages.symlink_to(self.part("node"))
        return Path(shutil.copy(PROGRAMS / name, self._folder))

    def eventsource(self, url: str, body: Mapping[str, Any]) -> list[str]:
        """Return the command that reads a stream with the npm package eventsource."""
        return self.node("eventsource.mjs", f"{url}/execute", json.dumps(body))

    def browser(self, what: str, url: str, *bodies: Mapping[str, Any]) -> list[str]:
        """Return the command that uses a worker from a real browser."""
        return self.node("browser.mjs", str(self.part("browser")), what, url, *map(json.dumps, bodies))

    def panel(self, program: str, scene: str, address: str, *more: str) -> list[str]:
        """Return the command that looks at a scene of the hub's panel in a real browser."""
        self.beside_packages("panel_page.mjs")
        return self.node(program, str(self.part("browser")), scene, address, *more)

    async def all_of(self, command: list[str], **options: Any) -> list[dict[str, Any]]:
        """Return everything that a program prints."""
        async with reading(command, **options) as found:
            return [item async for item in found]


@pytest.fixture(scope="session")
def clients(tmp_path_factory: pytest.TempPathFactory) -> Clients:
    """Return the third-party programs."""
    return Clients(tmp_path_factory.mktemp("clients"))


@pytest.fixture(scope="session")
def slow(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a model that takes seconds for a long prompt and never ends its answer."""
    return random_model(tmp_path_factory.mktemp("models") / "slow.gguf", 30)


class Proxy(NamedTuple):
    """A running nginx.

    Attributes:
        url: where it listens.
        ca: the certificate to trust.
    """

    url: str
    ca: Path


class Nginx:
    """Runs deploy/nginx.conf with other addresses and paths, and nothing else changed.

    Args:
        program: the path of nginx.
        folder: for certificates and temporary files.
    """

    def __init__(self, program: Path, folder: Path) -> None:
        self._program = program
        self._folder = folder

    def _configure(self, worker_url: str, port: int, tokens: str | None, changes: Mapping[str, str]) -> Path:
        """Write the configuration; return its file."""
        folder = self._folder
        (folder / "tokens.map").unlink(missing_ok=True)
        if tokens is not None:
            (folder / "tokens.map").write_text(tokens)
        site = (ROOT / "deploy" / "nginx.conf").read_text("utf-8")
        for ours, there in {
            "127.0.0.1:8080": worker_url.removeprefix("http://"),
            "listen 443 ssl": f"listen 127.0.0.1:{port} ssl",
            "/etc/ssl/narration/worker.pem": str(folder / "localhost.pem"),
            "/etc/ssl/narration/worker.key": str(folder / "localhost.pem"),
            "/etc/nginx/narration-tokens/*.map": str(folder / "*.map"),
            **changes,
        }.items():
            assert site.count(ours) == 1, ours
            site = site.replace(ours, there)
        temporary = "".join(
            f"{kind}_temp_path {folder}/{kind};\n" for kind in ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")
        )
        user = "user root;\n" if os.geteuid() == 0 else ""  # else its workers could not enter our folders
        whole = folder / "nginx.conf"
        whole.write_text(
            f"{user}daemon off;\nworker_processes 1;\npid {folder}/nginx.pid;\nerror_log stderr notice;\n"
            f"events {{ worker_connections 64; }}\nhttp {{\naccess_log off;\n{temporary}{site}}}\n"
        )
        return whole

    @asynccontextmanager
    async def in_front_of(
        self, worker_url: str, *, tokens: str | None = None, changes: Mapping[str, str] | None = None
    ) -> AsyncIterator[Proxy]:
        """Run nginx in front of a worker.

        Args:
            worker_url: the worker.
            tokens: content of the file of tokens that nginx checks; None for no such file.
            changes: further replacements in deploy/nginx.conf.
        """
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            port = free.getsockname()[1]
        file = self._configure(worker_url, port, tokens, changes or {})
        process = await asyncio.create_subprocess_exec(
            str(self._program), "-p", str(self._folder), "-e", "stderr", "-c", str(file), stderr=asyncio.subprocess.PIPE
        )
        said: list[bytes] = []

        async def listen() -> None:
            async for line in process.stderr:
                said.append(line)
                if b"start worker process " in line:  # the sockets are open
                    return
            raise ProgramFailedError(f"nginx ended: {b''.join(said).decode('utf-8', 'replace')}")

        drained = None
        try:
            async with asyncio.timeout(TIMEOUT_S):
                await listen()
                drained = asyncio.create_task(process.stderr.read())  # or nginx would block when the pipe is full
                yield Proxy(f"https://127.0.0.1:{port}", self._folder / "ca.pem")
        finally:
            if process.returncode is None:
                process.terminate()
            await process.wait()
            if drained is not None:
                await drained


@pytest.fixture(scope="session")
def nginx(clients: Clients, tmp_path_factory: pytest.TempPathFactory) -> Nginx:
    """Return a runner of nginx with deploy/nginx.conf."""
    program = clients.part("nginx")
    folder = tmp_path_factory.mktemp("nginx")
    asyncio.run(clients.all_of(clients.python(str(PROGRAMS / "certificate.py"), str(folder))))
    return Nginx(program, folder)
