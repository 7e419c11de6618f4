"""Real hubs: what goes in comes out, to those who may read it, in order, once, with exact gaps."""

import asyncio
import gzip
import io
import json
import signal
import time

import pytest

from support.hub import bearer, event, hub

TOKEN = "a-made-up-operator"
PRODUCER = "a-made-up-producer"


def run(main):
    asyncio.run(asyncio.wait_for(main, 120))


@pytest.mark.req("SSE-04", "SSE-05", "HUB-01", "SSE-03")
def test_what_comes_in_is_replayed_followed_and_resumed():
    async def main():
        async with hub() as one:
            first = await one.send(event(human="One"), event(human="Two"))
            assert first == {"accepted": 2, "repeated": 0, "refused": []}
            async with one.stream("/v1/jobs/job-1/stream") as reader:
                assert await reader.sentences(2) == ["One", "Two"]
                place = reader.last_id
                await one.send(event(human="Three"), event(job="job-2", human="Foreign"), event(human="Four"))
                assert await reader.sentences(2) == ["Three", "Four"]
            async with one.stream("/v1/jobs/job-1/stream", after=place) as again:
                assert await again.sentences(2) == ["Three", "Four"]
            async with one.stream(f"/v1/jobs/job-1/stream?after={place}") as again:
                assert await again.sentences(2) == ["Three", "Four"]
            async with one.stream("/v1/operator/stream") as everything:
                assert await everything.sentences(5) == ["One", "Two", "Three", "Foreign", "Four"]

    run(main())


@pytest.mark.req("SSE-05")
@pytest.mark.parametrize("given_id", ["nonsense", "00000000-1", "1", "-", "\u00e9"])
def test_an_unknown_id_is_a_reset_and_never_looks_like_success(given_id):
    async def main():
        async with hub() as one:
            await one.send(event(human="One"))
            async with one.stream("/v1/jobs/job-1/stream", after=given_id) as reader:
                assert (await reader.next())[0] == "reset"
                assert await reader.sentences(1) == ["One"]

    run(main())


@pytest.mark.req("SSE-06", "HUB-02")
def test_the_id_of_another_job_is_unknown_here():
    async def main():
        async with hub() as one:
            await one.send(event(human="One"), event(job="job-2", human="Two"))
            async with one.stream("/v1/jobs/job-1/stream") as reader:
                await reader.sentences(1)
                foreign = reader.last_id
            async with one.stream("/v1/jobs/job-2/stream", after=foreign) as reader:
                assert (await reader.next())[0] == "reset"

    run(main())


@pytest.mark.req("SSE-07")
def test_the_same_batch_again_is_harmless():
    async def main():
        async with hub() as one:
            lines = [event(human=f"Step {n}", event_id=f"process-{n}") for n in range(3)]
            await one.send(*lines)
            assert await one.send(*lines, event(human="New", event_id="process-3")) == {
                "accepted": 1, "repeated": 3, "refused": [],
            }  # fmt: skip
            async with one.stream("/v1/jobs/job-1/stream") as reader:
                assert await reader.sentences(4) == ["Step 0", "Step 1", "Step 2", "New"]

    run(main())


@pytest.mark.req("SSE-04")
def test_one_bad_line_costs_only_itself_and_says_why(narration):
    async def main():
        async with hub() as one:
            answer = await one.send(event(human="One"), b"nonsense", event(human="Two"), b"{}")
            assert answer["accepted"] == 2
            assert [refusal["index"] for refusal in answer["refused"]] == [1, 3]
            refused = await one.process.wait_for(action="refuse")
            narration.feed(*one.process.lines)
            assert refused.get("refused") == 2

    run(main())
    narration.assert_event(action="refuse", refused=2)


@pytest.mark.req("SSE-04")
def test_ten_thousand_bad_lines_do_not_matter():
    async def main():
        async with hub() as one:
            for _ in range(20):
                answer = await one.send(*[b"\x00\xff nonsense"] * 500)
                assert (answer["accepted"], len(answer["refused"])) == (0, 20)
            await one.send(event(human="Still here"))
            text = await (await one.session.get("/metrics")).text()
            assert "narration_hub_refused_total 10000" in text

    run(main())


