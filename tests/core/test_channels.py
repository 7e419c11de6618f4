import asyncio
import selectors
import signal

import pytest

from narration_core import Catalogue, ChannelError, JobChannels, Narrator, bind, close_job, open_job, subscribe
from narration_core._event import Event

narrate = Narrator("tester")


def event(number, job_id="job"):
    return Event(actor="a", action="b", target=str(number), job_id=job_id)


async def everything(subscription):
    return [
        (delivery.event_id, delivery.event.target if delivery.event else None, delivery.missed)
        async for delivery in subscription
    ]


@pytest.mark.req("SSE-01", "SSE-06")
def test_an_event_reaches_its_own_job_only(memory):
    async def main():
        from narration_core import CHANNELS, configure

        configure(sinks=[CHANNELS, memory], strict=False)
        open_job("one")
        open_job("two")
        first, second = subscribe("one"), subscribe("two")
        with bind(job_id="one"):
            narrate("a", "mine", "For one")
        narrate("a", "nobody", "For nobody")
        with bind(job_id="three"):
            narrate("a", "closed", "For a job that is not open")
        close_job("one")
        close_job("two")
        return await everything(first), await everything(second)

    assert asyncio.run(main()) == ([(1, "mine", 0)], [])
    assert len(memory.events) == 3


@pytest.mark.req("SSE-01")
def test_lifecycle_points_never_reach_a_job(memory):
    points = Catalogue("tester")
    startup = points.point("startup", "startup", "server", "Starting")
    request = points.point("request", "request", "server", "Working", channel="request")
    with bind(job_id="job"):
        startup()
        request()
    assert [told.job_id for told in memory.events] == [None, "job"]


def test_late_subscribers_get_a_replay():
    async def main():
        channels = JobChannels()
        channels.open_job("job")
        for number in range(5):
            channels.publish(event(number))
        late = channels.subscribe("job", after=3)
        channels.publish(event(5))
        channels.close_job("job")
        return await everything(late)

    assert asyncio.run(main()) == [(4, "3", 0), (5, "4", 0), (6, "5", 0)]


def test_what_is_no_longer_kept_is_told_as_a_gap():
    async def main():
        channels = JobChannels(replay=3)
        channels.open_job("job")
        for number in range(10):
            channels.publish(event(number))
        late = channels.subscribe("job", after=2)
        channels.close_job("job")
        return await everything(late)

    assert asyncio.run(main()) == [(7, None, 5), (8, "7", 0), (9, "8", 0), (10, "9", 0)]


def test_a_slow_subscriber_gets_one_gap_and_slows_nobody():
    async def main():
        channels = JobChannels(backlog=4)
        channels.open_job("job")
        slow = channels.subscribe("job")
        for number in range(1000):
            channels.publish(event(number))
        channels.close_job("job")
        return await everything(slow)

    heard = asyncio.run(main())
    assert heard[0] == (996, None, 996)
    assert [target for _, target, _ in heard[1:]] == ["996", "997", "998", "999"]


def test_what_waits_for_a_reader_that_takes_one_at_a_time_is_bounded():
    async def main():
        channels = JobChannels(backlog=4)
        channels.open_job("job")
        slow = channels.subscribe("job")
        for number in range(1000):
            channels.publish(event(number))
            if number % 10 == 0:
                await anext(slow)
        return slow.waiting()

    left = asyncio.run(main())
    assert len(left) <= 4 + 1 + 4 + 1  # those it has taken, those that wait, and word of a gap before each
    assert left[-1].event.target == "999"


def test_what_a_slow_subscriber_hears_and_what_it_misses_add_up_while_others_publish():
    async def main():
        channels = JobChannels(backlog=8)
        channels.open_job("job")
        reader = channels.subscribe("job")

        def publish():
            for number in range(3000):
                channels.publish(event(number))
            channels.close_job("job")

        publishing = asyncio.create_task(asyncio.to_thread(publish))
        heard = [(delivery.event_id, delivery.missed) async for delivery in reader]
        await publishing
        return heard

    last = 0
    for event_id, missed in asyncio.run(main()):
        assert event_id == last + (missed or 1)
        last = event_id
    assert last == 3000


