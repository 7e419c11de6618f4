"""When a crashed worker is started again, and when nobody tries any more."""

from hypothesis import given
from hypothesis import strategies as st

from fleet.recovery import Backoff, Breaker


@given(crashes=st.integers(1, 10_000), chance=st.floats(0, 1, exclude_max=True))
def test_a_pause_is_never_longer_than_the_longest_and_never_nothing(crashes, chance):
    assert 0.25 <= Backoff(0.5, 30.0).pause_s(crashes, lambda: chance) <= 30.0


def test_pauses_double_with_each_crash_until_the_longest():
    backoff = Backoff(first_s=1, longest_s=10)
    assert [backoff.pause_s(crashes, lambda: 0.0) for crashes in range(1, 7)] == [1, 2, 4, 8, 10, 10]


def test_chance_shortens_a_pause_by_up_to_half():
    backoff = Backoff(first_s=4)
    chances = iter((0.0, 0.5, 1.0))
    assert [backoff.pause_s(1, lambda: next(chances)) for _ in range(3)] == [4, 3, 2]


def test_the_breaker_opens_at_the_limit_and_admits_one_try_after_its_rest():
    breaker = Breaker(limit=3, rest_s=60)
    assert [breaker.crashed(now=0.0) for _ in range(3)] == [False, False, True]
    assert breaker.admit(now=10.0) == 50.0
    assert breaker.admit(now=60.0) == 0.0
    assert breaker.admit(now=60.0) == 60.0, "a second try must wait for what comes of the first"


def test_a_try_that_fails_opens_the_breaker_again_and_one_that_works_closes_it():
    breaker = Breaker(limit=2, rest_s=60)
    breaker.crashed(now=0.0)
    breaker.crashed(now=0.0)
    assert breaker.admit(now=60.0) == 0.0
    assert breaker.crashed(now=61.0)
    assert breaker.admit(now=62.0) == 59.0
    assert breaker.admit(now=121.0) == 0.0
    breaker.ready()
    assert breaker.admit(now=121.5) == 0.0
    assert breaker.crashed(now=122.0), "it has not been ready for long: the next crash opens it at once"


def test_a_worker_that_was_ready_for_long_starts_a_new_row():
    breaker = Breaker(limit=2, healthy_s=60)
    breaker.crashed(now=0.0)
    assert not breaker.crashed(now=100.0, ready_s=60.0)
    assert breaker.crashes == 1


@given(st.lists(st.tuples(st.floats(0, 100), st.floats(0, 59)), min_size=1, max_size=50))
def test_crashes_without_a_long_life_between_always_open_it_at_the_limit(crashes):
    breaker = Breaker(limit=5, healthy_s=60)
    now = 0.0
    opened = []
    for pause, ready in crashes:
        now += pause
        opened.append(breaker.crashed(now, ready))
    assert opened == [count >= 5 for count in range(1, len(crashes) + 1)]
