"""The table of docs/delivery.md, run: every ending with every output, and real servers and task queues.

    python -m tools.endings

Each row starts a program, has it do its work, ends it, and counts the events of its output. Where the table says "all",
every one must be there. The other rows show what may be lost, and fail nothing.
"""

import contextlib
import json
import os
import signal
import socket
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import NamedTuple

from benchmarks.environment import python_with
from tools import endings_matrix as matrix
from tools.prepare_clients import find_redis, redis_environment

PACKAGES = ("uvicorn", "starlette", "gunicorn", "gevent", "packaging", "celery", "rq")
REQUESTS = 20
TASKS = 18
_PATIENCE_S = 60.0

APPLICATIONS = {
    "asgi.py": """
from contextlib import asynccontextmanager
from starlette.applications import Starlette
from starlette.responses import PlainTextResponse
from starlette.routing import Route
from narration_core import Narrator
narrate = Narrator("asgi")
@asynccontextmanager
async def life(app):
    yield
    narrate("last_words", "app", "Shutting down")
async def hello(request):
    narrate("request", "app", "Answering a request")
    return PlainTextResponse("hello")
app = Starlette(routes=[Route("/", hello)], lifespan=life)
""",
    "wsgi.py": """
from narration_core import Narrator
narrate = Narrator("wsgi")
def app(environ, start_response):
    narrate("request", "app", "Answering a request")
    start_response("200 OK", [("Content-Type", "text/plain")])
    return [b"hello"]
""",
    "gunicorn_conf.py": """
from narration_core import Narrator
narrate = Narrator("wsgi")
def worker_exit(server, worker):
    narrate("last_words", "app", "A worker ends")
""",
    "celery_app.py": """
import os
from celery import Celery
from narration_core import FileSink, Narrator, configure
app = Celery("tasks", broker=os.environ["REDIS"])
app.conf.broker_connection_retry_on_startup = True
configure(sinks=[FileSink("events.jsonl")])
narrate = Narrator("celery")
@app.task
def mail(number):
    narrate("task", str(number), "Sending a mail")
    with open("done", "a") as done:
        done.write("x")
""",
    "rq_tasks.py": """
from narration_core import FileSink, Narrator, configure
configure(sinks=[FileSink("events.jsonl")])
narrate = Narrator("rq")
def mail(number):
    narrate("task", str(number), "Sending a mail")
    with open("done", "a") as done:
        done.write("x")
""",
}


class Row(NamedTuple):
    """One program, how it ended, and what was there.

    Attributes:
        name: the program and its ending.
        found: events by action.
        wanted: the events that were emitted, by action.
    """

    name: str
    found: dict[str, int]
    wanted: dict[str, int]

    @property
    def lost(self) -> int:
        """How many events are not there."""
        return sum(max(count - self.found.get(action, 0), 0) for action, count in self.wanted.items())


