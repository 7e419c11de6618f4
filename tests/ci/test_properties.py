"""What must hold for every figure and every baseline."""

from fractions import Fraction

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from markdown_it import MarkdownIt

from narration_ci.formats.markdown import cut, plain
from narration_ci.measure.baseline import Baseline, first, follow, parse, render, tightened
from narration_ci.measure.coverage import Coverage, PointCoverage, Totals
from narration_ci.measure.gate import judge, loosened
from narration_ci.measure.moves import DYNAMIC, Identity, track
from narration_ci.source.points import Point

pytestmark = pytest.mark.req("COV-01")

NAMES = st.integers(0, 8).map(lambda number: f"app/{'abc'[number % 3]}.py::f{number}#1")


def measured(states: dict[str, bool]) -> Coverage:
    """Return the coverage of a run with these points, asserted or not."""
    points = tuple(
        PointCoverage(
            Point(key, key.partition("::")[0], "f", "call", 1, 1, 1),
            emitted_by=("t",) if asserted else (),
            asserted_by=("t",) if asserted else (),
        )
        for key, asserted in states.items()
    )
    totals = Totals(len(points), sum(states.values()), sum(states.values()))
    return Coverage("r", totals, points, (), {}, {}, (), (), 0, {}, {})


STATES = st.dictionaries(NAMES, st.booleans(), min_size=1)


@given(st.integers(1, 5000), st.integers(0, 5000), st.integers(1, 100))
def test_percent_is_exact_and_never_shown_better_than_it_is(declared, asserted, percent):
    assume(asserted <= declared)
    totals = Totals(declared, asserted, asserted)
    exact = Fraction(asserted * 100, declared)
    assert totals.reaches(percent) == (exact >= percent)
    assert (totals.shown == "100 %") == (asserted == declared)
    assert (totals.shown == "0 %") == (asserted == 0)
    shown = Fraction(totals.shown.removesuffix(" %"))
    assert shown <= exact or shown == Fraction(1, 10)
    assert totals.whole_percent <= exact < totals.whole_percent + 1


@given(STATES, st.integers(1, 95))
def test_the_first_baseline_holds_what_it_measures(states, goal):
    made = first(measured(states), None, goal)
    assert parse(render(made), "b") == Baseline(
        made.threshold, goal, tuple(sorted(made.silent)), tuple(sorted(made.asserted)), made.identities
    )
    assert not judge(measured(states), made).findings


@given(STATES, STATES)
def test_the_ratchet_turns_one_way(before, after):
    held = first(measured(before), 1, 95)
    now = measured(after)
    verdict = judge(now, held)
    went = {key for key, told in before.items() if told and not after.get(key, False)}
    new = {key for key, told in after.items() if not told and key not in before}
    assert {finding.key for finding in verdict.findings if finding.key} == {key for key in went | new if key in after}
    if went or new:
        assert verdict.findings
    if not verdict.findings:
        raised = tightened(held, now)
        assert raised.threshold >= held.threshold
        assert set(raised.silent) <= set(held.silent)
        assert set(raised.asserted) >= set(held.asserted)
        assert not loosened(raised, held, now.identities, "b")
        assert not judge(now, raised, exact=True).findings


@given(STATES)
def test_a_renamed_folder_keeps_every_point(states):
    held = first(measured(states), 1, 95)
    moved = {key.replace("app/", "shop/"): told for key, told in states.items()}
    followed, tracked, _ = follow(held, measured(moved).identities)
    renamed = tracked.files
    # Files with the same names in them cannot be told apart by names alone; each still gets one new home.
    assert len(set(renamed.values())) == len(renamed)
    assert {*followed.silent, *followed.asserted} == set(moved)
    assert {finding.rule for finding in judge(measured(moved), held).findings} <= {"below-threshold"}


POINTS = st.dictionaries(
    st.builds("{}::{}#{}".format, st.sampled_from(("a.py", "b.py")), st.sampled_from("fg"), st.integers(1, 4)),
    st.builds(
        Identity,
        st.sampled_from(("buy", "pay", "close", DYNAMIC, None)),
        st.sampled_from(("debug", "error", DYNAMIC, None)),
    ),
)


@given(POINTS, POINTS)
def test_no_two_points_come_to_one_place(old, new):
    tracked = track(old, new)
    assert len(set(tracked.now.values())) == len(tracked.now)
    assert set(tracked.now.values()) <= set(new)
    assert {*tracked.now, *tracked.gone} == set(old)
    assert track(new, new) == ({}, {key: key for key in new}, ())


@given(st.permutations(("buy", "pay", "close", "open", "lock")), st.integers(0, 5))
def test_points_that_change_places_or_functions_are_found_again(actions, cut_at):
    before = {
        f"a.py::f#{number}": Identity(action)
        for number, action in enumerate(("buy", "pay", "close", "open", "lock"), 1)
    }
    here, there = actions[:cut_at], actions[cut_at:]
    after = {f"a.py::f#{number}": Identity(action) for number, action in enumerate(here, 1)}
    after |= {f"a.py::g#{number}": Identity(action) for number, action in enumerate(there, 1)}
    tracked = track(before, after)
    assert not tracked.gone
    assert all(before[key] == after[now] for key, now in tracked.now.items())


@pytest.mark.parametrize(
    ("now", "found"),
    [
        ("a.py::f#2", "a.py::f#2"),
        ("a.py::g#1", "a.py::g#1"),
        ("b.py::f#1", "b.py::f#1"),
        ("b.py::g#1", None),
    ],
)
def test_a_point_under_another_name_in_another_file_is_another_one(now, found):
    assert (
        track({"a.py::f#1": Identity("buy")}, {now: Identity("buy"), "a.py::h#1": Identity("pay")}).now.get("a.py::f#1")
        == found
    )


@given(st.text(max_size=80))
def test_any_text_is_inert_in_markdown(text):
    rendered = MarkdownIt("gfm-like", {"linkify": False}).render(f"- x {plain(text)}\n")
    assert rendered.count("<") == rendered.count("<li>") * 2 + rendered.count("<ul>") * 2


@given(st.text(max_size=400), st.integers(120, 400))
def test_what_is_cut_fits(text, limit):
    assert len(cut(text, limit).encode()) <= limit
