"""Servers and clients of the bridges' tests."""

import asyncio

import pytest

from narration_core import Narrator

SHOP = Narrator("shop")


@pytest.fixture
def narrate():
    return SHOP


async def asgi_call(app, path="/", headers=(), method="GET", kind="http", messages=()):
    """Call an ASGI application as a server does; returns the messages that it sent and the exception it raised."""
    sent, raised = [], None
    inbox = list(messages) or [{"type": "http.request", "body": b"", "more_body": False}]

    async def receive():
        return inbox.pop(0) if inbox else {"type": "http.disconnect"}

    async def send(message):
        sent.append(message)

    scope = {
        "type": kind,
        "method": method,
        "path": path,
        "raw_path": path.encode(),
        "query_string": b"",
        "headers": [(name.lower().encode(), value.encode()) for name, value in dict(headers).items()],
        "asgi": {"version": "3.0"},
        "http_version": "1.1",
        "scheme": "http",
        "server": ("test", 80),
        "client": ("127.0.0.1", 1),
        "root_path": "",
    }
    try:
        await app(scope, receive, send)
    except Exception as error:  # noqa: BLE001 - returned
        raised = error
    return sent, raised


@pytest.fixture
def call():
    return lambda *args, **options: asyncio.run(asgi_call(*args, **options))
