"""Steps about a pool manager that is called when a worker is ready."""

import asyncio
import socket
from contextlib import AsyncExitStack

from aiohttp import web
from pytest_bdd import given, parsers, then, when

from narration_capture import NarrationCapture
from steps.harness import WorkerProcess


class PoolManager:
    """Takes ready callbacks."""

    def __init__(self) -> None:
        self.tokens: list[str | None] = []
        self.called = asyncio.Event()

    async def take(self, request: web.Request) -> web.Response:
        """POST /ready."""
        self.tokens.append(request.headers.get("Authorization"))
        self.called.set()
        return web.Response()


@given("a pool manager that takes the ready callback", target_fixture="pool_manager")
async def a_pool_manager(cleanup: AsyncExitStack, settings: dict[str, str]) -> PoolManager:
    manager = PoolManager()
    app = web.Application()
    app.router.add_post("/ready", manager.take)
    runner = web.AppRunner(app)
    await runner.setup()
    cleanup.push_async_callback(runner.cleanup)
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    url = f"http://127.0.0.1:{runner.addresses[0][1]}/ready"
    settings |= {"callback-url": url, "AUTH_TOKEN": "made-up-token-for-features"}
    return manager


@when("the pool manager has been called")
async def has_been_called(pool_manager: PoolManager, worker: WorkerProcess, narration: NarrationCapture) -> None:
    await pool_manager.called.wait()
    await asyncio.to_thread(worker.feed_until, narration, lambda event: event.action == "callback_attempt")


@given("a pool manager that is not there", target_fixture="settings")
def no_pool_manager() -> dict[str, str]:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
    return {"callback-url": f"http://127.0.0.1:{port}/ready"}


@when(parsers.parse('the worker has told "{action}"'))
async def has_told(worker: WorkerProcess, narration: NarrationCapture, action: str) -> None:
    await asyncio.to_thread(worker.feed_until, narration, lambda event: event.action == action)


@then("the pool manager was called with the token")
def called_with_token(pool_manager: PoolManager) -> None:
    assert pool_manager.tokens == ["Bearer made-up-token-for-features"]
