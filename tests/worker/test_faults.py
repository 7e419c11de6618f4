"""Cut connections, cancelled and killed work: the next request works, and the story says what happened."""

import asyncio
import os
import signal
import socket
import subprocess
import sys

import aiohttp
import pytest

from narration_core import decode
from narration_worker.client import WorkerClient
from narration_worker.launch import WorkerEndedError, launch

HAIKU = "Write a haiku about GPU computing"
STRICT = {"NARRATION_STRICT": "1"}
pytestmark = pytest.mark.fault


@pytest.fixture(scope="module")
def slow(make_model):
    """Return a model that takes seconds to read a long prompt and never ends by itself."""
    return make_model("slow.gguf", 30)


async def names_until(stream, name):
    """Read a stream until a message of this name; return it."""
    async for message in stream:
        if message.name == name:
            return message
    raise AssertionError(f"the stream ended without {name}")


async def is_told(stream, action):
    """Read a stream until the worker narrates this."""
    async for message in stream:
        if message.name == "narration" and message.data["event"]["action"] == action:
            return
    raise AssertionError(f"the stream ended without {action}")


@pytest.mark.req("M0-W-1330")
def test_a_cancel_reaches_prompt_evaluation(slow):
    async def run():
        async with launch(slow, environment=STRICT) as worker, WorkerClient(worker.url) as client:
            stream = client.execute(prompt="x" * 3000, max_tokens=5, job_id="long")
            await is_told(stream, "cache_reset")
            answers = [await client.cancel("long"), await client.cancel("long")]
            rest = [message async for message in stream]
            after = await client.text(prompt="a", max_tokens=2, job_id="after")
            return answers, rest, after, worker.events

    answers, rest, _, events = asyncio.run(run())
    assert [answer["status"] for answer in answers] == ["cancelled", "cancelled"]
    assert [message.name for message in rest] == [
        "narration",
        "error",
    ]  # no token: the prompt was never read to its end
    assert rest[-1].data["code"] == "CANCELLED"
    told = [event for event in events if event.job_id == "long"]
    assert told[-1].error_kind == "cancelled"
    assert next(event for event in events if event.job_id == "after" and event.event == "execute_end")


@pytest.mark.req("M0-W-1611")
def test_a_client_that_hangs_up_stops_prompt_evaluation_and_generation(slow):
    async def run():
        async with launch(slow, environment=STRICT) as worker, WorkerClient(worker.url) as client:
            for job_id, prompt, until in (("reading", "x" * 3000, "narration"), ("writing", "x", "token")):
                async with WorkerClient(worker.url) as leaving:
                    stream = leaving.execute(prompt=prompt, max_tokens=4000, job_id=job_id)
                    await names_until(stream, until)
                    if until == "narration":
                        await is_told(stream, "cache_reset")
                    await stream.aclose()
                await worker.wait_for(job_id=job_id, error_kind="client_gone")
            return await client.text(prompt="a", max_tokens=2), await client.health(), worker.events

    _, health, events = asyncio.run(run())
    assert health["status"] == "healthy"
    (reading,) = [event for event in events if event.job_id == "reading" and event.error_kind == "client_gone"]
    assert reading.tokens_out == 0
    (writing,) = [event for event in events if event.job_id == "writing" and event.error_kind == "client_gone"]
    assert 0 < writing.tokens_out < 4000


@pytest.mark.req("M0-W-1611", "M0-W-1301")
def test_a_client_that_hangs_up_while_it_waits_leaves_the_queue(slow):
    async def run():
        async with launch(slow, environment=STRICT) as worker, WorkerClient(worker.url) as client:
            running = client.execute(prompt="x", max_tokens=4000, job_id="running")
            await names_until(running, "token")
            async with WorkerClient(worker.url) as leaving:
                waiting = leaving.execute(prompt="x", max_tokens=5, job_id="waiting")
                await is_told(waiting, "queue")
                await waiting.aclose()
            await worker.wait_for(job_id="waiting", error_kind="client_gone")
            depth = (await client.health())["queue_depth"]
            await client.cancel("running")
            return depth, worker.events

    depth, events = asyncio.run(run())
    assert depth == 0
    assert not [event for event in events if event.job_id == "waiting" and event.event == "execute_start"]


@pytest.mark.req("M0-W-1340")
def test_a_second_signal_ends_the_worker_at_once(slow):
    async def run():
        async with launch(slow, environment=STRICT) as worker, WorkerClient(worker.url) as client:
            stream = client.execute(prompt="x", max_tokens=4000, job_id="cut")
            await names_until(stream, "token")
            worker.signal(signal.SIGTERM)
            await worker.wait_for(action="drain")
            rest = asyncio.create_task(names_until(stream, "error"))
            while not rest.done():  # only a signal that comes a second after the first cuts the work short
                worker.signal(signal.SIGTERM)
                await asyncio.sleep(0.05)
            return (await rest).data["code"], await worker.wait(), worker.events

    last, code, events = asyncio.run(run())
    assert last == "SHUTTING_DOWN"
    assert code == 128 + signal.SIGTERM
    assert events[-1].event == "shutdown"
    assert "second" in events[-1].human
    assert [event.error_kind for event in events if event.job_id == "cut" and event.error_kind] == ["shutting_down"]


