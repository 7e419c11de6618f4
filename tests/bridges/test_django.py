"""A Django project as `startproject` makes it, under each of its servers: every end of a request is in its story."""

import json
import os
import signal
import subprocess
import sys
import time

import pytest

from support.servers import ask, free_port, wait_until_it_listens

SECRET = "hunter2-Zx81-made-up"
HEADERS = {"Cookie": f"csrftoken={SECRET}", "Authorization": f"Bearer {SECRET}"}
FORM = {"Content-Type": "application/x-www-form-urlencoded"}
FILES = {
    "manage.py": """
import os
import sys
from django.core.management import execute_from_command_line

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "shop.settings")
execute_from_command_line(sys.argv)
""",
    "shop/__init__.py": "",
    "shop/settings.py": f"""
import os

SECRET_KEY = "{SECRET}"
DEBUG = os.environ["DEBUG"] == "1"
ALLOWED_HOSTS = ["127.0.0.1"]
INSTALLED_APPS = ["django.contrib.contenttypes", "django.contrib.auth"]
MIDDLEWARE = ["django.middleware.common.CommonMiddleware", "shop.views.torn"]
ROOT_URLCONF = "shop.views"
WSGI_APPLICATION = "shop.wsgi.application"
TEMPLATES = [{{"BACKEND": "django.template.backends.django.DjangoTemplates"}}]
""",
    "shop/views.py": """
import logging
from django.core.exceptions import PermissionDenied, SuspiciousOperation
from django.http import Http404, HttpResponse, StreamingHttpResponse
from django.urls import path
from narration_core import Narrator

log = logging.getLogger("shop.views")
narrate = Narrator("till")

def torn(get_response):
    def middleware(request):
        if request.path == "/torn":
            raise LookupError(f"password={request.GET['token']}")
        return get_response(request)
    return middleware

def order(request):
    narrate("order", "order-7", "Taking order 7")
    return HttpResponse("taken")

def form(request):
    log.warning("got %s", request.POST)
    raise RuntimeError(f"cannot save {request.POST.dict()}")

def number(request):
    return HttpResponse(int(request.POST["password"]))

def stream(request):
    def pieces():
        for piece in "ab":
            narrate("piece", piece, "Sending a piece")
            yield piece
    return StreamingHttpResponse(pieces())

def gone(request):
    raise Http404(f"no such shelf: {request.GET}")

def denied(request):
    raise PermissionDenied

def suspicious(request):
    raise SuspiciousOperation(f"odd: {request.GET.urlencode()}")

async def waits(request):
    narrate("order", "order-8", "Taking order 8")
    return HttpResponse("taken")

async def waits_broken(request):
    raise KeyError("no such shelf")

async def waits_stream(request):
    async def pieces():
        for piece in "ab":
            narrate("piece", piece, "Sending a piece")
            yield piece
    return StreamingHttpResponse(pieces())

views = (order, form, number, stream, gone, denied, suspicious, waits, waits_broken, waits_stream)
urlpatterns = [path(view.__name__, view) for view in views]
""",
    "shop/wsgi.py": """
import os
from django.core.wsgi import get_wsgi_application
from narration_core import Narrator
from narration_core.bridges.wsgi import NarrationMiddleware

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "shop.settings")
application = NarrationMiddleware(get_wsgi_application(), narrate=Narrator("till"))
""",
    "shop/asgi.py": """
import os
from django.core.asgi import get_asgi_application
from narration_core import Narrator
from narration_core.bridges.asgi import NarrationMiddleware

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "shop.settings")
application = NarrationMiddleware(get_asgi_application(), narrate=Narrator("till"))
""",
}


def runserver(port):
    return ["manage.py", "runserver", "--noreload", "--skip-checks", f"127.0.0.1:{port}"]


def gunicorn(port):
    return ["-m", "gunicorn", "--no-control-socket", "-b", f"127.0.0.1:{port}", "shop.wsgi"]


def configured_gunicorn(port):
    return [*gunicorn(port), "-c", "python:narration_core.bridges.gunicorn"]


def uvicorn(port):
    return ["-m", "uvicorn", "shop.asgi:application", "--port", str(port)]


STATUSES = {
    "order": 200, "stream": 200, "waits": 200, "waits_stream": 200, "form": 500, "number": 500, "torn": 500,
    "waits_broken": 500, "gone": 404, "nowhere": 404, "denied": 403, "suspicious": 400,
}  # fmt: skip
FAILURES = {
    "form": "RuntimeError",
    "number": "ValueError",
    "torn": "LookupError",
    "waits_broken": "KeyError",
}


@pytest.mark.req("INT-01")
@pytest.mark.parametrize("debug", ["0", "1"])
@pytest.mark.parametrize("command", [runserver, gunicorn, configured_gunicorn, uvicorn])
def test_every_end_of_a_request_is_in_its_story_and_no_secret_anywhere(tmp_path, command, debug):
    (tmp_path / "shop").mkdir()
    for name, text in FILES.items():
        (tmp_path / name).write_text(text, "utf-8")
    port = free_port()
    log = tmp_path / "log"
    with log.open("w") as out:
        process = subprocess.Popen(
            [sys.executable, *command(port)], cwd=tmp_path, text=True, stdout=out, stderr=subprocess.PIPE,
            env={**os.environ, "NARRATION_FORMAT": "json", "DEBUG": debug, "PYTHONWARNINGS": "ignore"},
        )  # fmt: skip
    answers = {}
    try:
        wait_until_it_listens(port, process)
        for path in STATUSES:
            body = f"user=bob&password={SECRET}".encode() if path in ("form", "number") else None
            answers[path] = ask(port, f"/{path}?token={SECRET}", f"req-{path}", HEADERS | FORM, body)
        # An answer is told after its bytes were sent, and runserver's threads end with it.
        deadline = time.monotonic() + 60
        while log.read_text("utf-8").count('"action":"answer"') < len(STATUSES):
            assert process.poll() is None
            assert time.monotonic() < deadline
            time.sleep(0.01)
    finally:
        process.send_signal(signal.SIGTERM if command is not runserver else signal.SIGINT)
        _, err = process.communicate(timeout=60)
    out = log.read_text("utf-8")
    assert answers == {path: (status, f"req-{path}") for path, status in STATUSES.items()}
    assert SECRET not in out + err
    assert "Traceback" not in err
    stories = {}
    for line in out.splitlines():
        if line.startswith("{"):
            event = json.loads(line)
            stories.setdefault(event.get("correlation_id"), []).append(event)
    for path, status in STATUSES.items():
        told = [event for event in stories[f"req-{path}"] if event["actor"] == "till"]
        own = {"order": ["order"], "waits": ["order"], "stream": ["piece"] * 2, "waits_stream": ["piece"] * 2}
        between = ["request_failed"] if path in FAILURES else own.get(path, [])
        assert [event["action"] for event in told] == ["request", *between, "answer"]
        assert told[-1]["status"] == status
        assert [event["error_kind"] for event in told if event["action"] == "request_failed"] == [
            FAILURES[path] for _ in between if path in FAILURES
        ]
    assert not [event for event in stories.get(None, []) if event["actor"] == "till"]
    logged = {event["actor"] for event in stories["req-form"]} - {"till"}
    assert "shop.views" in logged
    assert [event["actor"] for event in stories["req-form"]].count("django.request") <= 1
    # Django itself logs what fails where DEBUG says so; what is logged is in the story.
    assert ("django.request" in logged) is (debug == "1" or command is configured_gunicorn)
