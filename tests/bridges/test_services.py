"""examples/services as real processes: one id goes through all of them, and no secret through any."""

import json
import os
import re
import shutil
import signal
import subprocess
import sys
import time
from contextlib import ExitStack, contextmanager

import pytest
from click.testing import CliRunner

from narration_ci.cli import links
from narration_core.bridges.uvicorn import LOG_CONFIG_FILE
from support.servers import ask, free_port, redis_server, wait_until_it_listens

SECRET = "hunter2-made-up-pass"
BOOK = {
    ("gateway", "request"): 1, ("gateway", "order"): 1, ("gateway", "call"): 2, ("gateway", "answer"): 1,
    ("scheduler", "request"): 1, ("scheduler", "compute"): 1, ("scheduler", "call"): 2, ("scheduler", "answer"): 1,
    ("till", "request"): 2, ("prices", "log"): 1, ("till", "call"): 2, ("till", "answer"): 2,
    ("tasks", "enqueue"): 1, ("tasks", "task"): 2, ("tasks", "charge"): 1, ("bank", "log"): 1,
}  # fmt: skip
"""How often each event is in the story of a book, in any order: four services work at once."""


@pytest.fixture(scope="module")
def broker(tmp_path_factory):
    yield from redis_server(tmp_path_factory.mktemp("redis"))


@contextmanager
def service(name, command, port, folder, environment):
    log = folder / f"{name}.log"
    with log.open("wb") as out:
        process = subprocess.Popen(
            [sys.executable, *command], cwd=folder, env=environment, stdout=out, stderr=subprocess.STDOUT
        )
        try:
            if port is not None:
                wait_until_it_listens(port, process)
            yield
        finally:
            process.send_signal(signal.SIGTERM)
            process.wait(60)


def events(folder):
    written = "\n".join(path.read_text("utf-8") for path in sorted(folder.glob("*.log")))
    # The last line of a file may be half written.
    return [json.loads(line) for line in written.splitlines() if line.startswith("{") and line.endswith("}")]


def eventually(find, until_s=60):
    """Return what `find` finds, as soon as it finds something: the last task runs after the answer."""
    until = time.monotonic() + until_s
    while time.monotonic() < until:
        if found := find():
            return found
        time.sleep(0.05)
    raise AssertionError("it never came")


@pytest.mark.req("INT-01", "INT-02", "INT-03", "INT-04", "CTX-02")
def test_one_id_goes_through_five_kinds_of_process(root, tmp_path, broker):
    folder = tmp_path / "services"
    shutil.copytree(root / "examples" / "services", folder, ignore=shutil.ignore_patterns("__pycache__"))
    gateway, scheduler, till = free_port(), free_port(), free_port()
    environment = {
        **os.environ,
        "BROKER": broker,
        "SCHEDULER": f"http://127.0.0.1:{scheduler}",
        "TILL": f"http://127.0.0.1:{till}",
        "TAXES": f"http://127.0.0.1:{till}/tax",
        "BANK_PASSWORD": SECRET,
        "PYTHONPATH": str(folder),
    }
    uvicorn = ["-m", "uvicorn", "gateway:app", "--port", str(gateway), "--log-config", str(LOG_CONFIG_FILE)]
    gunicorn = ["-m", "gunicorn", "-c", "python:narration_core.bridges.gunicorn", "-w", "2", "--no-control-socket"]
    celery = ["-m", "celery", "-A", "tasks", "worker", "--concurrency", "1", "-l", "INFO"]
    with ExitStack() as running:
        for name, command, port in (
            ("tasks", celery, None),
            ("till", [*gunicorn, "-b", f"127.0.0.1:{till}", "till:app"], till),
            ("scheduler", ["scheduler.py", str(scheduler)], scheduler),
            ("gateway", uvicorn, gateway),
        ):
            running.enter_context(service(name, command, port, folder, environment))
        assert ask(gateway, f"/order/book?token={SECRET}", "req-book", {"Authorization": f"Bearer {SECRET}"}) == (
            200,
            "req-book",
        )
        eventually(lambda: [one for one in events(folder) if one["action"] == "task" and "duration_ms" in one])
        assert ask(gateway, "/order/ghost", "req-ghost") == (502, "req-ghost")
    told = events(folder)
    book = [(one["actor"], one["action"]) for one in told if one.get("correlation_id") == "req-book"]
    assert {pair: book.count(pair) for pair in book if pair in BOOK} == BOOK
    extra = {actor for actor, _ in book} - {actor for actor, _ in BOOK}
    assert extra <= {"uvicorn.access", "gunicorn", "httpx", "celery.app.trace", "celery.worker.strategy"}
    ghost = [one for one in told if one.get("correlation_id") == "req-ghost"]
    failed = [one for one in ghost if one["action"] == "request_failed"]
    assert [(one["actor"], one["error_kind"]) for one in failed] == [("till", "KeyError")]
    assert {one.get("session_id") for one in told if one["actor"] == "till"} == {"s-7"}
    written = "".join(path.read_text("utf-8") for path in folder.glob("*.log"))
    assert SECRET not in written
    assert not re.search(r"Traceback \(most recent call last\)", re.sub(r"^\{.*$", "", written, flags=re.MULTILINE))
    checked = CliRunner().invoke(links, ["--edge", "gateway", *map(str, sorted(folder.glob("*.log")))])
    assert checked.exit_code == 0, checked.output