@pytest.mark.req("HUB-02")
def test_bodies_are_bounded_packed_or_not():
    async def main():
        async with hub() as one:
            bomb = gzip.compress(b" " * (200 << 20))
            assert len(bomb) < 1 << 20
            for body, headers in ((b"x" * ((1 << 20) + 1), {}), (bomb, {"Content-Encoding": "gzip"})):
                await one.ask("POST", "/v1/narration", status=413, data=io.BytesIO(body), headers=headers)
            packed = gzip.compress(event(human="Packed"))
            await one.ask("POST", "/v1/narration", status=202, data=packed, headers={"Content-Encoding": "gzip"})
            await one.ask("POST", "/v1/narration", status=400, data=b"no", headers={"Content-Encoding": "gzip"})
            async with one.stream("/v1/jobs/job-1/stream") as reader:
                assert await reader.sentences(1) == ["Packed"]

    run(main())


@pytest.mark.req("SSE-05")
def test_what_a_late_reader_misses_is_counted_exactly():
    async def main():
        async with hub("--ring-events", "100") as one:
            for start in range(0, 1000, 250):
                await one.send(*[event(human=f"Step {n}") for n in range(start, start + 250)])
            async with one.stream("/v1/jobs/job-1/stream") as reader:
                assert await reader.next() == ("gap", {"missed": 900})
                assert await reader.sentences(100) == [f"Step {n}" for n in range(900, 1000)]
            shown = await one.ask("GET", "/v1/jobs/job-1")
            assert (shown["missed"], shown["counts"]) == (900, {"info": 1000})

    run(main())


@pytest.mark.req("HUB-02", "SSE-06", "AUTH-1001")
def test_a_ticket_opens_one_job_and_nothing_else(narration, tmp_path):
    producers = tmp_path / "producers"
    producers.write_text(f"{PRODUCER} gateway\n")

    async def main():
        async with hub("--producer-token-file", str(producers), AUTH_TOKEN=TOKEN) as one:
            line = event(human="One", correlation_id="req-1")
            await one.send(line, event(job="job-2", human="Two"), token=PRODUCER)
            made = await one.ask("POST", "/v1/jobs/job-1/ticket", TOKEN, status=201, json={"seconds": 60})
            ticket = made["ticket"]
            assert made["path"] == f"/#job=job-1&ticket={ticket}"
            async with one.stream("/v1/jobs/job-1/stream", ticket) as reader:
                assert await reader.sentences(1) == ["One"]
                shown = await one.ask("GET", "/v1/jobs/job-1", ticket)
                assert "correlation_ids" not in shown
                assert [job["job_id"] for job in (await one.ask("GET", "/v1/jobs", ticket))["jobs"]] == ["job-1"]
                await one.send(line, token=ticket, status=403)
                for path in ("jobs/job-2", "jobs/job-3", "stories/req-1", "stories/req-2"):
                    for end in ("", "/stream"):
                        for token in (ticket, PRODUCER):
                            answer = await one.ask("GET", f"/v1/{path}{end}", token, status=404)
                            assert answer == await one.ask("GET", "/v1/jobs/none", TOKEN, status=404)
                    await one.ask("POST", f"/v1/{path}/ticket", ticket, status=404)
                    await one.ask("DELETE", f"/v1/{path}/ticket", ticket, status=404)
                for path in ("/v1/operator/stream", "/metrics"):
                    await one.ask("GET", path, ticket, status=404)
                    await one.ask("GET", path, PRODUCER, status=404)
                assert await one.ask("GET", "/v1/health", ticket) == {"status": "healthy"}
                assert await one.ask("DELETE", "/v1/jobs/job-1/ticket", TOKEN) == {"closed": 1}
                assert (await reader.upto("end"))[-1] == ("end", {"reason": "revoked"})
            await one.ask("GET", "/v1/jobs/job-1", ticket, status=401)
            new = await one.ask("POST", "/v1/jobs/job-1/ticket", TOKEN, status=201, json={"seconds": 1})
            async with one.stream("/v1/jobs/job-1/stream", new["ticket"]) as reader:
                await reader.sentences(1)
                assert (await reader.upto("end"))[-1] == ("end", {"reason": "expired"})
            await one.ask("GET", "/v1/jobs/job-1", new["ticket"], status=401)
            for seconds in (0, -1, 86_401, "x", None):
                body = {"seconds": seconds}
                await one.ask("POST", "/v1/jobs/job-1/ticket", TOKEN, status=400, json=body)
        narration.feed(*one.process.lines)

    run(main())
    narration.assert_event(action="ticket", subject="job job-1")
    narration.assert_event(action="revoke", closed=1)
    narration.assert_event(action="auth", code="BAD_TOKEN")
    assert not any("n1." in (event.human or "") for event in narration.events)


