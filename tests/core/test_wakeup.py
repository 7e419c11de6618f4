"""A reader that is woken from any thread, and as seldom as it likes."""

import asyncio
from collections import deque

import pytest

from narration_core._wakeup import Wakeup

LONG_S = 3600


class Box:
    """What threads put in and a reader takes out, all at once."""

    def __init__(self):
        self.wakeup = Wakeup()
        self.waiting = deque()

    def put(self, item, *, at_once=False):
        self.waiting.append(item)
        return self.wakeup.call(at_once=at_once)

    def take(self):
        return [self.waiting.popleft() for _ in range(len(self.waiting))]

    async def read(self):
        return await self.wakeup.find(self.take)

    async def read_later(self):
        await self.wakeup.pause(asyncio.get_running_loop().time() + LONG_S)
        return await self.read()


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


def test_a_reader_that_takes_its_time_is_not_woken_before_something_cannot_wait():
    async def main(box):
        reading = asyncio.create_task(box.read_later())
        await until_asleep()
        for item in (1, 2):
            await asyncio.to_thread(box.put, item)
        await until_asleep()
        assert not reading.done()
        await asyncio.to_thread(box.put, 3, at_once=True)
        return await reading

    assert run(main) == [1, 2, 3]


def test_a_reader_that_took_its_time_is_woken_by_what_comes_next():
    async def main(box):
        await box.wakeup.pause(asyncio.get_running_loop().time() + 0.001)
        reading = asyncio.create_task(box.read())
        await until_asleep()
        await asyncio.to_thread(box.put, 1)
        return await reading

    assert run(main) == [1]


def test_a_time_that_is_past_is_not_waited_for():
    async def main(box):
        await box.wakeup.pause(asyncio.get_running_loop().time())
        box.put(1)
        return await box.read()

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
