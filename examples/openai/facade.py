# ruff: noqa: INP001 - a program, not a package
"""An OpenAI-compatible facade in front of a worker: /v1/models, /v1/completions and /v1/chat/completions.

    narration worker --model MODEL.gguf --device cpu --port 8080
    python examples/openai/facade.py http://127.0.0.1:8080 --port 8081
    curl localhost:8081/v1/completions -d '{"prompt": "Write a haiku about GPU computing", "max_tokens": 40}'

It needs no more than the worker's own client. Fields that the worker does not know are ignored, as other servers do;
those that would change the form of the answer (`n`, `best_of`, `echo`, `logprobs`, `response_format`, several prompts,
images) are refused.
"""

import argparse
import json
import time
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import aclosing
from typing import Any, Final

import aiohttp
from aiohttp import web

from narration_core.serving.web_guard import ForeignPageError, check_not_a_foreign_page
from narration_worker.client import Message, WorkerClient, WorkerRefusedError

SAME: Final = ("prompt", "messages", "max_tokens", "temperature", "top_p", "seed", "stop")
ROLES: Final = {"developer": "system"}
ONLY: Final = {
    "n": (1,),
    "best_of": (1,),
    "echo": (False,),
    "logprobs": (False,),
    "response_format": ({"type": "text"},),
    "tool_choice": ("auto", "none"),
}
"""Fields that can only have these values here; any other would promise an answer that the worker does not give."""

REASONS: Final = {"eos": "stop", "stop": "stop", "length": "length"}
TYPES: Final = {
    400: "invalid_request_error",
    401: "authentication_error",
    404: "not_found_error",
    429: "rate_limit_error",
}
Messages = AsyncGenerator[Message]
MAX_BODY: Final = 2 * 1024 * 1024
HOST: Final = "127.0.0.1"
WORKER: Final = web.AppKey("worker", WorkerClient)


class NotForThisWorkerError(Exception):
    """A request that the worker cannot answer; the message says why."""


def refusal(status: int, message: str, code: str = "INVALID_REQUEST") -> web.Response:
    """Return an answer in OpenAI's format of errors."""
    kind = TYPES.get(status) or ("server_error" if status >= web.HTTPInternalServerError.status_code else TYPES[400])
    error = {"message": message, "type": kind, "param": None, "code": code}
    return web.json_response({"error": error}, status=status)


def worker_request(body: dict[str, Any]) -> dict[str, Any]:
    """Return a request for the worker.

    Raises:
        NotForThisWorkerError: it asks for an answer that the worker does not give.
    """
    for name, values in ONLY.items():
        if body.get(name) not in (None, *values):
            raise NotForThisWorkerError(f"{name} can only be {' or '.join(map(json.dumps, values))}")
    request = {name: body[name] for name in SAME if body.get(name) is not None}
    if body.get("max_completion_tokens") is not None:
        request["max_tokens"] = body["max_completion_tokens"]
    if isinstance(request.get("stop"), str):
        request["stop"] = [request["stop"]]
    if isinstance(prompt := request.get("prompt"), list) and len(prompt) == 1:
        request["prompt"] = prompt[0]
    if isinstance(messages := request.get("messages"), list):
        request["messages"] = [chat_message(message) for message in messages]
    return request


def chat_message(message: Any) -> dict[str, Any]:
    """Return a message for the worker; its content may be parts of text.

    Raises:
        NotForThisWorkerError: it is not only text.
    """
    content = message.get("content") if isinstance(message, dict) else None
    if isinstance(content, list) and all(isinstance(part, dict) and part.get("type") == "text" for part in content):
        content = "".join(str(part.get("text", "")) for part in content)
    if not isinstance(content, str):
        raise NotForThisWorkerError("messages can only hold text")
    return {"role": ROLES.get(message.get("role"), message.get("role")), "content": content}


def choice(text: str, reason: str | None, *, chat: bool, chunk: bool) -> dict[str, Any]:
    """Return one choice of an answer or of a chunk."""
    said: dict[str, Any] = {"text": text}
    if chat:
        said = {"delta": {"content": text}} if chunk else {"message": {"role": "assistant", "content": text}}
    return {"index": 0, "finish_reason": reason, "logprobs": None, **said}


def usage(end: dict[str, Any]) -> dict[str, int]:
    """Return how many tokens a request took."""
    tokens_in, tokens_out = end["tokens_in"], end["tokens_out"]
    return {"prompt_tokens": tokens_in, "completion_tokens": tokens_out, "total_tokens": tokens_in + tokens_out}


