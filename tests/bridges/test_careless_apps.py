"""Applications as strangers write them: what they log and raise of a body is told without its secrets."""

import asyncio
import logging

import httpx
import pytest
from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from flask import Flask, request
from pydantic import BaseModel, Field
from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.responses import PlainTextResponse
from starlette.routing import Route

from narration_core.bridges.asgi import NarrationMiddleware
from narration_core.bridges.stdlib import NarrationHandler
from narration_core.bridges.wsgi import NarrationMiddleware as WsgiMiddleware

SECRET = "hunter2-Zx81-made-up"
BODY = {"user": "bob", "password": SECRET, "age": "nope"}
log = logging.getLogger("careless")


@pytest.fixture(autouse=True)
def logged(monkeypatch):
    monkeypatch.setattr(log, "handlers", [NarrationHandler()])
    monkeypatch.setattr(log, "propagate", False)


class Login(BaseModel):
    user: str
    password: str = Field(max_length=5)
    age: int


def fastapi_app():
    app = FastAPI()

    @app.exception_handler(RequestValidationError)
    async def refused(_: Request, error: RequestValidationError):
        log.error("validation failed: %s", error.errors())
        log.error("the body was %s", error.body)
        return JSONResponse({"detail": "no"}, 422)

    @app.post("/checked")
    async def checked(body: Login):
        return body

    @app.post("/raised")
    async def raised(body: dict):
        raise ValueError(f"cannot use {body}")

    @app.post("/validated")
    async def validated(body: dict):
        Login(**body)

    return app


def starlette_app():
    async def detailed(request):
        raise HTTPException(400, detail=f"bad body {await request.json()}")

    async def raised(request):
        raise TypeError(f"unexpected {await request.body()!r}")

    async def handled(_, error):
        log.error("http %s: %s", error.status_code, error.detail)
        return PlainTextResponse("no", error.status_code)

    routes = [Route("/detailed", detailed, methods=["POST"]), Route("/raised", raised, methods=["POST"])]
    return Starlette(routes=routes, exception_handlers={HTTPException: handled})


def flask_app():
    app = Flask("till")

    @app.post("/raised")
    def raised():
        log.error("got %s, that is %r", request.get_json(), request.data)
        raise RuntimeError(f"cannot save {request.get_json()}")

    return app


@pytest.mark.parametrize(
    ("make", "path", "status"),
    [
        (fastapi_app, "/checked", 422),
        (fastapi_app, "/raised", 500),
        (fastapi_app, "/validated", 500),
        (starlette_app, "/detailed", 400),
        (starlette_app, "/raised", 500),
    ],
)
def test_a_body_of_an_asgi_application_is_told_without_its_secret(memory, narrate, make, path, status):
    app = NarrationMiddleware(make(), narrate=narrate)

    async def ask():
        async with httpx.AsyncClient(transport=httpx.ASGITransport(app, raise_app_exceptions=False)) as client:
            return await client.post(f"http://shop{path}", json=BODY)

    answer = asyncio.run(ask())
    assert answer.status_code == status
    told = b"".join(memory.lines).decode()
    assert "[REDACTED]" in told
    assert SECRET not in told


def test_a_body_of_a_flask_application_is_told_without_its_secret(memory, narrate):
    app = flask_app()
    app.wsgi_app = WsgiMiddleware(app.wsgi_app, narrate=narrate)
    assert app.test_client().post("/raised", json=BODY).status_code == 500
    told = b"".join(memory.lines).decode()
    assert "[REDACTED]" in told
    assert SECRET not in told
