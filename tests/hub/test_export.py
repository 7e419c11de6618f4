"""What a hub takes in goes on to a collector, except what came from one; a collector that is away stops nothing."""

import asyncio

import pytest

from narration_core import decode
from narration_core.serving.collector import OtlpSink
from narration_hub.export import Export
from support.collector import records, running_collector
from support.hub import event, hub
from support.servers import free_port

pytestmark = pytest.mark.req("ORCH-3309", "HUB-06")


def run(main):
    asyncio.run(asyncio.wait_for(main, 120))


def sentences(kind):
    return [record["body"]["stringValue"] for _, _, body in kind.seen for record in records(body)]


def sized(line):
    return decode(line), len(line)


async def figure(one, name):
    text = await (await one.session.get("/metrics")).text()
    return int(text.partition(f"\nnarration_hub_{name} ")[2].partition("\n")[0])


async def until(one, name, value):
    """Wait until a counter has a value; every look is a request to the hub."""
    async with asyncio.timeout(60):
        while await figure(one, name) < value:
            pass


def otlp_logs(*sentences):
    logs = [{"timeUnixNano": "1795900000000000000", "body": {"stringValue": one}} for one in sentences]
    return {"resourceLogs": [{"resource": {"attributes": []}, "scopeLogs": [{"logRecords": logs}]}]}


def test_what_comes_in_goes_on_and_what_came_by_otlp_does_not(tmp_path):
    async def main(kind, url):
        more = {"NARRATION_OTLP_HEADERS": "X-Scope-OrgID=7"}
        async with hub("--otlp", url, "--data", str(tmp_path), **more) as one:
            await one.send(event(human="One"), event(human="password=hunter2-made-up"), b"nonsense")
            await one.ask("POST", "/v1/logs", json=otlp_logs("Theirs"))
            await one.send(event(human="Three"))
            await until(one, "exported_total", 3)
        said = sentences(kind)
        assert (said[0], said[2], len(said)) == ("One", "Three", 3)
        assert "hunter2" not in str(kind.seen)
        assert {headers["X-Scope-OrgID"] for _, headers, _ in kind.seen} == {"7"}
        async with hub("--otlp", url, "--data", str(tmp_path)) as one:  # what was kept does not go a second time
            await one.send(event(human="Four"))
            await until(one, "exported_total", 1)
        assert sentences(kind)[3:] == ["Four"]

    with running_collector() as (kind, url):
        run(main(kind, url))


@pytest.mark.fault
def test_a_collector_that_is_away_stops_nothing_and_gets_everything_when_it_is_back(narration):
    port = free_port()

    async def main():
        async with hub("--otlp", f"http://127.0.0.1:{port}") as one:
            await one.send(event(human="One"))
            async with one.stream("/v1/jobs/job-1/stream") as reader:
                assert await reader.sentences(1) == ["One"]
            async with asyncio.timeout(60), one.process._changed:
                while not any(said.action == "export" for said in one.process.events):
                    await one.process._changed.wait()
            await one.send(event(human="Two"))
            with running_collector(port) as (kind, _):
                kind.answers += [(200, {}, b'{"partialSuccess":{"rejectedLogRecords":"1"}}')]
                await until(one, "exported_total", 2)
            assert sentences(kind) == ["One", "Two"]
            assert await figure(one, "export_rejected_total") == 1
            assert await figure(one, "export_lost_total") == 0
        narration.feed(*one.process.lines)

    run(main())
    failed = narration.assert_event(action="export", level="error")
    assert "cannot be reached" in failed.get("reason")
    narration.assert_event(action="export", level="info", lost=0)


def test_what_waits_is_bounded_and_what_is_lost_is_counted(narration):
    one = Export(OtlpSink("http://127.0.0.1:9"), most=5)
    one.put([sized(event(human=f"Step {number}")) for number in range(3)])
    one.put([sized(event(human=f"Step {number}")) for number in range(4)])
    assert one.lost == 2
    one.close()
    assert (one.sent, one.lost) == (0, 7)
    assert [told.level for told in narration.orphans if told.action == "export"] == ["error"]


def test_what_waits_is_bounded_in_bytes_and_sent_in_small_requests(narration):
    long = [sized(event(human=f"{number} {'x' * 5000}", cute="y" * 5000)) for number in range(300)]
    with running_collector(free_port()) as (kind, url):
        one = Export(OtlpSink(url), most_bytes=2_500_000)
        one.put(long)
        one.close()
    assert one.sent == len(sentences(kind)) == 2_500_000 // long[0][1]
    assert one.sent + one.lost == 300
    assert all(len(records(body)) <= (1 << 20) // long[0][1] + 1 for _, _, body in kind.seen)
    assert narration.orphans == []


def test_what_came_from_a_collector_is_not_counted_as_sent():
    with running_collector(free_port()) as (kind, url):
        one = Export(OtlpSink(url))
        one.put([sized(event(human="One")), sized(event(human="Two", origin="otlp"))])
        one.close()
    assert (sentences(kind), one.sent, one.lost) == (["One"], 1, 0)


@pytest.mark.parametrize(
    ("address", "headers"), [("nowhere", ""), ("ftp://x", ""), ("http://127.0.0.1:9", "a b=c"), ("http://x", "a=%0A")]
)
def test_a_collector_that_cannot_be_is_refused_at_the_start(narration, address, headers):
    from narration_hub.launch import launch

    async def main():
        own = {"NARRATION_SOURCE_LOCATION": "1", "NARRATION_OTLP_HEADERS": headers}
        async with launch(["--no-data", "--otlp", address], environment=own, wait_until=None) as process:
            assert await process.wait() == 1
        narration.feed(*process.lines)

    run(main())
    narration.assert_event(action="start_failed")