async def chunks(stream: Messages, about: dict[str, Any], *, chat: bool, with_usage: bool) -> AsyncIterator[Any]:
    """Yield the chunks of a streamed answer."""
    if chat:
        yield about | {"choices": [{"index": 0, "finish_reason": None, "delta": {"role": "assistant", "content": ""}}]}
    try:
        async for message in stream:
            if message.name == "token":
                yield about | {"choices": [choice(message.data["t"], None, chat=chat, chunk=True)]}
            elif message.name == "error":
                yield {"error": message.data | {"type": "server_error"}}
            elif message.name == "end":
                yield about | {"choices": [choice("", REASONS[message.data["stop_reason"]], chat=chat, chunk=True)]}
                if with_usage:
                    yield about | {"choices": [], "usage": usage(message.data)}
    except aiohttp.ClientError as error:
        yield {
            "error": {"message": f"the worker gave no whole answer ({type(error).__name__})", "type": "server_error"}
        }


async def complete(request: web.Request) -> web.StreamResponse:
    """POST /v1/completions and /v1/chat/completions."""
    chat = request.path.endswith("/chat/completions")
    body = await request.json()
    if not isinstance(body, dict):
        raise NotForThisWorkerError("the body must be a JSON object")
    async with aclosing(request.app[WORKER].execute(**worker_request(body))) as stream:
        return await answer(request, body, stream, chat=chat)


async def answer(request: web.Request, body: dict[str, Any], stream: Messages, *, chat: bool) -> web.StreamResponse:
    """Answer with what a worker's stream says, as a stream or as a whole."""
    started = (await anext(stream)).data
    streamed = bool(body.get("stream"))
    kind = "chat.completion" + ".chunk" * streamed if chat else "text_completion"
    about = {"id": started["job_id"], "object": kind, "created": int(time.time()), "model": started["model"]}
    if streamed:
        with_usage = isinstance(options := body.get("stream_options"), dict) and options.get("include_usage") is True
        response = web.StreamResponse(headers={"Content-Type": "text/event-stream"})
        await response.prepare(request)
        async for chunk in chunks(stream, about, chat=chat, with_usage=with_usage):
            await response.write(b"data: " + json.dumps(chunk, ensure_ascii=False).encode() + b"\n\n")
        await response.write(b"data: [DONE]\n\n")
        return response
    texts: list[str] = []
    async for message in stream:
        if message.name == "token":
            texts.append(message.data["t"])
        elif message.name == "error":
            raise WorkerRefusedError(500, message.data, {})
        elif message.name == "end":
            whole = choice("".join(texts), REASONS[message.data["stop_reason"]], chat=chat, chunk=False)
            about |= {"choices": [whole], "usage": usage(message.data)}
    return web.json_response(about)


async def models(request: web.Request) -> web.Response:
    """GET /v1/models and /v1/models/{model}."""
    name = (await request.app[WORKER].health()).get("model", "unknown")
    model = {"id": name, "object": "model", "created": 0, "owned_by": "narration"}
    asked = request.match_info.get("model")
    if asked is None:
        return web.json_response({"object": "list", "data": [model]})
    return web.json_response(model) if asked == name else refusal(404, "the worker has another model", "NOT_FOUND")


@web.middleware
async def errors(request: web.Request, handler: Any) -> web.StreamResponse:
    """Keep web pages out, and answer what fails before the first byte in OpenAI's format."""
    try:
        check_not_a_foreign_page(request.headers, HOST)
        response: web.StreamResponse = await handler(request)
    except ForeignPageError as error:
        return refusal(403, str(error), "FORBIDDEN")
    except WorkerRefusedError as refused:
        return refusal(refused.status, str(refused), refused.code)
    except ConnectionResetError:  # the caller has gone, and its job with it
        return web.Response()
    except aiohttp.ClientError as error:
        return refusal(502, f"the worker gave no whole answer ({type(error).__name__})", "BAD_GATEWAY")
    except web.HTTPException as error:
        return refusal(error.status, error.reason)
    except (ValueError, RecursionError):
        return refusal(400, "the body is not valid JSON")
    except NotForThisWorkerError as error:
        return refusal(400, str(error))
    return response


def application(worker_url: str) -> web.Application:
    """Return the facade for a worker."""
    app = web.Application(middlewares=[errors], client_max_size=MAX_BODY)

    async def client(app: web.Application) -> Any:
        async with WorkerClient(worker_url) as worker:
            app[WORKER] = worker
            yield

    app.cleanup_ctx.append(client)
    app.router.add_post("/v1/completions", complete)
    app.router.add_post("/v1/chat/completions", complete)
    app.router.add_get("/v1/models", models)
    app.router.add_get("/v1/models/{model}", models)
    return app


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("worker", help="the worker's address")
    parser.add_argument("--port", type=int, default=8081)
    options = parser.parse_args()
    web.run_app(application(options.worker), host=HOST, port=options.port, handler_cancellation=True)
