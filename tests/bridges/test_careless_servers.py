"""Applications as strangers start them: what their servers print of their own accord holds no secret."""

import json
import os
import signal
import subprocess
import sys
from http.client import HTTPException

import pytest

from support.servers import ask, free_port, wait_until_it_listens

SECRET = "hunter2-Zx81-made-up"
HEADERS = {
    "Authorization": f"Bearer {SECRET}",
    "Cookie": f"session={SECRET}",
    "X-Api-Key": SECRET,
    "Referer": f"http://shop/?token={SECRET}",
    "Content-Type": "application/json",
}
BODY = json.dumps({"user": "bob", "password": SECRET, "pin": SECRET}).encode()

FASTAPI = """
import logging
import httpx
from fastapi import FastAPI, Request
from pydantic import BaseModel
from narration_core import Narrator
from narration_core.bridges.asgi import NarrationMiddleware

log = logging.getLogger("careless")
app = FastAPI()
app.add_middleware(NarrationMiddleware, narrate=Narrator("till"))

class Login(BaseModel):
    user: str
    password: int
    pin: int

@app.post("/validated")
async def validated(body: dict):
    try:
        Login(**body)
    except Exception:
        log.exception("cannot log in with %s", body)
        raise

@app.post("/number")
async def number(body: dict):
    return int(body["password"])

@app.post("/said")
async def said(request: Request):
    log.warning("headers: %s", request.headers)
    log.warning(f"headers {dict(request.headers)} cookies={request.cookies}")
    raise RuntimeError(f"cannot use {await request.body()} of {request.headers!r}")

@app.post("/called")
async def called(body: dict):
    async with httpx.AsyncClient() as client:
        await client.get("http://127.0.0.1:1/", params={"api_key": body["password"]}, auth=("bob", body["password"]))
"""
FLASK = """
import logging
from flask import Flask, request
from narration_core import Narrator
from narration_core.bridges.wsgi import NarrationMiddleware

log = logging.getLogger("careless")
app = Flask("till")
app.wsgi_app = NarrationMiddleware(app.wsgi_app, narrate=Narrator("till"))

@app.post("/validated")
def validated():
    app.logger.warning("got %s", request.get_json())
    raise RuntimeError(f"cannot save {request.get_json()}")

@app.post("/number")
def number():
    return str(int(request.get_json()["password"]))

@app.post("/said")
def said():
    log.error("headers %s", dict(request.headers))
    log.error("all of %s", request.headers)
    raise KeyError(request.headers["Authorization"])

@app.post("/called")
def called():
    body = request.get_json()
    def pieces():
        yield ""
        raise ValueError(f"cannot go on with {body}")
    return pieces()
"""
AIOHTTP = """
import logging, sys
from aiohttp import web
from narration_core import Narrator
from narration_core.bridges.aiohttp import correlate
from narration_core.bridges.stdlib import NarrationHandler

if "logged" in sys.argv:
    logging.basicConfig(handlers=[NarrationHandler()], level="INFO")
log = logging.getLogger("careless")

async def validated(request):
    body = await request.json()
    log.error("got %s", body)
    raise RuntimeError(f"cannot save {body}")

async def number(request):
    return web.Response(text=str(int((await request.json())["password"])))

async def said(request):
    log.error("headers %s", dict(request.headers))
    log.error("all of %s", request.headers)
    raise KeyError(str(request.headers))

async def called(request):
    raise web.HTTPBadGateway(text="no")

app = web.Application()
for handler in (validated, number, said, called):
    app.router.add_post(f"/{handler.__name__}", handler)
correlate(app, Narrator("till"))
web.run_app(app, host="127.0.0.1", port=int(sys.argv[1]), print=None)
"""


def uvicorn(port):
    return ["-m", "uvicorn", "till:app", "--port", str(port)]


def flask(port):
    return ["-m", "flask", "--app", "till", "run", "-p", str(port)]


def gunicorn(port):
    return ["-m", "gunicorn", "--no-control-socket", "-b", f"127.0.0.1:{port}", "till:app"]


def aiohttp(port):
    return ["till.py", str(port)]


def logged_aiohttp(port):
    return ["till.py", str(port), "logged"]


@pytest.mark.req("INT-04")
@pytest.mark.parametrize(
    ("program", "command", "access"),
    [
        (FASTAPI, uvicorn, "uvicorn.access"),
        (FLASK, flask, "werkzeug"),
        (FLASK, gunicorn, None),
        (AIOHTTP, aiohttp, None),
        (AIOHTTP, logged_aiohttp, "aiohttp.access"),
    ],
    ids=["uvicorn", "flask run", "gunicorn", "aiohttp", "aiohttp with logging"],
)
def test_a_server_that_nobody_has_set_up_prints_no_secret(tmp_path, program, command, access):
    (tmp_path / "till.py").write_text(program, "utf-8")
    port = free_port()
    process = subprocess.Popen(
        [sys.executable, *command(port)], cwd=tmp_path, text=True, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
        env={**os.environ, "NARRATION_FORMAT": "json"},
    )  # fmt: skip
    answers = {}
    try:
        wait_until_it_listens(port, process)
        for path in ("validated", "number", "said", "called"):
            try:
                answers[path] = ask(port, f"/{path}?token={SECRET}&q={SECRET}", f"req-{path}", HEADERS, BODY)
            except (OSError, HTTPException):  # a stream that breaks off
                assert path == "called"
    finally:
        process.send_signal(signal.SIGTERM)
        out, err = process.communicate(timeout=60)
    assert SECRET not in out + err
    assert "Traceback" not in err
    for path in ("validated", "number", "said"):
        assert answers[path] == (500, f"req-{path}")
    told = [json.loads(line) for line in out.splitlines() if line.startswith("{")]
    failed = {event["correlation_id"] for event in told if event["action"] == "request_failed"}
    assert failed >= {"req-validated", "req-number", "req-said"}
    logged = {event["correlation_id"] for event in told if event["actor"] == "careless"}
    assert "req-said" in logged
    lines = [event["human"] for event in told if event["actor"] == access]
    assert sum("POST /number HTTP/1.1" in line for line in lines) == (access is not None)
