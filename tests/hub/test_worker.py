"""A real worker sends to a real hub: the same sentences in its log, the stream and the story."""

import asyncio

import pytest

from narration_core import bind
from narration_worker.client import WorkerClient
from narration_worker.launch import launch
from support.hub import hub


@pytest.mark.req("SSE-04", "SSE-03", "HUB-01")
def test_a_workers_request_is_followed_through_the_hub():
    async def main():
        async with hub() as one:
            async with launch(arguments=["--hub", one.url], environment={"NARRATION_HUB": ""}) as worker:
                async with WorkerClient(worker.url) as client:
                    with bind(correlation_id="req-haiku"):
                        await client.text(prompt="Write a haiku", temperature=0.0, seed=42, job_id="job-haiku")
                await worker.stop()
                told = [event.human for event in worker.events if event.job_id == "job-haiku"]
                everything = len(worker.events)
            assert len(told) > 4
            async with one.stream("/v1/jobs/job-haiku/stream") as reader:
                assert await reader.sentences(len(told)) == told
                assert (await reader.next()) == ("end", {"reason": "ended"})
            async with one.stream("/v1/operator/stream") as reader:
                assert len(await reader.sentences(everything)) == everything
            story = await one.ask("GET", "/v1/stories/req-haiku")
            assert [line["event"]["human"] for line in story["lines"]] == told
            (service,) = (s for s in (await one.ask("GET", "/v1/jobs"))["services"] if s["service"] == "worker")
            assert service["lost"] == {}

    asyncio.run(asyncio.wait_for(main(), 120))


def test_an_impossible_hub_is_refused():
    async def main():
        async with launch(arguments=["--hub", "nonsense"], wait_until=None) as worker:
            assert await worker.wait() == 1
            assert worker.events[-1].get("code") == "BAD_CONFIG"

    asyncio.run(asyncio.wait_for(main(), 60))
