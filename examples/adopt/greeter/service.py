"""The service: GET /hello/{name}, over aiohttp."""

import asyncio

from aiohttp import web

from narration_core import Narrator, register_field
from narration_core.bridges.aiohttp import correlate
from narration_core.nouns import counted

narrate = Narrator("greeter")
register_field("visits", int, "how often somebody was greeted before")

VISITS: web.AppKey[dict[str, int]] = web.AppKey("visits", dict)


async def hello(request: web.Request) -> web.Response:
    """Greet somebody."""
    name = request.match_info["name"]
    visits = request.app[VISITS]
    if not name.isalpha():
        narrate.warn("refuse", "caller", "Refused to greet somebody whose name is no name", error_kind="bad_name")
        raise web.HTTPBadRequest(text="a name has letters only\n")
    known = visits.get(name, 0)
    visits[name] = known + 1
    with narrate.span(
        "look_up", "visits", "Looking up how often the caller was here", done="Found {visits:visit|visits}"
    ) as span:
        span.note(visits=known)
        await asyncio.sleep(0)
    narrate(
        "greet",
        "caller",
        "Greeting a caller who was here {visits:time|times}",
        visits=known,
        cute="Hello again, dear caller number {visits}",
        story='"Hello!" said the caller. "Hello to you," said the greeter.',
    )
    return web.Response(text=f"Hello {name}, you were here {counted(known, 'time')}.\n")


def application() -> web.Application:
    """Return the service."""
    app = web.Application()
    correlate(app, narrate, show=lambda path: "/hello/{name}" if path.startswith("/hello/") else path)
    app[VISITS] = {}
    app.router.add_get("/hello/{name}", hello)
    return app


if __name__ == "__main__":
    web.run_app(application(), print=None)
