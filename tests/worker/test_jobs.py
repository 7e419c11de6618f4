"""The queue in process: what it accepts, in which order it works, and that every job ends."""

import asyncio
import time

import pytest

from narration_core import CHANNELS, MemorySink, bind, configure
from narration_worker.errors import WorkerError
from narration_worker.jobs import places
from narration_worker.jobs.manager import Jobs
from narration_worker.jobs.places import should_announce
from narration_worker.metrics import Metrics
from narration_worker.model.engine import Engine
from narration_worker.model.generation import Stopped, StopSwitch
from narration_worker.requests import ExecuteRequest

pytestmark = pytest.mark.usefixtures("strict")


@pytest.fixture(autouse=True)
def about():
    """Bind what the life of the process binds."""
    with bind(worker_id="w-1", model_ref="haiku.gguf"):
        yield


@pytest.fixture(scope="module")
def endless(make_model):
    """Yield an engine whose answers are as long as they may be."""
    engine = Engine(make_model("endless.gguf", 2), "cpu")
    engine.load(None)
    yield engine
    engine.close()


def now_ms():
    return time.time_ns() // 1_000_000


def queue(engine, metrics=None, **more):
    settings = {"queue_limit": 2, "timeout_s": 60.0, "max_tokens_in": None, **more}
    return Jobs(engine, metrics or Metrics("w", lambda: 0, lambda: 0), **settings)


def request(job_id, **more):
    return ExecuteRequest(prompt="Write a haiku about GPU computing", job_id=job_id, temperature=0.0, **more)


async def names_of(job):
    """Read a job's stream to its end; return the messages' names, the last with what it says."""
    names = []
    while batch := await job.subscription.batch():
        names += [delivery.message for delivery in batch if delivery.message is not None]
    return names


async def worked(jobs, accepted, *, started=False):
    """Work until these jobs have ended."""
    if not started:
        jobs.start()
    try:
        async with asyncio.timeout(60):  # a queue that stands still is a failure, not a hang
            return [await names_of(job) for job in accepted]
    finally:
        jobs.close()


def test_who_waits_far_back_hears_of_each_halving_and_then_of_every_step():
    told = [40]
    for place in range(39, -1, -1):
        if should_announce(told[-1], place):
            told.append(place)
    assert told == [40, 20, 10, 5, 3, 2, 1, 0]


@pytest.mark.req("M0-W-1301")
@pytest.mark.parametrize("limit", [0, 2])
def test_a_crowd_that_comes_before_the_first_has_begun_finds_no_more_room(bundled, limit):
    async def run():
        jobs = queue(bundled, queue_limit=limit)
        accepted, refused = [], []
        for number in range(10):
            try:
                accepted.append(jobs.submit(request(f"crowd-{limit}-{number}")))
            except WorkerError as error:
                refused.append(error.code)
        return await worked(jobs, accepted), refused

    streams, refused = asyncio.run(run())
    assert len(streams) == limit + 1
    assert refused == ["QUEUE_FULL"] * (10 - limit - 1)
    assert all(messages[-1][0] == "end" for messages in streams)


async def until(job, **fields):
    """Read a job's stream until an event with these field values."""
    async with asyncio.timeout(60):
        while batch := await job.subscription.batch():
            for event in (delivery.event for delivery in batch if delivery.event):
                if all(event.get(name) == value for name, value in fields.items()):
                    return
    raise AssertionError(f"the stream ended without {fields}")


