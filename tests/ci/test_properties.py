"""What must hold for every figure and every baseline."""

from fractions import Fraction

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from markdown_it import MarkdownIt

from narration_ci.formats.markdown import cut, plain
from narration_ci.measure.baseline import FORMAT, Baseline, first, follow, parse, render, tightened
from narration_ci.measure.coverage import Coverage, PointCoverage, Totals
from narration_ci.measure.gate import judge, loosened
from narration_ci.measure.moved_points import trace
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


POINTS = st.dictionaries(
    st.builds("{}::{}#{}".format, st.sampled_from(("a.py", "b.py")), st.sampled_from("fg"), st.integers(1, 4)),
    st.sampled_from(("buy", "pay", "close", None)),
)


@given(POINTS, POINTS)
def test_no_two_points_come_to_one_place(old, new):
    traced = trace(old, new)
    assert len(set(traced.now.values())) == len(traced.now)
    assert set(traced.now.values()) <= set(new)
    assert {*traced.now, *traced.gone} == set(old)
    assert trace(new, new) == ({}, {key: key for key in new}, ())


@given(st.permutations(("buy", "pay", "close", "open", "lock")), st.integers(0, 5))
def test_points_that_change_places_or_functions_are_found_again(actions, cut_at):
    before = {f"a.py::f#{number}": action for number, action in enumerate(("buy", "pay", "close", "open", "lock"), 1)}
    here, there = actions[:cut_at], actions[cut_at:]
    after = {f"a.py::f#{number}": action for number, action in enumerate(here, 1)}
    after |= {f"a.py::g#{number}": action for number, action in enumerate(there, 1)}
    traced = trace(before, after)
    assert not traced.gone
    assert {before[key]: after[now] for key, now in traced.now.items()} == {action: action for action in actions}


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
    assert trace({"a.py::f#1": "buy"}, {now: "buy", "a.py::h#1": "pay"}).now.get("a.py::f#1") == found


@given(st.text(max_size=80))
def test_any_text_is_inert_in_markdown(text):
    rendered = MarkdownIt("gfm-like", {"linkify": False}).render(f"- x {plain(text)}\n")
    assert rendered.count("<") == rendered.count("<li>") * 2 + rendered.count("<ul>") * 2


@given(st.text(max_size=400), st.integers(120, 400))
def test_what_is_cut_fits(text, limit):
    assert len(cut(text, limit).encode()) <= limit
