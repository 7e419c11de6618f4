"""Whoever types something wrong, or meets a service that does not help, gets one line that says what to do."""

import json
import os
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from fleet.starting import EXAMPLES, HUB
from support.fleet import TOKEN, RunningFleet

pytestmark = pytest.mark.req("FLEET-03")
NOBODY = "http://127.0.0.1:9"
SECRET = "made-up-password-in-a-URL"


def ran(module: str, *arguments: str, **environment: str) -> "subprocess.CompletedProcess[str]":
    own = {name: value for name, value in os.environ.items() if not name.startswith(("NARRATION_", "AUTH_"))}
    return subprocess.run(
        [sys.executable, "-m", f"fleet.{module}", *arguments],
        env={**own, "PYTHONPATH": str(EXAMPLES), **environment},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )


TYPED = [
    (["", "--device", "cpu"], "error: the prompt must not be empty"),
    (["x", "--max-tokens", "0"], "error: --max-tokens must be at least 1"),
    (["x", "--seed", "-1"], "error: --seed must be at least 0"),
    (["x", "--model", "a b"], "error: --model must be 1 to 64 letters, digits, dots, dashes or underscores, a letter"),
    (["x", "--orchestrator", f"user:{SECRET}"], "error: --orchestrator is not a possible URL"),
    (["x", "--hub", "nonsense"], "error: --hub is not a possible URL"),
]


@pytest.mark.parametrize(("arguments", "said"), TYPED)
def test_what_a_user_types_wrong_is_said_in_one_line(arguments: list[str], said: str) -> None:
    done = ran("keeper", *arguments)
    assert (done.returncode, done.stdout) == (2, "")
    (line,) = done.stderr.splitlines()
    assert line.startswith(said)
    assert SECRET not in line


STARTED = [
    ("orchestratord", ["--slots", "0"], "argument --slots: must be a whole number from 1 to "),
    ("orchestratord", ["--queue-limit", "-1"], "argument --queue-limit: must be a whole number from 0 to "),
    ("orchestratord", ["--port", "65536"], "argument --port: must be a whole number from 0 to 65535"),
    ("orchestratord", ["--pool-manager", f"user:{SECRET}"], "argument --pool-manager: this is not a possible URL"),
    ("pool_managerd", ["--most-replicas", "-9"], "argument --most-replicas: must be a whole number from 1 to "),
    ("pool_managerd", ["--answer-sec", "nan"], "argument --answer-sec: must be a number of seconds above 0"),
    ("pool_managerd", ["--model-provisioner", "ftp://x"], "argument --model-provisioner: this is not a possible URL"),
    ("engine_provisioner", ["--folder", "/dev/null"], "argument --folder: /dev/null is no usable folder: file exists"),
    ("model_provisioner", ["--folder", "/proc/x/y"], "argument --folder: /proc/x/y is no usable folder: "),
    ("adapter_host", ["--server", "x"], "--server is not NAME=worker:URL or NAME=openai:URL"),
]


@pytest.mark.parametrize(("module", "arguments", "said"), STARTED)
def test_a_service_that_is_started_wrong_says_which_argument(module: str, arguments: list[str], said: str) -> None:
    done = ran(module, "--port", "0", *arguments)
    assert (done.returncode, done.stdout) == (2, "")
    assert said in done.stderr.splitlines()[-1]
    assert "Traceback" not in done.stderr
    assert SECRET not in done.stderr


def test_a_catalogue_that_is_missing_is_named(tmp_path: Path) -> None:
    done = ran("model_provisioner", "--folder", str(tmp_path), "--catalogue", str(tmp_path / "none.json"))
    assert done.returncode == 2
    assert done.stderr.splitlines()[-1].endswith("none.json cannot be read: no such file or directory")


def test_who_cannot_reach_the_orchestrator_hears_where_it_was_looked_for() -> None:
    done = ran("keeper", "x", "--orchestrator", NOBODY)
    assert (done.returncode, done.stdout) == (4, "")
    assert done.stderr.splitlines()[-1] == (
        f"error: orchestratord cannot be reached (at {NOBODY}); start it, or name another one with --orchestrator"
    )