@pytest.mark.req("M0-W-1301")
def test_jobs_are_worked_off_in_the_order_in_which_they_came(strict, endless):
    configure(sinks=[CHANNELS, strict], strict=True)

    async def run():
        jobs = queue(endless)
        first, second = (jobs.submit(request(f"in-order-{number}", max_tokens=4096)) for number in range(2))
        third = jobs.submit(request("in-order-2", max_tokens=3))
        await until(third, queue_position=2)  # nothing runs yet
        jobs.start()
        for position, ahead in ((1, first), (0, second)):
            await until(third, queue_position=position)
            await until(ahead, event="execute_start")
            jobs.stop(ahead, "cancelled")
        return await worked(jobs, [third], started=True)

    asyncio.run(run())
    started = [event.job_id for event in strict.events if event.event == "execute_start"]
    assert started == ["in-order-0", "in-order-1", "in-order-2"]
    told = [event for event in strict.events if event.job_id == "in-order-2" and event.action == "queue"]
    assert [event.queue_position for event in told] == [2, 1, 0]


def test_a_queue_that_moves_fast_tells_each_job_its_place_now_and_then(strict, bundled, monkeypatch):
    configure(sinks=[CHANNELS, strict], strict=True)
    monkeypatch.setattr(places, "EVERY_S", 3600.0)

    async def run():
        jobs = queue(bundled, queue_limit=6)
        await worked(jobs, [jobs.submit(request(f"fast-{number}", max_tokens=1)) for number in range(6)])

    asyncio.run(run())
    told = [
        [
            event.queue_position
            for event in strict.events
            if event.action == "queue" and event.job_id == f"fast-{number}"
        ]
        for number in range(6)
    ]
    assert [first for first, *_ in told] == list(range(6))  # when they come
    assert all(len(positions) <= 2 for positions in told)  # and when the first one begins


@pytest.mark.req("M0-W-1330", "M0-W-1311")
def test_a_job_that_is_cancelled_while_it_waits_ends_without_having_begun(strict, bundled):
    async def run():
        jobs = queue(bundled)
        first, second = jobs.submit(request("goes-on")), jobs.submit(request("stops"))
        assert jobs.cancel("stops") == "cancelled"
        assert jobs.cancel("stops") == "cancelled"
        return await worked(jobs, [first, second])

    first, second = asyncio.run(run())
    assert first[-1][0] == "end"
    assert [name for name, _ in second] == ["started", "error"]
    assert second[-1][1].code == "CANCELLED"
    assert not [event for event in strict.events if event.job_id == "stops" and event.event == "execute_start"]


@pytest.mark.req("M0-W-1500")
def test_a_job_id_names_one_job(bundled):
    async def run():
        jobs = queue(bundled)
        job = jobs.submit(request("once"))
        with pytest.raises(WorkerError) as twice:
            jobs.submit(request("once"))
        await worked(jobs, [job])
        with pytest.raises(WorkerError) as again:
            jobs.submit(request("once"))
        return twice.value.code, again.value.code

    assert asyncio.run(run()) == ("CONFLICT", "CONFLICT")


@pytest.mark.req("M0-W-1330")
def test_nobody_knows_a_job_that_never_was(bundled):
    async def run():
        jobs = queue(bundled)
        with pytest.raises(WorkerError) as unknown:
            jobs.cancel("never-was")
        jobs.close()
        return unknown.value.code

    assert asyncio.run(run()) == "NOT_FOUND"


@pytest.mark.req("M0-W-1330")
def test_an_answer_repeats_no_more_of_an_unknown_id_than_an_id_may_have(bundled):
    async def run():
        jobs = queue(bundled)
        found = []
        for ask in (jobs.cancel, jobs.state, lambda job_id: jobs.resume(job_id, 0)):
            with pytest.raises(WorkerError) as unknown:
                ask("j" * 5000)
            found.append(unknown.value.message.count("j" * 256))
            assert "j" * 257 not in unknown.value.message
        jobs.close()
        return found

    assert asyncio.run(run()) == [1, 1, 1]


@pytest.mark.req("M0-W-1825")
def test_a_prompt_longer_than_allowed_fails_alone(bundled):
    async def run():
        jobs = queue(bundled, max_tokens_in=10)
        with pytest.raises(WorkerError, match="the limit is 10") as refused:
            jobs.submit(request("too-long"))
        short = jobs.submit(ExecuteRequest(prompt="a", job_id="short-enough", max_tokens=3))
        return refused.value.code, await worked(jobs, [short])

    code, (short,) = asyncio.run(run())
    assert code == "INVALID_REQUEST"
    assert short[-1][0] == "end"