@pytest.mark.req("AUTH-1001", "AUTH-1007")
def test_guessing_tokens_is_slow(narration):
    async def main():
        async with hub(AUTH_TOKEN=TOKEN) as one:
            statuses = []
            for number in range(35):
                async with one.session.get("/v1/jobs", headers=bearer(f"guess-{number}")) as response:
                    statuses.append(response.status)
            assert statuses == [401] * 30 + [429] * 5
            assert int(response.headers["Retry-After"]) >= 1
            await one.ask("GET", "/v1/jobs", TOKEN)  # the right one still works: a stranger must not lock anyone out
        narration.feed(*one.process.lines)

    run(main())
    narration.assert_event(action="auth", code="TOO_MANY")


@pytest.mark.req("AUTH-1004", "HUB-02")
@pytest.mark.parametrize("headers", [{"Origin": "http://evil.example"}, {"Host": "evil.example"}])
def test_web_pages_of_others_neither_read_nor_send(headers):
    async def main():
        async with hub() as one:
            await one.send(event(), headers=headers, status=403)
            await one.ask("GET", "/v1/jobs", headers=headers, status=403)

    run(main())


@pytest.mark.req("HUB-04")
def test_the_board_says_what_a_stuck_job_waits_for(narration):
    async def main():
        async with hub("--stall", "0.5") as one:
            begun = {"actor": "provisioner", "action": "build", "event": "build_start", "span_id": "b" * 16}
            await one.send(
                event(human="Accepted the request"),
                event(human="Building the engine", **begun),
                event(human="Building: 75 %", actor="provisioner", action="build", span_id="b" * 16, percent=75),
                event(job="job-2", human="Working", event="work_start"),
                event(job="job-2", human="Done", event="work_end"),
                headers={"X-Narration-Service": "poold"},
            )
            stalled = await one.process.wait_for(action="stall")
            assert (stalled.get("subject"), stalled.get("holder")) == ("job-1", "provisioner")
            shown = await one.ask("GET", "/v1/jobs/job-1")
            assert shown["state"] == "stalled"
            assert shown["waits"] == {
                "service": "provisioner", "sentence": "Building: 75 %", "since_ms": 1_795_900_000_000, "percent": 75,
            }  # fmt: skip
            async with one.stream("/v1/jobs/job-2/stream") as reader:
                assert (await reader.upto("end"))[-1] == ("end", {"reason": "ended"})
            board = await one.ask("GET", "/v1/jobs")
            assert [(job["job_id"], job["state"]) for job in board["jobs"]] == [
                ("job-1", "stalled"), ("job-2", "ended"),
            ]  # fmt: skip
            assert {service["service"] for service in board["services"]} == {"poold", "provisioner"}
        narration.feed(*one.process.lines)

    run(main())
    narration.assert_event(action="stall", holder="provisioner")


