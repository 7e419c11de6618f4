"""uvicorn and gunicorn as real processes: every line that they write is narration, and in its story."""

import json
import os
import signal
import subprocess
import sys
from contextlib import contextmanager
from datetime import timedelta
from types import SimpleNamespace

import pytest
from gunicorn.config import Config

from narration_core.bridges.gunicorn import NarrationLogger
from narration_core.bridges.uvicorn import LOG_CONFIG_FILE
from narration_core.bridges.wsgi import IDS
from support.servers import ask, free_port, wait_until_it_listens

SECRET = "hunter2-made-up-pass"
ASGI = """
import logging
from narration_core import Narrator
from narration_core.bridges.asgi import NarrationMiddleware

async def plain(scope, receive, send):
    if scope["type"] == "lifespan":
        while True:
            kind = (await receive())["type"].removeprefix("lifespan.")
            await send({"type": f"lifespan.{kind}.complete"})
            if kind == "shutdown":
                return
    logging.getLogger("stock").info("Looking")
    if scope["path"] == "/broken":
        raise RuntimeError("password=hunter2-made-up-pass")
    await send({"type": "http.response.start", "status": 200, "headers": []})
    await send({"type": "http.response.body", "body": b"ok"})

app = NarrationMiddleware(plain, narrate=Narrator("shop"))
"""
WSGI = """
import logging
from narration_core import Narrator
from narration_core.bridges.wsgi import NarrationMiddleware

def plain(environ, start):
    logging.getLogger("stock").info("Looking")
    if environ["PATH_INFO"] == "/broken":
        raise RuntimeError("password=hunter2-made-up-pass")
    start("200 OK", [("Content-Length", "2")])
    return [b"ok"]

app = NarrationMiddleware(plain, narrate=Narrator("shop"))
"""


@contextmanager
def running(command, port, folder):
    process = subprocess.Popen(
        command, cwd=folder, text=True, stdout=subprocess.PIPE, stderr=subprocess.PIPE, env={**os.environ}
    )
    outputs = []
    try:
        wait_until_it_listens(port, process)
        yield outputs
    finally:
        process.send_signal(signal.SIGTERM)
        outputs += process.communicate(timeout=60)


def uvicorn(port):
    return [
        sys.executable, "-m", "uvicorn", "shop:app", "--port", str(port), "--log-config", str(LOG_CONFIG_FILE)
    ]  # fmt: skip


def gunicorn(port):
    return [
        sys.executable, "-m", "gunicorn", "-c", "python:narration_core.bridges.gunicorn", "-b", f"127.0.0.1:{port}",
        "--no-control-socket", "shop:app",
    ]  # fmt: skip


@pytest.mark.req("INT-04")
@pytest.mark.parametrize(
    ("command", "program", "access"),
    [(uvicorn, ASGI, ("uvicorn.access", "log")), (gunicorn, WSGI, ("gunicorn", "access"))],
    ids=["uvicorn", "gunicorn"],
)
def test_every_line_of_a_server_is_narration_in_its_story(tmp_path, command, program, access):
    (tmp_path / "shop.py").write_text(program, "utf-8")
    port = free_port()
    with running(command(port), port, tmp_path) as outputs:
        assert ask(port, f"/order?token={SECRET}", "req-1") == (200, "req-1")
        assert ask(port, "/broken", "req-2") == (500, "req-2")
    told = [json.loads(line) for line in outputs[0].splitlines()]
    assert outputs[1] == ""
    assert SECRET not in outputs[0]
    stories = {}
    for event in told:
        stories.setdefault(event.get("correlation_id"), []).append((event["actor"], event["action"]))
    good = [("shop", "request"), ("stock", "log"), access, ("shop", "answer")]
    bad = [("shop", "request"), ("stock", "log"), ("shop", "request_failed"), access, ("shop", "answer")]
    assert sorted(stories["req-1"]) == sorted(good)
    assert sorted(set(stories["req-2"]) - {("uvicorn.error", "log")}) == sorted(bad)
    assert all(event["actor"].startswith(("uvicorn", "gunicorn")) for event in told if "correlation_id" not in event)


def test_an_access_line_of_gunicorn_is_in_the_story_of_its_request(narration):
    logger = NarrationLogger(Config())
    logger.cfg.set("accesslog", "-")
    answer = SimpleNamespace(status="200 OK")
    environ = {"REQUEST_METHOD": "GET", "PATH_INFO": "/order", IDS: {"correlation_id": "req-1"}}
    logger.access(answer, None, environ, timedelta(milliseconds=5))
    narration.assert_event(
        action="access", request="GET /order", status=200, duration_ms=5, correlation_id="req-1", event="access"
    )
    logger.cfg.set("accesslog", None)
    logger.access(answer, None, environ, timedelta(milliseconds=5))
    narration.assert_count(1, action="access")
