"""What must hold for every figure and every baseline."""

from fractions import Fraction

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from markdown_it import MarkdownIt

from ci.baseline import FORMAT, Baseline, first, follow, parse, render, tightened
from ci.coverage import Coverage, PointCoverage, Totals
from ci.declared import Point
from ci.formats.markdown import cut, plain
from ci.gate import judge, loosened

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
    return Coverage("r", totals, points, (), {}, {}, (), (), 0, 0, {})


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


@given(STATES, st.integers(1, 95), st.integers(1, 95))
def test_the_first_baseline_holds_what_it_measures(states, threshold, goal):
    assume(threshold <= goal)
    made = first(measured(states), threshold, goal)
    assert parse(render(made), "b") == Baseline(
        FORMAT, made.threshold, goal, tuple(sorted(made.silent)), tuple(sorted(made.told))
    )
    rules = {fault.rule for fault in judge(measured(states), made).faults}
    assert rules <= {"below-threshold"}


@given(STATES, STATES)
def test_the_ratchet_turns_one_way(before, after):
    held = first(measured(before), 1, 95)
    now = measured(after)
    verdict = judge(now, held)
    went = {key for key, told in before.items() if told and not after.get(key, False)}
    new = {key for key, told in after.items() if not told and key not in before}
    assert {fault.key for fault in verdict.faults if fault.key} == {key for key in went | new if key in after}
    if went or new:
        assert verdict.faults
    if not verdict.faults:
        raised = tightened(held, now)
        assert raised.threshold >= held.threshold
        assert set(raised.silent) <= set(held.silent)
        assert set(raised.told) >= set(held.told)
        assert not loosened(raised, held, now.actions, "b")
        assert not judge(now, raised, exact=True).faults


@given(STATES)
def test_a_renamed_folder_keeps_every_point(states):
    held = first(measured(states), 1, 95)
    moved = {key.replace("app/", "shop/"): told for key, told in states.items()}
    followed, traced = follow(held, dict.fromkeys(moved))
    renamed = traced.files
    # Files with the same names in them cannot be told apart by names alone; each still gets one new home.
    assert len(set(renamed.values())) == len(renamed)
    assert {*followed.silent, *followed.told} == set(moved)
    assert {fault.rule for fault in judge(measured(moved), held).faults} <= {"below-threshold"}


@given(st.text(max_size=80))
def test_any_text_is_inert_in_markdown(text):
    rendered = MarkdownIt("gfm-like", {"linkify": False}).render(f"- x {plain(text)}\n")
    assert rendered.count("<") == rendered.count("<li>") * 2 + rendered.count("<ul>") * 2


@given(st.text(max_size=400), st.integers(120, 400))
def test_what_is_cut_fits(text, limit):
    assert len(cut(text, limit).encode()) <= limit