class _Stranger(BaseHTTPRequestHandler):
    """A web server that knows nothing of fleets."""

    def do_POST(self) -> None:
        self.rfile.read(int(self.headers["Content-Length"]))
        self.send_response(404)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, *_: Any) -> None:
        """Say nothing."""


@pytest.fixture
def stranger() -> Iterator[str]:
    with ThreadingHTTPServer(("127.0.0.1", 0), _Stranger) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()
        thread.join()


def test_who_asks_another_server_hears_that_it_is_the_wrong_one(stranger: str) -> None:
    done = ran("keeper", "x", "--orchestrator", stranger)
    assert done.returncode == 3
    assert done.stderr.splitlines()[-1] == (
        "error: orchestratord refused /v1/tasks with status 404 (REFUSED); "
        "check that the address is the one of this service"
    )


@pytest.fixture(scope="module")
def fleet(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningFleet]:
    running = RunningFleet(tmp_path_factory.mktemp("bad-input"))
    running.start()
    yield running
    running.stop()


def test_who_has_no_token_or_a_wrong_one_hears_which_variable_to_set(fleet: RunningFleet) -> None:
    url = fleet.url("orchestratord")
    missing, wrong = (ran("keeper", "x", "--orchestrator", url, **more) for more in ({}, {"AUTH_TOKEN": "wrong"}))
    assert (missing.returncode, wrong.returncode) == (3, 3)
    assert missing.stderr.splitlines()[-1].startswith(
        "error: this service needs a token (MISSING_TOKEN); set AUTH_TOKEN"
    )
    assert wrong.stderr.splitlines()[-1] == (
        "error: the token is not accepted (BAD_TOKEN); set AUTH_TOKEN to that of the service"
    )


@pytest.mark.parametrize(
    ("hub", "token", "said"),
    [
        (NOBODY, TOKEN, f"no story: the hub at {NOBODY} cannot be reached, or was lost; the task goes on"),
        (None, "wrong", "does not accept the token in NARRATION_HUB_TOKEN; the task goes on"),
    ],
)
def test_without_a_hub_the_answer_is_there_and_a_line_says_why_no_story_is(
    fleet: RunningFleet, hub: str | None, token: str, said: str
) -> None:
    done = ran(
        *("keeper", "a haiku about GPUs", "--device", "cpu", "--orchestrator", fleet.url("orchestratord")),
        AUTH_TOKEN=TOKEN,
        NARRATION_HUB=hub or fleet.url(HUB),
        NARRATION_HUB_TOKEN=token,
    )
    assert done.returncode == 0, done.stderr
    assert len(done.stdout.strip().splitlines()) == 3
    assert said in done.stderr
    assert "Traceback" not in done.stderr


def test_no_gpu_is_said_with_what_to_do(fleet: RunningFleet) -> None:
    done = ran("keeper", "x", "--orchestrator", fleet.url("orchestratord"), AUTH_TOKEN=TOKEN)
    assert done.returncode == 1
    assert done.stderr.splitlines()[-1] == (
        "error: no GPU was found, and the CPU was not asked for by name (NO_GPU); "
        "install a build for the GPU, or ask for the CPU by name: device cpu"
    )


def test_a_flood_of_what_is_not_http_is_narrated_once(tmp_path: Path) -> None:
    service = subprocess.Popen(
        [sys.executable, "-m", "fleet.engine_provisioner", "--port", "0", "--folder", str(tmp_path)],
        env={**os.environ, "PYTHONPATH": str(EXAMPLES), "NARRATION_FORMAT": "json", "NARRATION_STRICT": "1"},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert service.stdout is not None
    with service, service.stdout as lines:
        port = next(event["port"] for event in map(json.loads, lines) if event["action"] == "ready")
        answers = []
        for _ in range(20):
            with socket.create_connection(("127.0.0.1", port), timeout=30) as client:
                client.sendall(b"\x16\x03\x01 not HTTP\r\n\r\n")
                answers.append(client.makefile("rb").readline())
        service.terminate()
        told = [event for event in map(json.loads, lines) if event["action"] == "http"]
    assert [answer.split()[1] for answer in answers] == [b"400"] * 20
    assert len(told) == 1
