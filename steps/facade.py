"""Steps of features/facade.feature: a pool manager and an orchestrator of a few lines, in this process."""

import asyncio
import json
import threading
import time
from collections.abc import Callable
from typing import Any

import pytest
from pytest_bdd import given, parsers, then, when

from narration_capture import NarrationCapture, one_table
from narration_core import (
    CORRELATION_HEADER,
    CountingSources,
    Narrator,
    RedactionPolicy,
    accept,
    bind,
    decode,
    encode,
    formatted,
    new_correlation_id,
    outbound_headers,
    propagate,
    redact,
)

ORCHESTRATOR = Narrator("orchestratord")
MANAGER = Narrator("pool-managerd")

ENGINE = {"engine": "llamacpp-v1", "pool_id": "default", "device": "GPU0"}


def spawn(**more: Any) -> None:
    """Narrate that an engine is spawned."""
    MANAGER(
        "spawn",
        "GPU0",
        "Spawning engine {engine} for pool '{pool_id}' on {device}",
        cute="Waking {engine} up on its cosy {device}",
        story='"Ready?" asked pool-managerd. "Ready," said {engine}.',
        **{**ENGINE, **more},
    )


# -- a request through two services -------------------------------------------------------------


@given(parsers.parse('a client that sends the correlation id "{sent}"'), target_fixture="headers")
def client_sends(sent: str) -> dict[str, str]:
    return {CORRELATION_HEADER: sent}


@given("a client that sends no correlation id", target_fixture="headers")
def client_sends_nothing() -> dict[str, str]:
    return {}


@when("the client asks the orchestrator for an engine", target_fixture="answered")
async def ask(headers: dict[str, str]) -> dict[str, str]:
    inbound = accept(headers)
    with bind(correlation_id=inbound.correlation_id, job_id="job-123"):
        if inbound.refused:
            ORCHESTRATOR.warn("correlation_refused", "request", "Refused a malformed correlation id; made a new one")
        ORCHESTRATOR(
            "admission", "session-9", "Accepted request {job_id} at queue position {queue_position}", queue_position=0
        )
        carried = outbound_headers()
        await asyncio.create_task(_managed(carried))
        return {CORRELATION_HEADER: inbound.correlation_id}


async def _managed(headers: dict[str, str]) -> None:
    with bind(correlation_id=accept(headers).correlation_id):
        spawn()
        await asyncio.sleep(0)
        MANAGER("ready", "GPU0", "Engine {engine} is ready on {device}", **ENGINE)


@then("the answer carries the narrated correlation id")
def answered_with(answered: dict[str, str], narration: NarrationCapture) -> None:
    narration.assert_correlation_id(answered[CORRELATION_HEADER])


@then(parsers.parse('the answer carries the correlation id "{expected}"'))
def answered_with_id(answered: dict[str, str], expected: str) -> None:
    assert answered[CORRELATION_HEADER] == expected


# -- one service ---------------------------------------------------------------------------------


@given("no request")
def no_request() -> None:
    assert not outbound_headers()


@when("the pool manager spawns an engine")
def spawns() -> None:
    spawn()


@when(parsers.parse('the pool manager says "{text}"'))
def says(text: str) -> None:
    MANAGER("say", "operator", text)


@when(parsers.parse('the pool manager passes on the field "{name}" with "{value}"'))
def passes_on(name: str, value: str) -> None:
    with bind(**{name: value}):
        MANAGER("call", "worker", "Calling the worker")


@when("the pool manager passes on a private key")
def private_key() -> None:
    key = "-----BEGIN PRIVATE KEY-----\nbWFkZSB1cCBmb3IgdGhlIGZlYXR1cmVz\n-----END PRIVATE KEY-----"
    MANAGER("call", "worker", "Sending {identity}", identity=key)


UUID = "3b241101-e2bb-4255-8caf-4136c566a962"


@when("the pool manager passes on a UUID")
def passes_uuid() -> None:
    MANAGER("call", "worker", f"Calling worker {UUID}")


@then("the policy may hide it")
def policy_hides_uuid() -> None:
    assert UUID not in redact(f"Calling worker {UUID}", RedactionPolicy(uuids=True))


@when("a caller sends a sentence with a line end and a hidden character")
def forged() -> None:
    MANAGER("call", 'Ready\r\n{"forged":\u200b true}\tdone', "Hearing {target}")


