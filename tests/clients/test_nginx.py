"""Streams over HTTP/2 through deploy/nginx.conf and a real nginx: nothing is held back, nothing is lost."""

import asyncio
import hashlib
import json

import pytest

from narration_worker.launch import launch

BODY = {"prompt": "写一首关于显卡的俳句", "temperature": 0.0, "seed": 7}
STRICT = {"NARRATION_STRICT": "1"}
TOKEN = "a-made-up-token-of-a-test"
ALICE = "alices-made-up-token"


def over_http2(clients, proxy, body, *options):
    return clients.sse(proxy.url, body, "--http2", "--ca", str(proxy.ca), *options)


def told_once(events):
    """Return what does not change from one run to the next, and is not about speed."""
    tokens = [event["data"] for event in events if event.get("name") == "token"]
    others = [event["name"] for event in events if event.get("name") not in {"token", "metrics", None}]
    actions = [event["data"]["event"]["action"] for event in events if event.get("name") == "narration"]
    return tokens, others, actions


@pytest.mark.req("SSE-11")
def test_nothing_is_held_back_and_a_cancel_arrives_in_time(clients, nginx, slow):
    """The cancel is sent when the third token is there: it only finds the job running when no proxy held that back."""
    body = {"prompt": "x", "max_tokens": 4000, "job_id": "long"}

    async def run():
        async with launch(slow, environment=STRICT) as worker, nginx.in_front_of(worker.url) as proxy:
            found = await clients.all_of(over_http2(clients, proxy, body, "--cancel-after", "3"))
            return found, await worker.wait_for(job_id="long", action="cancel")

    (answer, *found), ending = asyncio.run(run())
    assert (answer["status"], answer["http"]) == (200, "HTTP/2")
    assert answer["headers"]["content-type"].startswith("text/event-stream")
    assert found[0]["name"] == "started"
    (cancelled,) = [item for item in found if "cancel" in item]
    assert cancelled == {"cancel": 202, "http": "HTTP/2"}
    assert (found[-1]["name"], found[-1]["data"]["code"]) == ("error", "CANCELLED")
    assert 3 <= ending.tokens_out < 4000


@pytest.mark.req("SSE-11", "M0-W-1611")
def test_events_pass_one_by_one_and_a_hang_up_does_too(clients, nginx, slow):
    """The worker still reads the prompt when the client hangs up, so all that came through came before any token.

    The last event of a job before its first token must not wait in the proxy for more to come, and nothing is written
    to the client after he left: the worker can only know from the proxy.
    """
    body = {"prompt": "x" * 3500, "max_tokens": 4000, "job_id": "reading"}

    async def run():
        async with launch(slow, environment=STRICT) as worker, nginx.in_front_of(worker.url) as proxy:
            seen = []
            async with clients.reading(over_http2(clients, proxy, body)) as events:
                async for event in events:
                    seen.append(event.get("data", {}).get("event", {}).get("action") or event.get("name"))
                    if seen[-1] == "cache_reset":
                        break
            return seen, await worker.wait_for(job_id="reading", action="disconnect"), list(worker.events)

    seen, ending, events = asyncio.run(run())
    assert seen[:2] == [None, "started"]
    of_job = [event.action for event in events if event.job_id == "reading"]
    assert seen[2:] == of_job[: len(seen) - 2]
    assert of_job[len(seen) - 2 :] == ["disconnect"]  # there was nothing after it that could have pushed it through
    assert ending.tokens_out == 0


@pytest.mark.req("SSE-10", "SSE-11")
def test_comments_keep_a_silent_stream_alive(clients, nginx, slow):
    """With a proxy that gives up after a second of silence, and a prompt that takes longer to read."""
    body = {"prompt": "x" * 2500, "max_tokens": 1}
    impatient = {"proxy_read_timeout 1h": "proxy_read_timeout 1s"}

    async def run():
        arguments = ("--heartbeat-sec", "0.1")
        async with (
            launch(slow, arguments=arguments, environment=STRICT) as worker,
            nginx.in_front_of(worker.url, changes=impatient) as proxy,
        ):
            return await clients.all_of(over_http2(clients, proxy, body))

    _, *events = asyncio.run(run())
    assert events[-1]["name"] == "end"


@pytest.mark.req("SSE-11", "M0-W-1611")
def test_a_client_that_hangs_up_is_gone_for_the_worker_too(clients, nginx, slow):
    body = {"prompt": "x", "max_tokens": 4000, "job_id": "left"}

    async def run():
        async with launch(slow, environment=STRICT) as worker, nginx.in_front_of(worker.url) as proxy:
            found = await clients.all_of(over_http2(clients, proxy, body, "--hang-up-after", "3"))
            ending = await worker.wait_for(job_id="left", action="disconnect")
            after = await clients.all_of(over_http2(clients, proxy, {"prompt": "x", "max_tokens": 2}))
            return found, ending, after

    found, ending, after = asyncio.run(run())
    assert found[-1]["name"] == "token"
    assert (ending.level, ending.error_kind) == ("warn", "client_gone")
    assert 3 <= ending.tokens_out < 4000
    assert after[-1]["name"] == "end"


