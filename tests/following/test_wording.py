"""Numbers as people read them, whatever a damaged or hostile line says."""

import pytest

from narration_core.following._wording import age, moment


@pytest.mark.parametrize(
    ("ms", "shown"),
    [(85, "85 ms"), (4100, "4.1 s"), (192_000, "3 min 12 s"), (187_200_000, "2 d 4 h"), (10**14, "1157407 d 9 h"),
     (10**400, "an impossible time"), (-(10**400), "an impossible time")],
)  # fmt: skip
def test_an_age_is_shown_in_two_units_and_never_fails(ms, shown):
    assert age(ms) == shown


@pytest.mark.parametrize("at_ms", [10**400, -(10**400), 10**16])
def test_a_time_that_no_clock_says_never_fails(at_ms):
    assert moment(at_ms) == "??:??:??.???"