@then("every narrated line is one line without hidden characters")
def one_line(narration: NarrationCapture) -> None:
    for event in narration.events:
        line = encode(event).decode()
        assert "\n" not in line
        assert all(char.isprintable() for char in line), line


@when("the pool manager tells something at every level")
def every_level() -> None:
    for level in ("trace", "debug", "info", "warn"):
        getattr(MANAGER, level)("tell", "operator", "Telling at {event}", event=level)
    MANAGER.error("tell", "operator", "Telling at {event}", event="error", error_kind="made_up")
    MANAGER.fatal("tell", "operator", "Telling at {event}", event="fatal", error_kind="made_up")
    MANAGER.mute("tell", "operator", "Telling nothing")


@when("the pool manager loads a model in three steps", target_fixture="outcome")
def loads() -> None:
    with MANAGER.span("model_load", "tiny.gguf", "Loading {model_ref}", model_ref="tiny.gguf") as span:
        span.progress(50, "Loading {model_ref}: {percent} %")


@when("the pool manager loads a model that is broken")
def loads_broken() -> None:
    with pytest.raises(OSError, match="no magic"), MANAGER.span("model_load", "tiny.gguf", "Loading tiny.gguf"):
        raise OSError("no magic")


@when("a traced function runs, sync and async")
async def traced() -> None:
    @MANAGER.traced
    def warm_up() -> None: ...

    @MANAGER.traced
    async def settle() -> None:
        await asyncio.sleep(0)

    warm_up()
    await settle()


@when("work goes on in a thread that carries the context")
def carried() -> None:
    with bind(correlation_id="req-thread"):
        _in_thread(propagate(spawn))


@when("work goes on in a thread that lost the context")
def lost() -> None:
    with bind(correlation_id="req-lost"):
        spawn()
        _in_thread(lambda: MANAGER("drift", "GPU0", "Nobody knows whose event this is"))


def _in_thread(work: Callable[[], None]) -> None:
    thread = threading.Thread(target=work)
    thread.start()
    thread.join()


@then(parsers.parse("{count:d} event lost its context"))
def lost_count(narration: NarrationCapture, count: int) -> None:
    assert len(narration.orphans) == count


# -- what an event is --------------------------------------------------------------------------


@then("the console shows:")
def console(narration: NarrationCapture, datatable: list[list[str]]) -> None:
    lines = one_table(datatable)
    event = narration.events[-1]
    assert {mode: formatted(event, mode) for mode in lines} == lines  # type: ignore[misc, arg-type]  # mode is one of them


@then("the JSON line begins with time, level, actor, action, target and human")
def json_order(narration: NarrationCapture) -> None:
    line = json.loads(encode(narration.events[-1]))
    assert list(line)[:6] == ["emitted_at_ms", "level", "actor", "action", "target", "human"]


@then("the event says who emitted it and when")
def filled_in(narration: NarrationCapture) -> None:
    event = narration.assert_event(emitted_by=..., emitted_at_ms=...)
    assert abs(time.time() * 1000 - (event.emitted_at_ms or 0)) < 3_600_000


@when("an older service sends a line with decode_ms 7")
def older(narration: NarrationCapture) -> None:
    narration.feed('{"actor":"engine","action":"decode","target":"job","human":"Decoded","decode_ms":7}')


@when("a new correlation id is made", target_fixture="new_id")
def make_id() -> str:
    new_id = new_correlation_id()
    with bind(correlation_id=new_id):
        spawn()
    return new_id


@then("it is a UUID of version 4")
def version_4(new_id: str) -> None:
    groups = new_id.split("-")
    assert [len(group) for group in groups] == [8, 4, 4, 4, 12]
    assert groups[2][0] == "4"


@when("a clock that counts is bound")
def counting() -> None:
    with bind(sources=CountingSources(start_ms=1000)):
        spawn(correlation_id=new_correlation_id())
        spawn(correlation_id=new_correlation_id())


@then("the same fields are there in the JSON line that was narrated")
def round_trip(narration: NarrationCapture) -> None:
    for event in narration.events:
        assert decode(encode(event)) == event


@when("the pool manager is muted")
def muted() -> None:
    MANAGER.mute("spawn", "GPU0", "Spawning nothing")
