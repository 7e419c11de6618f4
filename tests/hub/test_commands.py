"""`narration jobs`, `watch`, `link`, and story, why and conform with --hub: as a person calls them, on a real hub."""

import asyncio
import json
import os
import re
import signal
import subprocess
import sys
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from narration_core import Event, encode
from narration_core._hub_connection import Answer, HubRefusedError, HubUnreachableError
from narration_core.cli._watch import _Place
from narration_core.following._hub_source import Hub
from support.hub import event, hub

TOKEN = "a-made-up-operator"


def run(main):
    asyncio.run(asyncio.wait_for(main, 120))


def environment(url, **more):
    clean = {name: value for name, value in os.environ.items() if not name.startswith("NARRATION_")}
    return {**clean, "NARRATION_HUB": url, "COLUMNS": "100", **more}


async def narration(*arguments, url="", **more):
    """Run a command to its end: exit code, standard output, standard error."""
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "narration_core.cli", *arguments, env=environment(url, **more),
        stdin=asyncio.subprocess.DEVNULL, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE,
    )  # fmt: skip
    said, errors = await process.communicate()
    return process.returncode, said.decode(), errors.decode()


def stuck():
    ids = {"correlation_id": "req-1"}
    return [
        event(human="Accepted the request", actor="gateway", event="request_start", span_id="a" * 16, **ids),
        event(human="Building the engine", actor="provisioner", event="build_start", span_id="b" * 16, **ids),
    ]


@pytest.mark.req("HUB-04")
def test_jobs_shows_the_board():
    async def main():
        async with hub() as one:
            assert await narration("jobs", url=one.url) == (1, "", "No job is open; 0 have ended (--all shows them).\n")
            await one.send(*stuck())
            code, said, _ = await narration("jobs", url=one.url)
            assert code == 0
            assert said.startswith("job-1  running  quiet for ")
            assert said.endswith("waits for provisioner: Building the engine\n")
            _, data, _ = await narration("jobs", "-o", "json", url=one.url)
            assert json.loads(data)["jobs"][0]["waits"]["service"] == "provisioner"

    run(main())


@pytest.mark.req("HUB-01", "HUB-04")
@pytest.mark.parametrize("on_disk", [True, False], ids=["disk", "memory"])
def test_story_why_and_conform_read_from_a_hub_as_from_files(tmp_path, on_disk):
    log = tmp_path / "all.log"
    log.write_bytes(b"\n".join([*stuck(), b""]))
    golden = tmp_path / "snapshots"
    golden.mkdir()
    (golden / "one.story").write_text(
        "Scenario: x\n\nWhen y\n  gateway | spawn | gpu0 | c1\n      A\n  provisioner | spawn | gpu0 | c1\n      B\n"
    )

    async def main():
        async with hub(*(("--data", str(tmp_path / "data")) if on_disk else ())) as one:
            await one.send(*stuck(), event(job="job-2", human="Other", correlation_id="req-2"))
            for asked in ("req-1", "job-1", "b" * 16):
                from_files = await narration("story", asked, str(log))
                assert await narration("story", asked, "--hub", one.url) == from_files
                assert from_files[0] == 0
            from_files = await narration("why", "req-1", str(log))
            from_hub = await narration("why", "req-1", "--hub", one.url)
            assert from_hub[0] == 0
            assert from_hub[1].split("\n")[0] == from_files[1].split("\n")[0]
            assert "provisioner: Building the engine" in from_hub[1]
            code, said, errors = await narration("conform", "--hub", one.url, "--golden", str(golden))
            assert (code, errors) == (1, ""), said
            assert "2" in said
            code, said, errors = await narration("story", "nowhere", "--hub", one.url)
            assert (code, said) == (1, "")
            assert errors.startswith("Nothing holds 'nowhere'")
            assert (await narration("story", "x", str(log), "--hub", one.url))[0] == 2

    run(main())


