"""What clients see: real processes, real sockets, real inference."""

import asyncio
import json

import aiohttp
import msgspec
import pytest
from aiohttp.test_utils import make_mocked_request

from narration_core import decode as decode_event
from narration_core import formatted
from narration_worker.client import WorkerClient, WorkerRefusedError
from narration_worker.http.server import Server
from narration_worker.launch import launch
from narration_worker.wire import STREAM_EVENTS, CancelResult, Draining, Error, Health

HAIKU = "Write a haiku about GPU computing"
STRICT = {"NARRATION_STRICT": "1"}


async def all_of(client, **request):
    return [message async for message in client.execute(**request)]


def text_of(messages):
    return "".join(message.data["t"] for message in messages if message.name == "token")


def check_order(messages):
    """Hold a stream to its contract: started first, one end or error last, no ids: it cannot be resumed."""
    names = [message.name for message in messages]
    assert names[0] == "started"
    assert names[-1] in {"end", "error"}
    assert sum(name in {"started", "end", "error"} for name in names) == 2
    assert {message.event_id for message in messages} == {None}
    for message in messages:
        msgspec.convert(message.data, STREAM_EVENTS[message.name])


@pytest.mark.req("M0-W-1310", "M0-W-1311", "M0-W-1800", "M0-W-1826", "SSE-03", "API-01")
def test_a_haiku_keeps_the_contract_and_is_the_same_again():
    async def run():
        async with launch(environment=STRICT) as worker, WorkerClient(worker.url) as client:
            first = await all_of(client, prompt=HAIKU, temperature=0.0)
            again = await all_of(client, prompt=HAIKU, temperature=0.0)
            seeded = [await all_of(client, prompt=HAIKU, temperature=1.2, seed=7) for _ in range(2)]
            return first, again, seeded, await client.health(), list(worker.events)

    first, again, seeded, health, heard = asyncio.run(run())
    for messages in (first, again, *seeded):
        check_order(messages)
    assert text_of(first) == text_of(again)
    assert text_of(seeded[0]) == text_of(seeded[1])
    assert len(text_of(first).strip().split("\n")) == 3
    msgspec.convert(health, Health)
    assert (health["resident"], health["device"]) == (False, "cpu")

    told = [message.data for message in first if message.name == "narration"]
    for data in told:
        event = decode_event(json.dumps(data["event"]))
        assert data["formatted"] == formatted(event)
        assert event in heard  # SSE-01: the stream's events are on standard output as well
    job = first[0].data["job_id"]
    assert [event.action for event in heard if event.job_id == job] == [data["event"]["action"] for data in told]


@pytest.mark.req("SSE-01", "M0-W-1900", "M0-W-1902")
def test_every_event_is_complete_and_none_holds_text_of_the_request_or_the_answer():
    async def run():
        async with launch(environment=STRICT) as worker, WorkerClient(worker.url) as client:
            said = await client.text(prompt="A haiku about memory, please", temperature=0.0)
            await worker.stop()
            return said, worker.events, worker.lines

    said, events, lines = asyncio.run(run())
    whole = b"\n".join(lines).decode()
    assert "haiku about memory" not in whole
    for verse in said.strip().split("\n"):
        assert verse not in whole
    for event in events:
        assert event.worker_id
        assert event.model_ref == "haiku-1m-q8_0.gguf"
        assert "{" not in f"{event.target}{event.human}{event.cute}{event.story}", event
    assert all(event.correlation_id for event in events if event.job_id)
    assert all(event.job_id is None for event in events if event.action in {"startup", "ready", "shutdown"})


@pytest.mark.req("M0-W-1824")
def test_characters_of_several_bytes_and_micro_batches_arrive_the_same():
    async def run(*arguments):
        async with launch(arguments=arguments, environment=STRICT) as worker, WorkerClient(worker.url) as client:
            return await all_of(client, prompt="写一首关于显卡的俳句", temperature=0.0)

    async def both():
        return await run(), await run("--sse-micro-batch-ms", "20")

    one_by_one, batched = asyncio.run(both())
    for messages in (one_by_one, batched):
        check_order(messages)
        assert "\ufffd" not in text_of(messages)
        assert any(ord(char) > 0x3000 for char in text_of(messages))
    shown = [[(m.name, m.data) for m in messages if m.name == "token"] for messages in (one_by_one, batched)]
    assert shown[0] == shown[1]


@pytest.mark.req("M0-W-1310")
def test_a_stop_text_ends_the_answer_and_is_not_shown():
    async def run():
        async with launch(environment=STRICT) as worker, WorkerClient(worker.url) as client:
            return [await all_of(client, prompt=HAIKU, temperature=0.0, stop=stop) for stop in ([], ["small core"])]

    whole, stopped = asyncio.run(run())
    assert "small core" in text_of(whole)
    assert text_of(stopped) == text_of(whole).split("small core")[0]
    assert stopped[-1].data["stop_reason"] == "stop"
    assert stopped[-1].data["stop_sequence_matched"] == "small core"


