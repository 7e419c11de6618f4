"""Steps of features/services.feature: examples/services as real processes, with a real redis-server."""

import json
from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest
from click.testing import CliRunner
from pytest_bdd import given, parsers, then, when

from narration_capture import NarrationCapture
from narration_ci.cli import links
from support.servers import ask, redis_server
from support.services import EDGE, SECRET, RunningServices

CLOSERS = {
    "book": ("gateway answer", "tasks charge"),
    "ghost": ("gateway answer", "till answer"),  # the last word of each
    "voucher": ("gateway answer", "tasks task_failed"),
}
EVERYWHERE = {
    "Authorization": f"Bearer {SECRET}",
    "Cookie": f"session={SECRET}",
    "X-Api-Key": SECRET,
    "baggage": f"api_key={SECRET}",
    "Content-Type": "application/json",
}


@pytest.fixture(scope="session")
def running_services(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningServices]:
    """The example, with source locations, so that coverage knows the points."""
    for broker in redis_server(tmp_path_factory.mktemp("redis")):
        services = RunningServices(broker)
        services.start()
        yield services
        services.stop()


@given("the services of the example", target_fixture="services")
def services(running_services: RunningServices) -> RunningServices:
    return running_services


Answer = tuple[int, str | None]


def _ordered(
    services: RunningServices,
    narration: NarrationCapture,
    article: str,
    sent: str,
    query: str = "",
    headers: Mapping[str, str] | None = None,
) -> Answer:
    body = json.dumps({"card": "none" if not query else SECRET, "password": SECRET}).encode()
    answer = ask(services.gateway, f"/order/{article}{query}", sent, headers, body)
    narration.feed(*services.wait_for_story(sent, *CLOSERS[article]))
    return answer


@when(parsers.parse('the gateway is asked for a {article} with the correlation id "{sent}"'), target_fixture="bought")
def orders(services: RunningServices, narration: NarrationCapture, article: str, sent: str) -> Answer:
    return _ordered(services, narration, article, sent)


@when(
    parsers.parse('the gateway is asked, with a secret everywhere, for a {article} with the correlation id "{sent}"'),
    target_fixture="bought",
)
def orders_with_secrets(services: RunningServices, narration: NarrationCapture, article: str, sent: str) -> Answer:
    return _ordered(services, narration, article, sent, f"?token={SECRET}&q=1", EVERYWHERE)


@then(parsers.parse('the customer is answered with {status:d} and the correlation id "{expected}"'))
def answered(bought: Answer, status: int, expected: str) -> None:
    assert bought == (status, expected)


@then("every link of the logs holds")
def links_hold(services: RunningServices, tmp_path: Path) -> None:
    checked = CliRunner().invoke(links, ["--edge", EDGE, *map(str, services.write_logs(tmp_path))])
    assert checked.exit_code == 0, checked.output


@then("nothing that any process printed holds the secret")
def no_secret(services: RunningServices) -> None:
    assert SECRET.encode() not in services.printed()


@then("no process printed a traceback")
def no_traceback(services: RunningServices) -> None:
    # In an event it is a field, redacted.
    bare = b"\n".join(line for line in services.printed().splitlines() if not line.startswith(b"{"))
    assert b"Traceback (most recent call last)" not in bare, bare.decode()