def free_port() -> int:
    """Return a port of 127.0.0.1 that nobody uses now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def wait_for(done: Callable[[], bool], what: str) -> None:
    """Wait until something is so.

    Raises:
        TimeoutError: it was not in time.
    """
    until = time.monotonic() + _PATIENCE_S
    while not done():
        if time.monotonic() > until:
            raise TimeoutError(f"{what}: not within {_PATIENCE_S:.0f} s")
        time.sleep(0.05)


def answers(port: int) -> bool:
    """Return whether something listens on a port."""
    with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), timeout=1):
        return True
    return False


def actions(path: Path) -> dict[str, int]:
    """Return how many events of each action a file holds."""
    found: dict[str, int] = {}
    if path.exists():
        for line in path.read_bytes().splitlines():
            if line.startswith(b"{"):
                action = json.loads(line)["action"]
                found[action] = found.get(action, 0) + 1
    return found


@contextlib.contextmanager
def program(folder: Path, command: list[str], environment: dict[str, str]) -> "Iterator[subprocess.Popen[bytes]]":
    """Run a program in a folder, its standard output in `events.jsonl`; kill what is left of it."""
    with (folder / "events.jsonl").open("ab") as out, (folder / "stderr").open("ab") as err:
        child = subprocess.Popen(command, cwd=folder, env=environment, stdout=out, stderr=err, start_new_session=True)
    try:
        yield child
    finally:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(child.pid, signal.SIGKILL)
        child.wait()


def served(name: str, command: list[str], environment: dict[str, str], wanted: dict[str, int]) -> Row:
    """Ask a server some times, end it by SIGTERM, and count."""
    with tempfile.TemporaryDirectory() as place:
        folder, port = prepared(place), free_port()
        with program(folder, [part.format(port=port) for part in command], environment) as child:
            wait_for(lambda: answers(port), name)
            for _ in range(REQUESTS):
                urllib.request.urlopen(f"http://127.0.0.1:{port}/", timeout=_PATIENCE_S).read()
            child.send_signal(signal.SIGTERM)
            child.wait(_PATIENCE_S)
        return Row(name, actions(folder / "events.jsonl"), {"request": REQUESTS, **wanted})


def prepared(place: str) -> Path:
    """Return a folder with the applications in it."""
    folder = Path(place)
    for name, text in APPLICATIONS.items():
        (folder / name).write_text(text)
    return folder


def worked(name: str, python: Path, submit: str, worker: list[str], environment: dict[str, str], server: Path) -> Row:
    """Have the worker of a task queue do some tasks, end it, and count."""
    with tempfile.TemporaryDirectory() as place:
        folder, port = prepared(place), free_port()
        url = f"redis://127.0.0.1:{port}/0"
        redis = [str(server), "--port", str(port), "--bind", "127.0.0.1", "--save", "", "--dir", place]
        environment = {**environment, "REDIS": url}
        with program(folder, redis, redis_environment(server)):
            wait_for(lambda: answers(port), "redis-server")
            subprocess.run([str(python), "-c", submit], cwd=folder, env=environment, check=True, timeout=_PATIENCE_S)
            with program(folder, [part.format(url=url) for part in worker], environment) as child:
                done = folder / "done"
                with contextlib.suppress(TimeoutError):  # a slow machine does fewer tasks; those done are counted
                    wait_for(lambda: done.exists() and done.stat().st_size >= TASKS, name)
                child.send_signal(signal.SIGTERM)
                with contextlib.suppress(subprocess.TimeoutExpired):
                    child.wait(10)
        return Row(name, actions(folder / "events.jsonl"), {"task": done.stat().st_size})


def rows(python: Path, environment: dict[str, str]) -> Iterator[Row]:
    """Run everything, one after the other."""
    bin_folder = python.parent
    gunicorn = [str(bin_folder / "gunicorn"), "-b", "127.0.0.1:{port}", "-c", "gunicorn_conf.py", "-w", "2", "wsgi:app"]
    uvicorn = [str(bin_folder / "uvicorn"), "asgi:app", "--port", "{port}"]
    yield served("uvicorn, SIGTERM", uvicorn, environment, {"last_words": 1})
    for kind in ("sync", "gthread", "gevent"):
        yield served(f"gunicorn {kind}, SIGTERM", [*gunicorn, "-k", kind], environment, {"last_words": 2})
    server = find_redis(python)
    if server is None:
        print("celery and rq: left out, because there is no redis-server (`make clients` gets one)")
        return
    submit = f"from celery_app import mail\nfor number in range({TASKS}): mail.delay(number)"
    celery = [str(bin_folder / "celery"), "-A", "celery_app", "worker", "-c", "2", "--max-tasks-per-child", "1"]
    yield worked("celery, one task a child", python, submit, [*celery, "-l", "error"], environment, server)
    submit = (
        "import os, redis, rq, rq_tasks\nqueue = rq.Queue(connection=redis.from_url(os.environ['REDIS']))\n"
        f"for number in range({TASKS}): queue.enqueue(rq_tasks.mail, number)"
    )
    rq = [str(bin_folder / "rq"), "worker", "-u", "{url}"]
    yield worked("rq, a work horse a task", python, submit, rq, environment, server)


def ended(python: Path, sink: str, ending: str) -> Row:
    """End a small program in one way with one kind of output, and count."""
    with tempfile.TemporaryDirectory() as place:
        folder = Path(place)
        (folder / "main.py").write_text(matrix.MAIN)
        with program(folder, [str(python), "main.py", sink, ending], dict(os.environ)) as child:
            child.wait(_PATIENCE_S)
        found: dict[str, int] = {}
        for name in matrix.OUTPUTS:
            for action, count in actions(folder / name).items():
                found[action] = found.get(action, 0) + count
        return Row(f"{ending}, {sink}", found, matrix.wanted(ending))


def main() -> int:
    """Print the table; returns 1 when anything was lost that must not be."""
    python = python_with(PACKAGES)
    failed = False
    for ending in (*matrix.ORDERLY_ENDINGS, *matrix.ROUGH_ENDINGS):
        for sink in (*matrix.SURE_SINKS, *matrix.QUEUED_SINKS):
            row = ended(python, sink, ending)
            sure = matrix.must_be_whole(sink, ending)
            promise = "all is promised" if sure else "some may be lost"
            print(f"{row.name:28} lost {row.lost} of {sum(row.wanted.values())}; {promise}", flush=True)
            failed = failed or (sure and row.lost > 0)
    for delivery in ("caller", "queued"):
        environment = {**os.environ, "NARRATION_DELIVERY": delivery, "PYTHONPATH": "."}
        for row in rows(python, environment):
            print(f"{delivery:7} {row.name:28} lost {row.lost} of {sum(row.wanted.values())}", flush=True)
            failed = failed or (delivery == "caller" and row.lost > 0)
    return int(failed)


if __name__ == "__main__":
    sys.exit(main())
