"""How spans end, and that their wrappers keep the function's kind."""

import asyncio
import inspect
import sys

import pytest

from narration_core import NarrationMistake, Narrator, bind, bound

narrate = Narrator("tester")


def ends(memory):
    return [(event.level, event.event, event.human) for event in memory.events if not event.event.endswith("start")]


@pytest.mark.parametrize("code", [None, 0])
def test_to_exit_without_an_error_is_not_a_failure(memory, code):
    with pytest.raises(SystemExit), narrate.span("run", "thing", "Running"):
        sys.exit(code)
    assert ends(memory) == [("info", "run_end", "Finished: Running")]


@pytest.mark.parametrize("code", [1, "no such file"])
def test_to_exit_with_an_error_is_a_failure(memory, code):
    with pytest.raises(SystemExit), narrate.span("run", "thing", "Running"):
        sys.exit(code)
    assert ends(memory) == [("error", "run_error", "Failed (SystemExit): Running")]


def test_to_be_cancelled_is_not_a_failure(strict):
    async def work():
        async with narrate.span("run", "thing", "Wait for it " + "x" * 85):
            await asyncio.Event().wait()

    async def main():
        task = asyncio.create_task(work())
        await asyncio.sleep(0)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task

    asyncio.run(main())
    assert ends(strict) == [("info", "run_end", "Cancelled: Wait for it " + "x" * 85)]


CANCELLED = asyncio.CancelledError()


@pytest.mark.parametrize(
    ("members", "told"),
    [
        ([CANCELLED, BaseExceptionGroup("inner", [CANCELLED, CANCELLED])], ("info", "run_end", "Cancelled: Running")),
        ([SystemExit(0), GeneratorExit()], ("info", "run_end", "Finished: Running")),
        ([CANCELLED, ValueError("x")], ("error", "run_error", "Failed (BaseExceptionGroup): Running")),
        ([SystemExit(0), SystemExit(1)], ("error", "run_error", "Failed (BaseExceptionGroup): Running")),
    ],
    ids=["cancelled", "exits", "cancelled and failed", "exits and failed"],
)
def test_a_group_of_tasks_ends_like_its_members(memory, members, told):
    """A nursery of Trio, cancelled as a whole, raises a group."""
    with pytest.raises(BaseExceptionGroup), narrate.span("run", "thing", "Running"):
        raise BaseExceptionGroup("nursery", members)
    assert ends(memory) == [told]


def test_an_exception_that_is_only_called_like_a_cancellation_is_a_failure(memory):
    class CancelledError(Exception):
        pass

    with pytest.raises(CancelledError), narrate.span("run", "thing", "Running"):
        raise CancelledError
    assert [level for level, _, _ in ends(memory)] == ["error"]


def test_a_mistake_at_the_end_leaves_nothing_bound(strict):
    with pytest.raises(NarrationMistake), narrate.span("run", "thing", "Running", done="Done with {nothing}"):
        pass
    assert not bound()


def test_traced_functions_stay_what_they_are(memory):
    @narrate.traced
    def generator():
        assert bound()["span_id"]
        answer = yield 1
        yield answer

    @narrate.traced
    async def async_generator():
        yield bound()["span_id"]

    @narrate.traced
    async def coroutine():
        return bound()["span_id"]

    assert inspect.isgeneratorfunction(generator)
    assert inspect.isasyncgenfunction(async_generator)
    assert inspect.iscoroutinefunction(coroutine)
    with bind(job_id="consumer"):
        steps = generator()
        assert next(steps) == 1
        assert bound() == {"job_id": "consumer"}
        assert steps.send("answer") == "answer"
        steps.close()

    async def main():
        return [item async for item in async_generator()] + [await coroutine()]

    assert len(set(asyncio.run(main()))) == 2
    assert len(ends(memory)) == 3


def test_the_sentence_of_a_traced_function_may_name_its_arguments(memory):
    class Queue:
        @narrate.traced(action="enqueue", human="Enqueuing job {job_id} for {model_ref}", device="cpu")
        def put(self, job_id, password, *, model_ref="haiku.gguf"):
            return job_id, password, model_ref

    @narrate.traced(human="Loading {model_ref}")
    async def load(model_ref):
        return model_ref

    assert Queue().put("job-1", "hunter2swordfish9") == ("job-1", "hunter2swordfish9", "haiku.gguf")
    assert asyncio.run(load(model_ref="tiny.gguf")) == "tiny.gguf"
    first, second = (event for event in memory.events if event.event.endswith("start"))
    assert (first.action, first.human) == ("enqueue", "Enqueuing job job-1 for haiku.gguf")
    assert (first.job_id, first.model_ref, first.device) == ("job-1", "haiku.gguf", "cpu")
    assert (second.action, second.human, second.model_ref) == ("load", "Loading tiny.gguf", "tiny.gguf")
    assert "hunter2" not in str(memory.events)


def test_a_call_that_does_not_fit_a_traced_function_fails_as_it_would(memory):
    @narrate.traced(human="Loading {model_ref}")
    def load(model_ref): ...

    with pytest.raises(TypeError, match="missing 1 required positional argument: 'model_ref'"):
        load()