@pytest.mark.req("M0-W-1340")
@pytest.mark.parametrize("first", ["POST /shutdown", "SIGTERM"])
def test_one_signal_right_after_the_first_request_to_stop_cuts_nothing_short(slow, first):
    """Kubernetes posts to /shutdown and sends SIGTERM right after it; terminals send SIGINT twice."""

    async def run():
        async with launch(slow, environment=STRICT) as worker, WorkerClient(worker.url) as client:
            stream = client.execute(prompt="x", max_tokens=60, job_id="whole")
            await names_until(stream, "token")
            if first == "SIGTERM":
                worker.signal(signal.SIGTERM)
            else:
                await client.shutdown()
            await worker.wait_for(action="drain")
            worker.signal(signal.SIGTERM)
            return (await names_until(stream, "end")).data, await worker.wait(), worker.events

    end, code, events = asyncio.run(run())
    assert (end["tokens_out"], code) == (60, 0)
    assert events[-1].get("signal") == first


@pytest.mark.req("M0-W-1340", "M0-W-1111")
@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP])
def test_a_signal_during_the_imports_is_remembered_and_narrated(root, number):
    """The program stops itself with a signal before its first slow import, which no test could time from outside."""
    program = (
        "import os, signal, sys\n"
        "from narration_core.serving.early_signals import remember_signals\n"
        "remember_signals()\n"
        f"os.kill(os.getpid(), {int(number)})\n"
        "from narration_worker.cli import command\n"
        "command(['--model', 'bundled', '--device', 'cpu'])\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, timeout=60, cwd=root,
        env={**os.environ, **STRICT, "NARRATION_FORMAT": "json"}, check=False,
    )  # fmt: skip
    events = [decode(line.encode()) for line in done.stdout.splitlines()]
    assert done.returncode == 0, done.stderr
    assert [event.action for event in events[-2:]] == ["drain", "shutdown"]
    assert events[-1].get("signal") == signal.Signals(number).name
    assert "ready" not in {event.action for event in events}


