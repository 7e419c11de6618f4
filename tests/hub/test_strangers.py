"""Requests that no client of ours makes: odd names, two keys at once, packed in other ways, numbers that are none."""

import asyncio
import gzip
import signal
from itertools import product
from urllib.parse import parse_qsl, quote

import pytest

from support.hub import bearer, event, hub
from support.servers import stream_server

TOKEN = "a-made-up-operator"


def run(main):
    asyncio.run(asyncio.wait_for(main, 120))


@pytest.mark.req("HUB-01", "HUB-02")
def test_a_job_is_found_and_linked_whatever_its_name():
    names = ["{}", "{name}", "a{b}c", "a/b", "../job-1", "a?b#c", "50%", "%2e%2e", "a+b&ticket=n1.x"]

    async def main():
        async with hub(AUTH_TOKEN=TOKEN) as one:
            lines = [event(name, f"Here is {name}", correlation_id=name) for name in names]
            await one.send(*lines, event(human="Elsewhere"), token=TOKEN)
            for name, (scope, path) in product(names, (("job", "jobs"), ("story", "stories"))):
                address = f"/v1/{path}/{quote(name, safe='')}"
                await one.ask("GET", address, TOKEN)
                await one.ask("GET", f"{address}/why", TOKEN)
                made = await one.ask("POST", f"{address}/ticket", TOKEN, status=201)
                # As the page reads it.
                assert parse_qsl(made["path"].removeprefix("/#")) == [(scope, name), ("ticket", made["ticket"])]
                async with one.stream(f"{address}/stream", made["ticket"]) as reader:
                    assert await reader.sentences(1) == [f"Here is {name}"]

    run(main())


@pytest.mark.req("AUTH-1001", "HUB-02")
def test_two_keys_at_once_open_nothing():
    async def main():
        async with hub(AUTH_TOKEN=TOKEN) as one:
            await one.send(event(), token=TOKEN)
            ticket = (await one.ask("POST", "/v1/jobs/job-1/ticket", TOKEN, status=201))["ticket"]
            for keys in ((TOKEN, ticket), (ticket, TOKEN), (ticket, ticket), (ticket, "guess")):
                headers = [("Authorization", f"Bearer {key}") for key in keys]
                for path in ("/v1/jobs/job-1", "/v1/jobs/none", "/v1/jobs/job-1/stream"):
                    async with one.session.get(path, headers=headers) as answer:
                        assert (answer.status, (await answer.json())["code"]) == (400, "INVALID_REQUEST")

    run(main())


@pytest.mark.req("HUB-01")
def test_a_body_that_nobody_here_can_unpack_is_refused_as_such():
    paths = (("/v1/narration", "application/x-ndjson"), ("/v1/logs", "application/json"))

    async def main():
        async with hub() as one:
            for encoding, (path, kind) in product(("x-gzip", "gzip, gzip", "compress", "nonsense"), paths):
                headers = {"Content-Encoding": encoding, "Content-Type": kind}
                async with one.session.post(path, headers=headers, data=gzip.compress(event())) as answer:
                    assert answer.status == 415
                    assert "gzip or deflate" in (await answer.json())["message"]
            assert (await one.ask("GET", "/v1/jobs"))["jobs"] == []

    run(main())


@pytest.mark.req("HUB-01")
def test_a_number_that_is_none_is_refused_and_not_ignored():
    paths = ("/v1/jobs?ended=", "/v1/operator/events?last=", "/v1/search?q=spawning&most=")

    async def main():
        async with hub() as one:
            await one.send(event())
            for path, number in product(paths, ("-1", "ten", "1.5", "\u0663", "9" * 20)):
                answer = await one.ask("GET", f"{path}{quote(number)}", status=400)
                assert "must be a number" in answer["message"]
            assert len((await one.ask("GET", "/v1/jobs?ended="))["jobs"]) == 1

    run(main())


@pytest.mark.fault
@pytest.mark.req("HUB-02", "HUB-05", "SSE-06")
def test_what_a_ticket_does_not_open_is_refused_without_asking_the_other_hubs(tmp_path):
    """While the server that hubs share stands still, waiting for it would tell what this hub knows itself."""

    async def main():
        with stream_server(tmp_path) as server:
            async with hub("--engine", server.url, AUTH_TOKEN=TOKEN) as one:
                await one.process.wait_for(action="engine")
                await one.send(event(), event("job-2"), token=TOKEN)
                ticket = (await one.ask("POST", "/v1/jobs/job-1/ticket", TOKEN, status=201))["ticket"]
                server.signal(signal.SIGSTOP)
                waiting = asyncio.create_task(refusal(one, "/v1/jobs/none/stream", TOKEN))
                paths = [f"/v1/jobs/{name}{end}" for end in ("/stream", "", "/why") for name in ("job-2", "none")]
                refusals = await asyncio.gather(*(refusal(one, path, ticket) for path in paths))
                assert set(refusals) == {(404, "NOT_FOUND")}
                assert not waiting.done()
                server.signal(signal.SIGCONT)
                assert (await waiting)[0] in {404, 503}

    run(main())


async def refusal(one, path, token):
    async with one.session.get(path, headers=bearer(token)) as answer:
        return answer.status, (await answer.json())["code"]


@pytest.mark.req("HUB-01")
def test_a_flood_of_what_is_not_http_is_narrated_once():
    async def main():
        async with hub() as one:
            host, port = one.process.url.removeprefix("http://").split(":")
            for _ in range(20):
                reader, writer = await asyncio.open_connection(host, int(port))
                writer.write(b"\x16\x03\x01 a TLS hello\r\n\r\n")
                assert b" 400 " in (await reader.read()).partition(b"\r\n")[0]
                writer.close()
            await one.process.stop()
            told = [event for event in one.process.events if event.action == "http"]
            assert [event.error_kind for event in told] == ["BadHttpMethod"]

    run(main())