@pytest.mark.req("HUB-01")
def test_what_producers_lost_is_a_number_with_a_place(narration):
    async def main():
        async with hub() as one:
            headers = {"X-Narration-Service": "gateway", "X-Narration-Process": "p1"}
            for lost in ({"debug": 3}, {"debug": 3, "info": 2}):
                await one.send(headers={**headers, "X-Narration-Lost": json.dumps(lost)})
            (service,) = (await one.ask("GET", "/v1/jobs"))["services"]
            assert (service["service"], service["lost"]) == ("gateway", {"debug": 3, "info": 2})
            assert "narration_hub_lost_total 5" in await (await one.session.get("/metrics")).text()
            await one.send(headers={**headers, "X-Narration-Lost": "many"}, status=400)
        narration.feed(*one.process.lines)

    run(main())
    narration.assert_event(action="loss", lost=2)


@pytest.mark.req("HUB-01")
def test_a_story_is_read_whole_as_json_and_as_text():
    async def main():
        async with hub() as one:
            await one.send(
                event(human="One", correlation_id="req-1"),
                event(job="job-2", human="Two", correlation_id="req-1", actor="gateway"),
                event(job="job-2", human="Other", correlation_id="req-2"),
            )
            story = await one.ask("GET", "/v1/stories/req-1")
            assert [line["event"]["human"] for line in story["lines"]] == ["One", "Two"]
            async with one.session.get("/v1/stories/req-1", headers={"Accept": "text/plain"}) as response:
                assert await response.text() == (
                    "[poold     ] spawn          : One\n[gateway   ] spawn          : Two\n"
                )
            async with one.stream("/v1/stories/req-1/stream") as reader:
                assert await reader.sentences(2) == ["One", "Two"]

    run(main())


@pytest.mark.fault
@pytest.mark.req("HUB-01")
def test_a_stop_ends_every_stream_at_once(narration):
    async def main():
        async with hub() as one:
            await one.send(event(human="One"))
            async with one.stream("/v1/jobs/job-1/stream") as reader:
                await reader.sentences(1)
                one.process.signal(signal.SIGTERM)
                assert (await reader.upto("end"))[-1] == ("end", {"reason": "shutdown"})
            assert await one.process.wait() == 0
        narration.feed(*one.process.lines)

    run(main())
    narration.assert_event(action="startup")
    narration.assert_event(action="ready")
    narration.assert_event(action="shutdown", signal="SIGTERM")


@pytest.mark.fault
@pytest.mark.req("HUB-01")
def test_a_reader_that_never_reads_costs_only_itself(narration):
    async def main():
        async with hub("--write-deadline-sec", "0.5", "--ring-events", "100000") as one:
            await one.send(event())
            host, port = one.url.removeprefix("http://").split(":")
            reader, writer = await asyncio.open_connection(host, int(port), limit=1024)
            writer.write(b"GET /v1/jobs/job-1/stream HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n")
            await reader.readuntil(b"hello")
            writer.transport.pause_reading()
            async with one.stream("/v1/jobs/job-1/stream", after="x") as good:
                assert (await good.next())[0] == "reset"
                await good.sentences(1)
                sent = 0
                while one.process.find(action="disconnect") is None:
                    await one.send(*[event(human=f"Step {n} {'x' * 1500}") for n in range(sent, sent + 200)])
                    assert len(await good.sentences(200)) == 200
                    sent += 200
            writer.close()
            assert "narration_hub_slow_readers_total 1" in await (await one.session.get("/metrics")).text()
        narration.feed(*one.process.lines)

    run(main())
    narration.assert_event(action="disconnect", subject="job job-1")


@pytest.mark.fault
@pytest.mark.req("HUB-01")
def test_a_reader_who_goes_is_noticed_at_once():
    async def main():
        async with hub() as one:
            await one.send(event())
            async with one.stream("/v1/jobs/job-1/stream") as reader:
                await reader.sentences(1)
                assert (await one.ask("GET", "/v1/health"))["readers"] == 1
                reader.response.close()
            while (await one.ask("GET", "/v1/health"))["readers"]:
                pass

    run(main())


@pytest.mark.req("HUB-01")
def test_only_so_many_readers():
    async def main():
        async with hub("--readers", "1") as one:
            await one.send(event())
            path = "/v1/jobs/job-1/stream"
            async with one.stream(path), one.session.get(path) as second:
                assert (second.status, second.headers["Retry-After"]) == (503, "5")

    run(main())