@pytest.mark.req("HUB-01", "FOL-01")
@pytest.mark.parametrize("on_disk", [True, False], ids=["disk", "memory"])
def test_the_number_of_an_order_leads_to_its_request_at_a_hub_as_in_files(tmp_path, on_disk):
    paid = event(human="Taking payment for order 7712", actor="shop", event="pay_start", correlation_id="req-1")
    other = event(human="Taking payment for order 77120", actor="shop", event="pay_start", correlation_id="req-2")
    log = tmp_path / "all.log"
    log.write_bytes(b"\n".join([*stuck(), paid, other, b""]))

    async def main():
        async with hub(*(("--data", str(tmp_path / "data")) if on_disk else ())) as one:
            await one.send(*stuck(), paid, other)
            for command in ("story", "why"):
                from_files = await narration(command, "7712", str(log))
                from_hub = await narration(command, "7712", "--hub", one.url)
                assert from_hub[0] == from_files[0] == 0
                assert "order 7712" in from_hub[1]
                assert "77120" not in from_hub[1]
            assert from_hub[1].split("\n")[0] == from_files[1].split("\n")[0]
            assert await narration("story", "7712", "--hub", one.url) == await narration("story", "7712", str(log))
            late = await narration("story", "7712", "--hub", one.url, "--since", "2999-01-01")
            assert (late[0], late[1]) == (1, "")

    run(main())


@pytest.mark.req("HUB-02", "FOL-01")
def test_who_may_not_search_is_told_that_nothing_was_found():
    async def main():
        async with hub(AUTH_TOKEN=TOKEN) as one:
            await one.send(event(human="Order 7712 paid", correlation_id="req-1"), token=TOKEN)
            ticket = (await one.ask("POST", "/v1/stories/req-1/ticket", TOKEN, status=201))["ticket"]
            code, said, _ = await narration("story", "req-1", "--hub", one.url, NARRATION_HUB_TOKEN=ticket)
            assert (code, "7712" in said) == (0, True)
            code, said, errors = await narration("story", "7712", "--hub", one.url, NARRATION_HUB_TOKEN=ticket)
            assert (code, said) == (1, "")
            assert "Traceback" not in errors

    run(main())


class Busy(BaseHTTPRequestHandler):
    """A hub whose only search is taken at first."""

    searches = 0

    def do_GET(self):
        is_search = self.path.startswith("/v1/search")
        type(self).searches += is_search
        is_free = self.searches > 1
        hit = {"producer": "shop", "event": json.loads(event(human="Order 7712 paid"))}
        body = json.dumps({"hits": [hit], "searched": 1, "of": 1, "end": "all"}).encode() + b"\n"
        status, body = (200 if is_free else 429, body if is_free else b"{}") if is_search else (404, b"{}")
        self.send_response(status)
        self.send_header("Content-Length", str(len(body)))
        if status == 429:
            self.send_header("Retry-After", "0")
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_):
        pass


def test_a_search_of_somebody_else_is_waited_for():
    with ThreadingHTTPServer(("127.0.0.1", 0), Busy) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        with Hub(f"http://127.0.0.1:{server.server_port}") as one:
            assert [line.event.human for line in one.read(["7712"])] == ["Order 7712 paid"]
        server.shutdown()
    assert Busy.searches == 2


@pytest.mark.req("SSE-08")
def test_watch_prints_what_comes_until_the_job_ends():
    async def main():
        async with hub() as one:
            await one.send(event(human="One", event="work_start"), event(job="job-2", human="Foreign"))
            process = await asyncio.create_subprocess_exec(
                sys.executable, "-m", "narration_core.cli", "watch", "job-1", "-o", "raw", env=environment(one.url),
                stdout=asyncio.subprocess.PIPE,
            )  # fmt: skip
            assert json.loads(await process.stdout.readline())["human"] == "One"
            await one.send(event(human="Two"), event(human="Done", event="work_end"))
            assert [json.loads(await process.stdout.readline())["human"] for _ in range(2)] == ["Two", "Done"]
            assert await process.stdout.read() == b""
            assert await process.wait() == 0

    run(main())


@pytest.mark.fault
@pytest.mark.req("SSE-08", "HUB-03")
def test_watch_goes_on_after_the_hub_was_killed_and_misses_nothing(tmp_path):
    async def main():
        async with hub("--data", str(tmp_path)) as one:
            port = one.url.rpartition(":")[2]
            await one.send(event(human="One", event="work_start"))
            process = await asyncio.create_subprocess_exec(
                sys.executable, "-m", "narration_core.cli", "watch", "job-1", "-o", "raw", env=environment(one.url),
                stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE,
            )  # fmt: skip
            assert json.loads(await process.stdout.readline())["human"] == "One"
            one.process.signal(signal.SIGKILL)
            await one.process.wait()
        async with hub("--data", str(tmp_path), "--port", port) as one:
            await one.send(event(human="Two"), event(human="Done", event="work_end"))
            said = [json.loads(line)["human"] for line in (await process.stdout.read()).splitlines()]
            assert said == ["Two", "Done"]
            assert await process.wait() == 0
            (told,) = (await process.stderr.read()).decode().splitlines()
            assert re.fullmatch(r"\.\.\. .*the hub at http://127.0.0.1:\d+ .+; trying again \.\.\.", told)

    run(main())


