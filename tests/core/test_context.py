import asyncio
import concurrent.futures
import contextlib
import contextvars
import copy
import gc
import pickle
import subprocess
import sys
import threading

import pytest
from hypothesis import given
from hypothesis import strategies as st

from narration_core import (
    Catalogue,
    CountingSources,
    MemorySink,
    NarratingExecutor,
    Narrator,
    _scope,
    accept,
    bind,
    bound,
    configure,
    outbound_headers,
    propagate,
)

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


def test_a_propagated_coroutine_runs_in_the_context_it_was_propagated_from():
    async def heard():
        return bound().get("job_id")

    with bind(job_id="j1"):
        carried = propagate(heard)
    with concurrent.futures.ThreadPoolExecutor(1) as pool:
        assert pool.submit(lambda: asyncio.run(carried())).result() == "j1"
    assert not bound()


def rows(job_id):
    with bind(job_id=job_id):
        for _ in range(3):
            narrate("read", "row", "Read a row")
            yield bound()["job_id"]


async def rows_async(job_id):
    with bind(job_id=job_id):
        for _ in range(3):
            await asyncio.sleep(0)
            narrate("read", "row", "Read a row")
            yield bound()["job_id"]


def told(memory):
    return [(event.action, event.job_id) for event in memory.events]


@pytest.mark.req("CTX-01")
def test_what_a_generator_binds_is_not_bound_in_its_consumer(memory):
    with bind(job_id="consumer"):
        for _ in rows("generator"):
            narrate("use", "row", "Used a row")
    assert told(memory) == [("read", "generator"), ("use", "consumer")] * 3
    assert not bound()


@pytest.mark.req("CTX-01")
def test_what_an_async_generator_binds_is_not_bound_in_its_consumer(memory):
    async def main():
        with bind(job_id="consumer"):
            async for _ in rows_async("generator"):
                narrate("use", "row", "Used a row")
            return dict(bound())

    assert asyncio.run(main()) == {"job_id": "consumer"}
    assert told(memory) == [("read", "generator"), ("use", "consumer")] * 3


@pytest.mark.req("CTX-01")
@given(steps=st.lists(st.integers(0, 5), max_size=40))
def test_interleaved_generators_and_consumers_never_see_each_others_fields(steps):
    def numbered(number):
        with bind(job_id=f"g{number}", pool_id="outer"):
            yield bound().get("job_id")
            with bind(pool_id="inner"):
                yield bound().get("pool_id")
                yield from nested(number)
            yield bound().get("pool_id")

    def nested(number):
        yield bound().get("job_id")
        with bind(task_id="nested"):
            yield bound().get("task_id")
        yield bound().get("task_id")

    expected = ["g{}", "inner", "g{}", "nested", None, "outer", "end"]
    generators = {number: numbered(number) for number in range(4)}
    at = dict.fromkeys(generators, 0)
    with bind(session_id="consumer"):
        for step in steps:
            if step < 4 and step in generators:
                with bind(worker_id=f"w{step}"):  # the consumer binds around the step
                    found = next(generators[step], "end")
                    assert bound() == {"session_id": "consumer", "worker_id": f"w{step}"}
                wanted = expected[min(at[step], 6)]
                assert found == (wanted and wanted.format(step))
                at[step] += 1
            elif step == 4 and generators:
                generators.pop(min(generators)).close()
            assert bound() == {"session_id": "consumer"}
        generators.clear()
    assert not bound()


@pytest.mark.req("CTX-01")
def test_a_generator_used_as_a_context_manager_binds_for_the_block():
    @contextlib.contextmanager
    def request(job_id):
        with bind(job_id=job_id):
            yield

    @contextlib.asynccontextmanager
    async def request_async(job_id):
        with bind(job_id=job_id):
            yield

    async def main():
        async with request_async("a"):
            return bound().get("job_id")

    with request("s"), contextlib.ExitStack() as stack:
        stack.enter_context(bind(pool_id="p"))
        assert bound() == {"job_id": "s", "pool_id": "p"}
    assert asyncio.run(main()) == "a"
    assert not bound()


@pytest.mark.req("CTX-01")
def test_a_task_that_a_generator_starts_keeps_its_fields_while_the_generator_is_suspended():
    async def work(found):
        await asyncio.sleep(0)
        found.append(bound().get("job_id"))

    async def items(found):
        with bind(job_id="g"):
            task = asyncio.create_task(work(found))
            yield task

    async def main():
        found = []
        async for task in items(found):
            await task
        return found

    assert asyncio.run(main()) == ["g"]


@pytest.mark.req("CTX-01")
def test_a_scope_does_not_keep_every_scope_that_came_before_it():
    """A task in a generator's block starts the next one in a block of its own, like a poller that runs for ever."""
    chains = []

    async def items(left, done):
        with bind(task_id=f"t{left}"):
            scope, length = _scope.current.get(), 0
            while isinstance(scope, _scope.StackedScope):
                scope, length = scope.previous, length + 1
            chains.append(length)
            yield asyncio.create_task(tick(left - 1, done)) if left else done.set()

    async def tick(left, done):
        async for _ in items(left, done):
            pass

    async def main():
        done = asyncio.Event()
        await tick(20, done)
        await done.wait()

    asyncio.run(main())
    assert len(chains) == 21
    assert set(chains) == {1}


