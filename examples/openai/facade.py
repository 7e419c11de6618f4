# ruff: noqa: INP001 - a program, not a package
"""An OpenAI-compatible facade in front of a worker: /v1/models, /v1/completions and /v1/chat/completions.

    narration worker --model MODEL.gguf --device cpu --port 8080
    python examples/openai/facade.py http://127.0.0.1:8080 --port 8081
    curl localhost:8081/v1/completions -d '{"prompt": "Write a haiku about GPU computing", "max_tokens": 40}'

It needs no more than the worker's own client. Fields that the worker does not know are ignored, as other servers do.
"""

import argparse
import json
import time
from typing import Any, Final

from aiohttp import web

from narration_worker.client import WorkerClient, WorkerRefusedError

SAME: Final = ("prompt", "messages", "max_tokens", "temperature", "top_p", "seed", "stop")
REASONS: Final = {"eos": "stop", "stop": "stop", "length": "length"}
TYPES: Final = {400: "invalid_request_error", 401: "authentication_error", 429: "rate_limit_error"}
WORKER: Final = web.AppKey("worker", WorkerClient)


def worker_request(body: dict[str, Any]) -> dict[str, Any]:
    """Return a request for the worker."""
    request = {name: body[name] for name in SAME if body.get(name) is not None}
    if isinstance(request.get("stop"), str):
        request["stop"] = [request["stop"]]
    return request


def choice(text: str, reason: str | None, *, chat: bool, chunk: bool) -> dict[str, Any]:
    """Return one choice of an answer or of a chunk."""
    content = {"role": "assistant", "content": text}
    said = {("delta" if chunk else "message"): content} if chat else {"text": text}
    return {"index": 0, "finish_reason": reason, "logprobs": None, **said}


async def complete(request: web.Request) -> web.StreamResponse:
    """POST /v1/completions and /v1/chat/completions."""
    chat = request.path.endswith("/chat/completions")
    body = await request.json()
    worker = request.app[WORKER]
    stream = worker.execute(**worker_request(body))
    response: web.StreamResponse | None = None
    texts: list[str] = []
    about: dict[str, Any] = {}
    async for message in stream:
        if message.name == "started":
            about = {
                "id": message.data["job_id"],
                "object": ("chat.completion" if chat else "text_completion") + (".chunk" if body.get("stream") else ""),
                "created": int(time.time()),
                "model": message.data["model"],
            }
            if body.get("stream"):
                response = web.StreamResponse(headers={"Content-Type": "text/event-stream"})
                await response.prepare(request)
        elif message.name == "token":
            texts.append(message.data["t"])
            await send(response, {**about, "choices": [choice(texts[-1], None, chat=chat, chunk=True)]})
        elif message.name == "error":
            if response is None:
                raise WorkerRefusedError(500, message.data, {})
            await send(response, {"error": message.data})
        elif message.name == "end":
            reason, end = REASONS[message.data["stop_reason"]], message.data
            if response is None:
                tokens_in, tokens_out = end["tokens_in"], end["tokens_out"]
                usage = {"prompt_tokens": tokens_in, "completion_tokens": tokens_out}
                about |= {"usage": {**usage, "total_tokens": tokens_in + tokens_out}}
                whole = choice("".join(texts), reason, chat=chat, chunk=False)
                return web.json_response({**about, "choices": [whole]})
            await send(response, {**about, "choices": [choice("", reason, chat=chat, chunk=True)]})
    if response is None:
        raise web.HTTPBadGateway(text="the worker gave no answer")
    await response.write(b"data: [DONE]\n\n")
    return response


async def send(response: web.StreamResponse | None, data: dict[str, Any]) -> None:
    """Send one chunk; nothing when the answer is not streamed."""
    if response is not None:
        await response.write(b"data: " + json.dumps(data, ensure_ascii=False).encode() + b"\n\n")


async def models(request: web.Request) -> web.Response:
    """GET /v1/models."""
    health = await request.app[WORKER].health()
    return web.json_response({"object": "list", "data": [{"id": health.get("model", "unknown"), "object": "model"}]})


@web.middleware
async def errors(request: web.Request, handler: Any) -> web.StreamResponse:
    """Answer the worker's refusals in OpenAI's format."""
    try:
        answer: web.StreamResponse = await handler(request)
    except WorkerRefusedError as refused:
        error = {"message": str(refused), "type": TYPES.get(refused.status, "server_error"), "code": refused.code}
        return web.json_response({"error": error}, status=refused.status)
    except json.JSONDecodeError:
        error = {"message": "the body is not valid JSON", "type": TYPES[400], "code": "INVALID_REQUEST"}
        return web.json_response({"error": error}, status=400)
    except ConnectionResetError:  # the caller has gone, and its job with it
        return web.Response()
    return answer


def application(worker_url: str) -> web.Application:
    """Return the facade for a worker."""
    app = web.Application(middlewares=[errors])

    async def client(app: web.Application) -> Any:
        async with WorkerClient(worker_url) as worker:
            app[WORKER] = worker
            yield

    app.cleanup_ctx.append(client)
    app.router.add_post("/v1/completions", complete)
    app.router.add_post("/v1/chat/completions", complete)
    app.router.add_get("/v1/models", models)
    return app


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("worker", help="the worker's address")
    parser.add_argument("--port", type=int, default=8081)
    options = parser.parse_args()
    web.run_app(application(options.worker), host="127.0.0.1", port=options.port)