@pytest.mark.req("M0-W-1330", "M0-W-1350")
def test_a_job_that_is_cancelled_while_it_waits_is_counted(bundled):
    metrics = Metrics("w", lambda: 0, lambda: 0)

    async def run():
        jobs = queue(bundled, metrics)
        first, second = jobs.submit(request("counted-1")), jobs.submit(request("counted-2"))
        jobs.cancel("counted-2")
        await worked(jobs, [first, second])

    asyncio.run(run())
    lines = metrics.text().decode().splitlines()
    assert 'worker_requests_total{outcome="cancelled"} 1.0' in lines
    assert 'worker_requests_total{outcome="success"} 1.0' in lines
    assert "worker_inference_duration_ms_count 1.0" in lines


@pytest.mark.req("M0-W-1330")
def test_whoever_cancels_what_has_ended_hears_how(bundled, endless):
    async def run():
        jobs = queue(endless, timeout_s=0.001)
        late = jobs.submit(request("too-late", max_tokens=4096))
        await worked(jobs, [late])
        slow = jobs.cancel("too-late")
        jobs = queue(bundled)
        done = jobs.submit(request("done", max_tokens=3))
        await worked(jobs, [done])
        return slow, jobs.cancel("done")

    assert asyncio.run(run()) == ("timeout", "finished")


@pytest.mark.req("M0-W-1330")
def test_what_cancel_answers_is_how_the_job_ends_however_late_it_comes(bundled):
    """The loop stands still while the job gets its result: the cancel comes before anybody knows of it."""

    async def run():
        jobs = queue(bundled)
        job = jobs.submit(request("just-done", max_tokens=2))
        jobs.start()
        while job.ending is None:
            pass
        answer = jobs.cancel("just-done")
        jobs.stop(job, "client_gone")
        try:
            async with asyncio.timeout(60):
                return answer, (await names_of(job))[-1][0]
        finally:
            jobs.close()

    assert asyncio.run(run()) == ("finished", "end")


@pytest.mark.req("M0-W-1330")
def test_a_job_that_was_stopped_gets_no_result():
    switch = StopSwitch()
    assert switch.stop("cancelled")
    with pytest.raises(Stopped):
        switch.end()
    other = StopSwitch()
    other.end()
    assert not other.stop("cancelled")
    assert other.cause is None


class FullDisk(MemorySink):
    """Fails on some events; in strict mode that reaches whoever narrates them."""

    def __init__(self, fails):
        super().__init__()
        self.fails = fails

    def write(self, batch):
        super().write(batch)
        if any(self.fails(record.event) for record in batch):
            raise OSError("no room left")


def told_beside(bundled, fails):
    """Run a job beside another one while some events cannot be narrated; return both streams and the sink."""
    sink = FullDisk(fails)
    configure(sinks=[CHANNELS, sink], strict=True)

    async def run():
        jobs = queue(bundled)
        accepted = [jobs.submit(request(job_id, max_tokens=30)) for job_id in ("untold", "told")]
        return await worked(jobs, accepted)

    return *asyncio.run(run()), sink


def text_of(stream):
    return "".join(data.t for name, data in stream if name == "token")


@pytest.mark.req("M0-W-1311")
def test_a_story_that_cannot_be_narrated_costs_no_client_its_last_message(bundled, narration):
    def its_end(event):
        return event.event == "execute_end" and event.job_id == "untold"

    untold, told, sink = told_beside(bundled, its_end)
    assert untold[-1][0] == "end"
    assert told[-1][0] == "end"
    failed = narration.assert_event(action="narrate", level="error", error_kind="OSError", callers_job_id="untold")
    assert failed.human == "Could not narrate a part of the job: OSError"
    assert [event.get("callers_job_id") for event in sink.events if event.action == "narrate"] == ["untold"]


