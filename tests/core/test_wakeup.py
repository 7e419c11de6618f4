"""Readers that are woken from any thread: one that sleeps, and one that looks as seldom as it likes."""

import asyncio
import contextvars
from collections import deque

import pytest

from narration_core._wakeup import Pulse, Wakeup

LONG_S = 3600


class Box:
    """What threads put in and a reader takes out, all at once."""

    def __init__(self):
        self.wakeup = Wakeup()
        self.waiting = deque()

    def put(self, item):
        self.waiting.append(item)
        return self.wakeup.call()

    def take(self):
        return [self.waiting.popleft() for _ in range(len(self.waiting))]

    async def read(self):
        return await self.wakeup.find(self.take)


def run(main):
    async def bounded():
        async with asyncio.timeout(60):
            return await main(Box())

    return asyncio.run(bounded())


async def until_asleep():
    """Let every other task run until it waits."""
    for _ in range(5):
        await asyncio.sleep(0)


def test_what_is_there_already_is_found_without_sleeping():
    async def main(box):
        box.waiting.append(1)
        return await box.read()

    assert run(main) == [1]


@pytest.mark.parametrize("on_the_loop", [True, False])
def test_a_sleeping_reader_is_woken(on_the_loop):
    async def main(box):
        reading = asyncio.create_task(box.read())
        await until_asleep()
        if on_the_loop:
            box.put(1)
        else:
            await asyncio.to_thread(box.put, 1)
        return await reading

    assert run(main) == [1]


def test_what_comes_between_the_look_and_the_sleep_is_found():
    async def main(box):
        looks = []

        def look():
            looks.append(1)
            found = box.take()
            if len(looks) == 1:
                box.waiting.append("late")  # and called: before the reader said that it will sleep
                box.wakeup.call()
            return found

        return await box.wakeup.find(look)

    assert run(main) == ["late"]


def test_nothing_is_lost_between_a_busy_thread_and_its_reader():
    async def main(box):
        def write():
            for item in range(20_000):
                box.put(item)

        writing = asyncio.create_task(asyncio.to_thread(write))
        read = []
        while len(read) < 20_000:
            read += await box.read()
        await writing
        return read

    assert run(main) == list(range(20_000))


def test_a_reader_whose_loop_is_gone_is_told_so():
    async def main(box):
        return box

    box = run(main)
    assert box.put(1) is False


class Looker:
    """Looks as soon as something comes, and then at a pace."""

    def __init__(self, *paces):
        self.paces = deque(paces)
        self.waiting = deque()
        self.looks = []
        self.looked = asyncio.Event()
        self.pulse = Pulse(self.look)

    def put(self, item, *, at_once=False):
        self.waiting.append(item)
        return self.pulse.call(at_once=at_once)

    def look(self):
        found = [self.waiting.popleft() for _ in range(len(self.waiting))]
        if found:
            self.looks.append(found)
            self.looked.set()
        return self.paces.popleft() if found else 0

    async def until(self, items):
        """Wait until so many items were found."""
        async with asyncio.timeout(60):
            while sum(map(len, self.looks)) < items:
                self.looked.clear()
                await self.looked.wait()


def test_a_function_is_called_for_what_a_thread_puts():
    async def main():
        looker = Looker(0.001, LONG_S)
        for item in (1, 2):  # the second one after a pause in which nothing came
            await asyncio.to_thread(looker.put, item)
            await looker.until(item)
            await asyncio.sleep(0.002)
        return looker.looks

    assert asyncio.run(main()) == [[1], [2]]


def test_a_function_that_takes_its_time_is_not_called_before_something_cannot_wait():
    async def main():
        looker = Looker(LONG_S, LONG_S)
        for item in (1, 2, 3):
            await asyncio.to_thread(looker.put, item)
            await until_asleep()
        assert looker.looks == [[1]]
        await asyncio.to_thread(looker.put, 4, at_once=True)
        await looker.until(4)
        return looker.looks

    assert asyncio.run(main()) == [[1], [2, 3, 4]]


def test_what_comes_while_a_function_pauses_is_found_when_it_looks_again():
    async def main():
        looker = Looker(0.001, LONG_S)
        looker.put(1)
        await looker.until(1)
        looker.put(2)
        await looker.until(2)
        return looker.looks

    assert asyncio.run(main()) == [[1], [2]]


def test_what_a_function_tells_a_reader_wakes_it_without_a_system_call():
    async def main(box):
        loop = asyncio.get_running_loop()
        wake, woken = loop.call_soon_threadsafe, []

        def counted(function, **options):
            woken.append(function)
            return wake(function, **options)

        def pass_on():
            loop.call_soon_threadsafe = counted
            box.put("told")
            loop.call_soon_threadsafe = wake
            return LONG_S

        pulse = Pulse(pass_on)
        reading = asyncio.create_task(box.read())
        await until_asleep()
        pulse.call()
        return await reading, woken

    assert run(main) == (["told"], [])


def test_a_function_is_called_in_the_context_in_which_its_pulse_was_made():
    async def main():
        who = contextvars.ContextVar("who", default="nobody")
        seen = asyncio.Queue()
        who.set("maker")
        paces = deque((0.001, LONG_S))

        def look():
            seen.put_nowait(who.get())
            return paces.popleft()

        pulse = Pulse(look)
        who.set("somebody else")
        await asyncio.to_thread(pulse.call)
        async with asyncio.timeout(60):
            return [await seen.get(), await seen.get()]  # woken, and after the pause

    assert asyncio.run(main()) == ["maker", "maker"]


def test_a_function_that_raises_is_called_again():
    async def main():
        raised = []
        looks = []

        def look():
            looks.append(1)
            if len(looks) == 1:
                raise ValueError
            return LONG_S

        asyncio.get_running_loop().set_exception_handler(lambda _, context: raised.append(context["exception"]))
        pulse = Pulse(look)
        async with asyncio.timeout(60):
            while len(looks) < 2:
                pulse.call()
                await asyncio.sleep(0)
        return raised

    assert [type(error) for error in asyncio.run(main())] == [ValueError]


def test_a_closed_pulse_calls_nothing_and_one_whose_loop_is_gone_says_so():
    async def main():
        looker = Looker(LONG_S)
        looker.pulse.close()
        looker.put(1)
        await until_asleep()
        assert not looker.looks
        return Looker()

    assert asyncio.run(main()).put(1) is False


def test_nothing_is_lost_between_a_busy_thread_and_a_function():
    async def main():
        looker = Looker(*[0.000_001] * 20_000)
        writing = asyncio.create_task(asyncio.to_thread(lambda: [looker.put(item) for item in range(20_000)]))
        await looker.until(20_000)
        await writing
        return [item for found in looker.looks for item in found]

    assert asyncio.run(main()) == list(range(20_000))
