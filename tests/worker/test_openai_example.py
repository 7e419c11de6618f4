"""examples/openai: the facade gives a worker's answers in OpenAI's format."""

import asyncio
import importlib.util
import io
import json

import aiohttp
import pytest
from aiohttp.test_utils import TestServer

from narration_worker.launch import launch
from support.small_models import with_chat_template


@pytest.fixture(scope="module")
def facade(request):
    path = request.config.rootpath / "examples" / "openai" / "facade.py"
    spec = importlib.util.spec_from_file_location("openai_facade", path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_completions_streams_chats_and_errors(facade):
    body = {"prompt": "Write a haiku about GPU computing", "temperature": 0, "max_tokens": 60, "user": "ignored"}

    async def run():
        async with (
            launch() as worker,
            TestServer(facade.application(worker.url)) as server,
            aiohttp.ClientSession() as web,
        ):

            async def post(path, body):
                async with web.post(server.make_url(path), json=body) as answer:
                    return answer.status, await answer.text()

            async with web.get(server.make_url("/v1/models")) as answer:
                models = await answer.json()
            whole = await post("/v1/completions", body)
            stream = await post("/v1/completions", {**body, "stream": True})
            chat = await post("/v1/chat/completions", {"messages": [{"role": "user", "content": "Hello"}]})
            bad = await post("/v1/completions", {**body, "temperature": 9})
            return models, whole, stream, chat, bad

    models, whole, stream, chat, bad = asyncio.run(run())
    assert models["data"][0]["id"] == "haiku-1m-q8_0.gguf"
    answer = json.loads(whole[1])
    assert (answer["object"], answer["choices"][0]["finish_reason"]) == ("text_completion", "stop")
    assert answer["usage"]["total_tokens"] == 20 + answer["usage"]["completion_tokens"]
    lines = [line.removeprefix("data: ") for line in stream[1].split("\n\n") if line]
    assert lines[-1] == "[DONE]"
    chunks = [json.loads(line) for line in lines[:-1]]
    assert "".join(chunk["choices"][0]["text"] for chunk in chunks) == answer["choices"][0]["text"]
    assert chunks[-1]["choices"][0]["finish_reason"] == "stop"
    assert chat[0] == 400  # the bundled model has no chat template
    assert json.loads(bad[1])["error"]["type"] == "invalid_request_error"


async def each(facade, model, requests):
    """Return status and text of every answer of a facade in front of a worker."""
    async with (
        launch(model) as worker,
        TestServer(facade.application(worker.url)) as server,
        aiohttp.ClientSession() as web,
    ):
        answers = []
        for path, body, headers in requests:
            method, options = ("GET", {}) if body is None else ("POST", {"data": io.BytesIO(body)})
            async with web.request(method, server.make_url(path), headers=headers, **options) as answer:
                answers.append((answer.status, await answer.text()))
        return answers


def streamed(text):
    lines = [line.removeprefix("data: ") for line in text.split("\n\n") if line]
    assert lines[-1] == "[DONE]"
    return [json.loads(line) for line in lines[:-1]]


def test_a_chat_as_openais_client_sends_and_reads_it(facade, tmp_path):
    model = with_chat_template(tmp_path / "chat.gguf")
    messages = [
        {"role": "developer", "content": "Be brief"},
        {
            "role": "user",
            "name": "bob",
            "content": [{"type": "text", "text": "Write"}, {"type": "text", "text": " it"}],
        },
    ]
    chat = {
        "messages": messages,
        "max_completion_tokens": 4,
        "temperature": 0,
        "stream_options": {"include_usage": True},
    }
    requests = [
        ("/v1/chat/completions", json.dumps(chat).encode(), {}),
        ("/v1/chat/completions", json.dumps({**chat, "stream": True}).encode(), {}),
        ("/v1/models/chat.gguf", None, {}),
        ("/v1/models/another", None, {}),
    ]
    whole, stream, known, unknown = asyncio.run(each(facade, model, requests))
    answer = json.loads(whole[1])
    assert answer["usage"]["completion_tokens"] == 4
    first, *middle, last, usage = streamed(stream[1])
    assert first["choices"][0]["delta"] == {"role": "assistant", "content": ""}
    said = [chunk["choices"][0]["delta"] for chunk in middle]
    assert "".join(delta["content"] for delta in said) == answer["choices"][0]["message"]["content"]
    assert not any("role" in delta for delta in said)
    assert last["choices"][0]["finish_reason"] == "length"
    assert (usage["choices"], usage["usage"]) == ([], answer["usage"])
    assert (known[0], json.loads(known[1])["id"], unknown[0]) == (200, "chat.gguf", 404)


REFUSED = [
    ({"prompt": "p", "n": 2}, {}, 400, "n can only be 1"),
    ({"prompt": "p", "n": []}, {}, 400, "n can only be 1"),
    ({"prompt": "p", "logprobs": 3}, {}, 400, "logprobs can only be false"),
    (
        {"prompt": "p", "response_format": {"type": "json_object"}},
        {},
        400,
        'response_format can only be {"type": "text"}',
    ),
    ({"prompt": "p", "tool_choice": "required"}, {}, 400, 'tool_choice can only be "auto" or "none"'),
    ({"messages": [{"role": "user", "content": None}]}, {}, 400, "messages can only hold text"),
    ({"messages": ["p"]}, {}, 400, "messages can only hold text"),
    ([1], {}, 400, "the body must be a JSON object"),
    (b"\xff", {}, 400, "the body is not valid JSON"),
    ({"prompt": "p" * 3_000_000}, {}, 413, "Request Entity Too Large"),
    ({"prompt": "p"}, {"Origin": "http://evil.example"}, 403, "a web page of another origin may not use this service"),
]


def test_what_it_refuses_is_in_openais_format(facade):
    requests = [
        ("/v1/completions", body if isinstance(body, bytes) else json.dumps(body).encode(), headers)
        for body, headers, _, _ in REFUSED
    ]
    requests += [
        ("/v1/nothing", None, {}),
        ("/v1/completions", None, {}),
        ("/v1/models", None, {"Host": "evil.example"}),
    ]
    answers = asyncio.run(each(facade, "bundled", requests))
    errors = [(status, json.loads(text)["error"]) for status, text in answers]
    assert [(status, error["message"]) for status, error in errors] == [
        *((status, message) for _, _, status, message in REFUSED),
        (404, "Not Found"),
        (405, "Method Not Allowed"),
        (403, "the Host header does not name this machine"),
    ]
    assert "server_error" not in {error["type"] for _, error in errors}


def test_a_worker_that_is_not_there_is_a_bad_gateway(facade, monkeypatch):
    monkeypatch.setattr("narration_worker.client.FIRST_WAIT_S", 0.001)

    async def run():
        async with (
            TestServer(facade.application("http://127.0.0.1:1")) as server,
            aiohttp.ClientSession() as web,
            web.post(server.make_url("/v1/completions"), json={"prompt": "p"}) as answer,
        ):
            return answer.status, (await answer.json())["error"]["code"]

    assert asyncio.run(run()) == (502, "BAD_GATEWAY")
