"""Steps about the greeter."""

from contextlib import AsyncExitStack

from aiohttp.test_utils import TestClient, TestServer
from greeter.service import application
from pytest_bdd import given, parsers, then, when

from narration_core import CORRELATION_HEADER


@given("the greeter", target_fixture="client")
async def the_greeter(cleanup: AsyncExitStack) -> TestClient:
    """Start the service; it ends with the scenario."""
    return await cleanup.enter_async_context(TestClient(TestServer(application())))


@when(parsers.parse('"{name}" says hello with the correlation id "{correlation_id}"'), target_fixture="greeting")
async def says_hello(client: TestClient, name: str, correlation_id: str) -> str:
    """Send a request."""
    async with client.get(f"/hello/{name}", headers={CORRELATION_HEADER: correlation_id}) as response:
        assert response.headers[CORRELATION_HEADER] == correlation_id
        return await response.text()


@then(parsers.parse('the greeting says "{text}"'))
def greeting_says(greeting: str, text: str) -> None:
    """Compare what was answered."""
    assert text in greeting
