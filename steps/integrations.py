"""Steps of features/integrations.feature: a gateway and a service behind it, with real frameworks, in this process."""

import httpx
from fastapi import FastAPI, Response
from flask import Flask, request
from pytest_bdd import given, parsers, then, when
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import PlainTextResponse
from starlette.routing import Route

from narration_core import CORRELATION_HEADER, Narrator, bind
from narration_core.bridges.asgi import NarrationMiddleware
from narration_core.bridges.httpx import AsyncNarrationTransport
from narration_core.bridges.wsgi import NarrationMiddleware as WsgiMiddleware

GATEWAY = Narrator("gateway")
STOCK = Narrator("stock")
TILL = Narrator("till")
SHELVES = {"book": 7}


async def reserve(request: Request) -> PlainTextResponse:
    """Reserve an article; a missing one is a fault that nobody handles."""
    left = SHELVES[request.path_params["article"]]
    STOCK("reserve", "shelf", "Reserving the article on its shelf")
    return PlainTextResponse(str(left))


def stock() -> NarrationMiddleware:
    """Return the service that only the gateway calls."""
    service = Starlette(routes=[Route("/reserve/{article}", reserve)])
    return NarrationMiddleware(service, narrate=STOCK, trust="inside")


def gateway(client: httpx.AsyncClient) -> NarrationMiddleware:
    """Return the service that anybody may call."""
    app = FastAPI()

    @app.get("/order/{article}")
    async def order(article: str) -> Response:
        with bind(session_id="s-7"):
            GATEWAY("order", "article", "Taking an order")
            answer = await client.get(f"http://stock/reserve/{article}")
        return Response(status_code=200 if answer.is_success else 502)

    return NarrationMiddleware(app, narrate=GATEWAY)


@given("a shop of two services, the gateway and the stock", target_fixture="shop")
def shop() -> NarrationMiddleware:
    # Starlette raises what nobody handled once more, for its server, which answers all the same.
    behind = httpx.ASGITransport(stock(), raise_app_exceptions=False)
    transport = AsyncNarrationTransport(GATEWAY, behind, trust="inside")
    return gateway(httpx.AsyncClient(transport=transport))


async def _ask(app: NarrationMiddleware, article: str, headers: dict[str, str]) -> httpx.Response:
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app)) as client:
        return await client.get(f"http://gateway/order/{article}", headers=headers)


@when(parsers.parse('a customer orders a {article} with the correlation id "{sent}"'), target_fixture="answer")
async def orders(shop: NarrationMiddleware, article: str, sent: str) -> httpx.Response:
    return await _ask(shop, article, {CORRELATION_HEADER: sent})


@when("a stranger orders a book with a job, a session and a trace of his own", target_fixture="answer")
async def stranger(shop: NarrationMiddleware) -> httpx.Response:
    headers = {"baggage": "job_id=job-stolen,session_id=s-stolen", "traceparent": f"00-{'1' * 32}-{'2' * 16}-01"}
    return await _ask(shop, "book", headers)


@given("a till of Flask", target_fixture="till")
def till() -> Flask:
    app = Flask("till")

    @app.post("/pay")
    def pay() -> str:
        app.logger.warning("Got %s", request.form)  # as careless as programs are
        raise RuntimeError(f"Could not take {request.form.to_dict()}")

    app.wsgi_app = WsgiMiddleware(app.wsgi_app, narrate=TILL)  # type: ignore[method-assign]
    return app


@when(
    parsers.parse('a customer pays with the password "{password}" and the correlation id "{sent}"'),
    target_fixture="answer",
)
def pays(till: Flask, password: str, sent: str) -> httpx.Response:
    with httpx.Client(transport=httpx.WSGITransport(till, raise_app_exceptions=False)) as client:
        return client.post("http://till/pay", data={"password": password}, headers={CORRELATION_HEADER: sent})


@then(parsers.parse("the answer is {status:d}"))
def answered(answer: httpx.Response, status: int) -> None:
    assert answer.status_code == status


@then(parsers.parse('the answer is {status:d} and carries the correlation id "{expected}"'))
def answered_with(answer: httpx.Response, status: int, expected: str) -> None:
    assert (answer.status_code, answer.headers[CORRELATION_HEADER]) == (status, expected)
