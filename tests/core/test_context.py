import asyncio
import concurrent.futures
import contextvars
import subprocess
import sys
import threading

import pytest

from narration_core import CountingSources, MemorySink, NarratingExecutor, Narrator, bind, bound, configure, propagate

narrate = Narrator("tester")


def test_bound_fields_reach_every_event_inside_and_none_outside(memory):
    with bind(correlation_id="req-1", job_id="job-1"):
        narrate("a", "t", "inside")
    narrate("b", "t", "outside")
    inside, outside = memory.events
    assert (inside.correlation_id, inside.job_id) == ("req-1", "job-1")
    assert outside.correlation_id is None


def test_inner_bindings_add_override_and_remove():
    with bind(correlation_id="c", pool_id="p"):
        with bind(job_id="j", pool_id="q"), bind(correlation_id=None):
            assert dict(bound()) == {"job_id": "j", "pool_id": "q"}
        assert dict(bound()) == {"correlation_id": "c", "pool_id": "p"}


def test_the_mapping_is_in_the_taxonomys_order_and_read_only():
    with bind(worker_id="w", correlation_id="c", job_id="j") as fields:
        assert list(fields) == ["correlation_id", "job_id", "worker_id"]
        with pytest.raises(TypeError):
            fields["job_id"] = "other"


def test_order_depends_neither_on_hash_seeds_nor_on_other_context_variables():
    program = (
        "from contextvars import ContextVar\n"
        "others = [ContextVar(f'v{n}') for n in range(40)]\n"
        "[v.set(1) for v in others]\n"
        "from narration_core import bind, Narrator, configure\n"
        "with bind(worker_id='w', job_id='j', correlation_id='c', session_id='s'):\n"
        "    Narrator('a')('b', 'c', 'd')\n"
    )
    lines = {
        subprocess.run(
            [sys.executable, "-c", program],
            env={"PYTHONHASHSEED": str(seed), "NARRATION_SERVICE": "x"},
            capture_output=True,
            check=True,
        ).stdout.split(b",", 1)[1]
        for seed in (0, 1, 2, 3)
    }
    assert len(lines) == 1


def test_bind_decorates_functions_and_coroutines():
    @bind(job_id="j")
    def sync():
        return bound()["job_id"]

    @bind(job_id="k")
    async def asynchronous():
        await asyncio.sleep(0)
        return bound()["job_id"]

    assert (sync(), asyncio.run(asynchronous())) == ("j", "k")
    assert "job_id" not in bound()


def test_context_follows_tasks_and_to_thread():
    async def main():
        with bind(job_id="j"):
            task = asyncio.create_task(asyncio.to_thread(lambda: bound().get("job_id")))
        return await task

    assert asyncio.run(main()) == "j"


@pytest.mark.parametrize("runner", ["thread", "executor", "run_in_executor"])
def test_context_is_carried_into_threads_when_asked(runner):
    found = []

    def work():
        found.append(bound().get("job_id"))

    with bind(job_id="j"):
        if runner == "thread":
            thread = threading.Thread(target=propagate(work))
            thread.start()
            thread.join()
        elif runner == "executor":
            with NarratingExecutor(max_workers=1) as pool:
                pool.submit(work).result()
        else:

            async def main():
                with NarratingExecutor(max_workers=1) as pool:
                    await asyncio.get_running_loop().run_in_executor(pool, work)

            asyncio.run(main())
    assert found == ["j"]


def test_a_propagated_function_may_run_many_times_at_once():
    with bind(job_id="j"):
        carried = propagate(lambda barrier: (barrier.wait(10), bound()["job_id"])[1])
    barrier = threading.Barrier(4)
    with concurrent.futures.ThreadPoolExecutor(4) as pool:
        assert list(pool.map(carried, [barrier] * 4)) == ["j"] * 4


def test_ten_thousand_tasks_never_mix_their_contexts(memory):
    async def one(number):
        with bind(correlation_id=f"req-{number}"):
            await asyncio.sleep(0)
            narrate("work", f"task-{number}", "Working")
            await asyncio.sleep(0)
            narrate("work", f"task-{number}", "Worked")

    async def main():
        await asyncio.gather(*(one(number) for number in range(10_000)))

    sink = MemorySink(limit=50_000)
    configure(sinks=[sink], strict=False)
    asyncio.run(main())
    events = sink.events
    assert len(events) == 20_000
    assert all(event.correlation_id == event.target.replace("task", "req") for event in events)


def test_a_generator_closed_elsewhere_does_no_harm():
    def numbers():
        with bind(job_id="j"):
            yield bound()["job_id"]

    generator = numbers()
    assert contextvars.copy_context().run(next, generator) == "j"
    thread = threading.Thread(target=generator.close)
    thread.start()
    thread.join()
    assert "job_id" not in bound()


def test_clock_and_ids_can_be_injected(memory):
    with bind(sources=CountingSources(start_ms=1000, step_ms=10)):
        narrate("a", "t", "One")
        narrate("a", "t", "Two")
        with narrate.span("work", "t", "Working"):
            pass
    assert [event.emitted_at_ms for event in memory.events] == [1000, 1010, 1020, 1030]
    assert memory.events[2].span_id == "0000000000000002"


def test_binding_a_generator_is_refused_where_it_would_bind_nothing():
    def steps():
        yield

    with pytest.raises(TypeError, match="cannot decorate the generator steps"):
        bind(job_id="j1")(steps)


def test_a_propagated_coroutine_runs_in_the_context_it_was_propagated_from():
    async def heard():
        return bound().get("job_id")

    with bind(job_id="j1"):
        carried = propagate(heard)
    with concurrent.futures.ThreadPoolExecutor(1) as pool:
        assert pool.submit(lambda: asyncio.run(carried())).result() == "j1"
    assert not bound()