@pytest.mark.req("M0-W-1311")
@pytest.mark.parametrize(
    "fails",
    [
        lambda event: event.action == "generate" and event.job_id == "untold",
        lambda event: event.job_id == "untold",
        lambda event: event.job_id == "untold" or event.action == "narrate",
    ],
    ids=["progress", "every event", "and the failure itself"],
)
def test_a_story_that_cannot_be_narrated_costs_no_client_a_token(bundled, fails):
    untold, told, _ = told_beside(bundled, fails)
    assert untold[-1][0] == "end"
    assert text_of(untold) == text_of(told)


def test_what_happened_while_the_loop_stood_still_is_told_in_order_and_with_its_time(endless):
    configure(sinks=[CHANNELS], strict=True)

    async def run():
        jobs = queue(endless)
        job = jobs.submit(request("in-order", max_tokens=25))
        jobs.start()
        while job.ending is None:  # the loop stands still meanwhile
            pass
        ended_at_ms = now_ms()
        while now_ms() == ended_at_ms:
            pass
        story = []
        async with asyncio.timeout(60):
            while batch := await job.subscription.batch():
                story += batch
        jobs.close()
        return ended_at_ms, story

    ended_at_ms, story = asyncio.run(run())
    told = [delivery.event.action if delivery.event else delivery.message[0] for delivery in story]
    assert told[:5] == ["started", "validate", "execute", "tokenise", "cache_reset"]
    assert told[-2:] == ["execute", "end"]
    generated = [
        delivery.event.tokens_out - 0.5 if delivery.event else delivery.message[1].i for delivery in story[5:-2]
    ]
    assert {9.5, 19.5} < set(generated)
    assert generated[0] < 9
    assert generated == sorted(generated)
    assert all(delivery.event.emitted_at_ms <= ended_at_ms for delivery in story if delivery.event)


@pytest.mark.req("M0-W-1301")
def test_closing_tells_the_end_of_what_is_under_way_and_of_what_has_just_ended(endless):
    async def run():
        jobs = queue(endless)
        first, second = jobs.submit(request("just-ended", max_tokens=3)), jobs.submit(request("goes", max_tokens=4096))
        jobs.start()
        while second.first_token_ms is None:  # the loop stands still meanwhile, and has not heard of the first end
            pass
        jobs.close()
        async with asyncio.timeout(60):
            return [(await names_of(job))[-1] for job in (first, second)]

    first, second = asyncio.run(run())
    assert first[0] == "end"
    assert second[0] == "error"
    assert second[1].code == "SHUTTING_DOWN"


@pytest.mark.req("M0-W-1350", "M0-W-1310")
def test_what_is_counted_is_what_was_generated_and_how_long_it_took(bundled):
    metrics = Metrics("w", lambda: 0, lambda: 0)

    async def run():
        jobs = queue(bundled, metrics)
        began = time.monotonic()
        job = jobs.submit(request("counted", max_tokens=7))
        assert not job.publish_pending()  # it was published on arrival
        (messages,) = await worked(jobs, [job])
        await asyncio.sleep(0)
        return messages[-1][1].tokens_out, jobs.state("counted").tokens_out, (time.monotonic() - began) * 1000

    sent, known, took_ms = asyncio.run(run())
    figures = dict(line.rsplit(" ", 1) for line in metrics.text().decode().splitlines() if line[:1] != "#")
    assert sent == known == float(figures["worker_tokens_generated_total"]) == 7
    for name in ("worker_inference_duration_ms_sum", "worker_time_to_first_token_ms_sum"):
        assert 0 < float(figures[name]) <= took_ms