@pytest.mark.req("M0-W-1340")
@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP, signal.SIGINT])
def test_a_signal_after_the_work_is_done_does_not_change_the_exit_code(root, number):
    """Kubernetes asks for a shutdown and sends SIGTERM right after it: an idle worker has ended by then."""
    program = (
        "import atexit, os, signal\n"
        f"atexit.register(os.kill, os.getpid(), {int(number)})\n"
        "from narration_core.serving.early_signals import remember_signals\n"
        "remember_signals()\n"
        "os.kill(os.getpid(), signal.SIGTERM)\n"
        "from narration_worker.cli import command\n"
        "command(['--model', 'bundled', '--device', 'cpu'])\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, timeout=60, cwd=root,
        env={**os.environ, **STRICT, "NARRATION_FORMAT": "json"}, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert [decode(line.encode()).action for line in done.stdout.splitlines()][-2:] == ["drain", "shutdown"]


@pytest.mark.req("M0-W-1340")
def test_a_drain_lets_what_is_under_way_finish_and_takes_nothing_new(slow):
    async def run():
        async with launch(slow, environment=STRICT) as worker, WorkerClient(worker.url, tries=1) as client:
            # The long one keeps the worker there until the late request is refused.
            first = client.execute(prompt="x", max_tokens=4000, job_id="long")
            await names_until(first, "token")
            stream = client.execute(prompt="x", max_tokens=40, job_id="last")
            await names_until(stream, "started")
            worker.signal(signal.SIGTERM)
            await worker.wait_for(action="drain")
            async with aiohttp.ClientSession() as web, web.post(f"{worker.url}/execute", json={"prompt": "a"}) as late:
                refused = late.status, (await late.json())["code"]
            await client.cancel("long")
            rest = [message async for message in stream]
            return refused, rest[-1], await worker.wait()

    refused, last, code = asyncio.run(run())
    assert refused == (503, "SHUTTING_DOWN")
    assert last.name == "end"
    assert last.data["tokens_out"] == 40
    assert code == 0


@pytest.mark.req("M0-W-1340")
def test_a_drain_takes_no_longer_than_it_may(slow):
    async def run():
        arguments = ("--shutdown-timeout-sec", "0.05")
        async with launch(slow, arguments=arguments, environment=STRICT) as worker, WorkerClient(worker.url) as client:
            stream = client.execute(prompt="x", max_tokens=4000, job_id="endless")
            await names_until(stream, "token")
            worker.signal(signal.SIGTERM)
            return [message async for message in stream][-1], await worker.wait()

    last, code = asyncio.run(run())
    assert (last.name, last.data["code"], code) == ("error", "SHUTTING_DOWN", 0)


@pytest.mark.req("M0-W-1111")
def test_a_worker_that_is_killed_leaves_its_client_an_error_and_not_a_hang(slow):
    async def run():
        async with launch(slow, environment=STRICT) as worker, WorkerClient(worker.url, tries=1) as client:
            stream = client.execute(prompt="x", max_tokens=4000, job_id="cut")
            await names_until(stream, "token")
            os.kill(worker.pid, signal.SIGKILL)
            with pytest.raises(aiohttp.ClientError):
                async for _ in stream:
                    pass
            return await worker.wait()

    assert asyncio.run(run()) == -signal.SIGKILL


def test_the_model_may_be_removed_while_it_is_served(tmp_path, root):
    model = tmp_path / "haiku.gguf"
    model.write_bytes((root / "worker" / "narration_worker" / "models" / "haiku-1m-q8_0.gguf").read_bytes())

    async def run():
        async with launch(model, environment=STRICT) as worker, WorkerClient(worker.url) as client:
            model.unlink()
            return await client.text(prompt=HAIKU, temperature=0.0)

    assert len(asyncio.run(run()).strip().split("\n")) == 3


@pytest.mark.req("M0-W-1111")
@pytest.mark.parametrize(
    ("arguments", "code", "said"),
    [
        (["--model", "absent.gguf", "--device", "cpu"], 1, "no such file"),
        (["--model", "README.md", "--device", "cpu"], 1, "not GGUF"),
        (["--model", "bundled"], 1, "--device cpu"),
        (["--model", "bundled", "--device", "cpu", "--port", "99999"], 2, "--port"),
        (["--model", "bundled", "--device", "cpu", "--host", "0.0.0.0"], 1, "AUTH_TOKEN"),
        (["--device", "cpu"], 2, "--model"),
    ],
)
def test_a_start_that_cannot_work_is_one_line_an_event_and_an_exit_code(arguments, code, said, root):
    async def run():
        process = await asyncio.create_subprocess_exec(
            sys.executable, "-m", "narration_worker", *arguments,
            cwd=root, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE,
            env={**os.environ, **STRICT, "NARRATION_FORMAT": "json"},
        )  # fmt: skip
        out, err = await process.communicate()
        return process.returncode, out.decode(), err.decode()

    returned, out, err = asyncio.run(run())
    assert said in err
    assert err.count("\n") == 1
    assert '"event":"error"' in out
    assert returned == code


@pytest.mark.req("M0-W-1111")
def test_a_busy_port_is_told():
    async def run():
        with socket.create_server(("127.0.0.1", 0)) as taken:
            port = taken.getsockname()[1]
            with pytest.raises(WorkerEndedError, match=rf"port {port}") as ended:
                async with launch(arguments=("--port", str(port)), environment=STRICT):
                    pass
            return str(ended.value)

    assert "choose another --port" in asyncio.run(run())


async def meet_fate(url, job_id):
    """Send a request and do with it what its name says; return the names of the messages that came."""
    fate = job_id.partition("-")[0]
    async with WorkerClient(url, tries=1) as client, aiohttp.ClientSession() as web:
        if fate == "refuse":
            async with web.post(f"{url}/execute", json={"prompt": ""}) as answer:
                return [str(answer.status)]
        stream = client.execute(prompt="x", max_tokens=4 if fate == "finish" else 4000, job_id=job_id)
        names = []
        async for message in stream:
            names.append(message.name)
            if len(names) == 2 and fate == "leave":
                break
            if len(names) == 2 and fate == "cancel":
                await client.cancel(job_id)
        await stream.aclose()
        return names


def check_story(job_id, names, told):
    """Hold one job to what its name says: one beginning, one end, one correlation id."""
    ends = [event for event in told if event.event == "execute_end" or event.error_kind]
    assert names[0] == "started"
    assert len(ends) == 1, (job_id, [event.human for event in told])
    assert len({event.correlation_id for event in told}) == 1
    if not job_id.startswith("leave"):
        assert sum(name in {"end", "error"} for name in names) == 1
        assert names[-1] == ("end" if job_id.startswith("finish") else "error")


@pytest.mark.req("M0-W-1301", "M0-W-1311")
def test_requests_of_every_fate_at_once_each_end_once_and_tell_one_story(slow):
    """Finish, cancel, hang up and be refused, many at once: nobody is left behind."""
    jobs = [f"{fate}-{place}" for place in range(8) for fate in ("finish", "cancel", "leave", "refuse")]

    async def run():
        async with launch(slow, arguments=("--queue-limit", "100"), environment=STRICT) as worker:
            results = await asyncio.gather(*(meet_fate(worker.url, job_id) for job_id in jobs))
            async with WorkerClient(worker.url) as client:
                await client.text(prompt="x", max_tokens=2)  # the next request works
            for job_id in jobs:
                if job_id.startswith("leave"):
                    await worker.wait_for(job_id=job_id, error_kind="client_gone")
            await worker.stop()
            return results, worker.events

    results, events = asyncio.run(run())
    for job_id, names in zip(jobs, results, strict=True):
        if job_id.startswith("refuse"):
            assert names == ["400"]
        else:
            check_story(job_id, names, [event for event in events if event.job_id == job_id])
