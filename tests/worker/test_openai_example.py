"""examples/openai: the facade gives a worker's answers in OpenAI's format."""

import asyncio
import importlib.util
import json

import aiohttp
import pytest
from aiohttp.test_utils import TestServer

from narration_worker.launch import launch


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
