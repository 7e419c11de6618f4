"""Steps about the hub: a real one in its own process, and people and services that talk to it."""

import json
import signal
from contextlib import ExitStack

from pytest_bdd import parsers, then, when

from narration_capture import NarrationCapture
from narration_core._hub_connection import HubConnection
from steps.harness import WorkerProcess
from support.hub import event


class HubProcess(WorkerProcess):
    """A hub in its own process, and a connection to it."""

    def __init__(self, *arguments: str) -> None:
        super().__init__(["--port", "0", "--no-data", *arguments], module="narration_hub")
        ready = self.events[self.wait_for(lambda event: event.action == "ready")]
        self.connection = HubConnection(f"http://127.0.0.1:{ready.get('port')}")

    def send(self, *lines: bytes) -> None:
        answer = self.connection.request("POST", "/v1/narration", b"\n".join(lines))
        assert answer.status == 202, answer


@when("a hub starts", target_fixture="hub")
def starts(own: ExitStack, narration: NarrationCapture) -> HubProcess:
    return _started(own, narration)


@when(
    parsers.parse("a hub starts that calls a job stalled after {seconds} seconds"),
    target_fixture="hub",
)
def starts_impatient(own: ExitStack, narration: NarrationCapture, seconds: str) -> HubProcess:
    return _started(own, narration, "--stall", seconds)


@when(
    parsers.parse("a hub starts with its example, and calls a job stalled after {seconds} seconds"),
    target_fixture="hub",
)
def starts_with_example(own: ExitStack, narration: NarrationCapture, seconds: str) -> HubProcess:
    hub = _started(own, narration, "--stall", seconds, "--demo")
    hub.feed_until(narration, lambda event: event.action == "stall")
    return hub


def _started(own: ExitStack, narration: NarrationCapture, *arguments: str) -> HubProcess:
    hub = own.enter_context(HubProcess(*arguments))
    hub.feed_until(narration, lambda event: event.action == "ready")
    return hub


@when("somebody sends it an event and a line of nonsense")
def sends_nonsense(hub: HubProcess, narration: NarrationCapture) -> None:
    hub.send(event(), b"nonsense")
    hub.feed_until(narration, lambda event: event.action == "refuse")


@when("the hub stops")
def stops(hub: HubProcess, narration: NarrationCapture) -> None:
    hub.signal(signal.SIGTERM)
    hub.feed_rest(narration)


@when(parsers.parse('the provisioner begins to build an engine for "{job}" and says no more'))
def builds(hub: HubProcess, narration: NarrationCapture, job: str) -> None:
    hub.send(event(job, "Building engine llamacpp-v1", actor="provisioner", action="build", event="build_start"))
    hub.feed_until(narration, lambda event: event.action == "stall")


@then(parsers.parse('the board says that "{job}" waits for "{service}": "{sentence}"'))
def board_says(hub: HubProcess, job: str, service: str, sentence: str) -> None:
    board = json.loads(hub.connection.request("GET", "/v1/jobs").body)
    waits = {shown["job_id"]: shown.get("waits") for shown in board["jobs"]}
    assert (waits[job]["service"], waits[job]["sentence"]) == (service, sentence)


@when(parsers.parse('somebody makes a ticket for "{job}"'))
def makes_ticket(hub: HubProcess, narration: NarrationCapture, job: str) -> None:
    hub.send(event(job))
    assert hub.connection.request("POST", f"/v1/jobs/{job}/ticket").status == 201
    hub.feed_until(narration, lambda event: event.action == "ticket")


@when(parsers.parse('somebody revokes the tickets of "{job}"'))
def revokes(hub: HubProcess, narration: NarrationCapture, job: str) -> None:
    assert hub.connection.request("DELETE", f"/v1/jobs/{job}/ticket").status == 200
    hub.feed_until(narration, lambda event: event.action == "revoke")


@when(parsers.parse('"{service}" logs "{sentence}" for "{request}" with OpenTelemetry, and sends an empty record'))
def logs_with_opentelemetry(
    hub: HubProcess, narration: NarrationCapture, service: str, sentence: str, request: str
) -> None:
    about = {"attributes": [{"key": "service.name", "value": {"stringValue": service}}]}
    ids = [{"key": "correlation_id", "value": {"stringValue": request}}]
    records = [{"body": {"stringValue": sentence}, "attributes": ids}, {}]
    body = {"resourceLogs": [{"resource": about, "scopeLogs": [{"logRecords": records}]}]}
    headers = {"Content-Type": "application/json"}
    answer = hub.connection.request("POST", "/v1/logs", json.dumps(body).encode(), headers)
    assert json.loads(answer.body)["partialSuccess"]["rejectedLogRecords"] == "1", answer
    hub.feed_until(narration, lambda event: event.action == "refuse")


@then(parsers.parse('the hub tells the story of "{request}" as "{service}": "{sentence}"'))
def tells_story(hub: HubProcess, request: str, service: str, sentence: str) -> None:
    story = json.loads(hub.connection.request("GET", f"/v1/stories/{request}").body)
    assert [(line["event"]["actor"], line["event"]["human"]) for line in story["lines"]] == [(service, sentence)]
