"""Clients generated from the live description by tools not written here: they compile, and they work."""

import asyncio
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from narration_worker.launch import launch

PROGRAMS = Path(__file__).resolve().parent / "programs"
TOKEN = "a-made-up-token-of-a-test"
GUARDED = {"NARRATION_STRICT": "1", "AUTH_TOKEN": TOKEN}


def expected(file, mark):
    """Return the line numbers and errors that a file says of itself, at the end of its lines."""
    lines = enumerate(file.read_text().split("\n"), 1)
    return [(number, found[1]) for number, line in lines if (found := re.search(mark + r" ([\w-]+)$", line))]


def run(*command, folder):
    return subprocess.run(command, cwd=folder, capture_output=True, text=True, timeout=120, check=False)


@pytest.fixture(scope="module")
def served(clients, tmp_path_factory):
    """Generate the Python client from a live worker and use it; return the folder it is in and what it got."""
    folder = tmp_path_factory.mktemp("python")
    for name in ("uses.py", "wrong.py"):
        shutil.copy(PROGRAMS / name, folder)
    tool = str(clients.part("python").with_name("openapi-python-client"))

    async def generate():
        async with launch(environment=GUARDED) as worker:
            made = await asyncio.to_thread(
                run,
                *(tool, "generate", "--url", f"{worker.url}/openapi.json", "--fail-on-warning"),
                *("--meta", "none", "--output-path", "worker_api", "--config", str(PROGRAMS / "generator.json")),
                folder=folder,
            )
            assert made.returncode == 0, made.stdout + made.stderr
            (got,) = await clients.all_of(clients.python(str(folder / "uses.py"), worker.url, TOKEN))
            return got

    return folder, asyncio.run(generate())


@pytest.mark.req("API-01", "M0-W-1320", "M0-W-1330", "M0-W-1500")
def test_a_generated_python_client_works(served):
    _, got = served
    assert got["health"] == ["healthy", "haiku-1m-q8_0.gguf"]
    assert got["unknown"][:2] == [404, "NOT_FOUND"]
    assert got["unknown"][2]["message"]
    assert got["refused"] == [401, "MISSING_TOKEN"]
    assert got["ended"] == "finished"
    status, events = got["streamed"]
    assert status == 200
    names = [name for name, _ in events]
    assert (names[0], names[-1]) == ("started", "end")
    assert {"narration", "token"} <= set(names)
    assert [name for name, same in events if not same] == []


def mypy(clients, folder, file):
    return run(
        *(sys.executable, "-m", "mypy", "--strict", "--cache-dir", str(folder / ".mypy_cache")),
        *("--python-executable", str(clients.part("python")), file),
        folder=folder,
    )


@pytest.mark.req("API-01")
def test_a_generated_python_client_compiles_and_its_types_hold(clients, served):
    folder, _ = served
    compiled = run(str(clients.part("python")), "-m", "compileall", "-q", "worker_api", folder=folder)
    assert compiled.returncode == 0, compiled.stdout
    right = mypy(clients, folder, "uses.py")
    assert right.returncode == 0, right.stdout
    wrong = mypy(clients, folder, "wrong.py")
    errors = re.findall(r"^wrong\.py:(\d+): error: .*\[([\w-]+)\]$", wrong.stdout, re.MULTILINE)
    assert [(int(number), kind) for number, kind in errors] == expected(PROGRAMS / "wrong.py", "#")


@pytest.fixture(scope="module")
def typescript(clients, tmp_path_factory):
    """Generate the TypeScript types from a live worker; return the folder that they are in."""
    folder = tmp_path_factory.mktemp("typescript")
    (folder / "node_modules").symlink_to(clients.part("node"))
    for name in ("uses.ts", "wrong.ts"):
        shutil.copy(PROGRAMS / name, folder)

    async def generate():
        async with launch(environment=GUARDED) as worker:
            return await asyncio.to_thread(
                run,
                *("node_modules/.bin/openapi-typescript", f"{worker.url}/openapi.json", "-o", "api.d.ts"),
                "--default-non-nullable=false",  # or what has a default would have to be sent
                folder=folder,
            )

    made = asyncio.run(generate())
    assert made.returncode == 0, made.stdout + made.stderr
    return folder


def tsc(folder, file):
    options = ("--noEmit", "--strict", "--pretty", "false", "--target", "es2022", "--moduleResolution", "bundler")
    return run("node_modules/.bin/tsc", *options, "--module", "esnext", file, folder=folder)


@pytest.mark.req("API-01")
def test_generated_typescript_types_compile_and_hold(typescript):
    right = tsc(typescript, "uses.ts")
    assert (right.returncode, right.stdout) == (0, "")
    wrong = tsc(typescript, "wrong.ts")
    errors = re.findall(r"^wrong\.ts\((\d+),\d+\): error (TS\d+):", wrong.stdout, re.MULTILINE)
    assert [(int(number), code) for number, code in errors] == expected(PROGRAMS / "wrong.ts", "//")
