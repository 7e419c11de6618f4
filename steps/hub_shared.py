"""Steps about several hubs that share their streams through a real redis-server."""

import http.client
import json
import time
from contextlib import ExitStack
from pathlib import Path
from urllib.parse import quote

from pytest_bdd import parsers, then, when

from narration_capture import NarrationCapture
from narration_core import Event
from steps.harness import PATIENCE_S
from steps.hub import HubProcess
from support.hub import event
from support.servers import StreamServer, stream_server

_NUMBERS = {"first": 0, "second": 1}


class SharedHubs:
    """Two hubs and the server between them."""

    def __init__(self, server: StreamServer, hubs: list[HubProcess]) -> None:
        self.server = server
        self.hubs = hubs


@when("two hubs start that share their streams", target_fixture="shared")
def two_start(own: ExitStack, narration: NarrationCapture, tmp_path: Path) -> SharedHubs:
    server = own.enter_context(stream_server(tmp_path))
    hubs = [own.enter_context(HubProcess("--engine", server.url, "--name", f"the-{name}")) for name in _NUMBERS]
    for hub in hubs:
        hub.feed_until(narration, lambda event: event.action == "ready")
    return SharedHubs(server, hubs)


@when(parsers.parse('"{service}" tells the {number} hub of "{request}": "{sentence}"'))
def tells(shared: SharedHubs, service: str, number: str, request: str, sentence: str) -> None:
    shared.hubs[_NUMBERS[number]].send(event(human=sentence, actor=service, correlation_id=request))


@when("Redis is killed")
def is_killed(shared: SharedHubs, narration: NarrationCapture) -> None:
    shared.server.kill()
    _feed_all(shared, narration, "error")


@when("Redis is started again")
def is_started(shared: SharedHubs, narration: NarrationCapture) -> None:
    shared.server.start()
    _feed_all(shared, narration, "info")


def _feed_all(shared: SharedHubs, narration: NarrationCapture, level: str) -> None:
    def wanted(event: Event) -> bool:
        return event.action == "engine" and event.level == level

    for hub in shared.hubs:
        hub.feed_until(narration, wanted, only=wanted)


@then(parsers.parse('each hub tells "{request}" live as:'))
def tell_live(shared: SharedHubs, request: str, datatable: list[list[str]]) -> None:
    for hub in shared.hubs:
        assert _live(hub, f"/v1/stories/{request}/stream", len(datatable) - 1) == datatable[1:]


@then(parsers.parse('the {number} hub finds "{text}" {count:d} times, and says that it did not ask "{other}"'))
def does_not_ask(shared: SharedHubs, number: str, text: str, count: int, other: str) -> None:
    connection = shared.hubs[_NUMBERS[number]].connection
    until = time.monotonic() + PATIENCE_S
    while True:  # until the other hub has introduced itself
        lines = connection.request("GET", f"/v1/search?q={quote(text)}").body.splitlines()
        found = [json.loads(line) for line in lines]
        if found[-1]["stores"]["not_asked"] or time.monotonic() > until:
            break
    assert found[-1]["stores"]["not_asked"] == [other]
    assert sum(len(line["hits"]) for line in found) == count


def _live(hub: HubProcess, path: str, count: int) -> list[list[str]]:
    """Return service and sentence of the first events of a stream, as it stands after its last reset."""
    port = hub.events[hub.wait_for(lambda event: event.action == "ready")].get("port")
    connection = http.client.HTTPConnection("127.0.0.1", int(str(port)), timeout=PATIENCE_S)
    try:
        connection.request("GET", path)
        lines = iter(connection.getresponse().readline, b"")
        found: list[list[str]] = []
        kind = ""
        while len(found) < count:
            name, _, value = next(lines).decode().strip().partition(": ")
            if name == "event":
                kind = value
                if kind == "reset":
                    found.clear()
            elif name == "data" and kind == "narration":
                told = json.loads(value)["event"]
                found.append([told["actor"], told["human"]])
        return found
    finally:
        connection.close()
