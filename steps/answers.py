"""Steps that check a worker's answers, and keep some of them for the proof bundle."""

import hashlib

from pytest_bdd import parsers, then, when

from narration_capture import NarrationCapture, one_table, rows
from narration_core import CORRELATION_HEADER, formatted
from narration_worker.config import BUNDLED
from narration_worker.model.engine import Engine
from narration_worker.model.generation import Result, StopSwitch
from narration_worker.requests import ExecuteRequest
from steps.evidence import keep_proof
from steps.harness import Answer, WorkerProcess, ask, call
from steps.request_helpers import HAIKU, TABLE, request_body


@then("the answer is a haiku of three lines")
def is_haiku(answer: Answer) -> None:
    assert answer.status == 200, answer.body
    lines = answer.text.strip().splitlines()
    assert len(lines) == 3, lines
    assert all(line.strip() for line in lines), lines


@then("the stream starts with started, ends with end, and has nothing after it")
def stream_order(answer: Answer) -> None:
    names = [frame.name for frame in answer.frames]
    assert names[0] == "started"
    assert names[-1] == "end"
    assert {"end", "error"}.isdisjoint(names[:-1])
    assert set(names[1:-1]) <= {"narration", "token", "metrics"}
    indices = [frame["i"] for frame in answer.of("token")]
    assert indices == sorted(set(indices))


@then("the stream tells what standard output tells of the request")
def same_narration(answer: Answer, narration: NarrationCapture) -> None:
    events = [event for event in narration.events if event.job_id is not None]
    assert [frame["formatted"] for frame in answer.of("narration")] == [formatted(event) for event in events]


@then(parsers.parse("the answer has status {status:d}"))
def has_status(answer: Answer, status: int) -> None:
    assert answer.status == status, answer.body


@then(parsers.parse('the answer has status {status:d} and the code "{code}"'))
def has_code(answer: Answer, status: int, code: str) -> None:
    assert (answer.status, answer.body["code"]) == (status, code)


@then(parsers.parse('the stream ends with the error "{code}"'))
def ends_with_error(answer: Answer, code: str) -> None:
    assert answer.frames[-1].name == "error", [frame.name for frame in answer.frames]
    assert answer.frames[-1].data["code"] == code


@then("the answer is one object with the whole haiku")
def whole_answer(answer: Answer) -> None:
    assert len(answer.body["text"].strip().splitlines()) == 3, answer.body
    assert {"job_id", "tokens_in", "tokens_out", "seed", "stop_reason"} <= set(answer.body)


@then(parsers.parse('the state of the job "{job_id}" is "{status}"'))
async def state_is(worker: WorkerProcess, job_id: str, status: str) -> None:
    code, body, _ = await call("GET", f"{worker.url}/jobs/{job_id}")
    assert (code, body["status"], body["stop_reason"]) == (200, status, "eos"), body


@then("the rest begins after what it has, and the stream is whole")
def stream_is_whole(answers: list[Answer]) -> None:
    before, after = answers
    ids = [int(frame.id or 0) for frame in [*before.frames, *after.frames]]
    assert ids == list(range(1, len(ids) + 1))
    assert after.frames[-1].name == "end"


@then("both answers are the same")
def same_answers(answers: list[Answer]) -> None:
    first, second = answers
    assert first.of("token") == second.of("token")
    assert first.text


@when(parsers.parse("two engines, one after the other, answer from seed {seed:d}"), target_fixture="drawn")
def two_engines(seed: int) -> list[list[int]]:
    """Return the token ids that each generated; HTTP does not show them."""
    return [_token_ids(seed) for _ in range(2)]


def _token_ids(seed: int) -> list[int]:
    engine = Engine(BUNDLED, "cpu")
    engine.load(engine.check_device())
    try:
        request = ExecuteRequest(prompt=HAIKU, temperature=0.8)
        steps = engine.generate(request, engine.tokenise(request), seed, StopSwitch())
        return [step.token for step in steps if not isinstance(step, Result)]
    finally:
        engine.close()


@then("both drew the same token ids")
def same_token_ids(drawn: list[list[int]]) -> None:
    first, second = drawn
    assert first == second
    assert len(set(first)) > 1, first


@then("the answer holds characters of several bytes, each whole")
def whole_characters(answer: Answer) -> None:
    assert any(len(char.encode()) > 2 for char in answer.text)
    assert "\ufffd" not in answer.text
    assert all(frame["t"].encode() for frame in answer.of("token"))


@then("the narration holds neither the prompt nor the answer")
def nothing_generated(answer: Answer, narration: NarrationCapture) -> None:
    words = [line.strip() for line in answer.text.splitlines() if line.strip()]
    narration.assert_no_secrets(HAIKU, *words)


@then("the narration proves the prompt by its digest and length")
def by_digest(narration: NarrationCapture) -> None:
    narration.assert_event(
        action="validate", prompt_sha256=hashlib.sha256(HAIKU.encode()).hexdigest(), prompt_chars=len(HAIKU)
    )
    narration.assert_event(event="execute_end", output_sha256=..., output_chars=..., tokens_in=..., tokens_out=...)


@then(parsers.parse('the answer carries the correlation id "{correlation_id}" back'))
def echoed(answer: Answer, correlation_id: str) -> None:
    assert answer.headers[CORRELATION_HEADER] == correlation_id


@then("the answer names every fault:")
def every_fault(answer: Answer, datatable: TABLE) -> None:
    assert {row["field"] for row in rows(datatable)} <= {
        fault["field"] if isinstance(fault, dict) else fault[0] for fault in answer.body["faults"]
    }, answer.body


@then("the answer has the fields:")
def has_fields(answer: Answer, datatable: TABLE) -> None:
    assert answer.status == 200, answer.body
    for name, value in one_table(datatable).items():
        assert name in answer.body, sorted(answer.body)
        assert value == "..." or str(answer.body[name]).lower() == value.lower(), (name, answer.body[name])


@then("the answer has the metrics:")
def has_metrics(answer: Answer, datatable: TABLE) -> None:
    for row in rows(datatable):
        assert row["metric"] in answer.body, row["metric"]


@then("the next request works")
@when("the next request works")
async def next_works(worker: WorkerProcess) -> None:
    answer = await ask(worker.url, request_body(max_tokens=5))
    assert answer.frames[-1].name == "end", answer


@then(parsers.parse('its stream is kept as proof "{name}"'))
def keep_stream(answer: Answer, name: str) -> None:
    assert answer.received, "there was no stream"
    keep_proof("transcripts", name, answer.received)


@then(parsers.parse('the metrics are kept as proof "{name}"'))
def keep_metrics(answer: Answer, name: str) -> None:
    keep_proof("metrics", name, answer.body)


@then(parsers.parse('both answers are kept as proof "{name}"'))
def keep_answers(answers: list[Answer], name: str) -> None:
    for number, answer in enumerate(answers, start=1):
        source = {"model": BUNDLED.name, "device": "cpu", "seed": answer.of("started")[0]["seed"]}
        keep_proof(
            "determinism", f"{name}.{number}.json", {**source, "tokens": [token["t"] for token in answer.of("token")]}
        )


@then(parsers.parse('both lists of token ids are kept as proof "{name}" of seed {seed:d}'))
def keep_token_ids(drawn: list[list[int]], name: str, seed: int) -> None:
    for number, ids in enumerate(drawn, start=1):
        source = {"model": BUNDLED.name, "device": "cpu", "seed": seed}
        keep_proof("determinism", f"{name}.{number}.json", {**source, "token_ids": ids})
