import multiprocessing

import pytest

from narration_core import bind, bound
from narration_core.bridges.processes import NarratingPool, NarratingProcessPool, start_process

SPAWN = multiprocessing.get_context("spawn")


def work(*_):
    return bound().get("correlation_id")


def report(queue, word):
    queue.put((bound().get("correlation_id"), word))


@pytest.mark.req("INT-03")
def test_a_process_pool_carries_the_scope_of_each_submit():
    with NarratingProcessPool(2, mp_context=SPAWN) as pool:
        with bind(correlation_id="req-1"):
            one = pool.submit(work)
            many = pool.map(work, range(3), chunksize=2)
        with bind(correlation_id="req-2"):
            two = pool.submit(work)
        assert (one.result(), two.result(), pool.submit(work).result()) == ("req-1", "req-2", None)
        assert list(many) == ["req-1"] * 3


@pytest.mark.req("INT-03")
def test_a_multiprocessing_pool_carries_the_scope_of_each_call():
    with NarratingPool(2, context=SPAWN) as pool:
        with bind(correlation_id="req-1"):
            got = [
                pool.apply(work),
                pool.apply_async(work).get(),
                *pool.map(work, range(2)),
                *pool.map_async(work, range(2)).get(),
                *pool.starmap(work, [(1, 2)]),
                *pool.starmap_async(work, [(1, 2)]).get(),
                *pool.imap(work, range(2)),
                *pool.imap_unordered(work, range(2)),
            ]
        assert got == ["req-1"] * 12
        assert pool.apply(work) is None


@pytest.mark.req("INT-03")
@pytest.mark.parametrize("method", ["fork", "spawn", "forkserver"])
def test_a_process_has_the_scope_that_it_was_started_in(method):
    context = multiprocessing.get_context(method)
    queue = context.Queue()
    with bind(correlation_id="req-1"):
        process = start_process(report, queue, word="a", context=context)
    assert queue.get(timeout=60) == ("req-1", "a")
    process.join()