@pytest.mark.req("SSE-11", "API-01", "M0-W-1611")
def test_stop_in_a_browser_reaches_the_worker_over_http2(clients, nginx, slow):
    """A browser resets the stream and keeps the connection, which libraries do not."""
    body = {"prompt": "x", "max_tokens": 4000, "job_id": "stopped"}

    async def run():
        async with launch(slow, environment=STRICT) as worker, nginx.in_front_of(worker.url) as proxy:
            found = await clients.all_of(clients.browser("stop", proxy.url, body))
            return found, await worker.wait_for(job_id="stopped", action="disconnect")

    found, ending = asyncio.run(run())
    (shown,) = [item["shown"] for item in found if "shown" in item]
    assert "event: token" in shown
    assert "event: e" not in shown
    assert 0 < ending.tokens_out < 4000
    assert [item["protocols"] for item in found if "protocols" in item] == [["h2"]]


@pytest.mark.req("SSE-10", "SSE-11", "M0-W-1824")
def test_the_events_are_the_same_with_and_without_proxy_and_micro_batch(clients, nginx):
    async def both_ways(*arguments):
        async with (
            launch(arguments=arguments, environment=STRICT) as worker,
            nginx.in_front_of(worker.url) as proxy,
        ):
            direct = await clients.all_of(clients.sse(worker.url, BODY))
            return [direct, await clients.all_of(over_http2(clients, proxy, BODY))]

    async def run():
        return [*await both_ways(), *await both_ways("--sse-micro-batch-ms", "20")]

    found = asyncio.run(run())
    assert [answer["http"] for answer, *_ in found] == ["HTTP/1.1", "HTTP/2"] * 2
    plain = told_once(found[0])
    assert plain[0]
    assert plain[1][-1] == "end"
    for answer, *events in found:
        assert answer["status"] == 200
        assert told_once(events) == plain


def name_of(token):
    return f"token:{hashlib.sha256(token.encode()).hexdigest()[:6]}"


TOKENS = f'default 1;\n"" 0;\n"~^Bearer {ALICE}$" 0;\n'

# How the worker and nginx are set, which token is sent, the status, and the error's code or who it was.
CALLS = [
    ("worker checks", {}, None, TOKEN, 200, name_of(TOKEN)),
    ("worker checks", {}, None, "wrong", 401, "BAD_TOKEN"),
    ("worker checks", {}, None, None, 401, "MISSING_TOKEN"),
    ("nobody is local behind a proxy", {"AUTH_OPTIONAL": "true"}, None, None, 401, "MISSING_TOKEN"),
    ("nginx checks", {"TRUST_PROXY_AUTH": "true"}, TOKENS, ALICE, 200, name_of(ALICE)),
    ("nginx checks", {"TRUST_PROXY_AUTH": "true"}, TOKENS, ALICE.upper(), 401, "BAD_TOKEN"),
    ("nginx checks", {"TRUST_PROXY_AUTH": "true"}, TOKENS, TOKEN, 401, "BAD_TOKEN"),
    ("nginx checks", {"TRUST_PROXY_AUTH": "true"}, TOKENS, None, 401, "MISSING_TOKEN"),
]


@pytest.mark.req("AUTH-1001", "AUTH-1004", "AUTH-1006", "AUTH-1008")
@pytest.mark.parametrize("setting", list(dict.fromkeys(call[0] for call in CALLS)))
def test_who_may_call_through_the_proxy(clients, nginx, setting):
    calls = [call for call in CALLS if call[0] == setting]
    _, environment, tokens, *_ = calls[0]

    async def run():
        async with (
            launch(environment={**STRICT, "AUTH_TOKEN": TOKEN, **environment}) as worker,
            nginx.in_front_of(worker.url, tokens=tokens) as proxy,
        ):
            answers = []
            for number, (_, _, _, token, _, _) in enumerate(calls):
                body = {**BODY, "job_id": f"job-{number}"}
                options = ("--token", token) if token else ()
                answers.append(await clients.all_of(over_http2(clients, proxy, body, *options)))
            return answers, list(worker.events), worker.lines

    answers, events, lines = asyncio.run(run())
    for number, ((answer, *rest), (_, _, _, _, status, who)) in enumerate(zip(answers, calls, strict=True)):
        assert answer["status"] == status
        if status == 401:
            assert answer["headers"]["www-authenticate"] == "Bearer"
            assert answer["headers"]["content-type"] == "application/json"
            assert rest[0]["body"]["code"] == who
            assert {"message", "retriable", "number"} <= set(rest[0]["body"])
        else:
            ending = {event.identity for event in events if event.job_id == f"job-{number}"}
            assert ending == {who}
    printed = b"\n".join(lines).decode() + json.dumps(answers)
    assert [token for token in (TOKEN, ALICE, "wrong-") if token in printed] == []


@pytest.mark.fault
def test_a_worker_that_is_gone_is_told_like_an_error_of_the_worker(clients, nginx):
    async def run():
        async with launch(environment=STRICT) as worker, nginx.in_front_of(worker.url) as proxy:
            await worker.stop()
            return await clients.all_of(over_http2(clients, proxy, BODY))

    answer, body = asyncio.run(run())
    assert (answer["status"], body["body"]["code"], body["body"]["retriable"]) == (502, "UNREACHABLE", True)