def test_publishing_from_a_thread_wakes_the_reader():
    async def main():
        channels = JobChannels()
        channels.open_job("job")
        reader = channels.subscribe("job")
        waiting = asyncio.create_task(everything(reader))
        await asyncio.to_thread(channels.publish, event(1))
        await asyncio.to_thread(channels.close_job, "job")
        return await waiting

    assert asyncio.run(main()) == [(1, "1", 0)]


class InterruptedSelector(selectors.DefaultSelector):
    """Has a signal handler run at the worst moment: the loop has decided to sleep."""

    armed = woken = False

    def select(self, timeout=None):
        if not self.armed or timeout == 0:
            return super().select(timeout)
        self.armed = False
        signal.raise_signal(signal.SIGUSR1)
        ready = super().select(0)
        self.woken = bool(ready)
        return ready


def test_a_signal_handler_that_narrates_wakes_the_reader_of_a_sleeping_loop():
    channels = JobChannels()
    channels.open_job("job")
    selector = InterruptedSelector()

    async def main():
        reader = channels.subscribe("job")
        selector.armed = True
        return [delivery.event.target for delivery in await reader.batch()]

    before = signal.signal(signal.SIGUSR1, lambda *_: channels.publish(event(1)))
    try:
        with asyncio.Runner(loop_factory=lambda: asyncio.SelectorEventLoop(selector)) as runner:
            assert runner.run(main()) == ["1"]
        assert selector.woken
    finally:
        signal.signal(signal.SIGUSR1, before)


def test_messages_that_are_sent_together_are_numbered_one_by_one_and_count_one_by_one():
    async def main():
        channels = JobChannels(replay=2, backlog=3)
        channels.open_job("job")
        reader = channels.subscribe("job")
        assert channels.send("job", "token")
        assert channels.send("job", "token", "a", "b")
        assert not reader.ended
        assert channels.send("job", "token", "c", "d", "e")
        channels.close_job("job")
        late = [(delivery.event_id, delivery.missed, delivery.message) for delivery in reader.waiting()]
        return late, reader.ended, channels.send("job", "token", "f")

    assert asyncio.run(main()) == (
        [(2, 2, None), (3, 0, ("token", "c")), (4, 0, ("token", "d")), (5, 0, ("token", "e"))],
        True,
        False,
    )


def test_a_reader_has_not_ended_before_it_was_told_of_a_gap():
    async def main():
        channels = JobChannels(replay=0)
        channels.open_job("job")
        channels.publish(event(1))
        reader = channels.subscribe("job", after=0)
        channels.close_job("job")
        return reader.ended, [delivery.missed for delivery in reader.waiting()], reader.ended

    assert asyncio.run(main()) == (False, [1], True)


@pytest.mark.parametrize("name", ["", "a b", "a/b", "x" * 257, "é", "a\n"])
def test_channel_names_are_checked(name):
    with pytest.raises(ChannelError, match="must be 1 to 256"):
        JobChannels().open_job(name)


def test_opening_twice_and_closing_what_is_not_open_are_errors():
    channels = JobChannels()
    channels.open_job("job")
    with pytest.raises(ChannelError, match="already"):
        channels.open_job("job")
    channels.close_job("job")
    with pytest.raises(ChannelError, match="no open channel"):
        channels.close_job("job")
    with pytest.raises(ChannelError, match="no open channel"):
        channels.subscribe("job")


def test_whether_a_job_has_a_channel_can_be_asked():
    channels = JobChannels()
    assert not channels.channel_open("job")
    channels.open_job("job")
    assert channels.channel_open("job")
    channels.close_job("job")
    assert not channels.channel_open("job")