@pytest.mark.req("M0-W-1330", "M0-W-1340", "M0-W-1500", "API-01")
def test_the_other_answers_are_what_the_description_says():
    async def run():
        async with launch(environment=STRICT) as worker, aiohttp.ClientSession() as web:

            async def ask(method, path, body=None):
                async with web.request(method, worker.url + path, data=body) as answer:
                    assert answer.headers["X-Correlation-Id"]
                    return answer.status, await answer.read()

            api = msgspec.json.decode((await ask("GET", "/openapi.json"))[1])
            answers = {
                what: await ask(*what)
                for what in (
                    ("POST", "/execute", b"{"),
                    ("POST", "/execute", b'{"prompt": 7}'),
                    ("POST", "/execute", b"x" * 600_000),
                    ("POST", "/cancel", b"{}"),
                    ("POST", "/cancel", b'{"job_id": "nobody"}'),
                    ("GET", "/execute"),
                    ("GET", "/nowhere"),
                    ("GET", "/docs"),
                )
            }
            with_job = await ask("POST", "/execute", b'{"prompt": "a", "job_id": "one", "max_tokens": 1}')
            ended = await ask("POST", "/cancel", b'{"job_id": "one"}')
            draining = await ask("POST", "/shutdown")
            return api, answers, with_job, ended, draining, await worker.wait()

    api, answers, with_job, ended, draining, code = asyncio.run(run())
    assert api["openapi"].startswith("3.1")
    statuses = {what[:2] + what[2:3]: status for what, (status, _) in answers.items()}
    for (method, path, *_), (status, body) in answers.items():
        if path == "/docs":
            assert (status, body[:15]) == (200, b"<!doctype html>")
            continue
        assert 400 <= status < 500, statuses
        told = msgspec.json.decode(body, type=Error)
        assert told.message
        described = api["paths"].get(path, {}).get(method.lower())
        if described is not None:
            assert str(status) in described["responses"], (path, status)
    assert with_job[0] == 200
    assert (ended[0], msgspec.json.decode(ended[1], type=CancelResult).status) == (202, "finished")
    assert draining[0] == 202
    msgspec.json.decode(draining[1], type=Draining)
    assert code == 0


@pytest.mark.req("M0-W-1302")
def test_a_refusal_carries_its_narration_and_its_faults():
    async def run():
        async with launch(environment=STRICT) as worker, WorkerClient(worker.url) as client:
            with pytest.raises(WorkerRefusedError) as refused:
                await client.text(prompt="", max_tokens=0, temperature=9)
            return refused.value, worker.events

    refused, events = asyncio.run(run())
    assert refused.status == 400
    assert {fault["field"] for fault in refused.body["faults"]} == {"prompt", "max_tokens", "temperature"}
    (told,) = refused.body["narration"]
    assert decode_event(json.dumps(told)) in events


@pytest.mark.fault
def test_what_is_no_http_is_narrated_and_nothing_is_printed():
    async def run():
        async with launch(environment=STRICT) as worker, WorkerClient(worker.url) as client:
            host, port = worker.url.removeprefix("http://").split(":")
            reader, writer = await asyncio.open_connection(host, int(port))
            writer.write(b"GET /health HTTP/1.1\r\nHost: a\r\nX-Bad: \x00\r\n\r\n")
            answer = await reader.read()
            writer.close()
            told = await worker.wait_for(action="http")
            health = await client.health()
            await worker.stop()
            return answer, told, health, list(worker.other_output)

    answer, told, health, printed = asyncio.run(run())
    assert answer.startswith((b"HTTP/1.1 400", b"HTTP/1.0 400"))
    assert msgspec.json.decode(answer.partition(b"\r\n\r\n")[2], type=Error).code == "INVALID_REQUEST"
    assert told.error_kind
    assert health["status"] == "healthy"
    assert printed == []


@pytest.mark.req("M0-W-1500")
def test_an_unexpected_failure_is_an_error_like_any_other():
    async def boom(_):
        raise ZeroDivisionError("made up")

    answer = asyncio.run(Server._errors(None, make_mocked_request("GET", "/health"), boom))
    assert answer.status == 500
    told = msgspec.json.decode(answer.body, type=Error)
    assert told.code == "INTERNAL"
    assert "made up" not in told.message


@pytest.mark.req("SSE-10")
def test_silence_is_filled_with_comments(make_model):
    slow = make_model("slow.gguf", 30)

    async def run():
        arguments = ("--heartbeat-sec", "0.05")
        async with launch(slow, arguments=arguments) as worker, aiohttp.ClientSession() as web:
            body = {"prompt": "x" * 600, "max_tokens": 1}
            async with web.post(f"{worker.url}/execute", json=body) as answer:
                return await answer.read()

    raw = asyncio.run(run())
    comments = [line for line in raw.split(b"\n") if line.startswith(b":")]
    assert comments
    assert [block for block in raw.split(b"\n\n")[:-1] if b"event: " not in block] == []  # no event without data
    assert raw.rstrip().split(b"\n")[-2].startswith(b"event: e")