@pytest.mark.req("CTX-01")
def test_one_bind_object_may_be_used_by_two_threads_at_once():
    shared = bind(job_id="j")
    both_in, one_out = threading.Barrier(2), threading.Event()
    found = {}

    def first():
        with shared:
            both_in.wait(10)
        found["first"] = dict(bound())
        one_out.set()

    def second():
        with bind(pool_id="p"):
            with shared:
                both_in.wait(10)
                one_out.wait(10)
                found["inside"] = dict(bound())
            found["second"] = dict(bound())

    threads = [threading.Thread(target=first), threading.Thread(target=second)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(20)
    assert found == {"first": {}, "inside": {"job_id": "j", "pool_id": "p"}, "second": {"pool_id": "p"}}


@pytest.mark.req("CTX-01")
def test_propagate_and_bind_take_generators_of_both_kinds():
    def ids():
        yield bound().get("job_id")
        yield bound().get("job_id")

    async def ids_async():
        yield bound().get("job_id")

    async def collect(items):
        return [item async for item in items]

    with bind(job_id="j"):
        carried, carried_async = propagate(ids), propagate(ids_async)
    assert list(carried()) == ["j", "j"]
    assert asyncio.run(collect(carried_async())) == ["j"]
    assert list(bind(job_id="d")(ids)()) == ["d", "d"]
    assert asyncio.run(collect(bind(job_id="d")(ids_async)())) == ["d"]
    assert not bound()


POOLS = """
import concurrent.futures, multiprocessing, os, sys
from narration_core import bind, bound, propagate

def ids(_=None):
    return dict(bound())

if __name__ == "__main__":
    context = multiprocessing.get_context(sys.argv[1])
    with bind(correlation_id="first"):
        executor = concurrent.futures.ProcessPoolExecutor(1, mp_context=context)
        pool = context.Pool(1)
        assert executor.submit(ids).result(60) == {}, "an executor's worker starts with an empty scope"
        assert pool.apply(ids) == {}, "a pool's worker starts with an empty scope"
    with bind(correlation_id="second", job_id="j"):
        assert executor.submit(propagate(ids)).result(60) == dict(bound())
        assert pool.map(propagate(ids), [1]) == [dict(bound())]
        if hasattr(os, "fork"):
            child = os.fork()
            if not child:
                os._exit(0 if bound().get("job_id") == "j" else 1)
            assert os.waitpid(child, 0)[1] == 0, "a plain fork keeps the scope"
    assert executor.submit(ids).result(60) == {}
    executor.shutdown()
    pool.terminate()
    pool.join()
"""


@pytest.mark.req("CTX-01")
@pytest.mark.parametrize("method", ["fork", "spawn", "forkserver"])
def test_workers_of_process_pools_have_the_scope_of_their_work_and_no_other(method, tmp_path):
    program = tmp_path / "pools.py"
    program.write_text(POOLS, "utf-8")
    done = subprocess.run([sys.executable, program, method], capture_output=True, text=True, timeout=120, check=False)
    assert done.returncode == 0, done.stderr


@pytest.mark.req("CTX-01")
def test_the_events_of_a_span_carry_its_ids_wherever_they_are_emitted(memory):
    with bind(correlation_id="a"), narrate.span("load", "model", "Loading") as span:
        thread = threading.Thread(target=span.progress, args=(50, "Half way"))
        thread.start()
        thread.join(10)
        with narrate.span("inner", "model", "Inside"):
            span.progress(75, "Nearly there")
    events = [event for event in memory.events if event.action == "load"]
    assert [event.event for event in events] == ["load_start", "load_progress", "load_progress", "load_end"]
    assert len({(event.correlation_id, event.span_id, event.trace_id) for event in events}) == 1


@pytest.mark.req("CTX-01")
def test_a_span_that_another_task_closes_ends_in_its_own_story(memory):
    async def stream():
        with narrate.span("stream", "model", "Streaming"):
            while True:
                yield 1

    kept = []

    async def first():
        with bind(correlation_id="a"):
            kept.append(stream())
            await anext(kept[0])

    async def second():
        with bind(correlation_id="b"):
            kept.clear()
            gc.collect()
            for _ in range(3):
                await asyncio.sleep(0)
            narrate("look", "thing", "Looked")

    async def main():
        await asyncio.create_task(first())
        await asyncio.create_task(second())

    asyncio.run(main())
    assert [(event.action, event.correlation_id) for event in memory.events] == [
        ("stream", "a"),
        ("stream", "a"),
        ("look", "b"),
    ]


@pytest.mark.req("CTX-01")
def test_fields_that_are_named_like_the_parameters_of_bind_are_fields(memory):
    with bind(sources=["db"], listener="me", self=1):
        assert bound() == {"listener": "me", "self": 1, "sources": ["db"]}
        with narrate.span("work", "thing", "Working"):
            pass


@pytest.mark.req("CTX-01")
def test_narrators_points_catalogues_and_records_can_be_pickled_and_copied(memory):
    catalogue = Catalogue("svc", "table")
    catalogue.point("ready", "ready", "{device}", "Ready on {device}", event="r", cute="Yes", channel="request")
    narrate("act", "thing", "Said")
    record = memory._records[0]
    for copied in (
        lambda thing: pickle.loads(pickle.dumps(thing)),  # noqa: S301 - what was pickled here
        copy.copy,
        copy.deepcopy,
    ):
        copied(narrate)("act", "thing", "By a copy")
        copied(narrate.warn)("act", "thing", "By the copy of a method")
        again = copied(catalogue)
        assert [repr(point) for point in again] == [repr(point) for point in catalogue]
        again["ready"](device="cpu")
        copied(catalogue["ready"])(device="cpu")
        assert copied(record).line == record.line
        assert copied(record).event == record.event
    assert [(event.action, event.cute) for event in memory.events[1:]] == [
        ("act", None),
        ("act", None),
        ("ready", "Yes"),
        ("ready", "Yes"),
    ] * 3


def in_a_generator(make):
    yield make()


COPIES = {
    "pickled": lambda thing: pickle.loads(pickle.dumps(thing)),  # noqa: S301 - what was pickled here
    "copied": copy.copy,
    "copied deeply": copy.deepcopy,
}


@pytest.mark.req("CTX-01")
@pytest.mark.parametrize("how", COPIES)
@pytest.mark.parametrize("where", ["function", "generator"])
def test_a_copy_of_a_span_tells_its_steps_and_leaves_the_span_alone(memory, how, where):
    def elsewhere(copied):
        with bind(correlation_id="req-2"):
            copied.note(worker_id="w1")
            copied.progress(50, "Half of {device}")
            with COPIES[how](narrate.span("other", "model", "Never begun")):
                pass
            with copied:  # a span of its own
                pass

    def told():
        with bind(correlation_id="req-1"), narrate.span("load", "model", "Loading {device}", device="cpu") as span:
            contextvars.Context().run(elsewhere, COPIES[how](span))

    if where == "function":
        told()
    else:
        list(in_a_generator(told))
    start, half, *others, own_start, own_end, end = memory.events
    ids = [(event.correlation_id, event.trace_id, event.span_id) for event in (start, half, end)]
    assert len(set(ids)) == 1
    assert ids[0][0] == "req-1"
    assert (half.human, half.worker_id, end.worker_id) == ("Half of cpu", "w1", None)
    assert own_start.span_id == own_end.span_id != start.span_id
    assert {event.correlation_id for event in others} == {"req-2"}


@pytest.mark.req("CTX-01")
@pytest.mark.parametrize("flags", ["00", "01"])
def test_the_flags_of_a_trace_are_handed_on_with_it(flags):
    ids = accept({"traceparent": f"00-{'1' * 32}-{'2' * 16}-{flags}"}, trust="inside")
    with bind(trace_id=ids.trace_id, parent_span_id=ids.parent_span_id, trace_flags=ids.trace_flags):
        with narrate.span("call", "thing", "Calling"):
            assert outbound_headers()["traceparent"].endswith(f"-{flags}")
        with bind(trace_id="3" * 32, span_id="4" * 16):
            assert outbound_headers()["traceparent"] == f"00-{'3' * 32}-{'4' * 16}-01"


MISSPELT = """
from narration_core import Narrator, bind
for _ in range(2):
    with bind(corelation_id="req-1", rack="b"):
        Narrator("tester")("act", "t", "Acting")
"""


def test_a_name_that_is_nearly_an_ids_is_said_once():
    done = subprocess.run([sys.executable, "-c", MISSPELT], capture_output=True, text=True, check=True)
    assert done.stderr.splitlines() == [
        "narration: bind(corelation_id=...): there is no such field; is correlation_id meant? Else register_field() it"
    ]
    assert done.stdout.count('"corelation_id":"req-1"') == 2


@pytest.mark.req("CTX-01")
@pytest.mark.parametrize("order", ["abc", "acb", "bac", "bca", "cab", "cba"])
def test_blocks_that_end_in_any_order_leave_nothing_bound(memory, order):
    """A client that follows two calls at once enters and leaves their blocks as they come."""
    with bind(session_id="s"):
        blocks = {"a": bind(job_id="a"), "b": narrate.span("work", "thing", "Working"), "c": bind(task_id="c")}
        for block in blocks.values():
            block.__enter__()
        for name in order:
            blocks[name].__exit__(None, None, None)
        assert bound() == {"session_id": "s"}
    assert not bound()


@pytest.mark.req("CTX-01")
def test_a_block_that_goes_on_keeps_what_it_bound_when_an_outer_one_ends(memory):
    outer, inner = bind(job_id="a"), bind(task_id="b")
    outer.__enter__()
    inner.__enter__()
    outer.__exit__(None, None, None)
    narrate("act", "thing", "Goes on")
    inner.__exit__(None, None, None)
    assert memory.events[0].task_id == "b"
    assert not bound()
