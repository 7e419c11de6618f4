"""Real producers: NARRATION_HUB, and `narration forward` for services that do not narrate."""

import asyncio
import json
import os
import subprocess
import sys
from http.server import BaseHTTPRequestHandler, HTTPServer
from threading import Thread
from typing import ClassVar

import pytest

from narration_core import Narrator, configure, flush, stats
from narration_core.sinks import HubSink
from support.hub import event, hub

PRODUCER = """
import sys
from narration_core import Narrator, bind, flush
narrate = Narrator("poold")
with bind(correlation_id="req-1", job_id="job-1"):
    for number in range(int(sys.argv[1])):
        narrate("step", "gpu0", "Step {number} with {key}", number=number, key="password=hunter2-hunter2")
"""

LATE = """
import sys
from narration_core import Narrator, flush
n = Narrator("poold")
for i in range(50):
    n("step", "x", "Step {i}", i=i, job_id="job-1")
print("emitted", flush=True)
sys.stdin.readline()
print(flush(30), flush=True)
"""
QUIET = """
import sys
from narration_core import Narrator
Narrator("a")("b", "c", "D")
sys.exit("http.client" in sys.modules)
"""


def run(main):
    asyncio.run(asyncio.wait_for(main, 120))


def environment(url, **more):
    clean = {name: value for name, value in os.environ.items() if not name.startswith("NARRATION_")}
    return {**clean, "NARRATION_HUB": url, "NARRATION_FORMAT": "off", **more}