def refusal(status):
    return HubRefusedError(Answer(status, {}, b""))


def test_watch_asks_a_hub_that_forgot_the_job_a_few_times_and_one_that_refuses_never_again():
    place = _Place(None)
    assert place.is_over(refusal(401))
    assert place.is_over(refusal(403))
    assert not place.is_over(refusal(404))
    for _ in range(100):
        place.pause_s()
    assert place.is_over(refusal(404))
    assert not place.is_over(refusal(503))
    assert not place.is_over(HubUnreachableError("away"))
    place.is_alive()
    assert not place.is_over(refusal(404))


@pytest.mark.req("HUB-02")
def test_a_link_shows_one_job_to_whoever_has_it():
    async def main():
        async with hub(AUTH_TOKEN=TOKEN) as one:
            await one.send(event(human="One", event="x_start"), event(human="Two", event="x_end"), token=TOKEN)
            assert (await narration("link", "job-1", url=one.url))[0] == 1
            code, said, _ = await narration("link", "job-1", "--for", "10m", url=one.url, NARRATION_HUB_TOKEN=TOKEN)
            assert code == 0
            assert said.startswith(f"{one.url}/#job=job-1&ticket=n1.")
            ticket = said.strip().partition("ticket=")[2]
            code, said, _ = await narration("watch", "job-1", url=one.url, NARRATION_HUB_TOKEN=ticket)
            assert code == 0
            assert "One" in said
            revoked = await narration("link", "job-1", "--revoke", url=one.url, NARRATION_HUB_TOKEN=TOKEN)
            assert revoked == (0, "", "Every link of job-1 is worthless now; streams closed: 0\n")
            code, _, errors = await narration("watch", "job-1", url=one.url, NARRATION_HUB_TOKEN=ticket)
            assert code == 1
            assert "401" in errors
            assert "Traceback" not in errors

    run(main())


@pytest.mark.parametrize(
    "arguments",
    [["jobs"], ["watch", "x"], ["link", "x"], ["story", "x", "--hub", "http://127.0.0.1:9"],
     ["conform", "--hub", "http://127.0.0.1:9", "--golden", "snapshots"]],
)  # fmt: skip
def test_a_hub_that_is_not_there_is_one_line(arguments, root):
    done = subprocess.run(
        [sys.executable, "-m", "narration_core.cli", *arguments], env=environment("http://127.0.0.1:9"), cwd=root,
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 1
    assert done.stderr == "Error: the hub at http://127.0.0.1:9 cannot be reached: Connection refused\n"


@pytest.mark.parametrize("arguments", [["jobs"], ["watch", "x"], ["link", "x"]])
def test_without_an_address_the_commands_say_what_to_set(arguments):
    done = subprocess.run(
        [sys.executable, "-m", "narration_core.cli", *arguments], env=environment(""), capture_output=True, text=True,
        check=False,
    )  # fmt: skip
    assert done.returncode == 2
    assert "--hub URL, or NARRATION_HUB" in done.stderr


@pytest.mark.req("SSE-03")
def test_the_sentence_is_the_same_in_the_stream_the_story_and_the_terminal():
    human = "Building «llamacpp-v1» for pool 'default': 75 %"
    line = encode(Event(actor="poold", action="build", target="x", human=human, job_id="job-1", correlation_id="req-1"))

    async def main():
        async with hub() as one:
            await one.send(line)
            async with one.stream("/v1/jobs/job-1/stream") as reader:
                assert await reader.sentences(1) == [human]
            _, said, _ = await narration("story", "req-1", "--hub", one.url)
            assert human in said
            async with one.session.get("/v1/stories/req-1", headers={"Accept": "text/plain"}) as response:
                assert human in await response.text()
            (job,) = (await one.ask("GET", "/v1/jobs"))["jobs"]
            assert job["sentence"] == human

    run(main())