@pytest.mark.req("M0-W-1301")
def test_when_a_waiting_job_should_start_follows_from_how_long_jobs_took(strict, endless):
    configure(sinks=[CHANNELS, strict], strict=True)

    async def run():
        jobs = queue(endless, queue_limit=5)
        jobs.start()
        first = jobs.submit(request("first", max_tokens=300))
        async with asyncio.timeout(60):
            await names_of(first)
        await asyncio.sleep(0)
        ahead = [jobs.submit(request(f"ahead-{number}", max_tokens=4096)) for number in range(3)]
        async with asyncio.timeout(60):
            while jobs.depth > 2:  # noqa: ASYNC110 - the inference thread takes the first one at any moment
                await asyncio.sleep(0)
        assert jobs.running == 1
        for job in reversed(ahead):
            jobs.stop(job, "cancelled")
        jobs.close()
        return first.duration_ms

    took_ms = asyncio.run(run())
    starts = [event.get("predicted_start_ms") for event in strict.events if event.action == "queue"]
    assert 0 <= starts[0] <= round(took_ms) <= starts[1] <= round(2 * took_ms)


class SkippingLoop(asyncio.SelectorEventLoop):
    """An event loop whose clock can be put forward."""

    ahead_s = 0.0

    def time(self):
        return super().time() + self.ahead_s


@pytest.mark.req("M0-W-1301", "M0-W-1310")
def test_predictions_and_rates_follow_from_how_long_the_running_job_has_run(strict, endless):
    configure(sinks=[CHANNELS, strict], strict=True)

    def told(job):
        (event,) = [event for event in strict.events if event.action == "queue" and event.job_id == job.job_id]
        return event.predicted_start_ms

    async def watched(jobs):
        clock = asyncio.get_running_loop()
        first = jobs.submit(request("first", max_tokens=300))
        await names_of(first)
        await asyncio.sleep(0)
        average_ms = first.duration_ms
        earliest = clock.time()
        running = jobs.submit(request("running", max_tokens=4096))
        async with asyncio.timeout(60):
            while running.deadline is None:  # noqa: ASYNC110 - set by the publisher when the job begins
                await asyncio.sleep(0)
        # Nothing is awaited until all have been submitted, so the job is still the one that runs.
        clock.ahead_s += average_ms / 4000
        prediction_ms = told(jobs.submit(request("soon", max_tokens=1)))
        most_ran_ms = (clock.time() - earliest) * 1000
        assert round(max(0.0, average_ms - most_ran_ms)) <= prediction_ms <= round(average_ms - average_ms / 4)
        clock.ahead_s += 100.0
        late = [jobs.submit(request(f"late-{place}", max_tokens=1)) for place in (1, 2, 3)]
        assert [told(job) for job in late] == [round(place * average_ms) for place in (1, 2, 3)]
        progress = []
        while not progress:
            batch = await running.subscription.batch()
            assert batch, "the job ended before any progress was sent"
            messages = [delivery.message for delivery in batch if delivery.message is not None]
            progress = [value for name, value in messages if name == "metrics"]
        assert progress[0].queue_depth == 4
        fastest, slowest = (progress[0].tokens_out / ran_s for ran_s in (100.0, clock.time() - earliest))
        assert slowest - 0.05 <= progress[0].tokens_per_s <= fastest + 0.05

    async def run():
        jobs = queue(endless, queue_limit=5, timeout_s=1e6)
        jobs.start()
        try:
            await watched(jobs)
        finally:
            jobs.stop_all()
            jobs.close()

    with asyncio.Runner(loop_factory=SkippingLoop) as runner:
        runner.run(run())


@pytest.mark.req("M0-W-1500")
def test_a_job_that_took_too_long_is_told_its_limit(strict, endless):
    async def run():
        jobs = queue(endless, timeout_s=0.003)
        (messages,) = await worked(jobs, [jobs.submit(request("slow", max_tokens=4096))])
        return messages[-1]

    name, last = asyncio.run(run())
    assert (name, last.message) == ("error", "the request took longer than 0.003 s")
    assert [event.get("limit_ms") for event in strict.events if event.error_kind == "inference_timeout"] == [3]
