"""A thousand requests at once with ids of their own, through every kind of server: no event is in a wrong story."""

import json
import os
import signal
import subprocess
import sys

import pytest

from support.servers import ask_at_once, free_port, wait_until_it_listens

MANY = 1000
FASTAPI = """
import asyncio, time
from fastapi import FastAPI
from fastapi.responses import PlainTextResponse
from narration_core import Narrator
from narration_core.bridges.asgi import NarrationMiddleware

app = FastAPI()
narrate = Narrator("till")
app.add_middleware(NarrationMiddleware, narrate=narrate)

@app.get("/order/{number}", response_class=PlainTextResponse)
async def order(number: int):
    narrate("begin", f"order-{number}", "Taking an order")
    await asyncio.sleep(number % 7 / 100)
    narrate("end", f"order-{number}", "Took an order")
    return str(number)

@app.get("/threaded/{number}", response_class=PlainTextResponse)
def threaded(number: int):
    narrate("begin", f"order-{number}", "Taking an order")
    time.sleep(number % 7 / 1000)
    narrate("end", f"order-{number}", "Took an order")
    return str(number)
"""
FLASK = """
import time
from flask import Flask
from narration_core import Narrator
from narration_core.bridges.wsgi import NarrationMiddleware

app = Flask("till")
narrate = Narrator("till")
app.wsgi_app = NarrationMiddleware(app.wsgi_app, narrate=narrate)

@app.get("/order/<int:number>")
def order(number):
    def pieces():
        narrate("begin", f"order-{number}", "Taking an order")
        time.sleep(number % 7 / 1000)
        yield str(number)
        narrate("end", f"order-{number}", "Took an order")
    return pieces(), {"Content-Length": str(len(str(number)))}
"""
DJANGO = """
import time
from django.conf import settings
from django.core.asgi import get_asgi_application
from django.core.wsgi import get_wsgi_application
from django.http import HttpResponse
from django.urls import path
from narration_core import Narrator
from narration_core.bridges import asgi, wsgi

settings.configure(ROOT_URLCONF=__name__, ALLOWED_HOSTS=["*"], SECRET_KEY="made-up-for-tests")
narrate = Narrator("till")

def order(request, number):
    narrate("begin", f"order-{number}", "Taking an order")
    time.sleep(number % 7 / 1000)
    narrate("end", f"order-{number}", "Took an order")
    return HttpResponse(str(number), headers={"Content-Length": len(str(number))})

urlpatterns = [path("order/<int:number>", order)]
app = wsgi.NarrationMiddleware(get_wsgi_application(), narrate=narrate)
asgi_app = asgi.NarrationMiddleware(get_asgi_application(), narrate=narrate)
"""
AIOHTTP = """
import asyncio, sys
from aiohttp import web
from narration_core import Narrator
from narration_core.bridges.aiohttp import correlate

narrate = Narrator("till")

async def order(request):
    number = request.match_info["number"]
    narrate("begin", f"order-{number}", "Taking an order")
    await asyncio.sleep(int(number) % 7 / 100)
    narrate("end", f"order-{number}", "Took an order")
    return web.Response(text=number)

app = web.Application()
app.router.add_get("/order/{number}", order)
correlate(app, narrate)
web.run_app(app, host="127.0.0.1", port=int(sys.argv[1]), print=None, backlog=2048)
"""


def uvicorn(port, app="till:app"):
    return ["-m", "uvicorn", app, "--port", str(port), "--no-access-log"]


def django_asgi(port):
    return uvicorn(port, "till:asgi_app")


def gunicorn(*more):
    # An async worker closes what waits for longer than its keep-alive time, unread; see docs/integrations.md.
    command = ["-m", "gunicorn", "--no-control-socket", "--keep-alive", "60", "till:app", *more]
    return lambda port: [*command, "-b", f"127.0.0.1:{port}"]


def aiohttp(port):
    return ["till.py", str(port)]


@pytest.mark.req("CTX-02")
@pytest.mark.parametrize(
    ("program", "command", "path"),
    [
        pytest.param(FASTAPI, uvicorn, "order", id="FastAPI"),
        pytest.param(FASTAPI, uvicorn, "threaded", id="FastAPI, in threads"),
        pytest.param(FLASK, gunicorn(), "order", id="Flask, sync"),
        pytest.param(FLASK, gunicorn("-k", "gthread", "--threads", "16"), "order", id="Flask, gthread"),
        pytest.param(FLASK, gunicorn("-k", "gevent"), "order", id="Flask, gevent"),
        pytest.param(DJANGO, gunicorn("-w", "2", "--threads", "8"), "order", id="Django, WSGI"),
        pytest.param(DJANGO, django_asgi, "order", id="Django, ASGI"),
        pytest.param(AIOHTTP, aiohttp, "order", id="aiohttp"),
    ],
)
def test_a_thousand_requests_at_once_are_never_mixed(tmp_path, program, command, path):
    (tmp_path / "till.py").write_text(program, "utf-8")
    port = free_port()
    with (tmp_path / "out").open("wb") as out:
        process = subprocess.Popen(
            [sys.executable, *command(port)], cwd=tmp_path, stdout=out, stderr=subprocess.PIPE,
            env={**os.environ, "NARRATION_FORMAT": "json"},
        )  # fmt: skip
        try:
            wait_until_it_listens(port, process)
            answers = ask_at_once(port, {f"req-{number}": f"/{path}/{number}" for number in range(MANY)})
        finally:
            process.send_signal(signal.SIGTERM)
            _, err = process.communicate(timeout=60)
    expected = {f"req-{number}": (200, f"req-{number}", str(number)) for number in range(MANY)}
    assert answers == expected, err.decode()[-2000:]
    stories = {}
    for line in (tmp_path / "out").read_bytes().splitlines():
        event = json.loads(line) if line.startswith(b"{") else {}
        if event.get("actor") == "till":
            stories.setdefault(event["correlation_id"], []).append((event["action"], event["target"]))
    assert stories == {
        f"req-{number}": [
            ("request", f"GET /{path}/{number}"), ("begin", f"order-{number}"), ("end", f"order-{number}"),
            ("answer", f"GET /{path}/{number}"),
        ]
        for number in range(MANY)
    }  # fmt: skip