async def program(*arguments, url, stdin=None, **more):
    """Run a program to its end; return exit code and standard error."""
    process = await asyncio.create_subprocess_exec(
        *arguments,
        env=environment(url, **more),
        stdin=asyncio.subprocess.PIPE if stdin is not None else asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    _, errors = await process.communicate(stdin)
    return process.returncode, errors.decode()


def forward(*arguments):
    return [sys.executable, "-m", "narration_core.cli", "forward", *arguments]


@pytest.mark.req("SSE-07", "HUB-01")
def test_one_variable_sends_everything_and_the_process_ends_when_it_is_there():
    async def main():
        async with hub() as one:
            code, errors = await program(sys.executable, "-c", PRODUCER, "1200", url=one.url, NARRATION_SERVICE="poold")
            assert (code, errors) == (0, "")
            async with one.stream("/v1/jobs/job-1/stream") as reader:
                sentences = await reader.sentences(1200)
            assert [sentence.split(" with ")[0] for sentence in sentences] == [f"Step {n}" for n in range(1200)]
            assert not any("hunter2" in sentence for sentence in sentences)
            (service,) = (await one.ask("GET", "/v1/jobs"))["services"]
            assert service["service"] == "poold"

    run(main())


@pytest.mark.parametrize("url", ["nonsense", "ftp://hub", "http://", "http://ho st"])
def test_an_impossible_address_is_told_and_nothing_breaks(url):
    done = subprocess.run(
        [sys.executable, "-c", PRODUCER, "1"], env=environment(url), capture_output=True, text=True, check=False
    )
    assert done.returncode == 0
    assert "NARRATION_HUB is ignored" in done.stderr


class Recorder(BaseHTTPRequestHandler):
    """A hub that fails as often as it is told, and keeps what it is sent."""

    failures = 0
    bodies: ClassVar[list[bytes]] = []
    headers_seen: ClassVar[list[dict]] = []

    def do_POST(self):
        body = self.rfile.read(int(self.headers["Content-Length"]))
        kind = type(self)
        kind.bodies.append(body)
        kind.headers_seen.append(dict(self.headers))
        failed = kind.failures > 0
        kind.failures -= failed
        answer = b'{"accepted":1,"repeated":0,"refused":[]}'
        self.send_response(503 if failed else 202)
        self.send_header("Content-Length", str(len(answer)))
        self.end_headers()
        self.wfile.write(answer)

    def log_message(self, *_):
        pass


@pytest.fixture
def recorder():
    class Own(Recorder):
        bodies: ClassVar[list[bytes]] = []
        headers_seen: ClassVar[list[dict]] = []

    server = HTTPServer(("127.0.0.1", 0), Own)
    Thread(target=server.serve_forever, daemon=True).start()
    yield Own, f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    server.server_close()


@pytest.mark.req("SSE-07")
def test_a_retry_sends_the_same_ids(recorder):
    kind, url = recorder
    kind.failures = 4
    sink = HubSink(url, "a-made-up-token")
    configure(sinks=[sink], service="gateway", version="1", strict=False)
    try:
        Narrator("gateway")("accept", "x", "Accepted")
        assert flush(30) == 0
    finally:
        configure()
    # The first batch, tried five times. More may follow: what the facade has to say of the outputs of the test before.
    tries = kind.bodies[:5]
    assert len(tries) == 5
    assert len(set(tries)) == 1
    assert json.loads(tries[0].splitlines()[0])["event_id"].endswith("-1")
    assert b'"actor":"gateway"' in b"".join(kind.bodies)
    assert kind.headers_seen[0]["Authorization"] == "Bearer a-made-up-token"
    assert kind.headers_seen[0]["X-Narration-Service"] == "gateway"


@pytest.mark.req("SSE-07")
def test_a_hub_that_is_away_blocks_nobody_and_what_is_lost_is_counted():
    sink = HubSink("http://127.0.0.1:9")
    configure(sinks=[sink], service="gateway", version="1", strict=False, capacity=100, overflow="wait")
    try:
        narrate = Narrator("gateway")
        for number in range(5000):
            narrate("accept", "x", "Accepted {number}", number=number)
        dropped = stats()["dropped"]
        assert dropped["info"] >= 4800
    finally:
        configure()


def test_pauses_grow_and_are_never_the_same():
    sink = HubSink("http://127.0.0.1:9")
    pauses = [sink.cool_off_s for _ in range(200)]
    assert max(pauses[:1]) <= 1
    assert max(pauses) <= 30
    assert max(pauses[20:]) > 5
    assert len(set(pauses)) == len(pauses)


@pytest.mark.fault
@pytest.mark.req("SSE-07")
def test_a_hub_that_comes_back_gets_everything_that_the_buffer_held():
    async def main():
        async with hub() as one:
            port = one.url.rpartition(":")[2]
        process = await asyncio.create_subprocess_exec(
            sys.executable, "-c", LATE, env=environment(f"http://127.0.0.1:{port}"),
            stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE,
        )  # fmt: skip
        assert (await process.stdout.readline()) == b"emitted\n"
        async with hub("--port", port) as one:
            process.stdin.write(b"\n")
            assert (await process.stdout.readline()) == b"0\n"
            async with one.stream("/v1/jobs/job-1/stream") as reader:
                assert await reader.sentences(50) == [f"Step {n}" for n in range(50)]
        await process.communicate()

    run(main())


@pytest.mark.req("HUB-01")
def test_lines_of_services_that_do_not_narrate_join(tmp_path):
    log = tmp_path / "gateway.log"
    log.write_bytes(
        b'{"msg":"Taking in a request","request_id":"req-9","job_id":"job-9","time":"2026-11-28T21:06:40Z"}\n'
        b'ts=2026-11-28T21:06:41Z level=warn msg="Retrying soon" request_id=req-9 password=hunter2-hunter2\n'
        + event(job="job-9", human="Narrated", correlation_id="req-9")
        + b'\nTraceback (most recent call last):\n  File "x.py", line 1, in <module>\nValueError: no such engine\n'
        b"plain words\n"
    )

    async def main():
        async with hub() as one:
            for _ in range(2):  # again is harmless
                assert await program(*forward(str(log), "--no-follow"), url=one.url) == (0, "")
            story = await one.ask("GET", "/v1/stories/req-9")
            told = [(line["event"]["actor"], line["event"]["human"]) for line in story["lines"]]
            assert [human.split(" password")[0] for _, human in told] == [
                "Taking in a request", "Retrying soon", "Narrated",
            ]  # fmt: skip
            assert {actor for actor, _ in told} == {"gateway", "poold"}
            assert "hunter2" not in json.dumps(story)
            async with one.stream("/v1/operator/stream") as reader:
                everything = [await reader.next() for _ in range(5)]
            last, plain = (data["event"] for _, data in everything[3:])
            assert (last["human"], last["level"]) == ("ValueError: no such engine", "error")
            assert "line 1" in last["exception"]
            assert (plain["actor"], plain["human"]) == ("gateway", "plain words")
            with log.open("ab") as file:
                file.write(b"more words\n")
            await program(*forward(str(log), "--no-follow"), url=one.url)
            text = await (await one.session.get("/metrics")).text()
            assert "accepted_total 6" in text

    run(main())


@pytest.mark.req("HUB-01")
def test_a_pipe_is_forwarded_under_a_name(tmp_path):
    async def main():
        async with hub() as one:
            said = b"".join(b"line %d\n" % n for n in range(500))
            given = [*forward("-", "--service", "nginx")]
            assert await program(*given, url=one.url, stdin=said) == (0, "")
            async with one.stream("/v1/operator/stream") as reader:
                events = [(await reader.next())[1]["event"] for _ in range(500)]
            assert [said["human"] for said in events] == [f"line {n}" for n in range(500)]
            assert {said["actor"] for said in events} == {"nginx"}

    run(main())


@pytest.mark.parametrize(
    "arguments", [["-"], ["-", "--hub", "nonsense"], ["nowhere.log", "--hub", "http://127.0.0.1:9"],
                  ["-", "x", "--hub", "http://127.0.0.1:9"], ["-", "--service", "A B", "--hub", "http://127.0.0.1:9"]],
)  # fmt: skip
def test_what_cannot_be_forwarded_is_one_line(tmp_path, arguments):
    done = subprocess.run(
        forward(*arguments), env=environment(""), cwd=tmp_path, capture_output=True, text=True, input="", check=False
    )
    assert done.returncode == 2
    assert "Traceback" not in done.stderr


def test_the_sink_asks_nobody_to_import_an_http_client():
    done = subprocess.run([sys.executable, "-c", QUIET], env=environment(""), check=False)
    assert done.returncode == 0