@pytest.mark.req("HUB-01", "HUB-02")
def test_a_link_that_got_around_keeps_no_operator_out():
    async def main():
        async with hub("--readers", "4", AUTH_TOKEN=TOKEN) as one:
            await one.send(event(), token=TOKEN)
            ticket = (await one.ask("POST", "/v1/jobs/job-1/ticket", TOKEN, status=201))["ticket"]
            path = "/v1/jobs/job-1/stream"
            async with one.stream(path, ticket), one.stream(path, ticket) as second:
                refused = await one.ask("GET", path, ticket, status=503)
                assert refused["code"] == "NO_ROOM"
                async with one.stream(path, TOKEN):
                    second.response.close()
                    async with asyncio.timeout(60):
                        while await status(one, path, ticket) == 503:  # noqa: ASYNC110 - until the hub has noticed
                            await asyncio.sleep(0.02)

    run(main())


async def status(one, path, token):
    async with one.session.get(path, headers=bearer(token)) as answer:
        return answer.status


@pytest.mark.req("AUTH-1002")
@pytest.mark.parametrize("arguments", [("--host", "0.0.0.0"), ("--producer-token-file", "{file}")])
def test_settings_that_protect_nobody_are_refused(narration, tmp_path, arguments):
    tokens = tmp_path / "tokens"
    tokens.write_text("one-made-up-token gateway # a comment\n\n# nothing else\n")

    async def main():
        from narration_hub.launch import launch

        given = [argument.format(file=tokens) for argument in arguments]
        async with launch(given, environment={"NARRATION_SOURCE_LOCATION": "1"}, wait_until=None) as process:
            assert await process.wait() == 1
        narration.feed(*process.lines)

    run(main())
    narration.assert_event(action="start_failed", code="BAD_CONFIG")


def test_a_port_that_is_taken_is_told(narration):
    async def main():
        from narration_hub.launch import launch

        async with hub() as one:
            port = one.url.rpartition(":")[2]
            own = {"NARRATION_SOURCE_LOCATION": "1"}
            async with launch(["--no-data", "--port", port], environment=own, wait_until=None) as second:
                assert await second.wait() == 1
        narration.feed(*second.lines)

    run(main())
    narration.assert_event(action="bind_failed", error_kind="address_already_in_use")


def test_what_is_not_http_is_answered_and_told(narration):
    async def main():
        async with hub() as one:
            host, port = one.url.removeprefix("http://").split(":")
            reader, writer = await asyncio.open_connection(host, int(port))
            writer.write(b"NONSENSE\r\n\r\n")
            answer = await reader.read()
            assert b"INVALID_REQUEST" in answer
            writer.close()
        narration.feed(*one.process.lines)

    run(main())
    narration.assert_event(action="http")


def test_silence_is_filled_with_comments():
    async def main():
        async with hub("--heartbeat-sec", "0.1") as one:
            await one.send(event())
            async with one.session.get("/v1/jobs/job-1/stream") as response:
                data = b""
                while b": still here\n" not in data:
                    data += await response.content.readany()

    run(main())


@pytest.mark.req("HUB-02")
def test_refusals_take_as_long_for_what_is_there_as_for_what_is_not(tmp_path):
    """Not a measure of the machine: both kinds in turn, compared by their medians."""

    async def main():
        async with hub(AUTH_TOKEN=TOKEN) as one:
            await one.send(*[event(job=f"job-{n}") for n in range(400)], token=TOKEN)
            made = await one.ask("POST", "/v1/jobs/job-0/ticket", TOKEN, status=201)
            times = {"job-7": [], "none-7": []}
            for _ in range(200):
                for name, taken in times.items():
                    began = time.perf_counter()
                    await one.ask("GET", f"/v1/jobs/{name}", made["ticket"], status=404)
                    taken.append(time.perf_counter() - began)
            there, not_there = (sorted(taken)[100] for taken in times.values())
            assert 0.5 < there / not_there < 2

    run(main())
