"""Trouble that only some runs meet is narrated: by real workers, and by the code that reports other libraries."""

import asyncio
import logging
import os

import pytest

from narration_core.serving.library_log import LibraryLogHandler
from narration_worker import points
from narration_worker.client import WorkerClient, WorkerRefusedError
from narration_worker.launch import launch

# So that the events name their points, as those of this process do.
LOCATED = {"NARRATION_STRICT": "1", "NARRATION_SOURCE_LOCATION": "1"}


@pytest.mark.req("M0-W-1900")
def test_a_worker_narrates_odd_settings_unreadable_requests_and_that_it_is_up(narration):
    threads = len(os.sched_getaffinity(0)) + 1
    arguments = ("--threads", str(threads), "--context-length", "8192", "--heartbeat-narration-sec", "0.05")

    async def run():
        async with launch(arguments=arguments, environment=LOCATED) as worker:
            host, port = worker.url.removeprefix("http://").split(":")
            reader, writer = await asyncio.open_connection(host, int(port))
            writer.write(b"\x00 not HTTP\r\n\r\n")
            await reader.read()
            writer.close()
            await worker.wait_for(action="http")
            await worker.wait_for(action="heartbeat")
            await worker.stop()
            return worker.lines

    narration.feed(*asyncio.run(run()))
    narration.assert_event(action="device_init", level="warn", threads=threads)
    narration.assert_event(action="model_load", level="warn", context_length=8192)
    told = narration.assert_event(action="http", level="warn", error_kind="BadHttpMethod")
    assert told.human == "Could not read a request: its first line does not begin with a method"
    narration.assert_event(action="heartbeat", jobs_running=0)


@pytest.mark.req("M0-W-1301", "M0-W-1340")
def test_a_waiting_job_hears_when_it_should_start_and_a_late_one_that_it_is_refused(narration, make_model):
    async def run():
        slow = make_model("slow.gguf", 30)
        async with launch(slow, environment=LOCATED) as worker, WorkerClient(worker.url, tries=1) as client:
            await client.text(prompt="a", max_tokens=2)
            running = client.execute(prompt="a", max_tokens=4000, job_id="running")
            await anext(running)
            waiting = client.execute(prompt="a", max_tokens=2, job_id="waiting")
            await anext(waiting)
            await worker.wait_for(action="queue", job_id="waiting")
            await client.shutdown()
            with pytest.raises(WorkerRefusedError):
                await client.text(prompt="a", max_tokens=2, job_id="late")
            await client.cancel("running")
            await client.cancel("waiting")
            await worker.wait()
            return worker.lines

    narration.feed(*asyncio.run(run()))
    assert narration.assert_event(action="queue", job_id="waiting", queue_position=0).predicted_start_ms >= 0
    narration.assert_event(action="refuse", job_id="late", error_kind="shutting_down")


@pytest.mark.req("M0-W-1902")
def test_what_another_library_logs_is_named_by_kind_and_never_quoted(narration):
    record = logging.makeLogRecord({"name": "aiohttp.server", "levelno": logging.ERROR, "msg": "Bearer 53cr3t"})
    record.exc_info = (OSError, OSError(24, "Too many open files"), None)
    handler = LibraryLogHandler(points.library_problem)
    handler.handle(record)
    handler.handle(record)
    narration.assert_event(action="library", target="aiohttp.server", error_kind="OSError_24")
    narration.assert_count(1)
    narration.assert_no_secrets("53cr3t")
